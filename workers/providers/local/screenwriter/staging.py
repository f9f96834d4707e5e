"""Cutting what is heard into scenes, each with a place, an hour and a mood."""

# ruff: noqa: RUF001 (other scripts' signs are meant)

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass

from workers.providers.local.languages import WORD
from workers.providers.local.places import UNKNOWN, Place, find_places
from workers.providers.local.screenwriter.dialogue import Utterance
from workers.providers.local.screenwriter.vocabulary import MOOD_WORDS, TIME_SHIFTS, TIME_WORDS
from workers.providers.screenplay import TimeOfDay

FEWEST_SCENES, USUAL_SCENES, MOST_SCENES = 3, 12, 40
WORDS_A_SCENE = 38

_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_HOURS: tuple[TimeOfDay, ...] = ("dawn", "day", "dusk", "night")


@dataclass(frozen=True, slots=True)
class Stretch:
    """The utterances of one scene and where, when and how it plays."""

    utterances: tuple[Utterance, ...]
    place: Place
    time_of_day: TimeOfDay
    mood: str

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(utterance.text for utterance in self.utterances)


def spoken_words(text: str) -> float:
    """The length of a text in words; two signs of a script without spaces count as one."""
    dense = len(_DENSE.findall(text))
    return max(0.5, dense / 2 + len(WORD.findall(_DENSE.sub(" ", text))))


def cut_scenes(utterances: list[Utterance]) -> list[Stretch]:
    """Scenes of about the same length that begin where the tale itself takes a turn."""
    lengths = [spoken_words(utterance.text) for utterance in utterances]
    wanted = _scene_count(sum(lengths), len(utterances))
    strengths = _turns(utterances)
    starts, left = [0], sum(lengths)
    while len(starts) < wanted:
        # Aim from where we are, so that one long scene does not push all later ones along.
        scenes_left = wanted - len(starts)
        share = left / (scenes_left + 1)
        cut = _next_cut(starts[-1], share, lengths, strengths, scenes_left)
        left -= sum(lengths[starts[-1] : cut])
        starts.append(cut)
    bounds = zip(starts, [*starts[1:], len(utterances)], strict=True)
    return _stage([utterances[start:end] for start, end in bounds])


def _scene_count(words: float, utterances: int) -> int:
    wanted = max(FEWEST_SCENES, round(words / WORDS_A_SCENE))
    if wanted > USUAL_SCENES:
        wanted = USUAL_SCENES + round((words - USUAL_SCENES * WORDS_A_SCENE) / 160)
    return max(1, min(wanted, MOST_SCENES, utterances))


def _next_cut(
    start: int, share: float, lengths: list[float], strengths: list[float], scenes_left: int
) -> int:
    """The best first utterance of the next scene, about one share from `start`."""
    best, best_score, length = start + 1, -math.inf, 0.0
    for index in range(start + 1, len(lengths) - scenes_left + 1):
        length += lengths[index - 1]
        ratio = length / share
        score = strengths[index] - 5 * abs(ratio - 1)
        if score > best_score:
            best, best_score = index, score
        if ratio > 1.7:
            break
    return best


def _turns(utterances: list[Utterance]) -> list[float]:
    """How much the tale turns before each utterance."""
    strengths = [0.0]
    place: Place | None = None
    for previous, utterance in itertools.pairwise(utterances):
        strength = 2.5 if utterance.opens_paragraph else 0.0
        words = WORD.findall(utterance.text.lower())
        if words and words[0] in TIME_SHIFTS:
            strength += 1.0
        found = find_places(utterance.text) if utterance.speaker is None else []
        if found and found[0] is not place:
            strength += 1.5 if place else 0.0
            place = found[0]
        if previous.text[-1:] in ",:：،—":
            strength -= 6.0
        elif previous.speaker is not None and utterance.speaker is previous.speaker:
            strength -= 2.0
        elif previous.speaker is not None and utterance.speaker is not None:
            strength -= 0.5
        strengths.append(strength)
    return strengths


def _stage(scenes: list[list[Utterance]]) -> list[Stretch]:
    """Places and hours last until the text names others; the opening takes the first it names."""
    texts = [" ".join(utterance.text for utterance in scene) for scene in scenes]
    place = next((found[0] for text in texts if (found := find_places(text))), UNKNOWN)
    hour: TimeOfDay = "day"
    told_hour = False
    stretches: list[Stretch] = []
    for number, (scene, text) in enumerate(zip(scenes, texts, strict=True)):
        place = _main_place(text, place)
        named_hour = hour_of(text)
        if named_hour:
            hour, told_hour = named_hour, True
        elif not told_hour and number == len(scenes) - 1 and number >= FEWEST_SCENES - 1:
            hour = "dusk"  # a tale that tells no hour ends in the evening, as tales do
        stretches.append(Stretch(tuple(scene), place, hour, mood_of(text)))
    return stretches


def _main_place(text: str, current: Place) -> Place:
    """The place a scene's text names most; the current one where it names none or as often."""
    counts = Counter(find_places(text))
    if not counts:
        return current
    return max(counts, key=lambda place: (counts[place], place is current))


def hour_of(text: str) -> TimeOfDay | None:
    """The time of day that a text names most, if any."""
    words = Counter(_words_or_signs(text))
    counts = {hour: sum(words[word] for word in TIME_WORDS[hour]) for hour in _HOURS}
    best = max(_HOURS, key=lambda hour: counts[hour])
    return best if counts[best] else None


def mood_of(text: str) -> str:
    """The mood most of a text's telling words share; calm where there are none."""
    words = Counter(WORD.findall(text.lower()))
    counts = {mood: sum(words[word] for word in telling) for mood, telling in MOOD_WORDS.items()}
    best = max(counts, key=lambda mood: counts[mood])
    return best if counts[best] else "calm"


def _words_or_signs(text: str) -> list[str]:
    words = WORD.findall(text.lower())
    if _DENSE.search(text):
        words += [sign for hours in TIME_WORDS.values() for sign in hours
                  if _DENSE.match(sign) and sign in text]  # fmt: skip
    return words
