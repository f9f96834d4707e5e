"""A whole project as one ZIP: films, scripts, storyboards, captions, and the records as JSON."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.answer import dumps
from app.core.showing import fields_of, picked
from app.core.storage import LARGEST_UPLOAD, StoredObject
from app.films.captions import captions_of
from app.films.kinds import EXPORT_PROJECT, ExportProject
from app.library.archive import Member, on_disk, packed, safe_name, stored
from app.library.urls import content_url
from documents.base import within
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.production import TaskOutput
from documents.scenes import Scene
from documents.values import Id
from workers.jobs.films.papers import screenplay_of, storyboard_of
from workers.jobs.films.subjects import project_of
from workers.paper.typesetting import typeset
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

TAG: Final = "export"
MIME_TYPE: Final = "application/zip"
SUFFIXES: Final = {"text/vtt": "vtt", "application/x-subrip": "srt", "video/mp4": "mp4"}


@handles(EXPORT_PROJECT)
async def export_project(context: Context, parameters: ExportProject) -> Outcome:
    """Put the project into an archive in the library; the same state is the same archive."""
    project = await project_of(parameters.project_id)
    cast = await Character.all_in(True, {"project_id": project.id}, sort=[("name", 1), ("_id", 1)])
    episodes = await Episode.all_in(True, {"project_id": project.id}, sort=[("episode_number", 1)])
    records = {"project": picked(project), "characters": [picked(each) for each in cast]}
    members = [await _json(context, "project.json", records, project.updated_at)]
    members.append(await _media_list(context, project))
    names = {each.id: each.name for each in cast}
    for number, episode in enumerate(episodes):
        await context.progress(number / len(episodes), "exporting")
        members += await _episode(context, project, episode, names)
    await context.progress(1, "packing")
    archive = await context.storage.put_stream(
        packed(members),
        prefix=str(context.workspace_id),
        content_type=MIME_TYPE,
        maximum=LARGEST_UPLOAD,
    )
    same = {"project_id": project.id, "sha256": archive.sha256}
    if known := await Media.first_in(True, same):
        return Outcome(TaskOutput(media_id=known.id, result={"files": len(members)}))
    media = _record(context, project, archive)

    async def write(session: AsyncClientSession) -> None:
        await media.insert(session=session)

    return Outcome(TaskOutput(media_id=media.id, result={"files": len(members)}), write)


async def _episode(
    context: Context, project: Project, episode: Episode, names: dict[Id, str]
) -> list[Member]:
    """What there is of an episode, in a folder of its own."""
    scenes = await Scene.all_in(True, {"episode_id": episode.id}, sort=[("scene_number", 1)])
    moment = max([episode.updated_at, *(each.updated_at for each in scenes)])
    inside = safe_name(f"{episode.episode_number:02} {episode.title}")
    place = context.folder / f"episode-{episode.episode_number}"
    await asyncio.to_thread(place.mkdir, exist_ok=True)
    records = {"episode": picked(episode), "scenes": [picked(each) for each in scenes]}
    members = [await _json(context, f"{inside}/episode.json", records, moment)]
    if episode.script.content:
        fountain = place / "script.fountain"
        await asyncio.to_thread(fountain.write_text, episode.script.content, encoding="utf-8")
        members.append(Member(f"{inside}/script.fountain", moment, on_disk(fountain)))
    if scenes:
        script, board = place / "script.pdf", place / "storyboard.pdf"
        papers = place / "papers"
        data = screenplay_of(project, episode, scenes, names)
        await typeset("screenplay", data, papers / "script", script, moment)
        folder = papers / "board"
        pictures = await _pictures(context, scenes, folder / "pictures")
        data = storyboard_of(project, episode, scenes, pictures)
        await typeset("storyboard", data, folder, board, moment)
        members += [
            Member(f"{inside}/script.pdf", moment, on_disk(script)),
            Member(f"{inside}/storyboard.pdf", moment, on_disk(board)),
        ]
    for each in await _files_of(episode):
        suffix = SUFFIXES.get(each.mime_type, Path(each.filename).suffix.lstrip(".") or "bin")
        kind = "captions" if each.media_type == "caption" else "film"
        content = stored(context.storage, each.storage_key, each.filesize)
        members.append(Member(f"{inside}/{kind}.{suffix}", each.created_at, content))
    return members


async def _files_of(episode: Episode) -> list[Media]:
    film = episode.metadata.final_video_id
    found = None if film is None else await Media.one_in(True, film)
    files = [*([found] if found else []), *await captions_of(episode)]
    return [each for each in files if each.quarantine is None]


async def _pictures(context: Context, scenes: Iterable[Scene], folder: Path) -> dict[Id, str]:
    """The pictures of the panels, fetched small; where each is by the id of its file."""
    wanted = {panel.image_id for scene in scenes for panel in scene.storyboard.panels} - {None}
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    pictures: dict[Id, str] = {}
    for media in await Media.all_in(True, {"_id": {"$in": [*wanted]}, "quarantine": None}):
        made = {each.name: each.key for each in media.derivatives}
        key = made.get("thumbnail_large") or media.thumbnail_key
        if key is None:
            continue
        await context.storage.get_file(key, folder / f"{media.id}.raw")
        pictures[media.id] = f"pictures/{media.id}.jpg"
    return pictures


async def _json(context: Context, name: str, content: Any, modified: datetime) -> Member:
    path = context.folder / f"{len([*context.folder.iterdir()])}.json"
    await asyncio.to_thread(path.write_bytes, dumps(content))
    return Member(name, modified, on_disk(path))


async def _media_list(context: Context, project: Project) -> Member:
    """What is known of all files but exports, one a line: there may be many."""
    fields = fields_of(Media)
    query = within(True, {"project_id": project.id, "tags": {"$ne": TAG}})
    found = Media.collection().find(query, fields.plain, sort=[("_id", 1)])
    path = context.folder / "media.ndjson"
    modified = project.created_at
    with path.open("wb") as file:
        async for row in found:
            modified = max(modified, row["updated_at"])
            file.write(dumps({"id": row.pop("_id"), **row}) + b"\n")
    return Member("media.ndjson", modified, on_disk(path))


def _record(context: Context, project: Project, archive: StoredObject) -> Media:
    identity = Id()
    return Media(
        id=identity,
        workspace_id=context.workspace_id,
        project_id=project.id,
        created_by=context.task.created_by,
        filename=f"{safe_name(project.title)[:200]}.zip",
        mime_type=MIME_TYPE,
        filesize=archive.size,
        url=content_url(identity),
        storage_key=archive.key,
        sha256=archive.sha256,
        kind="document",
        media_type="other",
        description=f"Everything of {project.title}",
        tags=[TAG],
    )
