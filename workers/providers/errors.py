"""What can go wrong between us and a provider."""

from __future__ import annotations


class ProviderError(Exception):
    """A provider did not do what was asked.

    `code` is stable and meant for programs, the message is one sentence for people.
    `retryable` says whether the very same request may work later.
    """

    def __init__(self, message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class ProviderRefused(ProviderError):
    """The request itself is at fault: asking again changes nothing, changing it does."""

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message, code=code, retryable=False)
