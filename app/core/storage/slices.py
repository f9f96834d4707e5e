"""A stretch of a file as a body of its own: sending a part then holds none of it in memory."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.storage.errors import ChecksumMismatch

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 256 * 1024


def file_slice(path: Path, offset: int, length: int) -> io.BufferedReader:
    """The `length` bytes from `offset` on, fewer only if the file is shorter when it is opened."""
    return io.BufferedReader(_FileSlice(path, offset, length), _BUFFER)


class _FileSlice(io.RawIOBase):
    def __init__(self, path: Path, offset: int, length: int) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self._offset = offset
        self._length = max(0, min(length, os.fstat(self._file.fileno()).st_size - offset))
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}
        self._position = origin[whence] + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self._length - self._position))
        self._file.seek(self._offset + self._position)
        count = self._file.readinto(view[:wanted])
        if wanted and not count:
            # The length is announced already; the store would wait for the rest.
            raise ChecksumMismatch(f"{self._path} became shorter while it was sent: send it again.")
        self._position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
