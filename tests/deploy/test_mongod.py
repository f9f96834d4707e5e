"""deploy/mongod.sh: what it starts mongod with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "mongod.sh"


def start(folder: Path, profiles: str) -> list[str]:
    """The arguments that a mongod on the PATH would be given."""
    stand_in = folder / "mongod"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o700)
    bash = shutil.which("bash")
    assert bash
    answer = subprocess.run(
        [bash, SCRIPT],
        env={
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "MONGO_REPLICA_KEY": "c0ffee",
            "KEY_FOLDER": str(folder),
            "COMPOSE_PROFILES": profiles,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()


def test_the_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    arguments = start(tmp_path, "")
    key = Path(arguments[arguments.index("--keyFile") + 1])
    assert key.read_text() == "c0ffee"
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("profiles", "searches"),
    [("", False), ("research", False), ("search", True), ("metrics,search", True)],
)
def test_mongot_is_named_only_where_it_runs(tmp_path: Path, profiles: str, searches: bool) -> None:
    arguments = start(tmp_path, profiles)
    assert arguments[:3] == ["--replSet", "rs0", "--bind_ip_all"]
    assert ("mongotHost=mongot:27028" in arguments) is searches
