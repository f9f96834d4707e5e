"""Free ports on the loopback, below the range from which outgoing connections take theirs."""

import errno
import random
import socket
from collections.abc import Collection, Mapping, Sequence

from .errors import StackError

LOOPBACK = "127.0.0.1"
FIRST, LAST = 10_000, 22_767
"""With `GRPC_OFFSET` added the highest stays under 32,768, where Linux's ephemeral range begins."""
GRPC_OFFSET = 10_000
"""SeaweedFS listens for gRPC at its HTTP port plus this; all servers leave that port free too."""
TRIES = 1_000


def choose(
    names: Sequence[str], preferred: Mapping[str, int], taken: Collection[int]
) -> dict[str, int]:
    """A free port for every name: the preferred one where it is free, so addresses stay the same.

    Between this look and the server's own `bind` another process may be quicker; callers see the
    server end and choose again.
    """
    chosen: dict[str, int] = {}
    for name in names:
        avoid = {*taken, *chosen.values()}
        candidates = [preferred[name]] if name in preferred else []
        candidates += random.sample(range(FIRST, LAST + 1), TRIES)
        for port in candidates:
            if port not in avoid and is_free(port) and is_free(port + GRPC_OFFSET):
                chosen[name] = port
                break
        else:
            raise StackError(
                f"No free port was found between {FIRST} and {LAST}; "
                "end what listens there and start again."
            )
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        # As the servers do: a port that only waits out old connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of the loopback."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
