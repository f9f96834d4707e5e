"""Bringing the store to what the declarations say."""

import asyncio
import json as json_module
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.production.templates.shared import ensure_shared_templates
from app.settings import Settings
from documents.registry import MODELS
from documents.schema import Difference, apply, differences
from documents.store import Store
from scripts.servers import reachable


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where the store drifted.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Apply indexes and validators, and report what was not as declared."""
    found = asyncio.run(_run(reachable(Settings()), check))
    if json:
        typer.echo(json_module.dumps([asdict(each) for each in found]))
    else:
        _show(found, check)
    if check and found:
        raise typer.Exit(1)


async def migrated(settings: Settings) -> list[Difference]:
    """Apply the declarations; answers what was changed."""
    return await _run(settings, check=False)


async def _run(settings: Settings, check: bool) -> list[Difference]:
    uri = settings.address("mongo_uri")
    async with await Store.open(uri, settings.mongo_database) as store:
        if check:
            return await differences(store.database, MODELS)
        changed = await apply(store.database, MODELS)
        await ensure_shared_templates(store)
        return changed


def _show(found: list[Difference], check: bool) -> None:
    console = Console()
    if not found:
        console.print("The store is as declared.")
        return
    table = Table("collection", "what", "name", "was")
    for each in found:
        table.add_row(each.collection, each.what, each.name, each.state)
    console.print(table)
    console.print(f"{len(found)} differences {'found' if check else 'mended'}.")
