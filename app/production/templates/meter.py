"""How much one rendering or one check may do, counted while it does it."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from app.production.templates.errors import BadTemplate

MOST_STEPS: Final = 500_000
"""Nodes of a template that one rendering evaluates."""
MOST_CHARACTERS: Final = 10_000_000
"""Characters that pass through its filters and operators."""
MOST_SECONDS: Final = 2.0


@dataclass(slots=True)
class Meter:
    """Raises BadTemplate when a limit is passed."""

    steps: int = 0
    characters: int = 0
    until: float = field(default_factory=lambda: monotonic() + MOST_SECONDS)

    def step(self, count: int = 1) -> None:
        """Count work that is about to be done."""
        self.steps += count
        if self.steps > MOST_STEPS:
            raise BadTemplate(f"It takes more than {MOST_STEPS:,} steps.")
        self.check()

    def handle(self, characters: int) -> None:
        """Count text that is about to be read or made."""
        self.characters += characters
        if self.characters > MOST_CHARACTERS:
            raise BadTemplate(f"It handles more than {MOST_CHARACTERS:,} characters.")
        self.check()

    def check(self) -> None:
        """Look at the clock."""
        if monotonic() > self.until:
            raise BadTemplate(f"It takes longer than {MOST_SECONDS:g} seconds.")
