"""What an installation to look at needs: somebody who can sign in."""

from typing import Final

from pydantic import SecretStr

from app.identity.service import Account, register
from app.settings import Settings
from documents.identity import Subscription, User, Workspace
from documents.store import Store

DEMO_EMAIL: Final = "demo@backlot.example"
DEMO_PASSWORD: Final = "backlot-demo"  # noqa: S105 - printed by `backlot up`, on the loopback only
UNLIMITED: Final = Subscription(tier="enterprise", max_projects=None, max_episodes_per_project=None)


async def ensure_demo_account(settings: Settings) -> Account:
    """The demo user and their workspace, made at the first call."""
    uri = settings.address("mongo_uri")
    async with await Store.open(uri, settings.mongo_database) as store:
        user = await User.first_in(True, {"email": DEMO_EMAIL})
        if user is None:
            account = await register(
                store,
                email=DEMO_EMAIL,
                name="Demo",
                password=SecretStr(DEMO_PASSWORD),
                bcrypt_cost=settings.bcrypt_cost,
            )
            update = {"$set": {"subscription": UNLIMITED.model_dump()}}
            user = await User.advance_one({"_id": account.user.id}, update) or account.user
            return Account(user, account.workspace)
        owned = {"created_by": user.id, "is_personal": True}
        workspace = await Workspace.first_in(True, owned)
        if workspace is None:
            raise RuntimeError("the demo user has lost their workspace")
        return Account(user, workspace)
