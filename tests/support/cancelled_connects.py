"""Closes the socket of a connect that was cancelled, which PyMongo leaves to the garbage collector.

The driver's monitors connect again and again while a server is gone, and are cancelled when the
client is closed (PYTHON-5867; asyncio's own connects close theirs). In a service that socket is
gone with the next collection; here the warning about it fails whichever test runs just then.
"""

import asyncio
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from typing import Any

_connect = BaseSelectorEventLoop.sock_connect


async def _connect_or_close(self: BaseSelectorEventLoop, sock: socket.socket, address: Any) -> None:
    try:
        await _connect(self, sock, address)
    except asyncio.CancelledError:
        sock.close()
        raise


def close_them() -> None:
    """From now on, in every event loop of asyncio's own."""
    BaseSelectorEventLoop.sock_connect = _connect_or_close  # type: ignore[method-assign, assignment]
