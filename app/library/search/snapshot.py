"""An index on disk: files that never change once the manifest names them, shared by mapping.

`manifest.json` is replaced in one step and names the others: the vectors (float32 of length 1, a
row each; only ever appended to), the columns and, where there are too many vectors to compare them
all, the graph. Every file has a checksum, which is looked at before it is used: a damaged graph
could take the process with it. A mapped file that is unlinked stays with whoever has it mapped.
"""

import mmap
import os
import shutil
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import orjson
from bson import ObjectId
from pydantic import BaseModel, ConfigDict, ValidationError

from app.library.embedding import Space
from app.library.search.columns import KEY_BYTES, SEVERAL, SINGLE, Columns, Dictionary, Several

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
CHUNK: Final = 8 * 2**20
ALIGNMENT: Final = 64
MOST_MAPPED: Final = 256 * 2**20
"""Bytes of vectors that a process keeps mapped."""

Matrix = npt.NDArray[np.float32]


class Damaged(Exception):
    """There is no snapshot that can be used: none at all, of something else, or a broken one."""


class Part(BaseModel):
    """One file, as far as it counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    size: int
    checksum: int


class Array(BaseModel):
    """Where an array lies in the file of the columns."""

    name: str
    kind: str
    start: int
    count: int


class Manifest(BaseModel):
    """What a snapshot consists of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    generation: int
    source: str
    """The collection in the store, by an id of its own: another store has other media."""
    model: str
    version: str
    dimensions: int
    rows: int
    position: str
    """How far the store's changes are in it."""
    vectors: Part
    columns: Part
    arrays: list[Array]
    graph: Part | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot."""

    manifest: Manifest
    vectors: Matrix
    """Mapped; empty where there are none."""
    columns: Columns
    alive: npt.NDArray[np.bool_]
    """A mapping of this process's own: what it writes, nobody else sees. Likewise the columns."""
    dictionary: Dictionary
    folder: Path
    descriptor: int
    """The open file of the vectors, for reading single rows without mapping what is around."""
    mapping: mmap.mmap | None
    touched: list[int] = field(default_factory=lambda: [0])

    @property
    def graph(self) -> Path | None:
        part = self.manifest.graph
        return self.folder / part.file if part else None

    def rows(self, numbers: npt.NDArray[np.intp]) -> Matrix:
        """A copy of these rows."""
        width = self.manifest.dimensions * 4
        read = (os.pread(self.descriptor, width, number * width) for number in numbers.tolist())
        matrix: Matrix = np.frombuffer(b"".join(read), "<f4")
        return matrix.reshape(len(numbers), self.manifest.dimensions)

    def note_touched(self, rows: int) -> None:
        """So many rows of `vectors` were read: now and then they are let go of.

        The system keeps them at hand as long as it has room; this process does not count them as
        its own. Whoever reads them in this moment just maps them again.
        """
        self.touched[0] += rows * self.manifest.dimensions * 4
        if self.touched[0] > MOST_MAPPED and self.mapping is not None:
            self.touched[0] = 0
            self.mapping.madvise(mmap.MADV_DONTNEED)

    def __del__(self) -> None:
        # Searches in threads may still read it when another snapshot has taken its place.
        os.close(self.descriptor)


