"""Captions and transcripts: what a SubRip or WebVTT file holds, and whether it holds together.

SubRip has no standard: counter, time span, text, blank line. WebVTT is W3C's
(https://www.w3.org/TR/webvtt1/), of which the header, cue spans, notes, styles and regions are
read here.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.library.types import decoded_text
from workers.render.errors import Unreadable

LARGEST_BYTES: Final = 10 * 1024 * 1024
MOST_CUES: Final = 100_000
LONGEST_SECONDS: Final = 100 * 3600

_CLOCK: Final = r"(?:(\d{1,4}):)?(\d\d):(\d\d)[.,](\d{1,3})"
_SPAN: Final = re.compile(rf"\s*{_CLOCK}[ \t]+-->[ \t]+{_CLOCK}(?:[ \t].*)?$")
_LANGUAGE: Final = re.compile(r"Language:[ \t]*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)[ \t]*$")
_NOT_CUES: Final = ("NOTE", "STYLE", "REGION")
_TAG: Final = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_WORD: Final = re.compile(r"[^\W\d_]+")

_COMMON_WORDS: Final = {
    "en": "the and you that is was for it of to in what have not this with are we my your",
    "de": "der die und das ist nicht ich du sie wir ein eine zu den mit auf was für es von",
    "fr": "le la les et vous que est pas je tu nous une un des pour dans ce qui il elle",
    "es": "el la los que no es y un una por con para lo está mi su yo qué pero como",
    "it": "il che non di è un una per sono mi ho ma con lo gli questo come della anche ti",
    "pt": "o que não um uma para com você eu é isso mas os do da em por meu está muito",
    "nl": "de het een en ik je niet dat is van we zijn op te met voor maar wat hij er",
}
"""Frequent words, by language (ISO 639-1). Enough for a suggestion, and no more is promised."""
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_ENOUGH_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class CaptionFacts:
    """What captions are: how many, until when (seconds), and in which language, if that shows."""

    cues: int
    duration: float
    language: str | None


def read_captions(path: Path) -> CaptionFacts:
    """Read a SubRip or WebVTT file to its end.

    Raises:
        Unreadable: it is too large, no text, or one of its cues makes no sense; says which line.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise Unreadable(f"{path.name} is larger than captions may be (10 MiB).")
    text = decoded_text(path.read_bytes(), is_all=True)
    if text is None:
        raise Unreadable(f"{path.name} is not UTF-8 throughout; save it as UTF-8.")
    language, end, words, cues = None, 0.0, list[str](), 0
    for number, block in _blocks(text):
        if number == 1 and block[0].startswith("WEBVTT"):
            language = _declared_language(block)
        elif not block[0].startswith(_NOT_CUES):
            end = max(end, _cue_end(path, number, block, words))
            cues += 1
        if cues > MOST_CUES:
            raise Unreadable(f"{path.name} has more than {MOST_CUES:,} captions.")
    spoken = _TAG.sub(" ", " ".join(words))
    return CaptionFacts(cues, end, language or guessed_language(spoken))


def guessed_language(text: str) -> str | None:
    """The language of a text by its script or its frequent words; None where they don't tell."""
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        if letters and len(script.findall(text)) > letters / 4:
            return language
    counted = Counter(word.lower() for word in _WORD.findall(text))
    scores = {
        language: sum(counted[word] for word in common.split())
        for language, common in _COMMON_WORDS.items()
    }
    (best, score), (_, second) = Counter(scores).most_common(2)
    return best if score >= _ENOUGH_WORDS and score > 1.2 * second else None


def _blocks(text: str) -> list[tuple[int, list[str]]]:
    """What stands between blank lines, with the number of its first line."""
    blocks: list[tuple[int, list[str]]] = []
    follows = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            follows = False
        elif follows:
            blocks[-1][1].append(line)
        else:
            blocks.append((number, [line]))
            follows = True
    return blocks


def _declared_language(header: list[str]) -> str | None:
    found = (_LANGUAGE.match(line) for line in header[1:])
    return next((match[1] for match in found if match), None)


def _cue_end(path: Path, number: int, block: list[str], words: list[str]) -> float:
    """When a cue ends; keeps what is said in it. Raises Unreadable."""
    at = next((index for index, line in enumerate(block[:2]) if "-->" in line), None)
    span = _SPAN.match(block[at]) if at is not None else None
    if at is None or span is None:
        raise Unreadable(
            f"{path.name}, line {number}: a caption needs a time span like "
            "00:00:01.000 --> 00:00:02.500."
        )
    start, end = _seconds(span.groups()[:4]), _seconds(span.groups()[4:])
    if end < start or end > LONGEST_SECONDS:
        raise Unreadable(
            f"{path.name}, line {number + at}: the caption ends before it begins, "
            "or after 100 hours."
        )
    words += block[at + 1 :]
    return end


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (each or "0" for each in clock)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000
