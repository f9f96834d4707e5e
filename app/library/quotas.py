"""How much the workspaces of an owner may use, by the owner's tier.

What counts is what all workspaces of the same first owner use together, as with projects: else more
workspaces would be a way round. Whoever takes something locks the owner first, so that of two at
once the later one sees what the other took. Owners without a limit cost no lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, Self, TypeAlias

from cachetools import TTLCache
from pymongo.asynchronous.client_session import AsyncClientSession

from app.identity.limits import Payer, lock, payer_of, workspaces_of
from app.library import usage
from app.library.errors import QuotaReached
from app.settings import Settings
from documents.base import Session
from documents.identity import Tier
from documents.store import Store
from documents.uploads import Usage
from documents.values import Id

GIB: Final = 2**30
STALE: Final = timedelta(minutes=10)
"""Before something is taken, a count older than this is made anew."""
UNLIMITED_SECONDS: Final = 10.0
MOST_KNOWN: Final = 10_000
Measure: TypeAlias = Literal["bytes", "minutes", "calls"]


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be used; None is no limit."""

    bytes: int | None = None
    minutes: int | None = None
    calls: int | None = None
    """In a month."""

    @classmethod
    def of(cls, tier: Tier, settings: Settings) -> Self:
        """What the tier comes with."""
        if tier == "free":
            gib, minutes = settings.quota_gib_free, settings.quota_minutes_free
            return cls(gib * GIB, minutes, settings.quota_calls_free)
        if tier == "pro":
            gib, minutes = settings.quota_gib_pro, settings.quota_minutes_pro
            return cls(gib * GIB, minutes, settings.quota_calls_pro)
        return cls()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is used, and what may be."""

    tier: Tier
    quota: Quota
    own: Usage
    """Of the workspace itself."""
    together: Quota
    """Used by all workspaces that count for the same owner."""


async def standing(workspace_id: Id, settings: Settings) -> Standing:
    """What the workspace has used, counted within the last minute."""
    own = await usage.fresh(workspace_id)
    payer = await payer_of(None, workspace_id)
    if payer is None:
        return Standing("free", Quota.of("free", settings), own, _used([own]))
    tier: Tier = payer.subscription["tier"]
    return Standing(tier, Quota.of(tier, settings), own, await _together(payer, None))


async def reserve(
    session: AsyncClientSession, settings: Settings, workspace_id: Id, size: int
) -> None:
    """Count so many more bytes as used. Raises QuotaReached.

    How long a new file is shows only when it is there, so what is refused here is any file once
    the minutes are used up. To be called in the transaction that writes the intent, after
    `prepare`.
    """
    if locked := await _locked(session, settings, workspace_id):
        payer, quota = locked
        used = await _together(payer, session)
        _check(payer, quota, used, "bytes", size)
        _check(payer, quota, used, "minutes", 0)
    await usage.move(workspace_id, session, reserved_bytes=size)


async def prepare(workspace_id: Id) -> None:
    """Bring the counter up to date before something is taken from the quota."""
    await usage.fresh(workspace_id, STALE)


class Calls:
    """The calls of models that a process makes, counted against what their owners may make.

    Those of an owner without a limit are counted from their records, whenever the counter is. That
    he has none is known for some seconds without asking.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._unlimited: TTLCache[Id, bool] = TTLCache(MOST_KNOWN, UNLIMITED_SECONDS)

    async def are_limited(self, workspace_id: Id) -> bool:
        """Whether each call of this workspace has to be taken."""
        if workspace_id in self._unlimited:
            return False
        payer = await payer_of(None, workspace_id)
        if payer is None or Quota.of(payer.subscription["tier"], self._settings).calls is None:
            self._unlimited[workspace_id] = True
            return False
        return True

    async def take(self, workspace_id: Id) -> None:
        """Count one call, before there is a record of it. Raises QuotaReached where the month has
        no more."""
        await prepare(workspace_id)

        async def together(session: AsyncClientSession) -> None:
            if locked := await _locked(session, self._settings, workspace_id):
                _check(*locked, await _together(locked[0], session), "calls", 1)
            await usage.move(workspace_id, session, calls=1)

        await self._store.in_transaction(together)


async def _locked(
    session: AsyncClientSession, settings: Settings, workspace_id: Id
) -> tuple[Payer, Quota] | None:
    """The owner who counts and what he may use, locked; None where there is no limit."""
    payer = await payer_of(session, workspace_id)
    if payer is None or Quota.of(payer.subscription["tier"], settings) == Quota():
        return None
    locked = await lock(session, payer)
    return None if locked is None else (locked, Quota.of(locked.subscription["tier"], settings))


async def _together(payer: Payer, session: Session) -> Quota:
    inside = {"workspace_id": {"$in": await workspaces_of(payer.id, session)}}
    return _used(await Usage.all_in(True, inside, session=session))


def _used(usages: Sequence[Usage]) -> Quota:
    month = usage.this_month()
    return Quota(
        bytes=sum(each.stored_bytes + each.reserved_bytes for each in usages),
        minutes=int(sum(each.seconds for each in usages) // 60),
        calls=sum(each.calls for each in usages if each.month == month),
    )


def _check(payer: Payer, quota: Quota, used: Quota, measure: Measure, more: int) -> None:
    most, taken = getattr(quota, measure), getattr(used, measure)
    if most is None or (taken + more <= most if more else taken < most):
        return
    tier = payer.subscription["tier"]
    raise QuotaReached(
        f"The tier {tier} of the workspace's owner allows {most:,} {measure}, and {taken:,} are "
        "used: delete what is not needed and empty the trash, or have the tier raised.",
        quota=measure,
        limit=most,
        used=taken,
    )
