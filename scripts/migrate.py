"""Bringing the store to what the declarations and migrations say."""

import asyncio
import json as json_module
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.core.encryption import Encryption, renew
from app.library.embedding_upkeep import vector_indexes
from app.production.templates.shared import ensure_shared_templates
from app.settings import Settings
from documents.registry import MODELS
from documents.schema import Difference, apply, differences
from documents.store import Store
from scripts.migrations.runner import COLLECTION, pending, run_pending
from scripts.servers import reachable


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where the store drifted.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Run pending migrations, apply indexes and validators, and report what was not as declared."""
    found = asyncio.run(_run(reachable(Settings()), check))
    if json:
        typer.echo(json_module.dumps([asdict(each) for each in found]))
    else:
        _show(found, check)
    if check and found:
        raise typer.Exit(1)


async def migrated(settings: Settings) -> list[Difference]:
    """Run the migrations and apply the declarations; answers what was changed."""
    return await _run(settings, check=False)


async def _run(settings: Settings, check: bool) -> list[Difference]:
    uri = settings.address("mongo_uri")
    async with await Store.open(uri, settings.mongo_database) as store:
        if check:
            waiting = await pending(store.database)
            return _told(waiting) + await differences(store.database, MODELS)
        # First the contents: the new validators hold what the migrations make true.
        done = await run_pending(store.database, settings)
        changed = await apply(store.database, MODELS)
        await ensure_shared_templates(store)
        await vector_indexes(settings.vector_quantization)
        if settings.encryption_keys_old.get_secret_value():
            await renew(MODELS, Encryption.of(settings))
        return _told(done) + changed


def _told(migrations: Iterable[str]) -> list[Difference]:
    return [Difference(COLLECTION, "migration", name, "missing") for name in migrations]


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
