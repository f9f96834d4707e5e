import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.bench.render import BARS, Album, Story, figures
from scripts.cli import app
from tests.workers.render import material
from workers.render.errors import RenderError
from workers.render.probe import probe


def timeline_file(folder: Path) -> Path:
    """A timeline that names its files as they are called in its folder."""
    material.picture(folder / "a.png")
    material.tone(folder / "a.wav", hertz=220, seconds=2, level=0.3)
    path = folder / "timeline.json"
    path.write_text(
        json.dumps(
            {
                "format": {"aspect_ratio": "1:1", "quality": "draft", "fps": 25},
                "shots": [{"kind": "still", "image": "a.png", "seconds": 1}],
                "music": [{"path": "a.wav"}],
                "captions": [{"start": 0.2, "end": 0.8, "text": "Hello"}],
            }
        )
    )
    return path


async def test_a_timeline_file_becomes_a_film_with_its_captions(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    arguments = ["render", str(timeline_file(tmp_path)), str(film), "--otio", "--json"]
    cache = ["--cache", str(tmp_path / "cache")]
    for encoded in (True, False):
        done = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments, *cache], catch_exceptions=False
        )
        assert done.exit_code == 0
        report = json.loads(done.stdout)
        assert bool(report["encoded"]) is encoded
    facts = await probe(film)
    assert (facts.resolution, facts.fps, facts.duration) == ("360x360", 25, 1)
    assert "Hello" in film.with_suffix(".srt").read_text()
    assert film.with_suffix(".vtt").read_text().startswith("WEBVTT")
    assert "OTIO_SCHEMA" in film.with_suffix(".otio").read_text()


def test_a_wrong_timeline_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "timeline.json"
    path.write_text('{"format": {"aspect_ratio": "2:1"}, "shots": []}')
    with pytest.raises(RenderError, match=r"timeline\.json: correct format"):
        CliRunner().invoke(app, ["render", str(path), "out.mp4"], catch_exceptions=False)


@pytest.mark.slow
def test_the_bench_measures_all_its_bars() -> None:
    found = figures(Album(tracks=2, seconds=18), Story(seconds=6, shots=2, short_side=180))
    assert {bar.key for bar in BARS} <= set(found)
    assert found["album_ssim_delta"] > 0
    assert found["album_length_error_ms"] <= 40
    assert found["album_findings"] == 0
