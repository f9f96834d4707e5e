"""The room answers to a sound wherever it is, for as long as it should."""

import numpy as np

from workers.providers.local.room import _TRANSFORMED, ROOM_SECONDS, add_the_room

RATE = 24_000
TAIL = round(ROOM_SECONDS * RATE)


def answer(at: int, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    mix, sent = np.zeros((2, count), dtype=np.float32), np.zeros(count, dtype=np.float32)
    sent[at : at + 100] = np.hanning(100)
    add_the_room(mix, sent, RATE)
    return mix


def test_it_is_the_same_wherever_blocks_meet() -> None:
    first = answer(0, TAIL + 200)
    assert np.abs(first).max() > 0.01
    joint = _TRANSFORMED - TAIL
    for at in (7, joint - 50, joint, joint + TAIL):
        found = answer(at, at + TAIL + 200)
        assert np.abs(found[:, at:] - first).max() < 1e-5
        assert np.abs(found[:, :at]).max() < 1e-5


def test_it_adds_to_what_is_there_and_ends_with_it() -> None:
    mix = np.ones((2, 500), dtype=np.float32)
    sent = np.zeros(500, dtype=np.float32)
    sent[499] = 1
    add_the_room(mix, sent, RATE)
    assert np.abs(mix - 1).max() < 1e-4


def test_left_and_right_are_rooms_of_their_own() -> None:
    left, right = answer(0, TAIL)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.2
