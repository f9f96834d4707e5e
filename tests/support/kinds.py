"""Task kinds of the tests: work whose course a test decides."""

import asyncio
from collections import Counter
from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.base import Subject
from documents.films import Project
from documents.production import TaskOutput
from documents.values import Id
from tests.support.charging import ChargingText
from tests.support.drawing import drawn
from workers.providers.errors import ProviderError
from workers.providers.text import TextRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

RUNS: Final[Counter[str]] = Counter()
"""How often each named piece of work was begun in this process."""


class Work(Parameters):
    """`failures` attempts fail before one succeeds; `seconds` is how long an attempt takes."""

    name: str = "work"
    failures: int = 0
    retryable: bool = True
    seconds: float = 0
    project_id: Id | None = None


WORK: Final = TaskKind("testing.work", "maintenance", Work, queue="io", max_retries=2)
STURDY: Final = TaskKind("testing.sturdy", "maintenance", Work, queue="io", max_retries=50)
"""The same work, with tries enough for a worker that is killed again and again."""


@handles(STURDY)
@handles(WORK)
async def work(context: Context, parameters: Work) -> Outcome:
    RUNS[parameters.name] += 1
    await asyncio.sleep(parameters.seconds)
    if RUNS[parameters.name] <= parameters.failures:
        if parameters.retryable:
            raise ProviderError("The model is overloaded.", code="overloaded", retryable=True)
        raise GiveUp("The text has no end.", code="endless")

    async def write(session: object) -> None:
        update = {"$inc": {"episode_count": 1}}
        await Project.collection().update_one(
            {"_id": parameters.project_id},
            update,
            session=session,  # type: ignore[arg-type]
        )

    output = TaskOutput(result={"name": parameters.name})
    return Outcome(output, write if parameters.project_id else None)


class Pay(Parameters):
    """Have a text written by the worker's own, charging provider; `number` makes it another."""

    number: int = 0
    askable: bool = False
    """Whether the provider can be asked for its jobs."""


PAY: Final = TaskKind("testing.pay", "script_generation", Pay, queue="io", max_retries=20)


@handles(PAY)
async def pay(context: Context, parameters: Pay) -> None:
    provider = context.providers.text
    assert isinstance(provider, ChargingText)
    story = f"Story {parameters.number}. A fox met a goat. They talked."
    request = TextRequest(purpose="screenplay", inputs={"text": story})
    call = Call(
        provider,
        request,
        category="llm",
        feature="testing",
        stage="pay",
        prompt=story,
        subject=Subject(collection="workspaces", id=context.workspace_id),
        ask=(lambda _key: provider.job(request)) if parameters.askable else None,
    )
    await calls.write_text(context, call, provider)


class Sketch(Parameters):
    """Have a picture drawn by our own painter, for nothing: the task gives up afterwards."""


SKETCH: Final = TaskKind("testing.sketch", "image_generation", Sketch, queue="io")


@handles(SKETCH)
async def sketch(context: Context, parameters: Sketch) -> None:
    await drawn(context, context.folder / "sketch")
    raise GiveUp("Nobody likes it.", code="disliked")
