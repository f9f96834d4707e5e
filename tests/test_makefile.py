"""The Makefile and .ci/run, in copies where nothing is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = re.findall(r"^\.PHONY: (\w+)$", (ROOT / "Makefile").read_text(), re.M)


def run(
    command: list[str | Path], folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """As from a shell; what an outer make has set is left out."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "STORY")
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make")
    assert program
    return run([program, *arguments], folder)


def put_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that make reads, in a folder whose name has a blank."""
    folder = tmp_path / "a copy"
    folder.mkdir()
    for name in ("Makefile", ".env.example", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_make_alone_lists_every_target_and_does_nothing(copy: Path) -> None:
    before = sorted(copy.iterdir())
    listed = make(copy)
    assert re.findall(r"^  make (\w+) +\S", listed.stdout, re.M) == TARGETS
    assert sorted(copy.iterdir()) == before
    assert "make install" in make(copy.parent, "-C", str(copy), "help").stdout


@pytest.mark.parametrize("version", ["3.10.14", "3.14.0", "2.7.18"])
def test_a_python_that_does_not_fit_is_refused_with_a_sentence(copy: Path, version: str) -> None:
    python = put_program(copy / "some python", f"echo {version}")
    refused = make(copy, "install", f"PYTHON={python}")
    assert refused.returncode != 0
    assert f"{python} is {version}: install one of them" in refused.stderr
    assert not (copy / ".venv").exists()


def test_a_missing_python_is_said(copy: Path) -> None:
    refused = make(copy, "install", "PYTHON=python-that-is-not-here")
    assert "python-that-is-not-here is missing: install one of them" in refused.stderr


def test_a_python_without_its_venv_module_is_refused_with_a_sentence(copy: Path) -> None:
    script = 'case "$2" in *ensurepip*) exit 1;; *) echo 3.11.2;; esac'
    refused = make(copy, "install", f"PYTHON={put_program(copy / 'python', script)}")
    assert refused.returncode != 0
    assert "apt install python3-venv" in refused.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_install_is_done_again_only_when_what_it_reads_has_changed(copy: Path, name: str) -> None:
    put_program(copy / ".venv" / "bin" / "python", 'echo "$*" >>ran')
    assert make(copy, "install").returncode == 0
    assert "--require-hashes -r requirements.lock" in (copy / "ran").read_text()
    (copy / "ran").unlink()
    make(copy, "install")
    assert not (copy / "ran").exists()
    later = (copy / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(copy / name, (later, later))
    make(copy, "install")
    assert (copy / "ran").exists()


def test_an_install_that_fails_is_not_taken_for_done(copy: Path) -> None:
    put_program(copy / ".venv" / "bin" / "python", 'test "$2" != pip')
    assert make(copy, "install").returncode != 0
    assert not (copy / ".venv" / ".installed").exists()


@pytest.mark.parametrize("story", ["", "my story.txt", 'it\'s "mine".txt'])
def test_demo_hands_the_story_on_as_it_is(copy: Path, story: str) -> None:
    put_program(copy / ".venv" / "bin" / "backlot", 'printf "<%s>" "$@"')
    (copy / ".venv" / ".installed").touch()
    made = make(copy, "demo", f"STORY={story}")
    assert made.stdout == (f"<demo><--story><{story}>" if story else "<demo>")


def test_env_makes_a_secret_behind_every_empty_name_once(copy: Path) -> None:
    assert make(copy, "env").returncode == 0
    made = (copy / ".env").read_text()
    secrets = re.findall(r"^[A-Z]\w*=([0-9a-f]{64})$", made, re.M)
    assert len(set(secrets)) == len(
        re.findall(r"^[A-Z]\w*=$", (copy / ".env.example").read_text(), re.M)
    )
    assert re.sub(r"=[0-9a-f]{64}$", "=", made, flags=re.M) == (copy / ".env.example").read_text()
    assert (copy / ".env").stat().st_mode & 0o777 == 0o600
    assert "move it away" in make(copy, "env").stderr
    assert (copy / ".env").read_text() == made


@pytest.mark.parametrize(
    ("code", "steps"),
    [(0, ["install", "check", "test"]), (3, ["install"])],
    ids=["all pass", "the first fails"],
)
def test_ci_runs_its_steps_from_the_root_and_stops_at_a_failure(
    tmp_path: Path, code: int, steps: list[str]
) -> None:
    log = tmp_path / "log"
    put_program(tmp_path / "bin" / "make", f'echo "$PWD $2" >>"{log}"; exit {code}')
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run([ROOT / ".ci" / "run"], tmp_path, PATH=path, CDPATH=str(tmp_path))
    assert done.returncode == code
    assert log.read_text().splitlines() == [f"{ROOT} {step}" for step in steps]
    assert set(steps) <= set(TARGETS)
