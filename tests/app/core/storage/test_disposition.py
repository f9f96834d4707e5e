"""Any file name survives the header, and none can break out of it."""

from email.message import Message

from hypothesis import example, given
from hypothesis import strategies as st

from app.core.storage import content_disposition
from app.core.storage.disposition import safe_filename

ORDINARY = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters="/\\"),
    min_size=1,
).filter(lambda name: name == name.strip() and name.strip(". "))


def received(header: str, *, plain: bool = False) -> str | None:
    """The name that a client reads out of the header; an old one reads only the plain form."""
    message = Message()
    message["Content-Disposition"] = header.partition("; filename*")[0] if plain else header
    assert message.get_content_disposition() == "attachment"
    if not plain:
        del message["Content-Disposition"]
        message["Content-Disposition"] = "attachment; filename*" + header.partition("filename*")[2]
    return message.get_filename()


@given(ORDINARY)
@example('"; filename=evil.exe')
@example("100%25 sure; it's.mp4")
@example("Füchse 狐 🦊.mp4")
def test_ordinary_name_comes_back(name: str) -> None:
    assert received(content_disposition(name)) == name


@given(st.text())
@example("a\r\nSet-Cookie: b")
@example("\ud800")
@example("../../etc/passwd")
@example("photo\u202egpj.exe")
def test_any_name_makes_one_safe_header(name: str) -> None:
    header = content_disposition(name)
    assert all(" " <= character <= "~" for character in header)
    full = received(header)
    assert full == safe_filename(name)
    assert full
    assert not set(full) & {"/", "\\", "\r", "\n", "\0", "\u202e"}
    assert full not in (".", "..")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"%\\/')))
def test_old_clients_get_plain_names_whole(name: str) -> None:
    expected = safe_filename(name)
    assert f'filename="{expected}"' in content_disposition(name)
    assert received(content_disposition(name), plain=True) == expected
