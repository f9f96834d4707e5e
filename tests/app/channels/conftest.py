"""A channel with a job in the studio of the tests."""

import pytest

from documents.channels import Channel, VideoJob
from documents.values import Id
from tests.app.support import World
from tests.factories.channels import make_job
from tests.factories.records import valid


async def channel_in(workspace_id: Id, created_by: Id, **given: object) -> Channel:
    values = {"workspace_id": workspace_id, "created_by": created_by, **given}
    return await valid(Channel, **values).insert()


@pytest.fixture
async def channel(world: World) -> Channel:
    return await channel_in(world.workspace.id, world.owner.id, name="Royal Court")


@pytest.fixture
async def job(channel: Channel) -> VideoJob:
    return await make_job(channel)
