"""Tasks from the command line: look, try again, cancel."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from bson.errors import InvalidId
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.core.wakeups import Wakeups
from app.production import tasks
from app.production.executions import give_up_unknown
from app.settings import Settings
from documents.production import Task, TaskStatus
from documents.store import Store
from documents.values import Id
from scripts.servers import reachable

Result = TypeVar("Result")
PipelineOption = Annotated[str | None, typer.Option(help="Only of this pipeline.")]

tasks_commands = typer.Typer(
    help="Look at tasks, try failed ones again, cancel.", no_args_is_help=True
)


@tasks_commands.command("list")
def list_tasks(
    status: Annotated[TaskStatus | None, typer.Option(help="Only with this status.")] = None,
    pipeline: PipelineOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """Show the newest tasks."""
    query = _query(pipeline) | ({"status": status} if status else {})

    async def look() -> list[Task]:
        return await Task.all_in(True, query, sort=[("_id", -1)], limit=limit)

    table = Table("id", "kind", "status", "retries", "why")
    table.columns[0].no_wrap = True  # people copy it
    for task in asyncio.run(_with_store(look)):
        error = task.error
        why = escape(f"{error.code}: {error.message}") if error else ""
        row = (str(error.retry_count if error else 0), why)
        table.add_row(str(task.id), task.kind, task.status, *row)
    Console().print(table)


@tasks_commands.command()
def retry(
    task: Annotated[list[str] | None, typer.Argument(help="Ids; without any, all failed.")] = None,
    pipeline: PipelineOption = None,
    pay_again: Annotated[
        bool, typer.Option("--pay-again", help="Repeat paid calls whose outcome is unknown.")
    ] = False,
) -> None:
    """Queue failed and cancelled tasks again; what is done is not repeated."""
    query = _query(pipeline) | _named(task)

    async def again() -> int:
        if pay_again:
            failed = {**query, "status": "failed"}
            await give_up_unknown(await Task.collection().distinct("_id", failed))
        return await tasks.retry(True, query)

    typer.echo(f"{asyncio.run(_with_store(again, wake=True))} tasks queued again")


@tasks_commands.command()
def cancel(
    task: Annotated[list[str] | None, typer.Argument(help="Ids of the tasks.")] = None,
    pipeline: PipelineOption = None,
) -> None:
    """End unfinished tasks."""
    if not task and not pipeline:
        raise typer.BadParameter("name tasks, or a pipeline with --pipeline")
    query = _query(pipeline) | _named(task)
    ended = asyncio.run(_with_store(lambda: tasks.cancel(True, query)))
    typer.echo(f"{ended} tasks cancelled")


async def _with_store(work: Callable[[], Awaitable[Result]], *, wake: bool = False) -> Result:
    settings = reachable(Settings())
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database):
        result = await work()
    if wake:
        async with Wakeups(settings.address("redis_url")) as wakeups:
            await wakeups.wake()
    return result


def _query(pipeline: str | None) -> dict[str, Any]:
    return {"pipeline_id": _id(pipeline)} if pipeline else {}


def _named(ids: list[str] | None) -> dict[str, Any]:
    return {"_id": {"$in": [_id(each) for each in ids]}} if ids else {}


def _id(text: str) -> Id:
    try:
        return Id(text)
    except InvalidId as exc:
        raise typer.BadParameter(f"not an id: {text}") from exc
