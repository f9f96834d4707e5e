"""Somebody who can sign in, for an installation to look at."""

import asyncio
import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest

from app.settings import Settings
from documents.identity import User, Workspace
from documents.store import Store
from scripts.seed import DEMO_EMAIL, DEMO_PASSWORD
from scripts.stack import environment
from tests.support.backlot import outside

SEED = """
import asyncio
from app.settings import Settings
from scripts.seed import ensure_demo_account
account = asyncio.run(ensure_demo_account(Settings()))
print(account.user.id, account.workspace.id)
"""


@pytest.fixture
def seed(settings: Settings, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    """Run twice; a process of its own, because it binds the document classes to its own store."""
    command = [sys.executable, "-c", f"{SEED}{SEED}"]
    variables = outside(**environment(settings))
    return subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
    )


async def test_the_demo_account_is_made_once_and_has_no_limits(
    store: Store, seed: "subprocess.CompletedProcess[str]"
) -> None:
    first, again = seed.stdout.splitlines()
    assert first == again
    [user] = await User.all_in(True, {})
    [workspace] = await Workspace.all_in(True, {})
    assert first == f"{user.id} {workspace.id}"
    assert user.email == DEMO_EMAIL
    hashed, password = user.password_hash.encode(), DEMO_PASSWORD.encode()
    assert await asyncio.to_thread(bcrypt.checkpw, password, hashed)
    assert user.subscription.max_projects is None
    assert [member.user_id for member in workspace.members] == [user.id]
