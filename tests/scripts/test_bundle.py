"""The bundle for support: all that helps, and no secret, wherever one was planted."""

import asyncio
import json
import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from app.core.logs import MASK
from app.settings import Settings
from documents.production import Task, TaskError
from documents.store import Store
from documents.values import now
from scripts.bundle import LOG_LINES, LONGEST_LINE, facts_of, logs, write_bundle
from scripts.doctor import Finding
from tests.factories import valid
from tests.support.backlot import backlot, is_refusal, outside

NOBODY: Final = "mongodb://root:hunter2-hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=50"
PLANTED: Final = {
    "token_key": "planted-token-key-of-32-bytes-xxxxx",
    "token_keys_old": "planted-old-key-one,planted-old-key-two",
    "s3_secret_key": "planted-s3-secret",
    "smtp_password": "planted-mail-password",
    "metrics_token": "planted-metrics-token",
}
PLAIN: Final = {
    "s3_access_key": "planted-access-key",
    "mongo_uri": NOBODY,
    "redis_url": "redis://:planted-redis-%40-word@127.0.0.1:1/0",
}
LOOKS: Final = (
    "Authorization: Bearer planted.bearer.token.value",
    '{"password":"planted-json-password","user":"fox"}',
    "GET /x?X-Amz-Signature=planted0signature0value&size=3",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZA",
    "key sk-planted-abcdefghijklmnop was refused",
    "s3://AKIAPLANTEDPLANTED99",
    "postgres://fox:planted-in-an-address@db/x",
    "-----BEGIN PRIVATE KEY-----\nplanted-pem-line\n-----END PRIVATE KEY-----",
)
SIGNS: Final = ("planted", "hunter2", "PLANTED", "eyJzdWIi", "cGxhbnRlZA")


@pytest.fixture
def planted(tmp_path: Path) -> Settings:
    """Settings full of secrets, and logs that quote all of them."""
    data = tmp_path / "data"
    folder = data / "logs"
    folder.mkdir(parents=True)
    keys = {"token_key": "planted-in-the-keys-file", "filer_key": "planted-filer-key"}
    (data / "keys.json").write_text(json.dumps(keys))
    words = [*PLANTED.values(), *PLAIN.values(), *keys.values(), *LOOKS]
    words += ["planted-old-key-two alone", "planted-redis-@-word", "a fox went by"]
    (folder / "api.log").write_text("".join(f"api says {word} here\n" for word in words))
    secrets = {name: SecretStr(value) for name, value in PLANTED.items()}
    given: dict[str, Any] = {**PLAIN, **secrets, "data": data}
    return Settings(_env_file=None, **given)


def read(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_no_secret_comes_out(planted: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    mend = "correct mongodb://root:hunter2-hunter2@db: planted-s3-secret is refused"
    write_bundle(path, planted, [Finding("object store", False, "planted-s3-secret", mend=mend)])
    texts = read(path)
    assert {
        name: [sign for sign in SIGNS if sign in text]
        for name, text in texts.items()
        if any(sign in text for sign in SIGNS)
    } == {}
    assert "a fox went by" in texts["logs/api.log"]
    assert texts["logs/api.log"].count(MASK) >= len(PLANTED) + len(LOOKS)
    assert '"user":"fox"' in texts["logs/api.log"]


def test_what_is_in_it(planted: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    write_bundle(path, planted, [Finding("fonts", True, "package pillow", "2.13")])
    texts = read(path)
    assert texts.keys() == {
        *("README.txt", "findings.json", "versions.txt", "settings.json", "machine.json"),
        *("store.json", "logs/api.log"),
    }
    assert json.loads(texts["findings.json"])[0]["part"] == "fonts"
    assert f"# Python {sys.version.split()[0]}" in texts["versions.txt"]
    assert "\npymongo==" in texts["versions.txt"]
    settings = json.loads(texts["settings.json"])
    assert settings["BACKLOT_PORT"] == 8000
    assert settings["BACKLOT_TOKEN_KEY"] == settings["BACKLOT_S3_ACCESS_KEY"] == MASK
    assert settings["BACKLOT_MONGO_URI"].startswith(f"mongodb://root:{MASK}@127.0.0.1:1/")
    assert json.loads(texts["machine.json"])["processors"] == os.cpu_count()
    assert json.loads(texts["store.json"]).keys() == {"unknown"}
    for name in ("planted", "secret"):
        assert name not in texts["README.txt"]


def test_only_its_owner_may_read_it(planted: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    write_bundle(path, planted, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_logs_are_cut_to_their_ends(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(LOG_LINES + 500)]
    (tmp_path / "long.log").write_text("\n".join(lines))
    wide = f"password={'x' * 50} {'word ' * LONGEST_LINE}"
    (tmp_path / "wide.log").write_text(wide)
    (tmp_path / "huge.log").write_bytes(b"\xff" * 5_000_000 + b"\nthe end\n")
    (tmp_path / "notes.txt").write_text("not a log")
    (tmp_path / "gone.log").symlink_to(tmp_path / "nowhere")
    found = logs(tmp_path)
    assert found["logs/long.log"].splitlines() == lines[500:]
    assert found["logs/wide.log"].endswith(f"({len(wide):,} characters)\n")
    assert len(found["logs/wide.log"]) < LONGEST_LINE + 50
    assert found["logs/huge.log"] == "the end\n"
    assert found["logs/gone.log"].startswith("It can't be read")
    assert "logs/notes.txt" not in found


async def test_facts_of_the_store(store: Store) -> None:
    error = TaskError(message="No picture.", code="broken", cause="broken: No picture.")
    failed: dict[str, Any] = {"status": "failed", "error": error, "completed_at": now()}
    await Task.insert_all([valid(Task, **failed), valid(Task, **failed), valid(Task)])
    await store.database["tasks"].create_index("notes", name="stray")
    try:
        facts = await facts_of(store)
    finally:
        await store.database["tasks"].drop_index("stray")
    kind = valid(Task).kind
    assert facts["tasks"] == [
        {"kind": kind, "status": "failed", "count": 2},
        {"kind": kind, "status": "queued", "count": 1},
    ]
    assert [(each["cause"], each["count"]) for each in facts["failures"]] == [
        ("broken: No picture.", 2)
    ]
    assert [(each["name"], each["state"]) for each in facts["drift"]] == [("stray", "unknown")]
    assert (facts["migrations"], facts["documents"]["tasks"]) == ([], 3)


async def test_doctor_writes_it(store: Store, settings: Settings, tmp_path: Path) -> None:
    await valid(Task).insert()
    names = ("mongo_uri", "mongo_database", "redis_url", "s3_endpoint", "s3_access_key")
    variables = {f"BACKLOT_{name.upper()}": getattr(settings, name) for name in names}
    environment = outside(**variables, BACKLOT_DATA=tmp_path / "data")
    words = ("doctor", "--json", "--bundle", "support.zip")
    done = await asyncio.to_thread(backlot, *words, cwd=tmp_path, env=environment)
    texts = read(tmp_path / "support.zip")
    told = [json.loads(line)["part"] for line in done.stdout.splitlines()]
    assert [each["part"] for each in json.loads(texts["findings.json"])] == told
    facts = json.loads(texts["store.json"])
    assert (facts["tasks"][0]["count"], facts["drift"]) == (1, [])
    assert "support.zip" in done.stderr


def test_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    environment = outside(BACKLOT_DATA=tmp_path / "data")
    done = backlot("doctor", "--bundle", "nowhere/support.zip", cwd=tmp_path, env=environment)
    assert is_refusal(done, "nowhere/support.zip")
