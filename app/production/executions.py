"""Provider calls on record: what people decide about those whose outcome nobody knows."""

from collections.abc import Sequence

from app.production import ledger
from documents.base import touched
from documents.ledger import GenerationCost
from documents.production import PromptExecution
from documents.values import Id


async def give_up_unknown(task_ids: Sequence[Id]) -> int:
    """Let these tasks make calls of unknown outcome again, and pay again; answers how many.

    What was set aside for them is free again: if they were billed after all, that is found on the
    provider's invoice.
    """
    unknown = {"task_id": {"$in": [*task_ids]}, "status": "unknown"}
    given_up = {"status": "error", "error_message": "given up: paid again"}
    count = 0
    for execution in await PromptExecution.all_in(True, unknown):
        if await PromptExecution.advance_one(
            {"_id": execution.id, "status": "unknown"}, {"$set": given_up}
        ):
            count += 1
            await _release(execution)
    return count


async def _release(execution: PromptExecution) -> None:
    reserved = {"execution_id": execution.id, "state": "reserved"}
    update = touched({"$set": {"state": "released", "success": False}})
    if row := await GenerationCost.advance_one(reserved, update):
        await ledger.settle(row)
