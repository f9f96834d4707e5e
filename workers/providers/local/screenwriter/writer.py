"""The screenplay put together: title, cast, scenes with lines and panels, durations."""

from __future__ import annotations

import re
from collections import Counter

from workers.providers.local.languages import guess_language
from workers.providers.local.looks import colours_of, kind_of
from workers.providers.local.screenwriter.cast import Cast, Person, find_cast
from workers.providers.local.screenwriter.dialogue import Utterance, utterances_of
from workers.providers.local.screenwriter.manuscript import read_manuscript
from workers.providers.local.screenwriter.panels import draw_panels
from workers.providers.local.screenwriter.sentences import split_sentences
from workers.providers.local.screenwriter.staging import Stretch, cut_scenes, spoken_words
from workers.providers.local.screenwriter.vocabulary import THEME_WORDS, TRAIT_WORDS
from workers.providers.local.seeds import derived_seed
from workers.providers.screenplay import (
    NARRATOR,
    Screenplay,
    ScreenplayCharacter,
    ScreenplayLine,
    ScreenplayScene,
)

WORDS_A_SECOND = 2.6
LINE_PAUSE, SCENE_PAUSE = 0.35, 1.0
SHORTEST_STRETCH, LONGEST_STRETCH = 0.85, 1.6

_Told = tuple[str, list[tuple[int, Person]]]  # a sentence, and who is named where in it

_WORD = re.compile(r"[^\W\d_]+")
OPENING = re.compile(r"^(\W*(?:An?|The|AN|THE)\s+)?((?:[A-Z]{2,}[\s,]+)*[A-Z]{2,})(?=[\s,])")


def write_screenplay(
    text: str, *, title: str | None = None, target_seconds: float | None = None, seed: int = 0
) -> Screenplay:
    """Turn a tale into a film on paper; raises `ProviderRefused` for what is no story."""
    manuscript = read_manuscript(text)
    paragraphs = [OPENING.sub(calm_capitals, part) for part in manuscript.paragraphs]
    body = "\n".join(paragraphs)
    language = guess_language(body)
    cast = find_cast(body, language)
    utterances = utterances_of(paragraphs, cast)
    stretches = cut_scenes(utterances)
    pace = _pace(stretches, target_seconds)
    heading = (title or "").strip() or manuscript.title or short(utterances[0].text, 60)
    scenes = tuple(
        _scene(number, stretch, cast, pace, seed)
        for number, stretch in enumerate(stretches, start=1)
    )
    return Screenplay(
        title=heading,
        logline=_logline(utterances, cast),
        summary=_summary(stretches),
        themes=themes_of(body),
        language=language,
        credits=manuscript.credits,
        characters=characters_of(cast, utterances, seed),
        scenes=scenes,
    )


def calm_capitals(match: re.Match[str]) -> str:
    """`A FOX one day` becomes `A Fox one day`: printers' capitals are no shouting."""
    return f"{(match.group(1) or '').capitalize()}{match.group(2).title()}"


def _pace(stretches: list[Stretch], target_seconds: float | None) -> float:
    natural = sum(_natural_seconds(stretch) for stretch in stretches)
    if not target_seconds:
        return 1.0
    return min(LONGEST_STRETCH, max(SHORTEST_STRETCH, target_seconds / natural))


def _natural_seconds(stretch: Stretch) -> float:
    return SCENE_PAUSE + sum(line_seconds(utterance.text) for utterance in stretch.utterances)


def line_seconds(text: str) -> float:
    """About how long it takes to say a line, with the pause behind it."""
    return spoken_words(text) / WORDS_A_SECOND + LINE_PAUSE


def _scene(number: int, stretch: Stretch, cast: Cast, pace: float, seed: int) -> ScreenplayScene:
    place, hour = stretch.place, stretch.time_of_day
    people = _people_in(stretch, cast)
    where = "INT." if place.interior else "EXT."
    return ScreenplayScene(
        number=number,
        heading=f"{where} {place.name.upper()} - {hour.upper()}",
        location=place.name,
        time_of_day=hour,
        mood=stretch.mood,
        action=_action(stretch, people),
        characters=tuple(person.name for person in people),
        dialogue=tuple(
            ScreenplayLine(
                speaker=utterance.speaker.name if utterance.speaker else NARRATOR,
                line=utterance.text,
                emotion=utterance.emotion,
            )
            for utterance in stretch.utterances
        ),
        panels=draw_panels(
            stretch.utterances,
            [line_seconds(utterance.text) for utterance in stretch.utterances],
            cast,
            derived_seed("panels", number, seed),
        ),
        duration_seconds=round(_natural_seconds(stretch) * pace, 2),
    )


