"""What the three embedded servers have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from app.settings import Settings

from .binaries import Binary, Program
from .folder import Keys

Pause = Callable[[], None]
"""Waits a moment; raises when waiting has become pointless (ended, cancelled, too long)."""


class Server(ABC):
    """One server: how it is started, when it is ready, and by which settings it is reached."""

    program: ClassVar[Program]
    address_field: ClassVar[str]
    """The field of the settings that is None when this server is to be embedded."""
    binary_field: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]]

    def __init__(self, binary: Binary, folder: Path, settings: Settings, keys: Keys) -> None:
        self.binary = binary
        self.folder = folder
        self.settings = settings
        self.keys = keys

    @abstractmethod
    def command(self, ports: Mapping[str, int]) -> list[str]:
        """The program with its arguments; it listens on the loopback only."""

    @abstractmethod
    def await_ready(self, pid: int, ports: Mapping[str, int], pause: Pause) -> None:
        """Return once this very process answers and is fit for use; `pause` between two tries."""

    @classmethod
    @abstractmethod
    def addresses(cls, settings: Settings, ports: Mapping[str, int], keys: Keys) -> dict[str, Any]:
        """The fields of the settings by which clients reach it."""

    def prepare(self) -> None:
        """Make the folder and the files that the program expects."""
        self.folder.mkdir(exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Variables for the program alone."""
        return {}
