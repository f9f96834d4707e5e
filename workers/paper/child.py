"""Sets one paper in a process of its own: `python -m workers.paper.child FOLDER PAPER MOMENT`.

The folder has the templates, `data.json`, fonts and pictures; `paper.pdf` is written beside them.
Nothing outside of it is read, no package is fetched, and what the texts say is never run.
"""

import sys
from pathlib import Path
from typing import Final

import typst
from PIL import Image, UnidentifiedImageError

from workers.render.limits import MEBIBYTE, confine

MEMORY: Final = 1024 * MEBIBYTE
SECONDS: Final = 300
LARGEST_FILE: Final = 512 * MEBIBYTE
WIDEST: Final = 720
"""Pixels: three pictures side by side need no more on paper."""
QUALITY: Final = 82


def main() -> int:
    """Set the paper that the arguments name; one sentence on stderr says what failed."""
    folder, paper, moment = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    confine(
        memory=MEMORY,
        cpu_seconds=2 * SECONDS,
        wall_seconds=SECONDS,
        file_bytes=LARGEST_FILE,
    )
    for picture in sorted((folder / "pictures").glob("*.raw")):
        shrink(picture)
    try:
        typst.compile(
            folder / f"{paper}.typ",
            output=folder / "paper.pdf",
            root=folder,
            font_paths=typst.Fonts(
                include_system_fonts=False,
                include_embedded_fonts=False,
                font_paths=[folder / "fonts"],
            ),
            ignore_system_fonts=True,
            package_path=folder / "packages",
            package_cache_path=folder / "packages",
            timestamp=moment,
        )
    except typst.TypstError as exc:
        print(f"{exc.message} {exc.diagnostic}"[:2_000], file=sys.stderr)  # noqa: T201
        return 1
    return 0


def shrink(picture: Path) -> None:
    """The picture as a JPEG of the size of paper; what is none becomes a grey one."""
    try:
        with Image.open(picture) as opened:
            opened.thumbnail((WIDEST, WIDEST))
            small = opened.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        small = Image.new("RGB", (16, 9), (235, 235, 235))
    small.save(picture.with_suffix(".jpg"), quality=QUALITY)
    picture.unlink()


if __name__ == "__main__":
    sys.exit(main())
