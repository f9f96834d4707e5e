"""Plans with what they would probably cost and how long they would take."""

from collections.abc import Sequence

from app.core.parts import Parts
from app.films.making_schemas import PlanShown
from app.films.planning import Step
from app.production.estimates import estimate
from app.production.queues import slots_of
from documents.values import Id


async def priced(parts: Parts, workspace_id: Id, steps: Sequence[Step]) -> PlanShown:
    """The steps as they are shown, by what such work took and cost in the workspace before."""
    return PlanShown.of(steps, await estimate(workspace_id, steps, slots_of(parts.settings)))
