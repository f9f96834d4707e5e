"""Setting papers: the data goes into a folder, a confined child makes the PDF."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from workers.render.errors import RenderError
from workers.render.fonts import EMOJI_FAMILY, FAMILY, family_for, in_families, lay_out
from workers.render.processes import last_words, python_module, running

Paper: TypeAlias = Literal["screenplay", "storyboard"]
TEMPLATES: Final = Path(__file__).parent
SYMBOLS: Final = "Noto Sans Symbols 2"
SETTING: Final = asyncio.Semaphore(1)
"""One at a time: each may take a gigabyte."""


async def typeset(
    paper: Paper, data: Mapping[str, Any], folder: Path, pdf: Path, moment: datetime
) -> None:
    """Write the PDF of this paper, in a new folder below `folder`.

    `data` is of JSON's types, and has the `title`; `pictures/*.raw` in the folder are what it
    names as `pictures/*.jpg`. Texts in it are set as they are. The same data of the same moment
    makes the same bytes. Raises RenderError.
    """
    await asyncio.to_thread(_lay_out, data, folder)
    command = python_module("workers.paper.child", str(folder), paper, str(int(moment.timestamp())))
    async with SETTING, running(command) as process:
        words = await last_words(process)
        if await process.wait():
            raise RenderError(f"The {paper} can't be set: {words or 'it takes too much.'}")
    await asyncio.to_thread(shutil.move, folder / "paper.pdf", pdf)


def _lay_out(data: Mapping[str, Any], folder: Path) -> None:
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for template in TEMPLATES.glob("*.typ"):
        shutil.copyfile(template, folder / template.name)
    shown = _drawable(data)
    texts = [*_texts(shown)]
    lay_out(folder, texts)
    fonts = dict.fromkeys([FAMILY, *map(family_for, texts), SYMBOLS, EMOJI_FAMILY])
    content = json.dumps({**shown, "fonts": [*fonts]}, ensure_ascii=False)
    (folder / "data.json").write_text(content, encoding="utf-8")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


def _drawable(value: Any) -> Any:
    """The same without what no font has, and without signs that are no text."""
    if isinstance(value, str):
        text = "".join(each for each in value if each.isprintable() or each in "\n\t")
        return "".join(piece for piece, _ in in_families(text, FAMILY))
    if isinstance(value, Mapping):
        return {name: _drawable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_drawable(each) for each in value]
    return value
