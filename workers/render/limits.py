"""What a child process that opens outside files may use; set by the child on itself."""

import contextlib
import ctypes
import errno
import platform
import resource
import signal
import sys

MEBIBYTE = 1024 * 1024
PROBE_SECONDS = 30
"""The wall time that probing one file may take."""
LOOK_SECONDS = 60
"""The same for a whole look, which decodes some frames of a film."""
PLAY_SECONDS = 900
"""The same for playing a file to its end."""

# Only formats that hold their own data: no playlists, nothing that names other files.
MEDIA_FORMATS = (
    "wav,w64,mp3,flac,ogg,aac,mov,mp4,m4a,matroska,webm,aiff,caf,avi,mpegts,mpeg,flv,asf,gif"
)
LONGEST_SECONDS = 12 * 3600
"""The longest sound that is decoded to its end."""

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EACCES
_IO_URING_SETUP = 425
_X32 = 0x4000_0000
_SOCKET = {"x86_64": (0xC000_003E, 41), "aarch64": (0xC000_00B7, 198)}
"""By machine: how Linux names it to a filter (linux/audit.h), and the number of `socket`."""


def confine(
    *, memory: int, cpu_seconds: int, wall_seconds: int | None = None, file_bytes: int | None = None
) -> None:
    """Bound private memory, processor time, wall time and written bytes; no network, no core dumps.

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
    with contextlib.suppress(OSError):  # a kernel without filters: the decoders' own rules remain
        go_offline()


class _Instruction(ctypes.Structure):
    """One step of a filter (struct sock_filter of linux/filter.h)."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction)))


def go_offline() -> None:
    """Open no socket from here on, in this process and all that it starts.

    A seccomp filter refuses `socket` (and io_uring, which could make one) with EACCES, and needs no
    privilege. Raises OSError where the kernel takes none, or does not run on a known machine.
    """
    known = _SOCKET.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        raise OSError(errno.ENOSYS, "no filter is known for this machine")
    machine, socket = known
    steps = (
        (_LOAD, 0, 0, 4),  # the machine that the call is made for
        (_EQUAL, 0, 5, machine),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_AT_LEAST, 3, 0, _X32),
        (_EQUAL, 2, 0, socket),
        (_EQUAL, 1, 0, _IO_URING_SETUP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    library = ctypes.CDLL(None, use_errno=True)
    program = _Program(
        len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    )
    zero = ctypes.c_ulong(0)
    for arguments in (
        (_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero),
        (_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), zero, zero),
    ):
        if library.prctl(*arguments):
            number = ctypes.get_errno()
            raise OSError(number, "the kernel takes no filter")
