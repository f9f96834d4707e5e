"""Which voice for whom, in which language, and how a feeling changes it."""

from __future__ import annotations

from dataclasses import dataclass

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


def manner_of(emotion: str, speed: float) -> Manner:
    """The manner of speaking for a feeling at a speed."""
    factor, pitch, spread, volume = _EMOTIONS.get(emotion, _EMOTIONS["neutral"])
    return Manner(
        rate=round(max(80, min(400, _BASE_RATE * factor * speed))),
        pitch=_BASE_PITCH + pitch,
        range=_BASE_RANGE + spread,
        volume=_BASE_VOLUME + volume,
    )
