"""Reading the sounds that the code under test has written."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt


def read_flac(path: Path, rate: int, channels: int) -> npt.NDArray[np.int16]:
    """The samples of a FLAC file of 16 bits, a row for each moment."""
    with av.open(str(path)) as container:
        [stream] = container.streams.audio
        context = stream.codec_context
        assert (context.name, context.channels, context.sample_rate) == ("flac", channels, rate)
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        assert context.format.name == "s16"
    return np.concatenate(frames, axis=1).reshape(-1, channels).astype(np.int16)
