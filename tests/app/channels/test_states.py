"""Only these moves: whatever is tried, in whatever order, a job never goes another way."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.channels.states import JobGone, fail, may_move, move
from app.core.errors import WrongState
from documents.channels import VideoJob, VideoJobStatus
from documents.values import Id
from tests.factories.channels import make_channel, make_job

ALL: tuple[VideoJobStatus, ...] = get_args(VideoJobStatus)
FORWARD = {
    ("planned", "generating_music"),
    ("generating_music", "generating_image"),
    ("generating_image", "rendering"),
    ("rendering", "ready_for_export"),
    ("ready_for_export", "completed"),
    ("ready_for_export", "rendering"),
    ("completed", "rendering"),
}
RENDERED = {"local_video_path": "w/video"}


async def in_state(status: VideoJobStatus, failed_step: VideoJobStatus | None = None) -> VideoJob:
    return await make_job(await make_channel(), status=status, failed_step=failed_step, **RENDERED)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("before", "after"), [*product(ALL, ALL)])
async def test_only_the_moves_of_the_specification(
    before: VideoJobStatus, after: VideoJobStatus
) -> None:
    if after == "failed":
        return
    job = await in_state(before)
    allowed = (before, after) in FORWARD or (before, after) == ("failed", "planned")
    assert may_move(job, after) == allowed
    if allowed:
        assert (await move(job.id, after)).status == after
        return
    with pytest.raises(WrongState, match=before.replace("_", " ")):
        await move(job.id, after)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("step", [each for each in ALL if each != "failed"])
async def test_a_failed_job_goes_back_to_the_step_that_failed_and_nowhere_else(
    step: VideoJobStatus,
) -> None:
    job = await in_state(step)
    assert await fail(job.id, "The disk is full.")
    assert not await fail(job.id, "Once more.")
    failed = await VideoJob.one_in(True, job.id)
    assert failed is not None
    assert (failed.status, failed.failed_step) == ("failed", step)
    assert failed.error_message == "The disk is full."
    for other in ALL:
        if other not in (step, "failed"):
            with pytest.raises(WrongState):
                await move(job.id, other)
    back = await move(job.id, step)
    assert (back.status, back.failed_step, back.error_message) == (step, None, None)


@pytest.mark.usefixtures("store")
async def test_a_failure_of_an_abandoned_pipeline_is_not_the_jobs() -> None:
    job = await make_job(await make_channel(), pipeline_id=Id())
    assert not await fail(job.id, "Too late.", pipeline_id=Id())
    assert await fail(job.id, "Now.", pipeline_id=job.pipeline_id)


@pytest.mark.usefixtures("store")
async def test_a_job_that_is_gone_moves_nowhere() -> None:
    with pytest.raises(JobGone):
        await move(Id(), "generating_music")


@pytest.mark.usefixtures("store")
@given(steps=st.lists(st.sampled_from(ALL), max_size=12))
@settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
async def test_any_sequence_of_moves_keeps_the_rules(steps: list[VideoJobStatus]) -> None:
    job = await in_state("planned")
    for wanted in steps:
        before = await VideoJob.one_in(True, job.id)
        assert before is not None
        if wanted == "failed":
            await fail(job.id, "x")
            continue
        try:
            await move(job.id, wanted)
        except WrongState:
            assert not may_move(before, wanted)
        else:
            assert may_move(before, wanted)
