from pathlib import Path

import pytest

from tests.workers.render import material
from workers.render.errors import RenderError
from workers.render.ffmpeg import executable, guarded_input, run_ffmpeg

COLOUR = ["-f", "lavfi", "-i", "color=s=64x64:d=0.2"]


async def test_an_encoder_that_the_build_lacks_is_named(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(RenderError, match=r"lacks an encoder that is needed.*nosuch.*bundled one"):
        await run_ffmpeg([*COLOUR, "-c:v", "nosuch"], tmp_path / "out.mp4", folder=scratch)
    assert material.left_in(tmp_path) == ["scratch"]


async def test_ffmpeg_speaks_for_itself(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(RenderError, match=r"ffmpeg failed: .*No such filter: 'nosuch'"):
        await run_ffmpeg([*COLOUR, "-vf", "nosuch"], tmp_path / "out.mp4", folder=scratch)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("http://127.0.0.1:9/film.mp4", "not on whitelist"),
        ("concat:/etc/passwd|/etc/hosts", "not on whitelist"),
        ("list.m3u8", "not on whitelist|Invalid data"),
    ],
)
async def test_inputs_lead_nowhere_else(
    tmp_path: Path, scratch: Path, source: str, reason: str
) -> None:
    (scratch / "list.m3u8").write_text("#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n")
    with pytest.raises(RenderError, match=reason):
        await run_ffmpeg(guarded_input(source), tmp_path / "out.mp4", folder=scratch)


def test_a_wrong_path_to_ffmpeg_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    executable.cache_clear()
    with pytest.raises(RenderError, match="There is no ffmpeg"):
        executable()
    executable.cache_clear()
