"""`backlot doctor`: of every part, where it is, whether it answers, and how to mend it."""

import asyncio
import ctypes
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import boto3
import orjson
import redis.asyncio
import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from PIL import features
from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.settings import Settings
from scripts.bundle import write_bundle
from scripts.migrations.runner import COLLECTION, FINISHED, known
from scripts.stack import StackError, attach
from scripts.stack.binaries import MONGOD, REDIS_SERVER, VERSION, WEED, Program, find

ANSWER_SECONDS = 5
PYTHONS = ((3, 11), (3, 12), (3, 13))
LEAST_FREE_GB = 2
NEEDED_ENCODERS = ("libx264", "aac")
REINSTALL = "Install Backlot's packages again."
LOCAL_SEARCH = "no vector search (the local index is used)"


@dataclass(frozen=True)
class Finding:
    """What was found out about one part."""

    part: str
    ok: bool
    where: str
    version: str = ""
    answers: bool | None = None
    """None for an embedded server that is not running now, and for parts that are no servers."""
    abilities: str = ""
    mend: str = ""
    """What to do; empty when nothing is wrong."""


class _Wrong(Exception):
    """A part does not work; the text says how to mend it."""


@dataclass(frozen=True)
class _Answer:
    version: str
    abilities: str


Ask = Callable[[Settings], Awaitable[_Answer]]


def attached(settings: Settings) -> Settings | None:
    """The settings of the run that is on, if one is."""
    try:
        return attach(settings)
    except (StackError, OSError):
        return None  # Its own finding, "data folder", tells what is wrong there.


async def examine(settings: Settings) -> list[Finding]:
    """Look at every part, at all of them at once; never raises for what is wrong with one."""
    live = await asyncio.to_thread(attached, settings)
    folder = str(settings.data.absolute())
    return list(
        await asyncio.gather(
            asyncio.to_thread(_local, "python", sys.executable, _python),
            asyncio.to_thread(_local, "data folder", folder, lambda: _data(settings)),
            _server("document store", MONGOD, "mongo_uri", "mongod", _mongo, settings, live),
            _server("wake-ups", REDIS_SERVER, "redis_url", "redis_server", _redis, settings, live),
            _server("object store", WEED, "s3_endpoint", "weed", _s3, settings, live),
            asyncio.to_thread(_local, "ffmpeg", "package imageio-ffmpeg", _ffmpeg),
            asyncio.to_thread(_local, "voice", "package espeakng-loader", _voice),
            asyncio.to_thread(_local, "embeddings", "package wordllama", _embeddings),
            asyncio.to_thread(_local, "fonts", "package pillow", _fonts),
        )
    )