def generation_of(folder: Path) -> int | None:
    """The generation on disk; None where there is no manifest that can be read."""
    try:
        return int(orjson.loads((folder / MANIFEST).read_bytes())["generation"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def open_snapshot(folder: Path, source: str, space: Space) -> Snapshot:
    """The snapshot in this folder, checked whole. Raises Damaged."""
    manifest = _manifest(folder)
    about = (manifest.format, manifest.source, manifest.model, manifest.version)
    if (*about, manifest.dimensions) != (
        *(FORMAT, source, space.model, space.version),
        space.dimensions,
    ):
        raise Damaged("the snapshot is of something else")
    for part in filter(None, (manifest.vectors, manifest.columns, manifest.graph)):
        _check(folder / part.file, part)
    try:
        descriptor = os.open(folder / manifest.vectors.file, os.O_RDONLY)
    except OSError as exc:
        raise Damaged(str(exc)) from exc
    try:
        arrays = _arrays(folder, manifest)
        mapping = _mapped(descriptor, manifest)
        return Snapshot(
            manifest=manifest,
            vectors=_matrix(mapping, manifest),
            columns=_columns(arrays),
            alive=arrays["alive"],
            dictionary=_dictionary(arrays["dictionary"].tobytes()),
            folder=folder,
            descriptor=descriptor,
            mapping=mapping,
        )
    except (OSError, ValueError, KeyError) as exc:
        os.close(descriptor)
        raise Damaged(str(exc)) from exc


@dataclass(slots=True)
class Writing:
    """A new snapshot in the making, with the files of the one before where they go on."""

    folder: Path
    source: str
    space: Space
    generation: int
    before: Snapshot | None = None
    """Whose vectors are appended to; None: a new file."""

    @classmethod
    def begun(cls, folder: Path, source: str, space: Space, before: Snapshot | None) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, source, space, (generation_of(folder) or 0) + 1, before)

    def vectors(self, blocks: Iterable[Matrix]) -> Part:
        """Write the vectors, behind those of before."""
        part = self.before.manifest.vectors if self.before else None
        name = part.file if part else f"vectors-{uuid4().hex}.f32"
        size, checksum = (part.size, part.checksum) if part else (0, 0)
        with (self.folder / name).open("r+b" if part else "wb") as file:
            file.truncate(size)  # what a killed process appended
            file.seek(size)
            for block in blocks:
                content = np.ascontiguousarray(block, "<f4").tobytes()
                checksum = zlib.crc32(content, checksum)
                size += file.write(content)
            _sync(file.fileno())
        return Part(file=name, size=size, checksum=checksum)

    def graph_path(self) -> Path:
        """Where the graph of this snapshot goes."""
        return self.folder / f"graph-{self.generation}.usearch"

    def finish(
        self,
        *,
        vectors: Part,
        columns: Columns,
        alive: npt.NDArray[np.bool_],
        dictionary: Dictionary,
        position: str,
        graph: Part | None,
    ) -> Manifest:
        """Write the columns, then the manifest; from now on this is the snapshot."""
        part, arrays = self._write_columns(columns, alive, dictionary)
        manifest = Manifest(
            generation=self.generation,
            source=self.source,
            model=self.space.model,
            version=self.space.version,
            dimensions=self.space.dimensions,
            rows=len(columns),
            position=position,
            vectors=vectors,
            columns=part,
            arrays=arrays,
            graph=graph,
        )
        made = self.folder / f"{MANIFEST}.{self.generation}"
        with made.open("wb") as file:
            file.write(orjson.dumps(manifest.model_dump()))
            _sync(file.fileno())
        made.replace(self.folder / MANIFEST)
        self._tidy(manifest)
        return manifest

    def _write_columns(
        self, columns: Columns, alive: npt.NDArray[np.bool_], dictionary: Dictionary
    ) -> tuple[Part, list[Array]]:
        name = f"columns-{self.generation}.bin"
        arrays, start, checksum = [], 0, 0
        with (self.folder / name).open("wb") as file:
            for key, array in _parts(columns, alive, dictionary):
                content = array.tobytes() + b"\0" * (-array.nbytes % ALIGNMENT)
                arrays.append(Array(name=key, kind=array.dtype.str, start=start, count=len(array)))
                checksum = zlib.crc32(content, checksum)
                start += file.write(content)
            _sync(file.fileno())
        return Part(file=name, size=start, checksum=checksum), arrays

    def _tidy(self, manifest: Manifest) -> None:
        """Remove what earlier snapshots and killed processes left."""
        parts = (manifest.vectors, manifest.columns, manifest.graph)
        kept = {MANIFEST, *(part.file for part in parts if part)}
        for each in self.folder.iterdir():
            if each.suffix in (".f32", ".bin", ".usearch", ".part") and each.name not in kept:
                each.unlink(missing_ok=True)


def part_of(path: Path) -> Part:
    """A finished file with its checksum."""
    return Part(file=path.name, size=path.stat().st_size, checksum=_checksum(path))


def discard(folder: Path) -> None:
    """Remove a snapshot that is of no use."""
    shutil.rmtree(folder, ignore_errors=True)


def _manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as exc:
        raise Damaged(f"there is no good manifest: {type(exc).__name__}") from exc


def _check(path: Path, part: Part) -> None:
    try:
        right = path.stat().st_size >= part.size and _checksum(path, part.size) == part.checksum
    except OSError as exc:
        raise Damaged(str(exc)) from exc
    if not right:
        raise Damaged(f"{path.name} is not as it was written")


def _checksum(path: Path, size: int | None = None) -> int:
    checksum, left = 0, path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            checksum = zlib.crc32(chunk, checksum)
            left -= len(chunk)
    return checksum


def _mapped(descriptor: int, manifest: Manifest) -> mmap.mmap | None:
    size = manifest.rows * manifest.dimensions * 4
    return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) if size else None


def _matrix(mapping: mmap.mmap | None, manifest: Manifest) -> Matrix:
    matrix: Matrix = np.frombuffer(mapping or b"", "<f4")
    return matrix.reshape(manifest.rows, manifest.dimensions)


def _arrays(folder: Path, manifest: Manifest) -> dict[str, Any]:
    with (folder / manifest.columns.file).open("rb") as file:
        mapping = mmap.mmap(file.fileno(), manifest.columns.size, access=mmap.ACCESS_COPY)
    return {
        each.name: np.frombuffer(mapping, np.dtype(each.kind), each.count, each.start)
        for each in manifest.arrays
    }


def _parts(
    columns: Columns, alive: npt.NDArray[np.bool_], dictionary: Dictionary
) -> Iterable[tuple[str, npt.NDArray[Any]]]:
    yield "keys", columns.keys.astype(f"S{KEY_BYTES}", copy=False)
    yield "alive", alive
    yield "moments", columns.moments
    for name in SINGLE:
        yield name, columns.single[name]
    for name in SEVERAL:
        yield f"{name}.offsets", columns.several[name].offsets
        yield f"{name}.codes", columns.several[name].codes
    yield "dictionary", np.frombuffer(_dictionary_bytes(dictionary), np.uint8)


def _columns(arrays: Mapping[str, Any]) -> Columns:
    return Columns(
        keys=arrays["keys"],
        single={name: arrays[name] for name in SINGLE},
        several={
            name: Several(arrays[f"{name}.offsets"], arrays[f"{name}.codes"]) for name in SEVERAL
        },
        moments=arrays["moments"],
    )


def _dictionary_bytes(dictionary: Dictionary) -> bytes:
    """Ids are marked, since a tag may look like one."""
    values = {
        name: [
            {"id": str(value)} if isinstance(value, ObjectId) else value
            for value in dictionary.values(name)
        ]
        for name in (*SINGLE, *SEVERAL)
    }
    return orjson.dumps(values)


def _dictionary(content: bytes) -> Dictionary:
    known = {
        name: [ObjectId(value["id"]) if isinstance(value, dict) else value for value in values]
        for name, values in orjson.loads(content).items()
    }
    return Dictionary(known)


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)


def unit_rows(matrix: npt.NDArray[Any]) -> Matrix:
    """Every row at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    rows: Matrix = (matrix / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return rows
