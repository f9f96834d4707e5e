"""What films ask of models: the templates `films/…`, in the version that `production` names.

A workspace's own template of that name goes before the shared one, so a studio changes its prompts
by labelling another version, without touching code.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.core.errors import NotFound
from app.production.templates import outputs
from app.production.templates.errors import BadInputs, BadTemplate
from app.production.templates.rendering import rendered
from app.production.templates.variables import bound
from app.production.templates.versions import PRODUCTION, resolve
from documents.production import PromptTemplate
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

Stage: TypeAlias = Literal["outline", "screenplay", "character_design", "storyboard", "music"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A filled-in template."""

    text: str
    template: PromptTemplate

    async def check(self, output: Mapping[str, Any]) -> None:
        """Raise GiveUp where the answer is not as the template's schema wants it."""
        problems = await asyncio.to_thread(outputs.check_output, self.template, output)
        if problems:
            told = "; ".join(f"{each.field}: {each.detail}" for each in problems[:5])
            raise GiveUp(
                f"The answer is not as {_named(self.template)} wants it: {told}", code="bad_output"
            )


async def prompt_for(context: Context, stage: Stage, **values: str) -> Prompt:
    """The stage's prompt with these values. Raises GiveUp where there is none, or none for them.

    More is offered than the shared templates use, for a studio's own: what a template declares no
    variable for is left out.
    """
    name = f"films/{stage}"
    try:
        template = await resolve(name, context.workspace_id, label=PRODUCTION)
    except NotFound:
        raise GiveUp(
            f"No version of the template {name} has the label {PRODUCTION}: put it on one, or run "
            "`backlot migrate`, which makes the shared one; then retry the task.",
            code="no_template",
        ) from None
    known = {each.name for each in template.variable_defs}
    given = {key: value for key, value in values.items() if key in known}
    try:
        text = await rendered(template.template, bound(template.variable_defs, given))
    except (BadInputs, BadTemplate) as exc:
        raise GiveUp(
            f"{_named(template)} cannot be filled in: {exc} Mend it in a new version with "
            f"the label {PRODUCTION}, and retry the task.",
            code=exc.code,
        ) from None
    return Prompt(text, template)


def _named(template: PromptTemplate) -> str:
    return f"version {template.version} of {template.name}"
