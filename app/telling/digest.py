"""News by mail: all that has gathered for a user in one message."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.mail.mailer import Mail, in_one_line
from documents.identity import User
from documents.telling import Notification

SHOWN: Final = 20
LONGEST_LINE: Final = 200


def digest(user: User, news: Sequence[Notification], public_url: str) -> Mail:
    """One mail about all of the news, of which there is at least one."""
    titles = "\n".join(_entry(each, public_url) for each in news[:SHOWN])
    more = len(news) - SHOWN
    rest = (
        f"\n… and {more} more: {public_url.rstrip('/')}/api/v1/notifications\n" if more > 0 else ""
    )
    return Mail(
        user.email,
        _subject(news),
        f"""Hello {in_one_line(user.name, 60)},

{titles}{rest}
You get these mails because your preferences ask for notifications.
""",
    )


def _subject(news: Sequence[Notification]) -> str:
    if len(news) == 1:
        return news[0].title
    counts = Counter("failed" if each.event.endswith(".failed") else "other" for each in news)
    failed = f", {counts['failed']} of them failures" if counts["failed"] else ""
    return f"{len(news)} pieces of news from Backlot{failed}"


def _entry(each: Notification, public_url: str) -> str:
    body = in_one_line(each.body, LONGEST_LINE)
    lines = [f"- {in_one_line(each.title, LONGEST_LINE)}", *([f"  {body}"] if body else [])]
    return "\n".join([*lines, f"  {public_url.rstrip('/')}{each.link}", ""])
