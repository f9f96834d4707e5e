from pathlib import Path

import pytest

from workers.render.encoding import encode
from workers.render.errors import RenderError
from workers.render.ffmpeg import executable, guarded_input

COLOUR = ["-f", "lavfi", "-i", "color=s=64x64:d=0.2"]


def test_an_encoder_that_the_build_lacks_is_named(scratch: Path) -> None:
    with pytest.raises(RenderError, match=r"lacks an encoder that is needed.*nosuch.*bundled one"):
        encode([*COLOUR, "-c:v", "nosuch", "out.mp4"], [], scratch)


def test_ffmpeg_speaks_for_itself(scratch: Path) -> None:
    with pytest.raises(RenderError, match=r"ffmpeg failed: .*No such filter: 'nosuch'"):
        encode([*COLOUR, "-vf", "nosuch", "out.mp4"], [], scratch)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("http://127.0.0.1:9/film.mp4", "not on whitelist"),
        ("concat:/etc/passwd|/etc/hosts", "not on whitelist"),
        ("list.m3u8", "not on whitelist|Invalid data"),
    ],
)
def test_inputs_lead_nowhere_else(scratch: Path, source: str, reason: str) -> None:
    (scratch / "list.m3u8").write_text("#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n")
    with pytest.raises(RenderError, match=reason):
        encode([*guarded_input(source), "out.mp4"], [], scratch)


def test_a_wrong_path_to_ffmpeg_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    executable.cache_clear()
    with pytest.raises(RenderError, match="There is no ffmpeg"):
        executable()
    executable.cache_clear()
