"""Broken and hostile files do no harm: each is kept, and shown to nobody."""

from pathlib import Path

from documents.identity import Workspace
from documents.library import Media
from documents.production import Task
from tests.factories.films import make_user, make_workspace
from tests.workers.conftest import Working
from tests.workers.jobs.media import hostile
from tests.workers.jobs.media.material import brought_in, looked_at
from workers.runtime.context import Resources


async def test_each_is_quarantined_with_a_reason(
    working: Working, resources: Resources, formats: Path, tmp_path: Path
) -> None:
    workspace: Workspace = await make_workspace(await make_user())
    files = hostile.files(hostile.good_files(formats))
    assert len(files) >= 60
    brought: list[Media] = []
    for name, content in files.items():
        path = tmp_path / "bad"
        path.write_bytes(content)
        brought.append(await brought_in(resources, path, filename=name, workspace_id=workspace.id))
    good = await brought_in(resources, formats / "fox.png", workspace_id=workspace.id)
    *seen, fine = await looked_at(working, *brought, good)
    accepted = [media.filename for media in seen if media.quarantine is None]
    assert accepted == []
    for media in seen:
        assert media.quarantine is not None
        assert media.status == "failed"
        assert media.quarantine.reason.startswith("The file ")
        assert str(tmp_path) not in media.quarantine.reason
        assert not media.derivatives
        assert media.thumbnail_key is None
        assert not media.likeness
    assert fine.status == "active"
    assert await Task.collection().count_documents({"error.retry_count": {"$gt": 0}}) == 0
