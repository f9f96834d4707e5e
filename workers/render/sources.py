"""Sound files decoded once to memory-mapped samples, so that long ones take little memory."""

import itertools
from pathlib import Path

import av

from workers.render.errors import Unreadable
from workers.render.formats import SAMPLE_RATE
from workers.render.limits import LONGEST_SECONDS, MEDIA_FORMATS

CONTAINER_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": MEDIA_FORMATS,
    # FFmpeg looks whether a WAV hides another codec: in 2,500 packets, if it is let, each time
    # from the beginning. What is hidden shows in the first.
    "max_probe_packets": "4",
}


def decode_sound(path: Path, scratch: Path) -> tuple[int, int]:
    """Decode a file to 48 kHz samples of 16 bits in `scratch` (a new file).

    Returns the number of samples and of channels (1 or 2). Raises Unreadable.
    """
    length = 0
    try:
        with av.open(str(path.absolute()), options=CONTAINER_OPTIONS) as container:
            if not container.streams.audio:
                raise Unreadable(f"{path.name} has no sound.")
            stream = container.streams.audio[0]
            channels = 1 if stream.codec_context.channels == 1 else 2
            resampler = av.AudioResampler(
                format="s16", layout="mono" if channels == 1 else "stereo", rate=SAMPLE_RATE
            )
            with scratch.open("xb") as file:
                for frame in itertools.chain(container.decode(stream), (None,)):
                    for piece in resampler.resample(frame):
                        length += piece.samples
                        file.write(piece.to_ndarray().tobytes())
                    if length > LONGEST_SECONDS * SAMPLE_RATE:
                        raise Unreadable(f"{path.name} is longer than 12 hours.")
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise Unreadable(f"{path.name} can't be read as sound: {error}") from None
    if not length:
        raise Unreadable(f"{path.name} holds no sound at all.")
    return length, channels
