"""The embedded servers: a document store, wake-ups and an object store without any set-up.

`with Stack(settings) as settings:` starts what the settings name no address for, and stops it.
"""

from .errors import ServerDied, StackError
from .stack import Stack, attach, environment

__all__ = ["ServerDied", "Stack", "StackError", "attach", "environment"]
