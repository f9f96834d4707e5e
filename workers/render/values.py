"""What the values of a timeline have in common."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A part of a timeline: it never changes, and a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
