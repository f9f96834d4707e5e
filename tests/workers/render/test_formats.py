from typing import get_args

import pytest
from pydantic import ValidationError

from workers.render.formats import AspectRatio, FrameFormat, Quality, frame_format


@pytest.mark.parametrize("quality", get_args(Quality))
@pytest.mark.parametrize("ratio", get_args(AspectRatio))
def test_every_format_has_even_sides_in_its_ratio(ratio: AspectRatio, quality: Quality) -> None:
    format = frame_format(ratio, quality)
    across, down = (int(part) for part in ratio.split(":"))
    assert format.width % 2 == format.height % 2 == 0
    assert abs(format.width / format.height - across / down) < 0.01


def test_qualities_of_the_usual_film() -> None:
    sizes = [frame_format("16:9", quality).resolution for quality in get_args(Quality)]
    assert sizes == ["640x360", "1280x720", "1920x1080"]
    assert frame_format("16:9").fps == 30
    assert frame_format("9:16", "premium").resolution == "1080x1920"


def test_better_qualities_compress_less() -> None:
    factors = [frame_format("1:1", quality).crf for quality in get_args(Quality)]
    assert factors == sorted(factors, reverse=True)


def test_a_frame_rate_that_splits_samples_is_refused() -> None:
    with pytest.raises(ValidationError, match="must divide"):
        FrameFormat(width=320, height=180, fps=29)
