"""What holds for the repository's files as a whole."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("requirements.lock", "requirements-service.lock", "deploy/requirements-build.lock")
PINNED = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; .+?)?(?P<hashes>( \\\n    --hash=.+)*)$", re.M
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def repository_files() -> list[Path]:
    """Every file that belongs to the repository, committed or not."""
    if git := shutil.which("git"):
        command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            found = [ROOT / name for name in listed.stdout.split("\0") if name]
            return [path for path in found if path.is_file()]
    return files_that_are_not_ignored()


def files_that_are_not_ignored() -> list[Path]:
    """The same where there is no git, as in an unpacked archive."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = [each for each in folders if each != ".git" and not _ignored(each, patterns)]
        found += [here / name for name in names if not _ignored(name, patterns)]
    return found


def _ignored(name: str, patterns: list[str]) -> bool:
    return any(Path(name).match(pattern) for pattern in patterns)


def texts() -> dict[str, str]:
    """Path → content of all text files but the tests."""
    found = {}
    for path in repository_files():
        name = path.relative_to(ROOT).as_posix()
        content = path.read_bytes()
        if not name.startswith("tests/") and b"\0" not in content:
            found[name] = content.decode()
    return found


def pinned(lock: str) -> list[re.Match[str]]:
    """The entries of a lock; a package may have several, for different machines."""
    return list(PINNED.finditer((ROOT / lock).read_text()))


def versions(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in pinned(lock):
        found.setdefault(entry["name"], set()).add(entry["version"])
    return found


def test_the_walk_without_git_finds_the_same_files() -> None:
    assert set(files_that_are_not_ignored()) == set(repository_files())


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    path = re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home/\w+/\w+)/")
    assert {name: path.findall(text) for name, text in texts().items() if path.search(text)} == {}


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|conda\.anaconda|crates\.io")
    assert [name for name, text in texts().items() if hosts.search(text)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links", text)
    entries = pinned(lock)
    assert len(entries) == len([line for line in text.splitlines() if line[:1] not in " #"])
    for entry in entries:
        hashes = entry["hashes"].replace("\\", "").split()
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes)


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_all_locks_agree(lock: str) -> None:
    known = versions(LOCKS[0])
    assert all(found <= known[name] for name, found in versions(lock).items())


def test_the_locks_fit_the_project() -> None:
    everything, service = versions(LOCKS[0]), versions(LOCKS[1])
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for line in (*PROJECT["dependencies"], *extras):
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        locked = everything.get(name, set())
        assert locked, f"{line}: run `make lock`"
        assert all(map(requirement.specifier.contains, locked)), f"{line}: run `make lock`"
        assert name in service or line in extras, f"{line}: run `make lock`"
    assert "pytest" not in service


def test_a_commit_runs_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    check = re.search(r"^check: ([\w ]+)", (ROOT / "Makefile").read_text(), re.M)
    assert check
    assert [hook["entry"] for hook in hooks] == [f"make {target}" for target in check[1].split()]


def test_the_licence_is_named_alike_everywhere() -> None:
    first = " ".join((ROOT / "LICENSE").read_text().split()[:4])
    assert first == "Apache License Version 2.0,"
    assert PROJECT["license"] == "Apache-2.0"


@pytest.mark.parametrize("part", ["psycopg", "eSpeak NG", "ffmpeg", "mongod", "GPL-3.0", "SSPL"])
def test_the_notice_names_what_is_under_other_licences(part: str) -> None:
    assert part in (ROOT / "NOTICE").read_text()


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))
    assert len(DECISIONS) >= 3


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_says_what_was_measured(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# {path.name[:4]}: ")
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Measured",
    ]
    assert len(lines) <= 40
