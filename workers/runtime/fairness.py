"""Which workspace is served next: no one can starve another, however much it queues.

Stride scheduling (Waldspurger and Weihl, 1995): every task served moves its workspace's pass on by
1/weight, and the workspace with the least pass is next. A workspace that comes back after a pause
starts at the least pass of the others, so that it cannot hoard its absence.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TypeAlias

from documents.identity import Workspace
from documents.values import Id

Tenant: TypeAlias = Id | None
"""A workspace; None is the house itself."""


class FairShare:
    """The passes that one worker keeps."""

    def __init__(self) -> None:
        self._passes: dict[Tenant, float] = {}
        self._weights: Mapping[Tenant, int] = {}

    def weigh(self, weights: Mapping[Tenant, int]) -> None:
        """From now on these workspaces count more than 1."""
        self._weights = weights

    def plan(self, waiting: Collection[Tenant], slots: int) -> Counter[Tenant]:
        """How many of the next slots each of the waiting workspaces gets."""
        self._welcome(waiting)
        heap = [(self._passes[each], number, each) for number, each in enumerate(waiting)]
        heapq.heapify(heap)
        planned: Counter[Tenant] = Counter()
        for _ in range(slots):
            place, number, tenant = heap[0]
            planned[tenant] += 1
            heapq.heapreplace(heap, (place + self._stride(tenant), number, tenant))
        return planned

    def serve(self, tenant: Tenant) -> None:
        """A task of this workspace was started."""
        self._passes[tenant] = self._passes.get(tenant, 0) + self._stride(tenant)

    def _stride(self, tenant: Tenant) -> float:
        return 1 / self._weights.get(tenant, 1)

    def _welcome(self, waiting: Collection[Tenant]) -> None:
        """Forget who has nothing waiting; let who is new start where the others are."""
        known = {each: self._passes[each] for each in waiting if each in self._passes}
        start = min(known.values(), default=0.0)
        self._passes = {each: known.get(each, start) for each in waiting}


async def scheduling_weights() -> dict[Tenant, int]:
    """The workspaces that get more than others."""
    heavier = {"scheduling_weight": {"$gt": 1}}
    rows = Workspace.collection().find(heavier, {"scheduling_weight": 1})
    return {row["_id"]: row["scheduling_weight"] async for row in rows}
