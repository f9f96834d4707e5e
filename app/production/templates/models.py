"""Which models templates may name."""

from typing import Final

from app.core.errors import Refusal
from app.production.templates.errors import Problem
from app.settings import Settings

BUILT_IN: Final = (
    "anthropic/claude-sonnet-4",
    "qwen/qwen3-vl-235b-a22b-thinking",
    "fal-ai/nano-banana",
    "fal-ai/nano-banana/edit",
)


class UnknownModel(Refusal):
    """The installation does not have the model."""

    status, code = 422, "unknown_model"


def allowed(settings: Settings) -> tuple[str, ...]:
    """The built-in models and those of `BACKLOT_MODELS`."""
    named = (each.strip() for each in settings.models.split(","))
    return tuple(dict.fromkeys((*BUILT_IN, *(each for each in named if each))))


def check(model: str, settings: Settings, field: str = "model") -> None:
    """Raises UnknownModel, naming those that there are."""
    known = allowed(settings)
    if model not in known:
        problem = Problem(field, UnknownModel.code, "is no model of this installation")
        raise UnknownModel(
            f"There is no model {model[:64]!r}; take one of {', '.join(known)}, or add it to "
            "BACKLOT_MODELS.",
            errors=[problem.located()],
            allowed=[*known],
        )
