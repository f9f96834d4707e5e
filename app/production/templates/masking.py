"""Keeping secrets out of what is kept of a call: its inputs, its prompt, and what came back."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

MASK: Final = "***"
LEAST: Final = 4
"""Shorter values are not looked for in a prompt: they would be found everywhere."""
NAMES: Final = re.compile(
    r"password|passwd|passphrase|secret|token(?!s)|api_?key|access_?key|private_?key|authorization"
    r"|credential|cookie|signature",
    re.IGNORECASE,
)
"""Names of variables and fields whose values nobody needs to see."""
LOOKS: Final = re.compile(
    r"(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]{16,}"
    r"|(?P<user>://[^\s:/@]*:)[^\s@/]+(?=@)"
    r"|(?P<query>[?&](?:[\w-]*(?:token|key|secret|signature|password|credential)[\w-]*)=)[^\s&#\"']+"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b(?:sk|pk|rk)[-_](?:[\w-]{16,})"
    r"|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[\w-]{10,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""What looks like a secret wherever it stands. Prose about secrets is left alone."""


def masked_text(text: str) -> str:
    """The text without what looks like a secret."""
    return LOOKS.sub(_mask, text)


def masked(value: Any) -> Any:
    """The value without secrets: by the names of fields, and by how texts look."""
    match value:
        case str():
            return masked_text(value)
        case Mapping():
            return {
                name: MASK if _hides(name, each) else masked(each) for name, each in value.items()
            }
        case list():
            return [masked(each) for each in value]
    return value


def masked_prompt(prompt: str, inputs: Mapping[str, Any]) -> str:
    """A prompt without the secrets among the inputs that it was made of."""
    for secret in sorted({*_secrets(inputs)}, key=len, reverse=True):
        prompt = prompt.replace(secret, MASK)
    return masked_text(prompt)


def _hides(name: str, value: Any) -> bool:
    """Whether the field holds a secret; a number, such as how many tokens, is none."""
    return isinstance(value, str | list | Mapping) and bool(NAMES.search(name))


def _secrets(value: Any, named: bool = False) -> Iterator[str]:
    match value:
        case str() if named and len(value) >= LEAST:
            yield value
        case Mapping():
            for name, each in value.items():
                yield from _secrets(each, named or bool(NAMES.search(name)))
        case list():
            for each in value:
                yield from _secrets(each, named)


def _mask(found: re.Match[str]) -> str:
    return (found["kept"] or found["user"] or found["query"] or "") + MASK
