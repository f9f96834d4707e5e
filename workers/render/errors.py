"""What can go wrong with pictures and sound, said so that a person can mend it."""


class RenderError(Exception):
    """A render failed; the message is one sentence, with the tool's own last words if any."""


class Unreadable(Exception):
    """A file can't be used as media; the message names the file and the reason."""
