"""When two files look or sound alike, and the keys by which an index finds them.

A picture's hash has 64 bits; two pictures are alike where at most `NEAR_BITS` of them differ. The
index holds each quarter of a hash, with its place. Seven differences cannot fall so that each of
four quarters has two: so who asks for every quarter as it is, and with any one bit turned (4 x 17
keys), finds all that are alike, and about a thousandth of the others, which the exact comparison
then drops.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from documents.base import StoredDocument
from documents.library import MediaKind

NEAR_BITS: Final = 7
NEAR_SOUND: Final = 0.35
"""The most by which the prints of two sounds may differ, as a share of the marks in either."""
NEAR_SECONDS: Final = 1.0
NEAR_LENGTH: Final = 0.02
"""Two lengths are alike within a second or a fiftieth, whichever is more."""

BITS: Final = 64
_QUARTER: Final = 16
_PLAIN: Final = "0" * 16
_PICTURE, _FRAME, _SOUND = 1, 2, 3


By: TypeAlias = Literal["content", "picture", "frames", "sound", "frames_and_sound"]
"""What was compared."""


@dataclass(frozen=True, slots=True)
class Alike:
    """How alike two files are: `distance` is 0 for the same and 1 for nothing in common."""

    by: By
    distance: float


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a file is compared; `seconds` is its length."""

    kind: MediaKind
    picture_prints: Sequence[str]
    sound_print: str | None
    seconds: float | None

    @classmethod
    def of(cls, media: StoredDocument) -> Self:
        """Those of a stored record, of which `FIELDS` are needed."""
        return cls(
            media["kind"],
            media.get("picture_prints") or (),
            media.get("sound_print"),
            (media.get("technical_data") or {}).get("duration"),
        )


FIELDS: Final = ("kind", "picture_prints", "sound_print", "technical_data.duration")


def likeness(kind: MediaKind, picture_prints: Sequence[str], sound_print: str | None) -> list[int]:
    """The keys of a file for the index."""
    keys = _picture_keys(kind, picture_prints)
    if kind == "audio" and sound_print is not None:
        keys |= _sound_keys(sound_print)
    return sorted(keys)


def wanted_keys(traits: Traits) -> list[int]:
    """The keys of which a file that is like this one has at least one."""
    exact = _picture_keys(traits.kind, traits.picture_prints)
    keys = {key ^ 1 << bit for key in exact for bit in range(_QUARTER)}
    return sorted(keys.union(likeness(traits.kind, traits.picture_prints, traits.sound_print)))


def alike(one: Traits, other: Traits) -> Alike | None:
    """How alike two files are, or None where they are not."""
    if one.kind != other.kind:
        return None
    if one.kind == "image":
        return _alike_pictures(one.picture_prints, other.picture_prints)
    if not _same_length(one, other):
        return None
    sound = _sound_distance(one.sound_print, other.sound_print)
    if sound is not None and sound > NEAR_SOUND:
        return None
    if one.kind == "audio":
        return Alike("sound", sound) if sound is not None else None
    return _alike_films(one.picture_prints, other.picture_prints, sound)


def _alike_pictures(one: Sequence[str], other: Sequence[str]) -> Alike | None:
    if not one or not other:
        return None
    bits = _differing(one[0], other[0])
    return Alike("picture", bits / BITS) if bits <= NEAR_BITS else None


def _alike_films(one: Sequence[str], other: Sequence[str], sound: float | None) -> Alike | None:
    """By the mean of their frames: a cut or an overlay may spoil one of them."""
    if not one or len(one) != len(other):
        return None
    bits = [_differing(mine, theirs) for mine, theirs in zip(one, other, strict=True)]
    mean = sum(bits) / len(bits)
    if mean > NEAR_BITS:
        return None
    if sound is None:
        return Alike("frames", mean / BITS)
    return Alike("frames_and_sound", (mean / BITS + sound) / 2)


def _same_length(one: Traits, other: Traits) -> bool:
    mine, theirs = one.seconds, other.seconds
    if mine is None or theirs is None:
        return False
    return abs(mine - theirs) <= tolerance(max(mine, theirs))


def tolerance(seconds: float) -> float:
    """By how many seconds another file may be shorter and still be alike."""
    return max(NEAR_SECONDS, NEAR_LENGTH * seconds)


def _sound_distance(one: str | None, other: str | None) -> float | None:
    """The share of marks that only one of two prints has; None where one has no print."""
    if one is None or other is None:
        return None
    mine, theirs = int(one, 16), int(other, 16)
    union = (mine | theirs).bit_count()
    return (mine ^ theirs).bit_count() / union if union else 0.0


def _differing(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _picture_keys(kind: MediaKind, prints: Sequence[str]) -> set[int]:
    place = _PICTURE if kind == "image" else _FRAME
    return {
        _key(place, frame * 4 + quarter, int(each[quarter * 4 : quarter * 4 + 4], 16))
        for frame, each in enumerate(prints)
        if each != _PLAIN
        for quarter in range(4)
    }


def _sound_keys(sound_print: str) -> set[int]:
    """Of every part of a sound how it is coloured; a part without any colour says nothing."""
    parts: Iterable[tuple[int, int]] = (
        (at // 8, int(sound_print[at + 4 : at + 8], 16)) for at in range(0, len(sound_print), 8)
    )
    return {_key(_SOUND, place, value) for place, value in parts if value}


def _key(what: int, place: int, value: int) -> int:
    return (what << 8 | place) << _QUARTER | value
