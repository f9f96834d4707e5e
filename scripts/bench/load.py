"""A load generator in a process of its own: `python -m scripts.bench.load < PLAN`.

The plan (JSON) names address, connections, seconds or a number of requests, and the requests to
send in turn; a body may hold `{n}`, which counts. Prints how many were answered with 2xx.
It has to be much quicker than what it measures: bare protocols, requests encoded beforehand.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any, Final, cast

import uvloop

END_OF_HEAD: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "
LAST_CHUNK: Final = b"0\r\n\r\n"


class Load:
    """What is sent, and what has come back so far."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.requests = [_encoded(each) for each in plan["requests"]]
        self.most = plan.get("count") or sys.maxsize
        self.until = time.perf_counter() + plan.get("seconds", 3600)
        self.sent = 0
        self.answers: Counter[int] = Counter()

    def next(self) -> bytes | None:
        """The next request, or None when it is time to stop."""
        if self.sent >= self.most or time.perf_counter() >= self.until:
            return None
        head, body = self.requests[self.sent % len(self.requests)]
        self.sent += 1
        if not body:
            return head
        numbered = body.replace(b"{n}", str(self.sent).encode())
        return b"%scontent-length: %d\r\n\r\n%s" % (head, len(numbered), numbered)


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._status, self._missing = 0, 0
        self._head = b""
        self._chunked = False
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, but not by class
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._chunked:
            self._tail(data)
        elif self._missing:
            self._missing -= len(data)
            self._ended(self._missing <= 0)
        else:
            self._read_head(self._head + data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def _read_head(self, data: bytes) -> None:
        end = data.find(END_OF_HEAD)
        if end < 0:
            self._head = data
            return
        self._head = b""
        self._status = int(data[9:12])
        head = data[:end].lower()
        at = head.find(LENGTH)
        if at >= 0:
            length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
            self._missing = length - (len(data) - end - len(END_OF_HEAD))
            self._ended(self._missing <= 0)
        elif b"transfer-encoding: chunked" in head:
            self._chunked = True
            self._tail(data[end + len(END_OF_HEAD) :])
        else:
            self._ended(True)

    def _tail(self, data: bytes) -> None:
        self._head = (self._head + data)[-len(LAST_CHUNK) :]
        if self._head == LAST_CHUNK:
            self._head, self._chunked = b"", False
            self._ended(True)

    def _ended(self, complete: bool) -> None:
        if complete:
            self._missing = 0
            self._load.answers[self._status] += 1
            self._send()

    def _send(self) -> None:
        request = self._load.next()
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


def _encoded(request: dict[str, Any]) -> tuple[bytes, bytes]:
    body = request.get("body", "").encode()
    lines = [f"{request['method']} {request['path']} HTTP/1.1", "host: bench"]
    lines += [f"{name}: {value}" for name, value in request.get("headers", {}).items()]
    if body:
        lines.append("content-type: application/json")
    end = "\r\n" if body else "\r\n\r\n"
    return ("\r\n".join(lines) + end).encode(), body


async def main() -> None:
    """Carry the plan on standard input out."""
    plan = json.load(sys.stdin)
    load = Load(plan)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    connections = [
        await loop.create_connection(lambda: Connection(load), plan["host"], plan["port"])
        for _ in range(plan["connections"])
    ]
    await asyncio.gather(*(connection.over for _, connection in connections))
    good = sum(count for status, count in load.answers.items() if 200 <= status < 300)
    refused = {status: n for status, n in load.answers.items() if not 200 <= status < 300}
    seconds = time.perf_counter() - started
    print(json.dumps({"answered": good, "refused": refused, "seconds": seconds}))


if __name__ == "__main__":
    uvloop.run(main())
