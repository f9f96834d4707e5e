"""Places that words speak of, in many languages, and the set that stands for each."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from workers.providers.local.languages import WORD


@dataclass(frozen=True, slots=True)
class Place:
    """A canonical place: the painter's set, whether it is indoors, and words that name it."""

    name: str
    set_name: str
    interior: bool
    words: tuple[str, ...]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _place(name: str, set_name: str, words: str, *, interior: bool = False) -> Place:
    return Place(name, set_name, interior, tuple(words.split()))


UNKNOWN = Place("open country", "meadow", False, ())

PLACES: tuple[Place, ...] = (
    _place(
        "well",
        "well",
        """
        well brunnen puits pozo pozzo poço колодец 井 우물 بئر البئر באר הבאר कुएँ कुआँ
        """,
    ),
    _place(
        "den",
        "cave",
        """
        den lair burrow höhle tanière guarida 巢穴 عرين العرين मांद
        """,
        interior=True,
    ),
    _place(
        "cave",
        "cave",
        """
        cave cavern grotto mine tunnel cueva grotte caverna пещера 洞 洞穴 동굴 كهف מערה गुफा
        """,
        interior=True,
    ),
    _place(
        "forest",
        "forest",
        """
        forest wood woods jungle grove thicket tree trees wald waldes wälder
        forêt bosque foresta floresta лес лесу 森 森林 林 숲 غابة الغابة יער ביער जंगल वन
        """,
    ),
    _place(
        "sea",
        "sea",
        """
        sea ocean beach shore coast harbour harbor waves island ship boat sail meer see mer mar
        mare море 海 海边 바다 بحر البحر ים הים समुद्र
        """,
    ),
    _place(
        "river",
        "river",
        """
        river stream brook lake pond creek bank bridge fluss rivière río fiume rio река реке
        озеро 河 川 江 湖 강 نهر النهر נהר הנהר नदी
        """,
    ),
    _place(
        "mountain",
        "mountain",
        """
        mountain mountains peak cliff summit glacier berg montagne montaña montagna гора горы 山
        산 جبل الجبل הר ההר पहाड़
        """,
    ),
    _place(
        "desert",
        "desert",
        """
        desert dune dunes sand sahara wüste désert desierto пустыня 沙漠 사막 صحراء الصحراء מדבר
        रेगिस्तान
        """,
    ),
    _place(
        "castle",
        "castle",
        """
        castle palace fortress château castillo schloss burg замок 城堡 宮殿 성 قصر القصر ארמון
        महल
        """,
    ),
    _place(
        "throne room",
        "hall",
        """
        throne court ballroom thronsaal
        """,
        interior=True,
    ),
    _place(
        "temple",
        "hall",
        """
        church temple cathedral chapel mosque synagogue kirche église iglesia храм 寺 庙 神社
        مسجد मंदिर
        """,
        interior=True,
    ),
    _place(
        "market",
        "market",
        """
        market marketplace fair bazaar markt marché mercado рынок 市场 市場 시장 سوق السوق שוק
        बाज़ार
        """,
    ),
    _place(
        "city",
        "city",
        """
        city town street streets office skyscraper traffic taxi metropolis stadt ville ciudad
        città cidade город 城 城市 街 都市 도시 مدينة المدينة עיר העיר शहर नगर
        """,
    ),
    _place(
        "village",
        "village",
        """
        village hamlet cottage farm farmhouse barn mill dorf pueblo paese деревня 村 村庄 마을
        قرية القرية כפר गाँव गांव
        """,
    ),
    _place(
        "kitchen",
        "room",
        """
        kitchen oven stove table küche cuisine cocina кухня 厨房 부엌 مطبخ מטבח
        """,
        interior=True,
    ),
    _place(
        "room",
        "room",
        """
        room house home bedroom parlour parlor chamber hut inn tavern school classroom library
        shop bed chair fireplace indoors haus zimmer maison chambre casa дом комната 家 房 房间
        屋 部屋 집 방 بيت البيت غرفة בית הבית חדר घर कमरा
        """,
        interior=True,
    ),
    _place(
        "prison",
        "cave",
        """
        prison dungeon jail cell cellar kerker cárcel тюрьма
        """,
        interior=True,
    ),
    _place(
        "garden",
        "garden",
        """
        garden orchard flowers roses park garten jardin jardín giardino сад 花园 庭 정원 حديقة
        גן बगीचा
        """,
    ),
    _place(
        "field",
        "field",
        """
        field fields meadow pasture plain vineyard corn wheat barley harvest grass feld champ
        campo поле 田 野 원 들판 حقل שדה खेत
        """,
    ),
    _place(
        "road",
        "road",
        """
        road path crossroads highway journey weg straße chemin camino strada дорога 路 道 길
        طريق الطريق דרך रास्ता सड़क
        """,
    ),
    _place(
        "snow",
        "snow",
        """
        snow winter ice frost blizzard schnee neige nieve снег 雪 눈길 ثلج שלג बर्फ
        """,
    ),
    _place(
        "space",
        "space",
        """
        space planet spaceship rocket galaxy orbit moonbase weltraum espace космос 宇宙 太空
        우주 فضاء
        """,
    ),
    _place(
        "under the sea",
        "underwater",
        """
        underwater reef coral seabed
        """,
    ),
)

_WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# Everyday words that only sometimes mean the place: they need a preposition or an article before.
_AMBIGUOUS = _words(
    """
    well see mar bank mine court fair space plain table bed chair tree trees grass home wood
    """
)
_LEAD = _words(
    """
    a an the his her its their our my your this that same deep old dark by near of in into to
    from at der die das dem den im am zum le la les el un une
    """
)


# `den` is an article in German and its neighbours.
_NEEDED_LEAD: dict[str, frozenset[str]] = dict.fromkeys(_AMBIGUOUS, _LEAD) | {
    "den": _words("a the his her its their our my your this that")
}


@cache
def _by_word() -> dict[str, Place]:
    return {word: place for place in reversed(PLACES) for word in place.words}


@cache
def _by_name() -> dict[str, Place]:
    return {place.name: place for place in PLACES}


def place_named(name: str) -> Place | None:
    """The place with exactly this canonical name."""
    return _by_name().get(name.strip().lower())


def find_places(text: str) -> list[Place]:
    """The places a text speaks of, in its order."""
    found: list[Place] = []
    previous = ""
    for word in WORD.findall(text.lower()):
        place = next((_by_word()[form] for form in _forms(word) if form in _by_word()), None)
        if place and previous in _NEEDED_LEAD.get(word, {previous}):
            found.append(place)
        previous = word
    if not found and _WITHOUT_SPACES.search(text):
        found = [
            place
            for word, place in _by_word().items()
            if _WITHOUT_SPACES.match(word) and word in text
        ]
    return found


def _forms(word: str) -> tuple[str, ...]:
    """A word without what plural, article or preposition may have put to it."""
    return (
        word, word.removesuffix("s"), word.removeprefix("ال"),
        *(word[1:] for letter in "הבלמ" if word.startswith(letter)),
    )  # fmt: skip


def place_for(location: str, prompt: str = "") -> Place:
    """The place of a picture: what its location names, else the first its prompt speaks of."""
    named = place_named(location)
    if named:
        return named
    found = find_places(f"the {location}") or find_places(prompt)
    return found[0] if found else UNKNOWN
