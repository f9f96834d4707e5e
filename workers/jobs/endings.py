"""Whether a task has come to its end with a failure, and what to say of it."""

from pydantic import ValidationError
from pymongo.errors import PyMongoError

from app.production.ledger import BudgetReached
from documents.production import Task
from workers.providers.errors import ProviderError
from workers.runtime.claims import LeaseLost
from workers.runtime.handlers import GiveUp


def is_final(task: Task, exc: Exception) -> bool:
    """Whether the task ends with this failure: no retry would help, or none is left."""
    if isinstance(exc, BudgetReached | LeaseLost | PyMongoError):
        return False  # it waits, is another worker's, or is left to the sweep
    if isinstance(exc, GiveUp | ValidationError):
        return True
    if isinstance(exc, ProviderError) and not exc.retryable:
        return True
    retries = task.error.retry_count if task.error else 0
    return retries >= task.max_retries


def reason(exc: BaseException) -> str:
    """Why a step failed, in a sentence for people; of several things at once, the first."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return str(exc) or f"It was ended by {type(exc).__name__}."
