"""Which voice for whom, in which language, and how a feeling changes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from workers.providers.local.languages import UNKNOWN, script_language
from workers.providers.local.seeds import dice

NARRATOR_VOICE = "en+m3"

_MALE = ("m1", "m2", "m4", "m5", "m6", "m7", "m8")
_FEMALE = ("f1", "f2", "f3", "f4", "f5")

# eSpeak's own codes where they differ from ISO 639-1.
_ESPEAK_CODES = {"zh": "cmn", "no": "nb", "iw": "he", "in": "id", "tl": "en", "yue": "yue"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a line is spoken: words a minute, pitch and its range (0 to 100), volume."""

    rate: int
    pitch: int
    range: int
    volume: int


_BASE_RATE, _BASE_PITCH, _BASE_RANGE, _BASE_VOLUME = 158, 48, 50, 100

# emotion: (rate factor, pitch, range, volume)
_EMOTIONS: dict[str, tuple[float, int, int, int]] = {
    "neutral": (1.0, 0, 0, 0),
    "calm": (0.93, -4, -10, -4),
    "happy": (1.08, 8, 18, 4),
    "excited": (1.14, 12, 24, 10),
    "sad": (0.84, -8, -22, -10),
    "angry": (1.1, -5, 22, 14),
    "afraid": (1.16, 13, 12, -4),
    "curious": (1.0, 7, 14, 0),
    "tender": (0.9, 2, -6, -10),
    "scornful": (0.94, -5, 14, 4),
    "whispering": (0.9, -2, -30, -28),
}

# characteristic: (rate factor, pitch, volume)
_TRAITS: dict[str, tuple[float, int, int]] = {
    **dict.fromkeys(("slow", "measured", "thoughtful"), (0.88, 0, 0)),
    **dict.fromkeys(("fast", "quick", "lively"), (1.12, 0, 0)),
    **dict.fromkeys(("deep", "low", "dark"), (1.0, -14, 0)),
    **dict.fromkeys(("high", "bright", "shrill"), (1.0, 14, 0)),
    **dict.fromkeys(("soft", "quiet", "gentle"), (1.0, 0, -14)),
    **dict.fromkeys(("loud", "booming"), (1.0, 0, 14)),
}
_LANGUAGE_LINE = re.compile(r"^language\s+(\S+)", re.MULTILINE)


def voice_for(name: str, gender: str | None, seed: int) -> str:
    """The voice of somebody, such as `en+f3`; always the same for the same three."""
    if name.strip().lower() == "narrator":
        return NARRATOR_VOICE
    choices = {"male": _MALE, "female": _FEMALE}.get(gender or "", _MALE + _FEMALE)
    return f"en+{dice('voice', name.lower(), seed).choice(choices)}"


def voices_to_try(voice_id: str, language: str, text: str) -> list[str]:
    """Voice names for eSpeak, best first: the text's script outranks what the request says."""
    base, _, variant = voice_id.partition("+")
    spoken = script_language(text) or (language if language != UNKNOWN else "") or base or "en"
    spoken = _ESPEAK_CODES.get(spoken, spoken)
    if spoken.split("-")[0] == base.split("-")[0]:
        spoken = base
    names = [f"{spoken}+{variant}", spoken] if variant else [spoken]
    return list(dict.fromkeys([*names, spoken.split("-")[0], base, "en"]))


def exists(voice_id: str) -> bool:
    """Whether eSpeak has this voice: a language, and perhaps a variant behind a plus sign."""
    language, plus, variant = voice_id.partition("+")
    languages, variants = _installed()
    return language.lower() in languages and (not plus or variant in variants)


@cache
def _installed() -> tuple[frozenset[str], frozenset[str]]:
    """The languages and variants that eSpeak's data hold."""
    # Found without importing it: the library itself is for the process that speaks alone.
    package = find_spec("espeakng_loader")
    assert package is not None  # a dependency of ours
    assert package.origin is not None
    data = Path(package.origin).parent / "espeak-ng-data"
    texts = [each.read_text("utf-8") for each in (data / "lang").rglob("*") if each.is_file()]
    languages = {code.lower() for text in texts for code in _LANGUAGE_LINE.findall(text)}
    variants = {each.name for each in (data / "voices" / "!v").iterdir()}
    return frozenset(languages), frozenset(variants)


def manner_of(emotion: str, speed: float, characteristics: Iterable[str] = ()) -> Manner:
    """The manner of speaking for a feeling at a speed, by a voice of this kind."""
    factor, pitch, spread, volume = _EMOTIONS.get(emotion, _EMOTIONS["neutral"])
    for word in dict.fromkeys(re.findall(r"[a-z]+", " ".join(characteristics).lower())):
        pace, higher, louder = _TRAITS.get(word, (1.0, 0, 0))
        factor, pitch, volume = factor * pace, pitch + higher, volume + louder
    return Manner(
        rate=round(max(80, min(400, _BASE_RATE * factor * speed))),
        pitch=max(0, min(100, _BASE_PITCH + pitch)),
        range=_BASE_RANGE + spread,
        volume=max(20, min(150, _BASE_VOLUME + volume)),
    )
