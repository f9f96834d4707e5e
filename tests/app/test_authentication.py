"""Who a request speaks for: remembered, and forgotten in time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.authentication import KEY_SECONDS, Authentication, records_of
from app.core.actor import Actor
from app.core.cache import Cache
from app.core.errors import NotSignedIn
from app.core.metrics import Metrics
from app.identity.secrets import digest, new_secret
from app.identity.service import KEY_MARK
from app.identity.tokens import Tokens
from documents.identity import ApiKey, LoginSession
from documents.values import Id, now
from tests.app.support import TOKEN_KEY, World
from tests.factories.records import valid

KEY = TOKEN_KEY.encode()


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Remembering:
    """Stands in for the rate limits: whom they were told of."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def remember(self, token: str, name: str) -> None:
        self.names[token] = name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    cache = Cache(Metrics(), clock=clock)
    cache.trust(3600)
    return cache


def authentication(cache: Cache, limits: Any = None, seconds: float = 300) -> Authentication:
    return Authentication(Tokens(KEY, timedelta(seconds=seconds)), cache, limits)


def token_of(user: Id, session: Id | None = None, seconds: float = 300) -> str:
    return Tokens(KEY, timedelta(seconds=seconds)).issue(user, session)


async def test_remembers_how_far_somebody_reaches(cache: Cache, world: World) -> None:
    asked, token = authentication(cache), token_of(world.owner.id)
    first = await asked(token)
    assert first.workspaces == {world.workspace.id: "owner"}
    assert await asked(token) is first
    cache.forget([world.workspace.id])
    assert await asked(token) is not first


async def test_a_remembered_token_expires_all_the_same(cache: Cache, world: World) -> None:
    asked, token = authentication(cache), token_of(world.owner.id, seconds=1)
    await asked(token)
    await asyncio.sleep(1.1)
    with pytest.raises(NotSignedIn, match="expired"):
        await asked(token)


@pytest.mark.parametrize("mangled", [lambda token: token[:-2] + "xx", lambda token: f"{token}x"])
async def test_only_the_very_token_is_remembered(cache: Cache, world: World, mangled: Any) -> None:
    asked, token = authentication(cache), token_of(world.owner.id)
    await asked(token)
    with pytest.raises(NotSignedIn):
        await asked(mangled(token))


async def test_a_session_that_ends_takes_its_tokens_along(cache: Cache, world: World) -> None:
    session = valid(LoginSession, user_id=world.owner.id)
    await session.insert()
    asked, token = authentication(cache), token_of(world.owner.id, session.id)
    assert session.id in {*records_of(await asked(token))}
    await LoginSession.advance_one({"_id": session.id}, {"$set": {"revoked_at": now()}})
    cache.forget([session.id])
    with pytest.raises(NotSignedIn):
        await asked(token)


async def test_a_key_is_looked_up_again_every_few_seconds(
    cache: Cache, clock: Clock, world: World
) -> None:
    secret = KEY_MARK + new_secret()
    key = valid(
        ApiKey,
        workspace_id=world.workspace.id,
        created_by=world.editor.id,
        key_hash=digest(secret),
        last_used_at=now(),
        revoked_at=None,
        expires_at=None,
    )
    await key.insert()
    asked = authentication(cache)
    first = await asked(secret)
    assert await asked(secret) is first
    past = {"$set": {"expires_at": now() - timedelta(seconds=1)}}
    await ApiKey.advance_one({"_id": key.id}, past)
    clock.now += KEY_SECONDS
    with pytest.raises(NotSignedIn):
        await asked(secret)


async def test_the_rate_is_the_users_or_the_keys(cache: Cache, world: World) -> None:
    limits, token = Remembering(), token_of(world.owner.id)
    await authentication(cache, limits)(token)
    assert limits.names == {token: str(world.owner.id)}


def test_an_actor_depends_on_all_that_says_how_far_he_reaches() -> None:
    user, workspace, project, session, key = (Id() for _ in range(5))
    actor = Actor(user, "user", {workspace: "viewer"}, (project,), session, key)
    assert {*records_of(actor)} == {user, workspace, project, session, key}
