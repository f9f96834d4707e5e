"""Requests that are too large, with and without a word about their length."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.limits.costs import BULK_BYTES
from app.limits.sizes import MOST_DRAINED, MOST_HEADER_BYTES, RequestSizes
from tests.app.limits.support import API, Behind, asking
from tests.app.support import codes

MOST = 1_000
PIECE = 500


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
async def client(behind: Behind) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(RequestSizes(behind, MOST)) as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    for begin in range(0, size, PIECE):
        yield b"x" * min(PIECE, size - begin)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_body_of_the_largest_size_passes(
    client: httpx.AsyncClient, behind: Behind, method: str
) -> None:
    assert (await client.request(method, API, content=b"x" * MOST)).text == str(MOST)
    assert (await client.request(method, API, content=chunks(MOST))).status_code == 200
    assert behind.read == 2 * MOST


async def test_a_declared_length_is_refused_unread(
    client: httpx.AsyncClient, behind: Behind
) -> None:
    answer = await client.post(API, content=b"x" * (MOST + 1))
    assert codes(answer) == (413, "too_large")
    assert "connection" not in answer.headers
    assert behind.calls == 0


@pytest.mark.parametrize("expect", [{}, {"expect": "100-continue"}])
async def test_what_is_not_read_to_its_end_ends_the_connection(
    client: httpx.AsyncClient, expect: dict[str, str]
) -> None:
    size = MOST + 1 if expect else 2 * MOST_DRAINED
    answer = await client.post(API, content=chunks(size), headers=expect)
    assert codes(answer) == (413, "too_large")
    assert answer.headers["connection"] == "close"


async def test_chunks_are_counted_while_they_are_read(
    client: httpx.AsyncClient, behind: Behind
) -> None:
    answer = await client.post(API, content=chunks(100 * MOST))
    assert codes(answer) == (413, "too_large")
    assert behind.read <= MOST


async def test_a_length_that_is_no_number_is_not_believed(client: httpx.AsyncClient) -> None:
    headers = {"content-length": "-1"}
    answer = await client.post(API, content=chunks(100 * MOST), headers=headers)
    assert codes(answer) == (413, "too_large")


@pytest.mark.parametrize("path", ["/projects/bulk", "/scenes/bulk-delete"])
async def test_many_records_may_be_more(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(API + path, content=b"x" * (MOST + 1))).status_code == 200
    answer = await client.post(API + path, content=b"x" * (BULK_BYTES + 1))
    assert codes(answer) == (413, "too_large")


@pytest.mark.parametrize(
    ("length", "status"), [(MOST_HEADER_BYTES // 2, 200), (MOST_HEADER_BYTES, 431)]
)
async def test_headers(client: httpx.AsyncClient, length: int, status: int) -> None:
    answer = await client.get(API, headers={"x-long": "x" * length})
    assert answer.status_code == status
    if status == 431:
        assert codes(answer) == (431, "headers_too_long")