def doctor(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line instead of a table.")
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Also write a ZIP file for support, secrets masked.", dir_okay=False),
    ] = None,
) -> None:
    """Say of every part where it is, whether it answers, and how to mend it."""
    settings = Settings()
    findings = asyncio.run(examine(settings))
    if bundle is not None:
        write_bundle(bundle, attached(settings) or settings, findings)
    if json:
        for finding in findings:
            typer.echo(orjson.dumps(asdict(finding)))
    else:
        _print(findings)
    if bundle is not None:
        typer.echo(f"Wrote {bundle}: look through it before you send it.", err=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _print(findings: Sequence[Finding]) -> None:
    table = Table()
    for heading in ("", "part", "answers", "version", "where", "what it can do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]wrong[/]"
        answers = {True: "yes", False: "no", None: "-"}[finding.answers]
        cells = (finding.part, answers, finding.version, finding.where, finding.abilities)
        table.add_row(mark, *(escape(cell) for cell in cells))
    console = Console()
    console.print(table)
    for finding in findings:
        if finding.mend:
            console.print(f"[red]{finding.part}:[/] {escape(finding.mend)}", soft_wrap=True)


async def _server(
    part: str,
    program: Program,
    address_field: str,
    binary_field: str,
    ask: Ask,
    settings: Settings,
    live: Settings | None,
) -> Finding:
    given = getattr(settings, address_field) is not None
    reached = settings if given or live is None else live
    address = getattr(reached, address_field)
    if address is None:
        named = getattr(settings, binary_field)
        return await asyncio.to_thread(_embedded, part, program, named)
    shown = _without_password(address)
    where = f"{shown} ({program.address if given else 'embedded, running'})"
    try:
        answer = await asyncio.wait_for(ask(reached), 2 * ANSWER_SECONDS)
    except OSError:  # A timeout is one, too.
        return Finding(part, False, where, answers=False, mend=_unreachable(program, given))
    except _Wrong as wrong:
        return Finding(part, False, where, answers=True, mend=str(wrong))
    return Finding(part, True, where, answer.version, True, answer.abilities)


def _unreachable(program: Program, given: bool) -> str:
    if given:
        return (
            f"Nothing answers there: start that server, correct {program.address}, or unset it "
            "to use the embedded one."
        )
    return f"The running stack's {program.name} does not answer: stop that run and start again."


def _embedded(part: str, program: Program, named: Path | None) -> Finding:
    try:
        binary = find(program, named)
        with tempfile.TemporaryDirectory() as folder:
            version = binary.version(Path(folder))
    except StackError as error:
        return Finding(part, False, "embedded", mend=str(error))
    where = f"embedded, not running: {binary.path} ({binary.source})"
    abilities = f"transactions, {LOCAL_SEARCH}" if program is MONGOD else ""
    return Finding(part, True, where, version, None, abilities)


async def _mongo(settings: Settings) -> _Answer:
    # The asyncio client leaves a socket open when it is closed while it tries to connect again.
    return await asyncio.to_thread(_ask_mongo, settings)


def _ask_mongo(settings: Settings) -> _Answer:
    limit = ANSWER_SECONDS * 1000
    try:
        with MongoClient[dict[str, Any]](
            settings.mongo_uri, serverSelectionTimeoutMS=limit, socketTimeoutMS=limit
        ) as client:
            version = client.admin.command("buildInfo")["version"]
            hello = client.admin.command("hello")
            search = _has_vector_search(client, settings.mongo_database)
            waiting = _pending(client, settings.mongo_database)
    except OperationFailure as error:
        raise _Wrong(f"It refuses us ({error.details}): correct BACKLOT_MONGO_URI.") from None
    except ConfigurationError as error:
        raise _Wrong(f"BACKLOT_MONGO_URI is not right: {error}.") from None
    except PyMongoError as error:
        raise OSError(str(error)) from None
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise _Wrong(
            "It is a single server, without transactions and change streams: start it with "
            "--replSet and run rs.initiate() once."
        )
    if waiting:
        raise _Wrong(
            f"Its documents are older than this version ({', '.join(waiting)}): run "
            "`backlot migrate`."
        )
    return _Answer(version, f"transactions, {'vector search' if search else LOCAL_SEARCH}")


def _pending(client: MongoClient[dict[str, Any]], database: str) -> list[str]:
    """The data migrations that have not run; none for a store without documents."""
    if not client[database].list_collection_names():
        return []
    done = set(client[database][COLLECTION].distinct("_id", FINISHED))
    return [each.name for each in known() if each.name not in done]


def _has_vector_search(client: MongoClient[dict[str, Any]], database: str) -> bool:
    try:
        client[database]["media"].aggregate([{"$listSearchIndexes": {}}]).to_list()
    except OperationFailure:
        return False  # 40324 from servers that don't know the stage, others where mongot is absent.
    return True


async def _redis(settings: Settings) -> _Answer:
    try:
        client = redis.asyncio.Redis.from_url(
            str(settings.redis_url), socket_connect_timeout=ANSWER_SECONDS
        )
    except ValueError as error:
        raise _Wrong(f"BACKLOT_REDIS_URL is not right: {error}.") from None
    try:
        async with client:
            information = await client.info()
    except (redis.AuthenticationError, redis.ResponseError) as error:
        raise _Wrong(f"It refuses us ({error}): correct BACKLOT_REDIS_URL.") from None
    except redis.RedisError as error:
        raise OSError(str(error)) from None
    return _Answer(information["redis_version"], f"{information['used_memory_human']} in use")


async def _s3(settings: Settings) -> _Answer:
    return await asyncio.to_thread(_ask_s3, settings)


def _ask_s3(settings: Settings) -> _Answer:
    secret = settings.s3_secret_key
    try:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=ANSWER_SECONDS,
                read_timeout=ANSWER_SECONDS,
                retries={"total_max_attempts": 1},
            ),
        )
        with closing(client):
            head = client.head_bucket(Bucket=settings.s3_bucket)
    except ClientError as error:
        raise _Wrong(_s3_refusal(error, settings.s3_bucket)) from None
    except ValueError as error:
        raise _Wrong(f"BACKLOT_S3_ENDPOINT is not right: {error}.") from None
    except BotoCoreError as error:
        raise OSError(str(error)) from None
    server = head["ResponseMetadata"]["HTTPHeaders"].get("server", "")
    version = VERSION.search(server)
    return _Answer(version.group() if version else server, f"bucket {settings.s3_bucket}")


