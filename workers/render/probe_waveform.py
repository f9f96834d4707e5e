"""A sound to look at: its waveform as a picture, and as numbers for players."""

import json
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from workers.render.probe_sound import RATE, Heard
from workers.render.thumbnails_webp import save_webp

WIDTH: Final = 1_000
HEIGHT: Final = 200
_COLOUR: Final = (92, 124, 250)


def write_peaks(heard: Heard, into: Path) -> None:
    """Write the peaks in the JSON of BBC's audiowaveform, version 2, which players read.

    (https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md)
    """
    content = {
        "version": 2,
        "channels": 1,
        "sample_rate": RATE,
        "samples_per_pixel": heard.samples_a_peak,
        "bits": 8,
        "length": len(heard.peaks),
        "data": [level for pair in heard.peaks for level in pair],
    }
    into.write_text(json.dumps(content, separators=(",", ":")), encoding="ascii")


def draw_waveform(heard: Heard, into: Path) -> None:
    """Draw the waveform as a WebP of 1,000 by 200 on a transparent ground."""
    peaks = np.asarray(heard.peaks, dtype=np.int16)
    at = np.arange(WIDTH) * len(peaks) // WIDTH
    low, high = peaks[at, 0], peaks[at, 1]
    # Rows of levels from the top: 127 to -128.
    levels = 127 - np.arange(HEIGHT)[:, None] * 255 // (HEIGHT - 1)
    drawn = (levels >= np.minimum(low, 0)) & (levels <= np.maximum(high, 0))
    picture = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    picture[..., :3] = _COLOUR
    picture[..., 3] = np.where(drawn, 255, 0)
    save_webp(Image.fromarray(picture), into)
