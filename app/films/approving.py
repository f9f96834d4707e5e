"""What an approval writes: it holds for exactly the content that was looked at."""

from documents.approval import Approval
from documents.scenes import Scene
from documents.values import Id, now


def approve(scene: Scene, by: Id | None, note: str = "") -> None:
    """Approve the scene as it stands, in place."""
    current = Scene.model_validate(scene.stored())
    scene.approval = Approval(content_hash=current.content_hash, at=now(), by=by, note=note)
    scene.production.status = "approved"