def _people_in(stretch: Stretch, cast: Cast) -> list[Person]:
    found: dict[str, Person] = {}
    for utterance in stretch.utterances:
        if utterance.speaker:
            found.setdefault(utterance.speaker.key, utterance.speaker)
        else:
            for person in cast.named_in(utterance.text):
                found.setdefault(person.key, person)
    return list(found.values())


def _action(stretch: Stretch, people: list[Person]) -> str:
    told = " ".join(each.text for each in stretch.utterances if each.speaker is None)
    if told:
        return short(told, 600)
    names = " and ".join(person.name for person in people)
    return f"{names} {'talks' if len(people) == 1 else 'talk'}."


def _logline(utterances: list[Utterance], cast: Cast) -> str:
    told = next((each.text for each in utterances if each.speaker is None), utterances[0].text)
    leads = sorted(cast.people, key=lambda person: -person.count)[:3]
    names = ", ".join(person.name for person in sorted(leads, key=lambda each: each.first_at))
    return f"{names}: {short(told, 200)}" if names else short(told, 200)


def _summary(stretches: list[Stretch]) -> str:
    firsts = [short(split_sentences(stretch.text)[0], 180) for stretch in stretches]
    return short(" ".join(firsts), 1200)


def themes_of(body: str) -> tuple[str, ...]:
    """What the text is about, most told first."""
    words = Counter(_WORD.findall(body.lower()))
    counts = {theme: sum(words[word] for word in tell) for theme, tell in THEME_WORDS.items()}
    best = sorted((theme for theme in counts if counts[theme]), key=lambda each: -counts[each])
    return tuple(best[:4])


def characters_of(
    cast: Cast, utterances: list[Utterance], seed: int
) -> tuple[ScreenplayCharacter, ...]:
    """All of the cast, as the text tells of them."""
    told: dict[str, list[_Told]] = {person.key: [] for person in cast.people}
    for utterance in utterances:
        if utterance.speaker is None:
            mentions = cast.mentions(utterance.text)
            for person in {person.key: person for _, person in mentions}.values():
                told[person.key].append((utterance.text, mentions))
    clothes: list[str] = []
    characters = []
    for person in cast.people:
        characters.append(_character(person, told[person.key], seed, clothes))
        clothes.append(characters[-1].color_palette[3])
    return tuple(characters)


def _character(
    person: Person, told: list[_Told], seed: int, clothes: list[str]
) -> ScreenplayCharacter:
    first = told[0][0] if told else ""
    age = _age(person, first)
    kind = _kind(person, age)
    looks = f"{age} {kind}" if age else kind
    article = "An" if looks[0] in "aeiou" else "A"
    return ScreenplayCharacter(
        name=person.name,
        description=f"{article} {looks}. {short(first, 220)}".strip(),
        personality=_traits(person, told),
        gender=person.gender,
        age=age,
        color_palette=colours_of(person.name, kind, seed, clothes),
        voice_characteristics=_voice(person, age),
    )


def _age(person: Person, first: str) -> str | None:
    near = rf"\b(old|aged|elderly)\b[^.,]{{0,16}}\b{re.escape(person.key)}\b"
    behind = rf"\b{re.escape(person.key)}\b[^.]{{0,24}}\bold age\b"
    if re.search(f"{near}|{behind}", first, re.IGNORECASE) or "old" in person.name.lower().split():
        return "old"
    young = rf"\b(young|little|small)\b[^.,]{{0,16}}\b{re.escape(person.key)}\b"
    is_child = kind_of(person.name) in ("boy", "girl")
    return "young" if is_child or re.search(young, first, re.IGNORECASE) else None


def _kind(person: Person, age: str | None) -> str:
    """What they are; a person without a telling name is what gender and age make of them."""
    kind = kind_of(person.name)
    if kind != "person" or person.gender is None:
        return kind
    grown, child = ("man", "boy") if person.gender == "male" else ("woman", "girl")
    return child if age == "young" else grown


def _traits(person: Person, told: list[_Told]) -> tuple[str, ...]:
    """Traits told in the clauses between this person's name and the next one's."""
    counts: Counter[str] = Counter()
    for sentence, mentions in told:
        ends = [*(at for at, _ in mentions[1:]), len(sentence)]
        for (at, named), end in zip(mentions, ends, strict=True):
            if named is not person:
                continue
            words = {word.lower() for word in _WORD.findall(sentence[at:end])}
            counts.update(trait for trait, telling in TRAIT_WORDS.items() if words & telling)
    return tuple(trait for trait, _ in counts.most_common(4))


def _voice(person: Person, age: str | None) -> tuple[str, ...]:
    pitch = {"male": "low", "female": "high"}.get(person.gender or "", "middle")
    pace = {"old": "slow", "young": "quick"}.get(age or "", "even")
    return (pitch, pace)


def short(text: str, limit: int) -> str:
    """The beginning of a text, cut between words."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return f"{head.rsplit(' ', 1)[0] if ' ' in head else head}…"
