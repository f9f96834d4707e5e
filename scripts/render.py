"""`backlot render`: a timeline from a JSON file to a film, with its captions beside it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app.settings import Settings
from workers.render.cache import FolderCache, SegmentCache
from workers.render.captions import to_srt, to_vtt
from workers.render.editing import write_otio
from workers.render.errors import RenderError
from workers.render.render import render as render_timeline
from workers.render.report import RenderProgress, RenderReport
from workers.render.timeline import Timeline


def render(
    timeline: Annotated[Path, typer.Argument(help="The timeline, as JSON.")],
    output: Annotated[Path, typer.Argument(help="The film to write, an MP4.")],
    cache: Annotated[
        Path | None, typer.Option(help="Where encoded segments are kept for the next time.")
    ] = None,
    captions: Annotated[
        bool, typer.Option(help="Write the captions beside it, as SRT and WebVTT.")
    ] = True,
    otio: Annotated[
        bool, typer.Option("--otio", help="Write it for editors too, as OpenTimelineIO.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer with the report as JSON.")] = False,
) -> None:
    """Render a timeline; only what changed since the last time is encoded again."""
    value = _read(timeline)
    kept = FolderCache(cache or Settings().data / "render-cache")
    report = _watched(value, output, kept, quiet=json)
    if captions and value.captions:
        output.with_suffix(".srt").write_text(to_srt(value.captions), encoding="utf-8")
        output.with_suffix(".vtt").write_text(to_vtt(value.captions), encoding="utf-8")
    if otio:
        write_otio(value, output.with_suffix(".otio"))
    if json:
        typer.echo(report.model_dump_json())
        return
    _tell(report, output)


def _read(path: Path) -> Timeline:
    """The timeline of a file; its paths count from the file's folder. Raises RenderError."""
    try:
        value = Timeline.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise RenderError(f"{path.name}: correct {place}: {first['msg']}") from None
    return value.below(path.parent)


def _watched(timeline: Timeline, output: Path, cache: SegmentCache, *, quiet: bool) -> RenderReport:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("rendering", total=1.0, left="")

        def show(told: RenderProgress) -> None:
            left = "" if told.seconds_left is None else f"{told.seconds_left:.0f} s left"
            bar.update(task, completed=told.fraction, description=told.step, left=left)

        return asyncio.run(render_timeline(timeline, output, cache=cache, on_progress=show))


def _tell(report: RenderReport, output: Path) -> None:
    console = Console(highlight=False)
    console.print(
        f"{output}: {report.duration:.2f} s, {report.resolution} at {report.fps}, "
        f"{report.size_bytes / 1024**2:.1f} MiB; {report.encoded} parts encoded, "
        f"{report.reused} used again, in {report.seconds:.1f} s with {report.encoder}"
    )
    for finding in report.findings:
        console.print(f"  {finding.start:.2f} to {finding.end:.2f} s: {finding.message}")
