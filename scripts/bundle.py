"""`backlot doctor --bundle`: what support needs to know, in one file, without secrets."""

import asyncio
import io
import os
import platform
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import orjson
import psutil
from bson import ObjectId
from pydantic import SecretStr
from pymongo.errors import PyMongoError

from app.core.logs import masked as masked_line
from app.production import failures, queues
from app.production.templates.masking import MASK, masked_text
from app.settings import NotConfigured, Settings
from documents.production import Task
from documents.registry import MODELS
from documents.schema import differences
from documents.store import Store
from scripts.migrations.runner import COLLECTION, pending
from scripts.stack.folder import Keys

LOG_LINES: Final = 2_000
LOG_BYTES: Final = 4 * 1024**2
LONGEST_LINE: Final = 4_000
STORE_SECONDS: Final = 60
LEAST_SECRET: Final = 6
"""Shorter values of secret settings are masked where they stand, but not looked for elsewhere."""
CREDENTIALS: Final = frozenset({"s3_access_key", "smtp_user"})
"""Settings that are half of a secret."""
STORE: Final = "document store"
SILENT: Final = "The document store does not answer: findings.json says how to mend that."
README: Final = """\
What `backlot doctor --bundle` found. Passwords, keys and tokens are masked ({mask}); names of
people, projects and files that stand in logs are not: look through it before you send it.

findings.json   each part: where it is, whether it answers, how to mend it
versions.txt    Python and every installed package
settings.json   the settings in use
machine.json    processors, memory, disks
store.json      tasks by state, failures by cause, drift of indexes, migrations
logs/           the last {lines:,} lines of each log
"""


def write_bundle(path: Path, settings: Settings, findings: Sequence[Any]) -> None:
    """Write the bundle to this file, for its owner only. Raises OSError."""
    mask = Mask(settings)
    answers = any(each.part == STORE and each.answers for each in findings)
    store = asyncio.run(store_facts(settings)) if answers else {"unknown": SILENT}
    values = {
        "findings.json": [asdict(each) for each in findings],
        "settings.json": shown_settings(settings),
        "machine.json": machine(settings),
        "store.json": store,
    }
    texts = {
        "README.txt": README.format(mask=MASK, lines=LOG_LINES),
        "versions.txt": "\n".join(versions()) + "\n",
        **{name: _json(mask.inside(value)) for name, value in values.items()},
        **{name: mask(text) for name, text in logs(settings.data / "logs").items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.getvalue())


class Mask:
    """Takes secrets out of a text: the ones in use by their value, others by how they look."""

    def __init__(self, settings: Settings) -> None:
        found = {*_secret_values(settings), *_stored_keys(settings.data)}
        found.add(_encryption_key(settings.data))
        longest_first = sorted((each for each in found if each), key=len, reverse=True)
        words = [re.escape(each) for each in longest_first if len(each) >= LEAST_SECRET]
        self._known = re.compile("|".join(words)) if words else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        return masked_line(masked_text(text))

    def inside(self, value: Any) -> Any:
        """The value with all of its texts masked."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {name: self.inside(each) for name, each in value.items()}
        return [self.inside(each) for each in value] if isinstance(value, list) else value


def shown_settings(settings: Settings) -> dict[str, Any]:
    """The settings by the names of their variables, secrets masked."""
    shown: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = MASK if value.get_secret_value() else ""
        elif name in CREDENTIALS and value:
            value = MASK
        shown[f"BACKLOT_{name.upper()}"] = masked_text(value) if isinstance(value, str) else value
    return shown


def versions() -> list[str]:
    """Python, and every installed package, as `pip freeze` writes them."""
    packages = {each.name: each.version for each in metadata.distributions()}
    lines = sorted((f"{name}=={version}" for name, version in packages.items()), key=str.lower)
    return [f"# Python {sys.version}", *lines]


def machine(settings: Settings) -> dict[str, Any]:
    """What this machine is, and what is free on it."""
    memory, data = psutil.virtual_memory(), settings.data.absolute()
    existing = next(path for path in (data, *data.parents) if path.exists())
    disk = shutil.disk_usage(existing)
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "memory_bytes": memory.total,
        "memory_free_bytes": memory.available,
        "disk_bytes": disk.total,
        "disk_free_bytes": disk.free,
        "running_since": psutil.boot_time(),
    }


async def store_facts(settings: Settings) -> dict[str, Any]:
    """Tasks, failures, drift and migrations; why not, where the store does not tell."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            uri = settings.address("mongo_uri")
            async with await Store.open(uri, settings.mongo_database) as store:
                return await facts_of(store)
    except (NotConfigured, PyMongoError, OSError) as exc:  # A timeout is an OSError, too.
        return {"unknown": str(exc).split(", Timeout:")[0] or type(exc).__name__}


async def facts_of(store: Store) -> dict[str, Any]:
    """The same of an open store."""
    counted = await Task.collection().aggregate(
        [
            {"$group": {"_id": {"kind": "$kind", "status": "$status"}, "count": {"$sum": 1}}},
            {"$sort": {"_id": 1}},
        ]
    )
    names = await store.database.list_collection_names()
    migrations = await store.database[COLLECTION].find({}).to_list()
    return {
        "tasks": [{**row["_id"], "count": row["count"]} async for row in counted],
        "queues": [asdict(each) for each in await queues.depths(True)],
        "failures": [asdict(each) for each in await failures.by_cause(True, {})],
        "drift": [asdict(each) for each in await differences(store.database, MODELS)],
        "migrations": migrations,
        "pending_migrations": await pending(store.database),
        "documents": {
            name: await store.database[name].estimated_document_count() for name in sorted(names)
        },
    }


def logs(folder: Path) -> dict[str, str]:
    """The ends of the logs in this folder."""
    return {f"logs/{path.name}": _end_of(path) for path in sorted(folder.glob("*.log*"))}


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = max(file.seek(0, os.SEEK_END) - LOG_BYTES, 0)
            file.seek(start)
            text = file.read(LOG_BYTES).decode(errors="replace")
    except OSError as exc:
        return f"It can't be read: {exc.strerror}.\n"
    # A line that is cut may hold the end of a secret without its beginning.
    whole = text.splitlines()[1 if start else 0 :]
    return "".join(f"{_shortened(line)}\n" for line in whole[-LOG_LINES:])


def _shortened(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    kept = line[:LONGEST_LINE].rsplit(" ", 1)[0]
    return f"{kept} … ({len(line):,} characters)"


def _secret_values(settings: Settings) -> Iterable[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield from (secret, *(each.strip() for each in secret.split(",")))
        elif isinstance(value, str) and name in CREDENTIALS:
            yield value
        elif isinstance(value, str) and "://" in value:
            password = urlsplit(value).password or ""
            yield from (password, unquote(password))


def _stored_keys(data: Path) -> Iterable[str]:
    try:
        keys: Mapping[str, Any] = orjson.loads((data / "keys.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return ()
    return [str(keys.get(name, "")) for name in Keys.model_fields]


def _encryption_key(data: Path) -> str:
    try:
        return (data / "encryption.key").read_text().strip()
    except OSError:
        return ""


def _json(value: Any) -> str:
    return orjson.dumps(value, _plain, orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, ObjectId | Path) else f"a {type(value).__name__}"
