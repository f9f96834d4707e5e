"""Log lines: one JSON object each, with the request id and without secrets."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.logs import MASK, QUIET, JsonLines, configure, masked
from app.settings import Settings
from tests.app.support import API, TOKENS, World, as_


@pytest.fixture
def stream(settings: Settings) -> Iterator[io.StringIO]:
    """Where the lines go, set up as in a process; afterwards all is as before."""
    root, levels = logging.getLogger(), {}
    before = (root.level, [*root.handlers])
    for name in QUIET:
        levels[name] = logging.getLogger(name).level
    stream = io.StringIO()
    for handler in before[1]:
        root.removeHandler(handler)
    configure(settings, stream)
    yield stream
    for handler in [*root.handlers]:
        root.removeHandler(handler)
    for handler in before[1]:
        root.addHandler(handler)
    root.setLevel(before[0])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def access_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(stream) if line["logger"] == "app.access"]


class TestLines:
    def test_say_when_what_and_where(self, stream: io.StringIO) -> None:
        logging.getLogger("app.some").warning("%s of %s", 1, 2, extra={"fields": {"answer": 42}})
        [line] = lines(stream)
        assert line.pop("time").endswith("+00:00")
        assert line == {
            "level": "warning",
            "logger": "app.some",
            "message": "1 of 2",
            "answer": 42,
        }

    def test_an_exception_stays_on_one_line(self, stream: io.StringIO) -> None:
        try:
            raise RuntimeError("mongodb://root:hunter2@mongo.internal")
        except RuntimeError:
            logging.getLogger("app.some").exception("it broke")
        [line] = lines(stream)
        assert "RuntimeError" in line["exception"]
        assert "hunter2" not in stream.getvalue()

    def test_libraries_say_less(self, stream: io.StringIO) -> None:
        logging.getLogger("botocore").info("chatter")
        assert not lines(stream)

    def test_plain_text_for_people(self, settings: Settings, stream: io.StringIO) -> None:
        text = io.StringIO()
        configure(settings.model_copy(update={"log_format": "text"}), text)
        logging.getLogger("app.some").warning("token=abc", extra={"fields": {"answer": 42}})
        configure(settings, stream)
        assert text.getvalue().endswith(f"WARNING app.some: token={MASK} answer=42\n")

    @given(st.text())
    def test_any_message_is_one_line_of_json(self, message: str) -> None:
        record = logging.LogRecord("x", logging.INFO, "", 0, message, None, None)
        line = JsonLines().format(record)
        assert "\n" not in line
        assert isinstance(orjson.loads(line)["message"], str)


class TestMasking:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Authorization: Bearer hunter2.J9.x-y", f"Authorization: {MASK}"),
            ("sent Bearer eyJhbGciOi.J9.x-y", f"sent Bearer {MASK}"),
            ("redis://:hunter2@valkey:6379/0", f"redis://:{MASK}@valkey:6379/0"),
            ("mongodb://me:hunter2@mongod/?x=1", f"mongodb://me:{MASK}@mongod/?x=1"),
            ("password=hunter2&next=1", f"password={MASK}&next=1"),
            ('{"api_key": "hunter2", "x": 1}', f'{{"api_key": "{MASK}", "x": 1}}'),
            ("'refresh_token': 'hunter2'", f"'refresh_token': '{MASK}'"),
            ("X-Amz-Signature=hunter2", f"X-Amz-Signature={MASK}"),
            ("nothing to hide: 3 of 5", "nothing to hide: 3 of 5"),
        ],
    )
    def test_hides_what_looks_like_a_secret(self, text: str, expected: str) -> None:
        assert masked(text) == expected


class TestRequests:
    async def test_each_leaves_one_line(
        self, http: httpx.AsyncClient, world: World, stream: io.StringIO
    ) -> None:
        answer = await http.get(
            f"{API}/projects/{world.project.id}?fields=title",
            headers={**as_(world.owner), "X-Request-ID": "trace-7"},
        )
        [line] = access_lines(stream)
        assert line.pop("ms") > 0
        line.pop("time")
        assert line == {
            "level": "info",
            "logger": "app.access",
            "message": "request",
            "request_id": "trace-7",
            "method": "GET",
            "route": f"{API}/projects/{{id}}",
            "status": 200,
            "bytes": len(answer.content),
            "actor": str(world.owner.id),
        }

    async def test_nothing_of_what_was_sent_is_in_it(
        self, http: httpx.AsyncClient, world: World, stream: io.StringIO
    ) -> None:
        token = TOKENS.issue(world.owner.id)
        headers = {"Authorization": f"Bearer {token}"}
        await http.get(f"{API}/projects?q=secret-fox", headers=headers)
        await http.post(
            f"{API}/projects", json={"title": "a@b.cd", "x": "hunter2"}, headers=headers
        )
        await http.get("/secret-path/hunter2")
        written = stream.getvalue()
        assert len(access_lines(stream)) == 3
        assert not [each for each in ("secret", "hunter2", "a@b.cd", token) if each in written]

    async def test_of_nobody_has_no_actor(
        self, http: httpx.AsyncClient, stream: io.StringIO
    ) -> None:
        await http.get(f"{API}/projects")
        [line] = access_lines(stream)
        assert (line["status"], "actor" in line) == (401, False)

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
    async def test_what_machines_ask_all_the_time_leaves_none(
        self, http: httpx.AsyncClient, stream: io.StringIO, path: str
    ) -> None:
        assert (await http.get(path)).status_code == 200
        assert not access_lines(stream)
