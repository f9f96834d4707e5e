"""Emoji in texts: found whole, however many characters one of them has."""

import re
from collections.abc import Iterator
from typing import Final

FIRST: Final = 0x1F000
"""From here on there are emoji and symbols, and no letters of a living script."""
_PICTURE: Final = "\U0001f000-\U0001faff"
_SYMBOL: Final = "\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299"
_AS_PICTURE: Final = "\ufe0f"
_JOINER: Final = "\u200d"
_TAGS: Final = "\U000e0020-\U000e007f"
_MORE: Final = f"[{_AS_PICTURE}\u20e3\U0001f3fb-\U0001f3ff{_TAGS}]*"
# Keycaps, flags, and pictures with their skin tones, joined or not (Unicode TR 51, ED-15a).
_EMOJI: Final = re.compile(
    f"[0-9#*]{_AS_PICTURE}?\u20e3"
    "|[\U0001f1e6-\U0001f1ff]{2}"
    f"|(?:[{_PICTURE}]|[{_SYMBOL}]{_AS_PICTURE}){_MORE}"
    f"(?:{_JOINER}[{_PICTURE}{_SYMBOL}]{_MORE})*"
)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and of each whether it is one emoji."""
    end = 0
    for found in _EMOJI.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        yield found.group(), True
        end = found.end()
    if end < len(text):
        yield text[end:], False
