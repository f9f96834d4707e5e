"""Why a template or what it is given cannot be taken."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value."""

    field: str
    code: str
    detail: str

    def located(self, location: str = "body") -> dict[str, str]:
        """As an answer tells it."""
        return {
            "location": location,
            "field": self.field,
            "code": self.code,
            "detail": self.detail,
        }


class BadTemplate(Refusal):
    """The template says what templates may not, or it cannot be rendered."""

    status, code = 422, "bad_template"

    def __init__(self, detail: str, field: str = "template") -> None:
        super().__init__(detail, errors=[Problem(field, self.code, detail).located()])
        self.field = field


class BadInputs(Refusal):
    """The inputs are not what the template's variables ask for."""

    status, code = 422, "bad_inputs"

    def __init__(self, problems: Sequence[Problem]) -> None:
        named = ", ".join(problem.field for problem in problems)
        super().__init__(
            f"These inputs do not fit the template: {named}.",
            errors=[problem.located() for problem in problems],
        )
        self.problems = tuple(problems)


class NothingBefore(Refusal):
    """No version had the label before the one that has it now."""

    status, code = 409, "nothing_before"
