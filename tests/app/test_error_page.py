"""docs/errors.md lists every code that the API answers."""

from tests.app.error_page import PAGE, page, refusals


def test_is_current() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.app.error_page"


def test_a_code_stands_for_one_status_and_one_meaning() -> None:
    known = [(each.code, each.status) for each in refusals()]
    assert len(known) == len({code for code, _ in known}) == len({*known})


def test_every_refusal_says_when() -> None:
    assert [each.__name__ for each in refusals() if not each.__doc__] == []
