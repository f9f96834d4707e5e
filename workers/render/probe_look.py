"""One look at a file: facts, small pictures and hashes from a single decoding.

Runs inside the limited probing process.
"""

from pathlib import Path
from typing import Final

from av import VideoFrame
from PIL import Image, ImageStat

from workers.render.errors import Unreadable
from workers.render.facts import FRAMES_AT, PLAIN, Look, MadeFile, TechnicalData
from workers.render.probe_hash import picture_hash
from workers.render.technical import read_technical_data
from workers.render.technical_end import check_end
from workers.render.thumbnails import frames_at, is_telling, small_picture
from workers.render.thumbnails_scaled import save_frame, scaled, to_frame, to_picture

THUMBNAILS: Final = {"thumbnail_large": 1024, "thumbnail_medium": 480, "thumbnail_small": 160}
"""The longer side in pixels, largest first: each is made of the one before."""
POSTER_SIZE: Final = 1920


def look_at(path: Path, folder: Path, *, is_whole: bool = False) -> Look:
    """Look at a file once and write what was made of it into the folder.

    Who knows that it `is_whole` spares the look at its end.

    Raises:
        Unreadable: it is damaged, hostile, or of no known kind.
    """
    facts = read_technical_data(path, decode=False)
    if facts.kind == "image":
        picture = small_picture(path, THUMBNAILS["thumbnail_large"])
        made, smallest = _thumbnails(picture, folder)
        return Look(facts=facts, made=made, prints=_prints([smallest]))
    if facts.lasts and not is_whole:
        check_end(path, facts)
    if facts.kind == "video":
        return _look_at_film(path, folder, facts)
    return Look(facts=facts)


def _look_at_film(path: Path, folder: Path, facts: TechnicalData) -> Look:
    poster: Image.Image | None = None
    brightest, small = -1.0, []
    for frame in frames_at(path, facts.duration or 0.0, FRAMES_AT):
        grey = frame.convert("L")
        grey.thumbnail((THUMBNAILS["thumbnail_small"],) * 2, Image.Resampling.LANCZOS)
        small.append(grey)
        brightness = ImageStat.Stat(grey).mean[0] + 256 * is_telling(frame)
        if brightness // 256 > brightest // 256 or poster is None:
            poster, brightest = frame, brightness
    if poster is None:
        raise Unreadable(f"{path.name} holds no picture that can be decoded.")
    poster.thumbnail((POSTER_SIZE, POSTER_SIZE), Image.Resampling.LANCZOS)
    made, _ = _thumbnails(poster, folder)
    made.append(_written(scaled(to_frame(poster), *poster.size), folder, "poster"))
    return Look(facts=facts, made=made, prints=_prints(small))


def _thumbnails(picture: Image.Image, folder: Path) -> tuple[list[MadeFile], Image.Image]:
    """The thumbnails as files, and the smallest of them."""
    made, frame = [], to_frame(picture)
    for name, size in THUMBNAILS.items():
        share = min(1.0, size / max(picture.size))
        frame = scaled(frame, *(max(1, round(length * share)) for length in picture.size))
        made.append(_written(frame, folder, name))
    return made, to_picture(frame)


def _written(frame: VideoFrame, folder: Path, name: str) -> MadeFile:
    file = f"{name}.webp"
    save_frame(frame, folder / file)
    return MadeFile(
        name=name, file=file, mime_type="image/webp", width=frame.width, height=frame.height
    )


def _prints(pictures: list[Image.Image]) -> list[str]:
    """The hashes of all pictures; `PLAIN` for one without structure, nothing if all are so."""
    hashes = [picture_hash(picture) or PLAIN for picture in pictures]
    return hashes if set(hashes) != {PLAIN} else []
