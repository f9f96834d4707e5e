"""What can go wrong with the embedded servers, in words that say how to mend it."""


class StackError(Exception):
    """An error the operator can mend; its text is one sentence that says how."""


class ServerDied(StackError):
    """A server has ended though nobody asked it to; the text closes with the end of its log."""

    def __init__(
        self, server: str, reason: str, log_tail: str, *, port_taken: bool = False
    ) -> None:
        super().__init__(f"{server} {reason}\n{log_tail}".rstrip())
        self.server = server
        self.reason = reason
        self.log_tail = log_tail
        self.port_taken = port_taken
