"""What an installation to look at needs: somebody who can sign in."""

from typing import Final

import bcrypt

from app.settings import Settings
from documents.identity import Member, Subscription, User, Workspace
from documents.store import Store
from documents.values import Id

DEMO_EMAIL: Final = "demo@backlot.example"
DEMO_PASSWORD: Final = "backlot-demo"  # noqa: S105 - printed by `backlot up`, on the loopback only


async def ensure_demo_user(settings: Settings) -> tuple[User, Workspace]:
    """The demo user and their workspace, made at the first call."""
    uri = settings.address("mongo_uri")
    async with await Store.open(uri, settings.mongo_database) as store:
        user = await User.first_in(True, {"email": DEMO_EMAIL})
        if user is None:
            digest = bcrypt.hashpw(DEMO_PASSWORD.encode(), bcrypt.gensalt(settings.bcrypt_cost))
            user = User(
                email=DEMO_EMAIL,
                name="Demo",
                password_hash=digest.decode(),
                subscription=Subscription(
                    tier="enterprise", max_projects=None, max_episodes_per_project=None
                ),
            )
            await user.insert()
            await Workspace(
                id=Id(),
                name="Demo",
                created_by=user.id,
                is_personal=True,
                members=[Member(user_id=user.id, role="owner")],
            ).insert()
        workspace = await Workspace.first_in(True, {"created_by": user.id})
        assert workspace is not None
        assert store
        return user, workspace
