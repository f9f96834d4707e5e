"""Finding the characters: who is named with an article, who is named by name, who speaks."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from workers.providers.local.looks import KIND_OF_WORD, gender_of
from workers.providers.local.places import find_places
from workers.providers.local.screenwriter.vocabulary import (
    FEMALE_PRONOUNS,
    MALE_PRONOUNS,
    NOT_NAMES,
    SPEECH_VERBS,
)

LARGEST_CAST = 12
_SAMPLE = 300_000

_NAME = r"[^\W\d_a-zà-öø-ÿ][\w’'-]*"
_ARTICLE_AND_NOUN = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|THE|AN)\s+(?:(?:[Oo]ld|[Yy]oung|[Ll]ittle|[Pp]oor|[Ss]ick|[Bb]ig)\s+)?"
    r"([A-Z][\w-]+(?:\s+[A-Z][a-z-]+)?)"
)
_ROLE = re.compile(
    r"\b(?:the|an?|one|his|her|their|my|our|der|die|das|ein|eine|le|la|un|une|el|il)\s+"
    r"(?:(?P<adjective>old|young|little|poor|wise|big|wicked|great|alte|kleine|petit|petite)\s+)?"
    r"(?P<noun>[^\W\d_]+)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_][\w’'-]*|[.!?…:;\"“”«»]")
_POSSESSIVE = re.compile(r"['’]s?$")
_KEPT_ADJECTIVES = frozenset(("old", "little", "young"))


@dataclass(slots=True)
class Person:
    """Somebody of the tale; `key` is how the text calls them, in lower case."""

    key: str
    name: str
    first_at: int
    count: int = 0
    gender: Literal["male", "female"] | None = None


@dataclass(slots=True)
class Cast:
    """All who act, and a way to find them in a sentence."""

    people: list[Person] = field(default_factory=list)
    _pattern: re.Pattern[str] | None = None
    _by_key: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in self.people:
            self._by_key[person.key] = person
            first, *more = person.key.split()
            if more and first not in NOT_NAMES and first not in KIND_OF_WORD:
                self._by_key.setdefault(first, person)
        if self._by_key:
            keys = sorted(self._by_key, key=len, reverse=True)
            self._pattern = re.compile(
                rf"\b({'|'.join(map(re.escape, keys))})(?:['’]s)?\b", re.IGNORECASE
            )

    def mentions(self, text: str) -> list[tuple[int, Person]]:
        """Who is named in the text, with the place, in order."""
        if self._pattern is None:
            return []
        return [
            (match.start(), self._by_key[match.group(1).lower()])
            for match in self._pattern.finditer(text)
            if match.group(1).lower() in self._by_key
        ]

    def named_in(self, text: str) -> list[Person]:
        """Who is named in the text, each once."""
        seen: dict[str, Person] = {}
        for _, person in self.mentions(text):
            seen.setdefault(person.key, person)
        return list(seen.values())


@dataclass(slots=True)
class _Tally:
    """How often, and in which manner, each candidate turns up."""

    with_article: Counter[str] = field(default_factory=Counter)
    by_name: Counter[str] = field(default_factory=Counter)
    as_role: Counter[str] = field(default_factory=Counter)
    speaking: Counter[str] = field(default_factory=Counter)
    shown: dict[str, str] = field(default_factory=dict)
    first_at: dict[str, int] = field(default_factory=dict)

    def note(self, counter: Counter[str], written: str, at: int) -> None:
        name = _POSSESSIVE.sub("", written)
        key = " ".join(name.lower().split())
        counter[key] += 1
        self.first_at[key] = min(at, self.first_at.get(key, at))
        self.shown.setdefault(key, " ".join(word.capitalize() for word in key.split()))


def find_cast(text: str, language: str) -> Cast:
    """The characters of a text in a script with capitals; elsewhere nobody but the narrator."""
    sample = text[:_SAMPLE]
    if not any(character.isupper() for character in sample):
        return Cast()
    tally = _Tally()
    if language != "de":
        for match in _ARTICLE_AND_NOUN.finditer(sample):
            _note_noun(tally, match)
        _note_names(tally, sample)
    for match in _ROLE.finditer(sample):
        _note_role(tally, match)
    people = [
        Person(key, tally.shown[key], tally.first_at[key], _weight(tally, key))
        for key in tally.first_at
        if _belongs(tally, key)
    ]
    people = _without_doubles(people)
    people.sort(key=lambda person: (-person.count, person.first_at))
    people = sorted(people[:LARGEST_CAST], key=lambda person: person.first_at)
    cast = Cast(people)
    _tell_genders(cast, sample)
    return cast


def _note_noun(tally: _Tally, match: re.Match[str]) -> None:
    words = match.group(1).split()
    if len(words) == 2 and (words[1].lower() in NOT_NAMES or words[0].lower() in KIND_OF_WORD):
        words = words[:1]
    if words[0].lower() in NOT_NAMES:
        return
    tally.note(tally.with_article, " ".join(words), match.start())


def _note_names(tally: _Tally, sample: str) -> None:
    """Capitalised words inside sentences; at the start of one only beside a verb of speech."""
    tokens = list(_WORDS.finditer(sample))
    index = 0
    while index < len(tokens):
        word = tokens[index].group()
        if not word[0].isupper() or _POSSESSIVE.sub("", word).lower() in NOT_NAMES:
            index += 1
            continue
        previous = tokens[index - 1].group() if index else "."
        end = index + 1
        while end < len(tokens) and end - index < 3 and _continues(tokens, end, sample):
            end += 1
        phrase = " ".join(token.group() for token in tokens[index:end])
        following = tokens[end].group().lower() if end < len(tokens) else ""
        speaks = previous.lower() in SPEECH_VERBS or following in SPEECH_VERBS
        starts = not previous[0].isalnum()
        if speaks:
            tally.note(tally.speaking, phrase, tokens[index].start())
        elif not starts and previous.lower() not in ("the", "a", "an", "in", "at", "from", "of"):
            tally.note(tally.by_name, phrase, tokens[index].start())
        index = end


def _continues(tokens: list[re.Match[str]], index: int, sample: str) -> bool:
    word = tokens[index].group()
    gap = sample[tokens[index - 1].end() : tokens[index].start()]
    return word[0].isupper() and gap == " " and word.lower() not in NOT_NAMES


def _note_role(tally: _Tally, match: re.Match[str]) -> None:
    noun = match.group("noun").lower()
    if noun not in KIND_OF_WORD or not match.group("noun")[1:].islower():
        return
    before = match.string[max(0, match.start() - 24) : match.start()].split()
    after = match.string[match.end() : match.end() + 24].split()
    speaks = bool(
        (before and before[-1].lower().strip(',.”"') in SPEECH_VERBS)
        or (after and after[0].lower().strip(",.:") in SPEECH_VERBS)
    )
    tally.note(tally.speaking if speaks else tally.as_role, noun, match.start())
    adjective = (match.group("adjective") or "").lower()
    if adjective in _KEPT_ADJECTIVES and tally.first_at[noun] == match.start():
        tally.shown[noun] = f"{adjective.capitalize()} {noun.capitalize()}"


def _weight(tally: _Tally, key: str) -> int:
    return (
        tally.with_article[key] + tally.by_name[key] + tally.as_role[key] + 3 * tally.speaking[key]
    )


def _belongs(tally: _Tally, key: str) -> bool:
    words = key.split()
    if any(word in SPEECH_VERBS for word in words) or len(key) < 2:
        return False
    if tally.speaking[key]:
        return True
    if find_places(f"the {key}"):
        return False
    known = any(word in KIND_OF_WORD for word in words)
    if tally.with_article[key] >= (1 if known else 2):
        return True
    return tally.by_name[key] >= 2 or (known and tally.as_role[key] + tally.by_name[key] >= 2)


def _without_doubles(people: list[Person]) -> list[Person]:
    """A single name that is part of exactly one longer name is the same person."""
    kept: list[Person] = []
    longer = [person for person in people if " " in person.key]
    for person in people:
        whole = [other for other in longer if person.key in other.key.split()]
        if " " not in person.key and len(whole) == 1:
            whole[0].count += person.count
            whole[0].first_at = min(whole[0].first_at, person.first_at)
        else:
            kept.append(person)
    return kept


def _tell_genders(cast: Cast, sample: str) -> None:
    votes: dict[str, Counter[str]] = {person.key: Counter() for person in cast.people}
    mentions = cast.mentions(sample)
    ends = [*(at for at, _ in mentions[1:]), len(sample)][: len(mentions)]
    for (at, person), end in zip(mentions, ends, strict=True):
        # Their sentence and the next: `A Lion grew old. He …`
        stretch = " ".join(re.split(r"[.!?]", sample[at : min(end, at + 200)])[:2]).lower()
        for word in re.findall(r"[^\W\d_]+", stretch):
            if word in MALE_PRONOUNS or word in ("his", "him", "himself"):
                votes[person.key]["male"] += 1
            elif word in FEMALE_PRONOUNS or word in ("her", "herself"):
                votes[person.key]["female"] += 1
    for person in cast.people:
        told = gender_of(person.name)
        vote = votes[person.key]
        if told:
            person.gender = told
        elif vote["male"] != vote["female"]:
            person.gender = "male" if vote["male"] > vote["female"] else "female"
