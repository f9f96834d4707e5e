"""Which files are alike, and that the keys find all of them."""

from hypothesis import given
from hypothesis import strategies as st

from app.library.duplicates_keys import (
    BITS,
    NEAR_BITS,
    Traits,
    alike,
    likeness,
    wanted_keys,
)

HASHES = st.integers(min_value=1, max_value=2**BITS - 1)
PRINT = "f7c00840" * 32


def picture(value: int) -> Traits:
    return Traits("image", [f"{value:016x}"], None, None)


def film(values: list[int], seconds: float = 10.0, sound: str | None = None) -> Traits:
    return Traits("video", [f"{value:016x}" for value in values], sound, seconds)


def sound(sound_print: str, seconds: float = 10.0) -> Traits:
    return Traits("audio", [], sound_print, seconds)


def keys(traits: Traits) -> list[int]:
    return likeness(traits.kind, traits.picture_prints, traits.sound_print)


@given(HASHES, st.sets(st.integers(0, BITS - 1), max_size=NEAR_BITS))
def test_every_picture_that_is_alike_is_found(value: int, turned: set[int]) -> None:
    other = value ^ sum(1 << bit for bit in turned)
    how = alike(picture(value), picture(other))
    assert how is not None
    assert how.distance == len(turned) / BITS
    if other:
        assert set(wanted_keys(picture(value))) & set(keys(picture(other)))


@given(HASHES, st.sets(st.integers(0, BITS - 1), min_size=NEAR_BITS + 1))
def test_pictures_that_differ_more_are_not_alike(value: int, turned: set[int]) -> None:
    assert alike(picture(value), picture(value ^ sum(1 << bit for bit in turned))) is None


def test_films_are_alike_by_their_frames_their_length_and_their_sound() -> None:
    frames = [0x0123456789ABCDEF * n % 2**64 for n in range(1, 6)]
    changed = [*frames[:4], frames[4] ^ 0xFFFFF]
    one = film(frames, sound=PRINT)
    assert alike(one, film(changed, 10.1, PRINT)) is not None
    assert alike(one, film(changed, 10.1)) is not None
    assert alike(one, film(frames, 12.0, PRINT)) is None
    assert alike(one, film(frames, 10.0, "083f" * 64)) is None
    assert alike(one, film([*reversed(frames)], 10.0, PRINT)) is None
    assert alike(one, picture(frames[0])) is None
    assert alike(one, film([])) is None
    assert set(wanted_keys(one)) & set(keys(film(changed)))


def test_sounds_are_alike_by_how_they_go() -> None:
    nearly = "f7c00841" + PRINT[8:]
    assert alike(sound(PRINT), sound(nearly)) is not None
    assert alike(sound(PRINT), sound("08" * 128)) is None
    assert set(wanted_keys(sound(PRINT))) & set(keys(sound(nearly)))
    assert alike(sound(PRINT), Traits("audio", [], None, 10.0)) is None


def test_frames_without_structure_are_no_keys() -> None:
    assert keys(film([0, 0, 0, 0, 0])) == []
    assert wanted_keys(film([0, 0, 0, 0, 0])) == []
