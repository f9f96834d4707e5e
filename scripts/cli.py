"""The `backlot` command."""

import sys
from io import TextIOWrapper
from typing import Final, NoReturn, TextIO

import typer
from pydantic import ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.markup import escape

from app.core.storage import StorageError
from app.films.story import UnusableStory
from app.settings import NotConfigured, Settings
from scripts.bench.commands import bench
from scripts.bench.report import Unmeasured
from scripts.data_model import data_model
from scripts.demo.commands import demo_commands
from scripts.demo.studio import Unfinished
from scripts.doctor import doctor
from scripts.migrate import migrate
from scripts.migrations.runner import MigrationOvertaken
from scripts.processes import ProcessEnded, api, worker
from scripts.render import render
from scripts.stack import StackError
from scripts.stack.commands import stack_commands
from scripts.tasks import tasks_commands
from scripts.up import up
from workers.render.errors import RenderError

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
app.command()(doctor)
app.command("data-model")(data_model)
app.command()(bench)
app.command()(render)
app.add_typer(demo_commands, name="demo")
app.add_typer(stack_commands, name="stack")
app.add_typer(tasks_commands, name="tasks")

INTERRUPTED: Final = 130
"""A shell's way to say that Ctrl-C ended a command."""
OPERATORS_ERRORS: Final = (
    MigrationOvertaken,
    NotConfigured,
    ProcessEnded,
    RenderError,
    StackError,
    StorageError,
    Unfinished,
    Unmeasured,
    UnusableStory,
)


def main() -> NoReturn:
    """Run a command; what an operator can mend ends in a sentence, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        _show_what_it_can(stream)
    try:
        app()
    except SystemExit as exc:
        if exc.code == INTERRUPTED:
            _complain("stopped")
        raise
    except OPERATORS_ERRORS as exc:
        _complain(str(exc))
    except ValidationError as exc:
        if exc.title != Settings.__name__:
            raise
        _complain(_wrong_settings(exc))
    except PyMongoError as exc:
        reason = str(exc).split(", Timeout:")[0]
        _complain(f"the document store does not answer: {reason}; `backlot doctor` looks why")
    except OSError as exc:
        _complain(f"{exc.filename or 'the system'}: {exc.strerror or exc}")
    sys.exit(1)


def _complain(sentence: str) -> None:
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    errors.print(f"[red]backlot:[/red] {escape(sentence)}")


def _wrong_settings(exc: ValidationError) -> str:
    wrong = [f"BACKLOT_{str(each['loc'][0]).upper()}: {each['msg']}" for each in exc.errors()]
    return f"correct the settings: {'; '.join(wrong)}"


def _show_what_it_can(stream: TextIO) -> None:
    """A terminal that lacks a letter of some story shows a question mark for it."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
