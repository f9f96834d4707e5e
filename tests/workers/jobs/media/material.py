"""One good file of every format that is taken, and the record of a file that came in."""

import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from app.library.kinds import LOOK_AT_MEDIA, PLAY_MEDIA
from app.library.looking import look_task
from app.production import tasks
from documents.library import Media
from documents.production import Task
from documents.values import Id
from tests.factories.records import valid
from tests.workers.conftest import Working, until
from workers.render.ffmpeg import executable
from workers.runtime.context import Resources

PICTURES: Final = {
    "image/png": "fox.png",
    "image/jpeg": "fox.jpg",
    "image/webp": "fox.webp",
    "image/avif": "fox.avif",
    "image/gif": "fox.gif",
}
FILMS: Final = {"video/mp4": "film.mp4", "video/webm": "film.webm", "video/quicktime": "film.mov"}
SOUNDS: Final = {
    "audio/wav": "song.wav",
    "audio/mpeg": "song.mp3",
    "audio/flac": "song.flac",
    "audio/mp4": "song.m4a",
    "audio/ogg": "song.ogg",
}
CAPTIONS: Final = {"text/vtt": "film.vtt", "application/x-subrip": "film.srt"}
SIZE: Final = (320, 180)
SECONDS: Final = 2.0
SPOKEN: Final = ("The fox is in the forest.", "What have you seen of it?", "That was not for me.")


def picture(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    """Soft random colours: large shapes, as a photograph has them."""
    coarse = np.random.default_rng(seed).integers(20, 235, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def melody(path: Path, seed: int = 1, seconds: float = SECONDS) -> Path:
    """Notes of random height and loudness, a quarter of a second each, as a WAV."""
    random = np.random.default_rng(seed)
    at = np.arange(int(48_000 * 0.25)) / 48_000
    notes = [
        random.uniform(0.1, 0.8) * np.sin(2 * np.pi * random.uniform(250, 3_000) * at)
        for _ in range(round(seconds * 4))
    ]
    samples = (np.concatenate(notes) * 32_767).astype("<i2")
    run("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-", str(path), given=samples.tobytes())
    return path


def run(*arguments: str, given: bytes | None = None) -> None:
    """Run ffmpeg."""
    command = [executable(), "-y", "-loglevel", "error", *arguments]
    subprocess.run(command, input=given, check=True, timeout=60)


def film(path: Path, *options: str, seed: int = 1, sound: bool = True) -> Path:
    """Two seconds that change from one picture to another, with a melody."""
    folder = path.parent
    for number in (0, 1):
        picture(seed * 100 + number).save(folder / f"{path.name}.{number}.png")
    inputs: list[str] = []
    for number in (0, 1):
        inputs += ["-loop", "1", "-r", "25", "-t", "1", "-i", f"{folder / path.name}.{number}.png"]
    graph = "[0][1]concat=n=2,format=yuv420p[v]"
    outputs = ["-filter_complex", graph, "-map", "[v]"]
    if sound:
        tune = melody(folder / f"{path.name}.wav", seed)
        inputs += ["-i", str(tune)]
        outputs += ["-map", "2:a", "-shortest"]
    run(*inputs, *outputs, *options, str(path))
    return path


def every_format(folder: Path) -> Path:
    """Write one file of each format into the folder, and some that bad ones are made of."""

    def to(name: str) -> tuple[str]:
        return (str(folder / name),)

    for name in PICTURES.values():
        picture().save(folder / name)
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    film(folder / "film.mp4", *h264)
    run("-i", str(folder / "film.mp4"), "-c", "copy", str(folder / "film.mov"))
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
    run("-i", str(folder / "film.mp4"), *vp9, str(folder / "film.webm"))
    melody(folder / "song.wav")
    for name in ("song.mp3", "song.flac", "song.m4a", "song.ogg"):
        run("-i", str(folder / "song.wav"), str(folder / name))
    run("-i", str(folder / "film.mp4"), "-c", "copy", "-movflags", "+faststart", *to("front.mp4"))
    run("-i", str(folder / "film.mp4"), "-an", "-t", "0.2", "-c:v", "mjpeg", *to("pictures.mov"))
    run("-i", str(folder / "film.mp4"), "-an", "-t", "0.2", "-c:v", "rawvideo", *to("raw.avi"))
    spans = [f"00:00:0{second},000 --> 00:00:0{second},900" for second in range(3)]
    cues = [f"{spans[n]}\n{SPOKEN[n]}\n" for n in range(3)]
    srt = "\n".join(f"{number}\n{cue}" for number, cue in enumerate(cues, start=1))
    (folder / "film.srt").write_text(srt, encoding="utf-8")
    vtt = "WEBVTT\nLanguage: de-AT\n\nNOTE from the tests\n\n" + "\n".join(cues).replace(",", ".")
    (folder / "film.vtt").write_text(vtt, encoding="utf-8")
    return folder


async def brought_in(resources: Resources, path: Path, **given: Any) -> Media:
    """The record of a file that came in and that nobody has looked at."""
    workspace_id = given.pop("workspace_id", None) or Id()
    stored = await resources.storage.put_file(
        path, prefix=str(workspace_id), content_type="application/octet-stream"
    )
    values = {
        "workspace_id": workspace_id,
        "filename": path.name,
        "mime_type": "application/octet-stream",
        "kind": "document",
        "filesize": stored.size,
        "storage_key": stored.key,
        "sha256": stored.sha256,
        "status": "processing",
        **given,
    }
    return await valid(Media, **values).insert()


async def looked_at(working: Working, *media: Media) -> list[Media]:
    """The records after a look at each, and after what lasts was played."""

    looks = [look_task(each) for each in media]
    await tasks.add(looks)

    async def over() -> bool:
        unfinished = {"status": {"$in": ["queued", "processing"]}}
        return await Task.collection().count_documents(unfinished) == 0

    async with working():
        await until(over, patience=180)
    kinds = {"kind": {"$in": [LOOK_AT_MEDIA.name, PLAY_MEDIA.name]}}
    done = await Task.all_in(True, kinds)
    assert {task.status for task in done} == {"completed"}, [task.error for task in done]
    ids = [each.id for each in media]
    found = {each.id: each for each in await Media.all_in(True, {"_id": {"$in": ids}})}
    return [found[key] for key in ids]
