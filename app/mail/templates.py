"""What the mails say. Names come from strangers, so each is cut short and kept to one line.

A token stands behind the `#` of a link: that part is sent to no server and stands in no log.
"""

from datetime import timedelta
from typing import Final

from app.mail.mailer import Mail, in_one_line

LONGEST_NAME: Final = 60


def verification(to: str, name: str, token: str, public_url: str) -> Mail:
    """Asks the reader of an address to confirm it."""
    return Mail(
        to,
        "Confirm your e-mail address",
        f"""Hello {_name(name)},

please confirm that this address is yours:

{_link(public_url, "verify-email", token)}

Or send the token to POST /api/v1/auth/verify-email:

{token}

If you did not ask for this, ignore this message.
""",
    )


def password_reset(to: str, name: str, token: str, public_url: str, good_for: timedelta) -> Mail:
    """Lets the reader choose a new password."""
    return Mail(
        to,
        "Choose a new password",
        f"""Hello {_name(name)},

somebody, probably you, asked for a new password. Within {_span(good_for)} you can choose one:

{_link(public_url, "reset-password", token)}

Or send the token with the new password to POST /api/v1/auth/reset-password:

{token}

If you did not ask for this, ignore this message: your password stays as it is.
""",
    )


def password_changed(to: str, name: str) -> Mail:
    """Tells the owner of an account, in case it was somebody else."""
    return Mail(
        to,
        "Your password was changed",
        f"""Hello {_name(name)},

your password was just changed, and all your other devices were signed out.

If it was not you, choose a new password at once by "forgotten password".
""",
    )


def email_changed(to: str, name: str, new_address: str) -> Mail:
    """Tells the old address of an account."""
    return Mail(
        to,
        "Your e-mail address was changed",
        f"""Hello {_name(name)},

your account now belongs to the address {new_address}; this one is no longer used.

If it was not you, ask the administrators of this installation for help.
""",
    )


def invitation(
    to: str, by: str, workspace: str, role: str, token: str, public_url: str, good_for: timedelta
) -> Mail:
    """Asks somebody to join a workspace."""
    return Mail(
        to,
        f"{_name(by)} invites you to {_name(workspace)}",
        f"""Hello,

{_name(by)} invites you to the workspace "{_name(workspace)}" as {role}. Within
{_span(good_for)} you can accept, with the account of this address:

{_link(public_url, "invitation", token)}

Or send the token to POST /api/v1/invitations/accept or to POST /api/v1/invitations/decline:

{token}
""",
    )


def _name(name: str) -> str:
    return in_one_line(name, LONGEST_NAME)


def _link(public_url: str, page: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/{page}#token={token}"


def _span(time: timedelta) -> str:
    days, hours = time.days, time.seconds // 3600
    number, unit = (days, "day") if days else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
