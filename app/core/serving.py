"""How uvicorn is to serve the application."""

from typing import Any, Final

GRACE_SECONDS: Final = 5
"""How long requests may go on after SIGTERM; whoever stops the process has to wait longer."""


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
