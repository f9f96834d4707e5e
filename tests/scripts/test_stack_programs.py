"""Where the server programs come from, and what is said when they can't run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import Settings
from scripts.stack import Stack, StackError
from scripts.stack.binaries import MONGOD, find


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make a program of a name that does what its few lines of shell say."""

    def make(name: str, lines: str) -> Path:
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return path

    return make


def test_a_named_one_that_is_missing(tmp_path: Path) -> None:
    named = Settings(data=tmp_path / "data", mongo_uri=None, mongod=Path("/nowhere/mongod"))
    with pytest.raises(StackError, match="BACKLOT_MONGOD names /nowhere/mongod"):
        Stack(named).start()
    assert not named.data.exists()


def test_the_one_on_the_path_goes_before_the_wheel(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program("mongod", "echo db version v8.2.11")
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    found = find(MONGOD, None)
    assert (found.path, found.source) == (path, "PATH")
    assert found.version(path.parent) == "8.2.11"


def test_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.metadata.files", lambda name: None)
    with pytest.raises(StackError, match=r"install MongoDB Community 6\.0 or later and name"):
        find(MONGOD, None)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        pytest.param(
            "libssl.so.3 => not found", "libssl.so.3.*install libssl3", id="known package"
        ),
        pytest.param("libodd.so.1 => not found", "libodd.so.1", id="unknown package"),
        pytest.param(
            "version `GLIBC_2.99' not found (required by it)",
            "newer system than this one .GLIBC_2.99",
            id="old C library",
        ),
    ],
)
def test_a_missing_library_is_named(
    report: str,
    message: str,
    program: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader = program("ldd", f'echo "\t{report.replace("`", chr(92) + "`")}"')
    monkeypatch.setenv("PATH", str(loader.parent))
    with pytest.raises(StackError, match=message):
        find(MONGOD, None)


def test_curl_is_borrowed(
    tmp_path: Path,
    program: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader = program("ldd", 'echo "\tlibcurl.so.4 => not found"')
    monkeypatch.setenv("PATH", str(loader.parent))
    found = find(MONGOD, None)
    assert found.borrows_curl
    assert found.version(tmp_path / "libraries") == "6.0.5"
    assert (tmp_path / "libraries" / "libcurl.so.4").is_symlink()
