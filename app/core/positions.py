"""Cursors: places in the order of all changes of the store.

A cursor is the change stream's resume token. Its first bytes are the cluster time, and tokens
compare as the changes follow each other, so every process orders them alike. Clients only hand
them back: what is compared never reaches the store.
"""

import re
from typing import Final

from bson import Timestamp

_TOKEN: Final = re.compile(r"82[0-9A-F]{16,510}")
_MOMENT_LENGTH: Final = 18


def is_cursor(text: str) -> bool:
    """Whether the text could be one of our cursors."""
    return _TOKEN.fullmatch(text) is not None


def before(moment: Timestamp) -> str:
    """The cursor in front of everything that happened at this cluster time or later."""
    return f"82{moment.time:08X}{moment.inc:08X}"


def moment_of(cursor: str) -> Timestamp:
    """The cluster time of a cursor."""
    return Timestamp(int(cursor[2:10], 16), int(cursor[10:18], 16))


def is_token(cursor: str) -> bool:
    """Whether the store gave it out itself, so that a stream can be resumed after it."""
    return len(cursor) > _MOMENT_LENGTH
