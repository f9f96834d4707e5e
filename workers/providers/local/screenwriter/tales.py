"""An idea grown to a tale of several parts: by the turns that stories take, and with dice.

This is no language model: who acts comes from the idea, what happens from the lists below. The same
idea and seed give the same tale, other seeds other ones.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from random import Random

from workers.providers.errors import ProviderRefused
from workers.providers.local.languages import WORD, script_language, small_words
from workers.providers.local.looks import KIND_OF_WORD, kind_of, singular
from workers.providers.local.screenwriter.vocabulary import NOT_NAMES
from workers.providers.local.seeds import dice

_PEOPLE = frozenset(("man", "woman", "boy", "girl", "person"))
_ANIMALS = ("Owl", "Goat", "Hare", "Crow", "Tortoise", "Fox", "Bear", "Donkey", "Mouse", "Deer")
_NAMES = ("Mira", "Tomas", "Ada", "Joren", "Lida", "Emil", "Nora", "Pavel", "Runa", "Silas")
_PLACES = (
    "forest", "river", "mountain", "market", "village", "castle", "cave", "garden", "road",
    "field", "sea", "desert", "temple", "city", "kitchen", "well",
)  # fmt: skip
_THINGS = (
    "brass key", "torn map", "blue lantern", "silent bell", "sealed letter", "broken wheel",
    "golden feather", "locked box", "red thread", "old mirror", "wooden bird", "empty chair",
)  # fmt: skip
_SETUPS = (
    "In the early morning {hero} came to the {place} and found a {thing} there. Nobody could say "
    "to whom it belonged.",
    "There was a {thing} at the {place}, and {hero} had looked for it for a long time. It lay "
    "there as if it had waited.",
    "At the {place} {hero} met {friend}, who carried a {thing} and would not put it down.",
    "{hero} had never gone as far as the {place} before. The way ended there, beside a {thing}.",
)
_WONDERS = (
    "“What can it be good for?” asked {hero}.",
    "“We should not touch it,” said {friend}. “Not yet,” said {hero}.",
    "“I know this thing,” said {friend}. “It has brought bad luck before.”",
    "“This changes everything,” said {hero}.",
)
_COMPLICATIONS = (
    "But {rival} had seen it too, and wanted it more than anything else. “Give it to me,” said "
    "{rival}, “or you will not go on from here.”",
    "Then a storm came over the {place}, and the way back was gone. {rival} stood in the rain and "
    "laughed. “Now you need me,” said {rival}.",
    "Soon half the {place} talked of nothing else, and {rival} told everybody that {hero} had "
    "stolen it. “Ask them where it came from!” cried {rival}.",
    "While they talked, {rival} took the {thing} and ran. “You are too slow!” cried {rival}.",
)
_CRISES = (
    "That night {hero} sat alone in the dark and was afraid. “I cannot do this,” said {hero}. "
    "{friend} did not answer, for {friend} had gone.",
    "They quarrelled, and each went another way. “I never needed you,” said {hero}, and was sorry "
    "at once.",
    "In the night everything was lost: the {thing} was broken, and {friend} lay ill. “It is my "
    "fault,” said {hero}.",
    "At midnight the door fell shut behind them, and there was no light. “Is there no way out?” "
    "whispered {friend}.",
)
_TURNS = (
    "Then {hero} saw what all of them had missed: the {thing} had not been made for one alone. "
    "“Help me,” said {hero} to {rival}. “We can only do it together.”",
    "At dawn {friend} came back. “I was angry,” said {friend}, “but I was not gone.” And {hero} "
    "began to hope again.",
    "Suddenly {hero} understood the old saying, and it was very simple. “We have held it upside "
    "down all the time!” cried {hero}.",
    "It was {rival} who spoke first. “I was afraid of you,” said {rival}. “That is all.” {hero} "
    "had not expected that.",
)
_ENDS = (
    "So they mended what was broken, and shared what was left. In the evening {hero} looked back "
    "at the {place} and smiled. “Tomorrow we go on,” said {hero}.",
    "The {thing} stayed where it belonged, and {hero} went on with lighter steps. “Will you come "
    "with me?” asked {hero}. “Of course,” said {friend}.",
    "When the sun went down, there was peace at the {place}. But far away a light went on that "
    "nobody had seen before. “Did you see that?” asked {friend}.",
    "They laughed until the stars came out. “It was worth it,” said {hero}.",
)
_LAST_ENDS = (
    "So it ended as it had begun: with {hero}, who was not alone any more. “Now I know what it was "
    "for,” said {hero}, and everybody was content.",
    "After all these days {hero} came home. The door stood open, and {friend} was there. “You have "
    "changed,” said {friend}. “I hope so,” said {hero}.",
)
_AGAIN = (
    "{hero} had not forgotten what had happened.",
    "Some time had passed, and {hero} had gone far.",
    "After that nothing was for {hero} as it had been.",
    "{hero} and {friend} had been on their way for days.",
)


@dataclass(frozen=True, slots=True)
class Tale:
    """A tale in parts, each with a title and a place in the text."""

    text: str
    titles: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


def grown(idea: str, parts: int, seed: int) -> Tale:
    """The idea as a tale; raises `ProviderRefused` for an idea in another language than English."""
    _refuse_other_languages(idea)
    cast = dice("tale cast", idea, seed)
    hero, friend, rival = _people(idea, cast)
    pairs = [*itertools.product(_THINGS, _PLACES)]
    dice("tale places", idea, seed).shuffle(pairs)
    chosen = _varied(pairs, parts)
    told: list[str] = []
    for number, (thing, place) in enumerate(chosen):
        names = {"hero": hero, "friend": friend, "rival": rival, "thing": thing, "place": place}
        opening = _sentence(idea) if number == 0 else ""
        roll = dice("tale", idea, seed, number)
        told.append(_part(roll, names, opening, is_last=number == parts - 1))
    titles = [f"The {thing.title()} at the {place.title()}" for thing, place in chosen]
    places, at = [], 0
    for each in told:
        places.append((at, at + len(each)))
        at += len(each) + 2
    return Tale("\n\n".join(told), tuple(titles), tuple(places))


def _part(roll: Random, names: dict[str, str], opening: str, *, is_last: bool) -> str:
    begun = opening or roll.choice(_AGAIN)
    beats = [
        f"{begun} {roll.choice(_SETUPS)} {roll.choice(_WONDERS)}",
        roll.choice(_COMPLICATIONS),
        roll.choice(_CRISES),
        roll.choice(_TURNS),
        roll.choice(_LAST_ENDS if is_last else _ENDS),
    ]
    # The idea is told as it is, whatever signs it has.
    filled = [_filled(each.removeprefix(opening), names) for each in beats]
    return "\n\n".join([f"{opening}{filled[0]}", *filled[1:]])


def _filled(text: str, names: dict[str, str]) -> str:
    """The text with its names; one at the start of a sentence has a capital."""
    told = re.sub(r"\ba ([aeiou])", r"an \1", text.format_map(names))
    return re.sub(r"(^ ?|[.!?]”? |“)the ", lambda found: f"{found[1]}The ", told)


def _varied(pairs: list[tuple[str, str]], parts: int) -> list[tuple[str, str]]:
    """So many pairs, with things and places that repeat as late as possible."""
    chosen: list[tuple[str, str]] = []
    left = [*pairs]
    while len(chosen) < parts:
        recent = {word for pair in chosen[-8:] for word in pair}
        found = next((pair for pair in left if recent.isdisjoint(pair)), left[0])
        left.remove(found)
        chosen.append(found)
    return chosen


def _people(idea: str, cast: Random) -> tuple[str, str, str]:
    """Who the tale is of: those whom the idea names first, and others like them."""
    named = _named(idea)
    animals = bool(named) and all(kind_of(each) not in _PEOPLE | {"robot"} for each in named)
    pool = [each for each in (_ANIMALS if animals else _NAMES) if each not in named]
    people = [*named[:3], *cast.sample(pool, 3)][:3]
    return tuple(_with_article(each) for each in people)  # type: ignore[return-value]


def _with_article(name: str) -> str:
    return f"the {name}" if name.lower() in KIND_OF_WORD or name in _ANIMALS else name


def _named(idea: str) -> list[str]:
    """The names and beings of an idea in their order, each once."""
    found: dict[str, str] = {}
    common = small_words()
    for at, match in enumerate(WORD.finditer(idea)):
        word = match.group()
        lower = word.lower()
        being = lower if lower in KIND_OF_WORD else singular(lower)
        starts = at == 0 or bool(re.search(r"[.!?]\W*$", idea[: match.start()]))
        is_name = word[0].isupper() and not word.isupper() and lower not in NOT_NAMES | common
        follows_verb = re.match(r"\s+[a-z]+s\b", idea[match.end() :]) is not None
        if being in KIND_OF_WORD:
            found.setdefault(being, being.capitalize())
        elif is_name and (not starts or follows_verb):
            found.setdefault(lower, word)
    return [*found.values()]


def _sentence(idea: str) -> str:
    """The idea as the first sentence of a tale."""
    told = " ".join(idea.split())
    told = told[0].upper() + told[1:]
    return told if told.endswith((".", "!", "?", "…", "”", '"')) else f"{told}."


def _refuse_other_languages(idea: str) -> None:
    words = [word.lower() for word in WORD.findall(idea) if len(word) > 2]
    english = sum(word in small_words("en") for word in words)
    others = max(
        sum(word in small_words(each) for word in words)
        for each in ("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "sv", "tr")
    )
    if script_language(idea) is not None or (others >= 2 and others > english):
        raise ProviderRefused(
            "The local writer can make a series of a short idea only in English: give the whole "
            "story as a text in its language, which is then cut into episodes, or set up a "
            "language model.",
            code="language_unsupported",
        )