def _s3_refusal(error: ClientError, bucket: str) -> str:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 404:
        return f"It has no bucket {bucket}: create it, or name another with BACKLOT_S3_BUCKET."
    if status == 403:
        return (
            f"It does not let us into the bucket {bucket}: correct BACKLOT_S3_ACCESS_KEY and "
            "BACKLOT_S3_SECRET_KEY."
        )
    return f"It answers {status} for the bucket {bucket}: see that server's log."


def _local(part: str, where: str, look: Callable[[], _Answer]) -> Finding:
    try:
        answer = look()
    except _Wrong as wrong:
        return Finding(part, False, where, mend=str(wrong))
    except Exception as error:  # Whatever a library may raise, it is what was asked for.
        return Finding(part, False, where, mend=f"It can't be loaded ({error}). {REINSTALL}")
    return Finding(part, True, where, answer.version, None, answer.abilities)


def _python() -> _Answer:
    if sys.version_info[:2] not in PYTHONS:
        wanted = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        raise _Wrong(f"Use one of the Pythons {wanted}.")
    return _Answer(platform.python_version(), f"{platform.system()} {platform.machine()}")


def _data(settings: Settings) -> _Answer:
    folder = settings.data.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free / 1024**3
    except OSError as error:
        raise _Wrong(
            f"{existing} can't be written to ({error.strerror}): mend that, or set BACKLOT_DATA."
        ) from None
    if free < LEAST_FREE_GB:
        raise _Wrong(
            f"Only {free:.1f} GB are free under {existing}: free some, or set BACKLOT_DATA to "
            "another disk."
        )
    return _Answer("", f"{free:.0f} GB free")


def _ffmpeg() -> _Answer:
    import imageio_ffmpeg

    program = imageio_ffmpeg.get_ffmpeg_exe()
    answer = subprocess.run(
        [program, "-encoders"], capture_output=True, text=True, timeout=30, check=True
    )
    names = {line.split()[1] for line in answer.stdout.splitlines() if len(line.split()) > 1}
    if lacking := [encoder for encoder in NEEDED_ENCODERS if encoder not in names]:
        raise _Wrong(
            f"{program} lacks {', '.join(lacking)}: unset IMAGEIO_FFMPEG_EXE, or name another."
        )
    return _Answer(imageio_ffmpeg.get_ffmpeg_version(), ", ".join(NEEDED_ENCODERS))


def _voice() -> _Answer:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Info.restype = ctypes.c_char_p
    voices = sum(1 for path in Path(espeakng_loader.get_data_path()).glob("*_dict"))
    return _Answer(library.espeak_Info(None).decode(), f"speech in {voices} languages")


def _embeddings() -> _Answer:
    import wordllama

    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    dimensions = model.embed("one sentence").shape[-1]
    return _Answer(metadata.version("wordllama"), f"{dimensions} dimensions")


def _fonts() -> _Answer:
    if not features.check("freetype2"):
        raise _Wrong(f"This Pillow can't draw letters. {REINSTALL}")
    shaping = "with" if features.check("raqm") else "without"
    return _Answer(f"FreeType {features.version('freetype2')}", f"{shaping} complex scripts")


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl()
