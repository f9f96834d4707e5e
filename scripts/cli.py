"""The `backlot` command."""

import sys
from typing import NoReturn

import typer
from pymongo.errors import PyMongoError
from rich.console import Console

from app.core.storage import StorageError
from app.films.story import UnusableStory
from app.settings import NotConfigured
from scripts.bench.commands import bench
from scripts.demo import Unfinished, demo
from scripts.doctor import doctor
from scripts.migrate import migrate
from scripts.processes import ProcessEnded, api, worker
from scripts.stack import StackError
from scripts.stack.commands import stack_commands
from scripts.tasks import tasks_commands
from scripts.up import up

app = typer.Typer(
    name="backlot",
    help="One back end for studios that make media with AI.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(api)
app.command()(worker)
app.command()(migrate)
app.command()(demo)
app.command()(doctor)
app.command()(bench)
app.add_typer(stack_commands, name="stack")
app.add_typer(tasks_commands, name="tasks")

OPERATORS_ERRORS = (
    NotConfigured,
    ProcessEnded,
    StackError,
    StorageError,
    Unfinished,
    UnusableStory,
)


def main() -> NoReturn:
    """Run a command; what an operator can mend ends in a sentence, not in a traceback."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        app()
    except OPERATORS_ERRORS as exc:
        errors.print(f"[red]backlot:[/red] {exc}")
    except PyMongoError as exc:
        errors.print(f"[red]backlot:[/red] the document store does not answer: {exc}")
    except OSError as exc:
        errors.print(f"[red]backlot:[/red] {exc.filename or 'the system'}: {exc.strerror or exc}")
    except KeyboardInterrupt:
        errors.print("[red]backlot:[/red] stopped")
        sys.exit(130)
    sys.exit(1)


if __name__ == "__main__":
    main()
