"""Who reads and writes conversations with the assistant: their user, nobody else."""

from typing import Final

from app.core.access import Access, own

SESSIONS: Final = Access(read=own, create=own, change=own, delete=own, by="user_id")
