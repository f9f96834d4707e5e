"""Integrated loudness (ITU-R BS.1770-4, EBU R 128) from momentary values, as ffmpeg gives them.

The momentary loudness every 100 ms is that of a window of 400 ms: just the overlapping blocks
which the gates of the integrated loudness work on. So values of pieces can be put together.
"""

import math
import re
from collections.abc import Sequence

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_LINE = re.compile(r"lavfi\.r128\.M=(-?[\d.]+|-?inf|-?nan)")


def momentary_filter(file: str) -> str:
    """The filter that writes momentary values to a file (named without special characters)."""
    return f"ebur128=framelog=quiet:metadata=1,ametadata=mode=print:key=lavfi.r128.M:file={file}"


def read_momentary(text: str) -> list[float]:
    """The values that `momentary_filter` wrote, the oldest first; silence is -120."""
    values = (float(found) for found in _LINE.findall(text))
    return [round(max(value, -120.0), 2) if math.isfinite(value) else -120.0 for value in values]


def integrated(momentary: Sequence[float]) -> float | None:
    """Gated loudness in LUFS; None where all is under the absolute gate."""
    loud = [10 ** (value / 10) for value in momentary if value > _ABSOLUTE_GATE]
    if not loud:
        return None
    gate = 10 * math.log10(sum(loud) / len(loud)) + _RELATIVE_GATE
    kept = [power for power in loud if 10 * math.log10(power) > gate]
    return 10 * math.log10(sum(kept) / len(kept))
