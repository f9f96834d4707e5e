"""What a child process that opens outside files may use; set by the child on itself."""

import resource
import signal

MEBIBYTE = 1024 * 1024
PROBE_SECONDS = 30
"""The wall time that looking at one file may take."""


def confine(
    *, memory: int, cpu_seconds: int, wall_seconds: int | None = None, file_bytes: int | None = None
) -> None:
    """Bound private memory, processor time, wall time and written bytes; no core dumps.

    Files mapped for reading don't count as memory. Beyond the memory Python raises MemoryError;
    beyond the times the kernel ends the process.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    if wall_seconds is not None:
        signal.alarm(wall_seconds)
