"""What can be wrong about accounts, sessions, keys and workspaces."""

from collections.abc import Mapping
from typing import ClassVar

from app.core.errors import Refusal


class WrongCredentials(Refusal):
    """There is no account with this e-mail and password."""

    status, code = 401, "wrong_credentials"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class RefreshRefused(Refusal):
    """The refresh token is unknown, expired, or of a session that has ended: sign in again."""

    status, code = 401, "refresh_refused"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class RefreshReused(Refusal):
    """The refresh token was exchanged before; somebody may have copied it, so the session ends."""

    status, code = 401, "refresh_reused"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class WrongPassword(Refusal):
    """The password is not that of the account."""

    status, code = 403, "wrong_password"


class PersonNeeded(Refusal):
    """An API key is not enough for this: somebody has to sign in."""

    status, code = 403, "person_needed"


class AdministratorNeeded(Refusal):
    """Only administrators may do this."""

    status, code = 403, "administrator_needed"


class WrongAccount(Refusal):
    """The invitation went to the address of another account."""

    status, code = 403, "wrong_account"


class LimitReached(Refusal):
    """The tier of the workspace's owner allows no more."""

    status, code = 403, "limit_reached"


class AlreadyMember(Refusal):
    """The person is a member of the workspace already."""

    status, code = 409, "already_member"


class AlreadyAnswered(Refusal):
    """The invitation was accepted, declined or revoked before."""

    status, code = 409, "already_answered"


class LastOwner(Refusal):
    """A workspace needs an owner; make somebody else one first."""

    status, code = 409, "last_owner"


class PersonalWorkspace(Refusal):
    """A personal workspace belongs to its user: it is not shared, left or deleted."""

    status, code = 409, "personal_workspace"


class NotEmpty(Refusal):
    """The workspace still holds something."""

    status, code = 409, "not_empty"


class Full(Refusal):
    """A workspace has at most so many members."""

    status, code = 409, "full"


class TooLate(Refusal):
    """What is gone cannot be brought back any more."""

    status, code = 409, "too_late"


class TokenRefused(Refusal):
    """The token of the mail is unknown, used or expired; ask for another mail."""

    status, code = 410, "token_refused"


class TooManyAttempts(Refusal):
    """Too many failed attempts; `Retry-After` says in how many seconds the next one counts."""

    status, code = 429, "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts; try again in {seconds} s.")
        self.headers = {"Retry-After": str(seconds)}  # type: ignore[misc]
