"""How a process is to serve the application."""

import gc
from typing import Any, Final

GRACE_SECONDS: Final = 5
"""How long requests may go on after SIGTERM; whoever stops the process has to wait longer."""
YOUNG: Final = 10_000
"""New containers between two looks of the garbage collector: a page of a list makes some hundred,
which reference counting frees by itself."""


def server_options() -> dict[str, Any]:
    """Arguments of `uvicorn.run`, beside the application and its address.

    Logging is the application's: one line for each request, from `app.core.observing`.
    """
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        # Live events are small; deflating them takes 50 KiB of memory a client.
        "ws_per_message_deflate": False,
    }


def leave_out_of_collections() -> None:
    """Let the garbage collector pass by all that is there already.

    Modules, routes and schemas stay until the process ends. Going through them again and again was
    a tenth of the work of a list.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
