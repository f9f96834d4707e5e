"""How characters look: the kind of being behind a name, and colours that stay theirs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from workers.providers.local.seeds import dice

Ears = Literal["none", "pointed", "round", "long", "floppy", "side"]
Muzzle = Literal["none", "snout", "blunt", "pig", "beak", "trunk", "long"]
Crest = Literal["none", "horns", "ox", "antlers", "mane", "wool", "comb", "feelers", "spikes"]
Tail = Literal["none", "bushy", "tuft", "thin", "puff", "curl", "feathers", "scaly"]
Gender = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class Kind:
    """The shape of a kind of being; `furs` are (main, light, dark) triples to choose from."""

    ears: Ears = "none"
    muzzle: Muzzle = "none"
    crest: Crest = "none"
    tail: Tail = "none"
    furs: tuple[tuple[str, str, str], ...] = (("#b98b6b", "#ecd9c3", "#6b4a38"),)
    height: float = 1.0
    beard: bool = False
    person: bool = False


_SKINS = (
    ("#f1c9a5", "#f8dfc8", "#5a3825"),
    ("#d9a06f", "#ecc39c", "#33221a"),
    ("#a86f47", "#c9926a", "#241812"),
    ("#7a4a2e", "#9c6a4b", "#17100d"),
    ("#f4d3b8", "#fbe7d8", "#a5632c"),
)

KINDS: dict[str, Kind] = {
    "fox": Kind("pointed", "snout", "none", "bushy", (("#d9692b", "#f9ead6", "#5b2a17"),), 0.92),
    "wolf": Kind("pointed", "snout", "none", "bushy", (("#6f7884", "#d7dade", "#343a44"),), 1.1),
    "dog": Kind(
        "floppy",
        "blunt",
        "none",
        "thin",
        (("#b07a45", "#efdcc0", "#5c3a1e"), ("#e6d2b0", "#faf1e0", "#8a6844")),
        0.92,
    ),
    "cat": Kind(
        "pointed",
        "blunt",
        "none",
        "thin",
        (("#8b8792", "#e6e2e8", "#4a4753"), ("#d99a55", "#f8e6cd", "#8a4f22")),
        0.8,
    ),
    "lion": Kind("round", "blunt", "mane", "tuft", (("#e0aa4e", "#f7e3b8", "#8a4b1c"),), 1.16),
    "tiger": Kind("round", "blunt", "none", "thin", (("#e28b35", "#fbeed9", "#3a2418"),), 1.12),
    "bear": Kind("round", "blunt", "none", "puff", (("#7d5638", "#c9a580", "#432c1c"),), 1.2),
    "goat": Kind(
        "side",
        "long",
        "horns",
        "puff",
        (("#ded6c8", "#f6f1e7", "#77695a"), ("#a58f78", "#e5d8c6", "#57483a")),
        1.0,
        beard=True,
    ),
    "sheep": Kind("side", "long", "wool", "puff", (("#f2ece0", "#fffaf0", "#4c4038"),), 0.88),
    "deer": Kind("side", "long", "antlers", "puff", (("#b5784a", "#efd6b8", "#5e3a22"),), 1.1),
    "horse": Kind("side", "long", "mane", "bushy", (("#8f5a37", "#d8b08c", "#39241a"),), 1.18),
    "donkey": Kind("long", "long", "none", "tuft", (("#8d8983", "#dbd6cf", "#45413d"),), 1.04),
    "cow": Kind("side", "long", "ox", "tuft", (("#8a5a3c", "#efe0d0", "#3f2a1e"),), 1.12),
    "rabbit": Kind("long", "blunt", "none", "puff", (("#b99c80", "#f3e7da", "#6a523f"),), 0.78),
    "mouse": Kind("round", "snout", "none", "thin", (("#9c9aa3", "#e4dfe3", "#55525c"),), 0.55),
    "pig": Kind("floppy", "pig", "none", "curl", (("#eeb0a8", "#f9d8d2", "#a8605a"),), 0.85),
    "monkey": Kind("side", "blunt", "none", "thin", (("#7a5237", "#e5c3a0", "#3d281a"),), 0.86),
    "elephant": Kind("side", "trunk", "none", "tuft", (("#8f97a3", "#c3c9d1", "#535a66"),), 1.3),
    "hedgehog": Kind("round", "snout", "spikes", "none", (("#a47f5c", "#ead5ba", "#4c3626"),), 0.6),
    "frog": Kind("none", "none", "none", "none", (("#6fa34a", "#dbe8a9", "#38592a"),), 0.6),
    "tortoise": Kind("none", "none", "none", "scaly", (("#8a9a58", "#d7d6a0", "#56432a"),), 0.66),
    "bird": Kind(
        "none",
        "beak",
        "none",
        "feathers",
        (("#4a6f9c", "#e3e9ee", "#25395a"), ("#b8563f", "#f4e3cf", "#5e2a20")),
        0.6,
    ),
    "crow": Kind("none", "beak", "none", "feathers", (("#34363f", "#6b6f7c", "#181a20"),), 0.62),
    "owl": Kind("pointed", "beak", "none", "feathers", (("#8a6a48", "#ead7b4", "#4a3622"),), 0.7),
    "hen": Kind("none", "beak", "comb", "feathers", (("#f0e4d0", "#fff8ea", "#a55a30"),), 0.62),
    "ant": Kind("none", "none", "feelers", "none", (("#7c3f2c", "#b87558", "#3f1d14"),), 0.5),
    "dragon": Kind(
        "pointed", "snout", "spikes", "scaly", (("#4f8a63", "#d6e2a5", "#27493a"),), 1.35
    ),
    "man": Kind(person=True, furs=_SKINS, height=1.12),
    "woman": Kind(person=True, furs=_SKINS, height=1.06),
    "boy": Kind(person=True, furs=_SKINS, height=0.84),
    "girl": Kind(person=True, furs=_SKINS, height=0.84),
    "robot": Kind("none", "none", "feelers", "none", (("#9fb1bd", "#dfe8ec", "#4a5962"),), 1.0),
    "person": Kind(person=True, furs=_SKINS, height=1.02),
}

# Words that name a being: kind and, where the word says it, gender. Plurals are reduced first.
_KIND_WORDS: dict[str, str] = {
    "fox": "fox vixen renard reynard fuchs zorro renne volpe",
    "wolf": "wolf wolves jackal hyena coyote loup lobo lupo",
    "dog": "dog hound puppy mastiff spaniel hund chien perro cane",
    "cat": "cat kitten puss tomcat lynx katze gato gatto",
    "lion": "lion lioness löwe león leone",
    "tiger": "tiger tigress leopard panther",
    "bear": "bear bär ours oso orso",
    "goat": "goat kid ziege chèvre cabra capra",
    "sheep": "sheep lamb ram ewe schaf mouton oveja",
    "deer": "deer stag hart hind fawn doe buck reindeer elk moose",
    "horse": "horse mare stallion foal pony colt pferd cheval caballo",
    "donkey": "donkey ass mule esel",
    "cow": "cow bull ox oxen calf heifer buffalo kuh",
    "rabbit": "rabbit hare bunny hase lapin conejo",
    "mouse": "mouse mice rat maus souris weasel mole squirrel",
    "pig": "pig piglet boar sow hog swine",
    "monkey": "monkey ape baboon gorilla",
    "elephant": "elephant mammoth",
    "hedgehog": "hedgehog porcupine badger",
    "frog": "frog toad",
    "tortoise": "tortoise turtle crab snail lizard crocodile",
    "bird": "bird sparrow robin lark nightingale swallow dove pigeon eagle hawk swan stork crane "
    "peacock parrot kite duckling",
    "crow": "crow raven jackdaw rook magpie",
    "owl": "owl",
    "hen": "hen cock rooster chicken chick goose duck",
    "ant": "ant bee grasshopper cricket beetle fly gnat spider butterfly wasp caterpillar",
    "dragon": "dragon monster beast serpent snake viper",
    "robot": "robot android machine",
    "man": "mann könig vater roi homme rey hombre uomo "
    "man king prince father husband uncle grandfather sir lord mister mr gentleman emperor "
    "duke count baron knight soldier captain fisherman woodcutter farmer shepherd miller "
    "blacksmith hunter woodman monk priest wizard butler huntsman ferryman",
    "woman": "frau königin mutter hexe reine femme reina mujer regina donna "
    "woman queen princess mother wife aunt grandmother lady mrs miss madam witch fairy "
    "stepmother widow empress duchess countess nun maid milkmaid dame goddess mermaid",
    "boy": "junge garçon niño ragazzo boy son brother lad nephew grandson",
    "girl": "mädchen fille niña ragazza girl daughter sister lass niece granddaughter maiden",
    "person": "child baby doctor teacher merchant thief servant traveller traveler stranger judge "
    "friend neighbour neighbor neighbor student sailor baker tailor cook giant dwarf elf ghost "
    "angel astronaut pilot detective policeman officer minstrel gardener painter beggar crone",
}
KIND_OF_WORD: dict[str, str] = {
    word: kind for kind, words in _KIND_WORDS.items() for word in words.split()
}

_MALE = frozenset(
    "male ram stag hart buck stallion colt bull ox oxen cock rooster tomcat boar "
    f"{_KIND_WORDS['man']} {_KIND_WORDS['boy']}".split()
)
_FEMALE = frozenset(
    "female vixen lioness tigress ewe hind doe mare cow heifer sow hen crone "
    f"{_KIND_WORDS['woman']} {_KIND_WORDS['girl']}".split()
)

CLOTHES = (
    "#2f5d7c", "#a33b3b", "#3f7355", "#c58a2b", "#6b4a86", "#b5533c", "#28786f", "#8c3f63",
    "#4c5a9c", "#7b6b2f", "#a8644a", "#37474f",
)  # fmt: skip
ACCENTS = (
    "#f2c14e", "#e8e1d0", "#d95d4e", "#7fb7be", "#f4a259", "#cfe0a8", "#e6a6b8", "#9ad1c6",
)  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+")


def singular(word: str) -> str:
    """A plain guess at the singular of a lower-case English word."""
    if word in KIND_OF_WORD or len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return word
    for suffix, replacement in (("ves", "f"), ("ies", "y"), ("es", ""), ("s", "")):
        candidate = word.removesuffix(suffix) + replacement
        if word.endswith(suffix) and candidate in KIND_OF_WORD:
            return candidate
    return word.removesuffix("s")


def kind_of(name: str, description: str = "") -> str:
    """The key of `KINDS` that name and description speak of; the name's last word counts most."""
    for text in (name, description):
        words = [singular(word.lower()) for word in _WORD.findall(text)]
        known = [word for word in words if word in KIND_OF_WORD]
        if known:
            return KIND_OF_WORD[known[-1] if text is name else known[0]]
    return "person"


def gender_of(words: str) -> Gender | None:
    """The gender a name or role itself tells, such as in `Queen`; otherwise None."""
    for word in (singular(found.lower()) for found in _WORD.findall(words)):
        if word in _MALE:
            return "male"
        if word in _FEMALE:
            return "female"
    return None


def colours_of(
    name: str, description: str, seed: int, taken: Collection[str] = ()
) -> tuple[str, str, str, str, str]:
    """Five colours for life: fur or skin, its light, its dark, clothes not yet taken, accent."""
    choose = dice("colours", name.lower(), seed)
    main, light, dark = choose.choice(KINDS[kind_of(name, description)].furs)
    clothes = choose.choice([colour for colour in CLOTHES if colour not in taken] or CLOTHES)
    return main, light, dark, clothes, choose.choice(ACCENTS)
