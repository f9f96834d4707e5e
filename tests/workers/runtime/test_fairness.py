"""Shares of the workers: by weight, whatever anybody queues."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.identity import Workspace
from documents.production import Task
from documents.store import Store
from documents.values import Id
from tests.factories.films import make_user, make_workspace
from tests.support.kinds import WORK, Work
from workers.runtime import claims
from workers.runtime.fairness import FairShare, Tenant, scheduling_weights


def served(shares: FairShare, waiting: list[Tenant], rounds: int) -> Counter[Tenant]:
    count: Counter[Tenant] = Counter()
    for _ in range(rounds):
        [(tenant, _)] = shares.plan(waiting, 1).items()
        shares.serve(tenant)
        count[tenant] += 1
    return count


@given(st.lists(st.integers(1, 10), min_size=1, max_size=6))
def test_each_is_served_by_its_weight(weights: list[int]) -> None:
    tenants: list[Tenant] = [Id() for _ in weights]
    shares = FairShare()
    shares.weigh(dict(zip(tenants, weights, strict=True)))
    rounds = 20 * sum(weights)
    count = served(shares, tenants, rounds)
    for tenant, weight in zip(tenants, weights, strict=True):
        assert abs(count[tenant] - 20 * weight) <= 1


@given(st.integers(1, 5), st.integers(1, 40))
def test_plan_gives_out_all_slots(tenants: int, slots: int) -> None:
    waiting: list[Tenant] = [Id() for _ in range(tenants)]
    plan = FairShare().plan(waiting, slots)
    assert plan.total() == slots
    assert max(plan.values()) - min(plan[each] for each in waiting) <= 1


def test_absence_is_not_hoarded() -> None:
    busy, back = Id(), Id()
    shares = FairShare()
    served(shares, [busy, back], 2)
    served(shares, [busy], 1000)
    assert served(shares, [busy, back], 10)[back] == 5


async def test_a_full_workspace_does_not_starve_a_small_one(store: Store) -> None:
    full, small = await _workspace(), await _workspace()
    await tasks.add([_job(full) for _ in range(50)])
    await tasks.add([_job(small) for _ in range(3)])
    claimed = await claims.claim("worker", {"io": 6}, 30)
    assert Counter(task.workspace_id for task in claimed) == {full.id: 3, small.id: 3}


async def test_slots_that_a_workspace_leaves_go_to_the_others(store: Store) -> None:
    full, small = await _workspace(), await _workspace()
    await tasks.add([_job(full) for _ in range(50)])
    await tasks.add([_job(small)])
    claimed = await claims.claim("worker", {"io": 10}, 30)
    assert Counter(task.workspace_id for task in claimed) == {full.id: 9, small.id: 1}


async def test_weights_are_read_from_the_workspaces(store: Store) -> None:
    await _workspace()
    heavy = await _workspace(scheduling_weight=4)
    assert await scheduling_weights() == {heavy.id: 4}


async def _workspace(**given: object) -> Workspace:
    return await make_workspace(await make_user(), **given)


def _job(workspace: Workspace) -> Task:
    return new_task(WORK, Work(), Ownership(workspace_id=workspace.id))
