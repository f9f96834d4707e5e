"""`backlot bench`: measure, and hold the figures against their bars."""

from collections.abc import Callable
from typing import Annotated, Final

import typer

from app.settings import Settings
from scripts.bench import api, films, foundation, library, live, render, search, tasks
from scripts.bench.report import Report

BENCHES: Final[dict[str, Callable[[Settings], Report]]] = {
    "api": api.measure,
    "foundation": foundation.measure,
    "tasks": tasks.measure,
    "live": live.measure,
    "films": films.measure,
    "render": render.measure,
    "search": search.measure,
    "library": library.measure,
}
QUICK: Final[dict[str, Callable[[Settings], Report]]] = {
    "api": api.measure_small,
    "render": render.measure_small,
    "search": search.measure_small,
    "library": library.measure_small,
}
"""The same on little data: to see that a bench works, not what it measures."""


def bench(
    name: Annotated[str | None, typer.Argument(help="Which bench to run.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where a figure misses its bar.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="On little data.")] = False,
    list_names: Annotated[bool, typer.Option("--list", help="Name the benches.")] = False,
) -> None:
    """Run a bench on servers of its own, or on those that BACKLOT_* names."""
    if list_names or name is None:
        for each in BENCHES:
            typer.echo(each)
        return
    if name not in BENCHES:
        raise typer.BadParameter(f"there is no bench {name}: {', '.join(BENCHES)}")
    if quick and name not in QUICK:
        raise typer.BadParameter(f"only these can be quick: {', '.join(QUICK)}")
    report = (QUICK if quick else BENCHES)[name](Settings())
    if json:
        typer.echo(report.as_json())
    else:
        report.show()
    if check and not report.ok:
        raise typer.Exit(1)
