"""`backlot stack run`: a command of yours with servers of its own around it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from app.settings import Settings

from .errors import StackError
from .stack import Stack, environment

CHECK_SECONDS = 0.25
TERMINATE_SECONDS = 10.0
FAILED = 125
"""The servers failed, not the command; the number that `docker run` and `env` use for the like."""
CANNOT_RUN = 126
NOT_FOUND = 127
BY_SIGNAL = 128
"""A shell's way to say which signal ended a command: this plus its number."""

stack_commands = typer.Typer(help="The embedded servers.", no_args_is_help=True)


@stack_commands.callback()
def _group() -> None:
    """The embedded servers."""


@stack_commands.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    temp: Annotated[
        bool, typer.Option("--temp", help="Use a new data folder that goes afterwards.")
    ] = False,
) -> None:
    """Start the servers, run COMMAND with BACKLOT_* set, stop them; exits with COMMAND's code.

    125 means that the servers failed, 126 and 127 that the command can't be run or found.
    """
    if shutil.which(command[0]) is None:
        _complain(f"There is no command {command[0]}; name one on the PATH, or its whole path.")
        raise typer.Exit(NOT_FOUND)
    runner = _Runner()
    before = {number: signal.signal(number, runner.receive) for number in _Runner.SIGNALS}
    try:
        code = runner.run(Stack(Settings(), temporary=temp), command)
    except StackError as error:
        _complain(str(error))
        code = FAILED
    except _CannotRun as error:
        _complain(f"{command[0]} can't be run ({error}); name an executable file.")
        code = CANNOT_RUN
    except _Interrupted as interrupted:
        code = BY_SIGNAL + interrupted.number
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    raise typer.Exit(code)


class _Interrupted(BaseException):
    """A signal arrived while there was no command to pass it on to."""

    def __init__(self, number: int) -> None:
        self.number = number


class _CannotRun(Exception):
    """The system refused to run the command."""


class _Runner:
    """Runs one command, hands signals on to it, and watches the servers meanwhile."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._over = False

    def run(self, stack: Stack, command: Sequence[str]) -> int:
        """The command's exit code; raises ServerDied when a server ended before it did."""
        with stack as settings:
            variables = {**os.environ, **environment(settings)}
            try:
                self._child = subprocess.Popen(command, env=variables)
            except OSError as error:
                raise _CannotRun(error.strerror) from None
            try:
                code = self._wait(self._child, stack)
            finally:
                self._over = True
                _end(self._child)
        return BY_SIGNAL - code if code < 0 else code

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Hand a signal on; before the command runs it ends the start instead."""
        if self._over:
            return  # The servers are being stopped, which is what was asked for.
        if self._child is None:
            raise _Interrupted(number)
        if number != signal.SIGINT or not _in_foreground():
            self._child.send_signal(number)

    def _wait(self, child: subprocess.Popen[bytes], stack: Stack) -> int:
        while True:
            try:
                return child.wait(CHECK_SECONDS)
            except subprocess.TimeoutExpired:
                stack.check()


def _in_foreground() -> bool:
    """Whether the terminal sends Ctrl-C to the command too, as it does to its whole group."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _complain(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[bold red]backlot:[/] {escape(text)}")
