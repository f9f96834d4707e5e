"""Having texts of films written."""

from collections.abc import Mapping
from typing import Any, Literal

from documents.base import Subject
from workers.jobs.films.prompts import Prompt
from workers.providers.text import TextRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context


async def written(
    context: Context,
    purpose: Literal["outline", "screenplay"],
    prompt: Prompt,
    inputs: Mapping[str, Any],
    subject: Subject,
    seed: int,
) -> Mapping[str, Any]:
    """What the writer answers. Raises GiveUp where that is not as the prompt's template wants it,
    and ProviderError."""
    request = TextRequest(purpose=purpose, prompt=prompt.text, inputs={**inputs}, seed=seed)
    provider = context.providers.text
    call = Call(
        provider,
        request,
        category="llm",
        feature="films",
        stage=purpose,
        prompt=prompt.text,
        template=prompt.template,
        subject=subject,
    )
    result = await calls.write_text(context, call, provider)
    await prompt.check(result.output)
    return result.output
