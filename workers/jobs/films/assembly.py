"""Rendering: a scene from its panels and sounds, an episode from its scenes."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise_one
from app.films.approvals import approve_unseen
from app.films.kinds import ASSEMBLE_EPISODE, RENDER_SCENE, AssembleEpisode, RenderScene
from app.films.progress import refresh_project, set_episode_status
from app.films.recipes import film_recipe, scene_seconds, segment_recipe
from documents.films import MOST_TAKES, Episode, EpisodeMetadata
from documents.library import Media
from documents.production import TaskOutput
from documents.scenes import DialogueLine, Scene, SceneTake
from documents.values import Id, now
from workers.jobs.films.subjects import (
    episode_of,
    fails_the_scene,
    frame_of,
    media_of,
    project_of,
    scene_of,
)
from workers.jobs.intake import add_media, take_in
from workers.jobs.segments import segment_cache
from workers.render.captions import captions_from_words, to_srt, to_vtt
from workers.render.film_plan import in_step
from workers.render.formats import FrameFormat
from workers.render.join import Segment, join
from workers.render.probe import thumbnail
from workers.render.render import render
from workers.render.report import RenderProgress
from workers.render.timeline import (
    Caption,
    Motion,
    MotionName,
    MusicClip,
    Shot,
    Still,
    Timeline,
    Transition,
    VoiceClip,
    Word,
)
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

MOVES: Final[tuple[MotionName, ...]] = ("zoom_in", "pan_right", "zoom_out", "pan_left")
CROSSFADE_SECONDS: Final = 0.6
FADE_SECONDS: Final = 0.5
MUSIC_DB: Final = -14.0
SHORTEST_SHOT: Final = 0.5


@handles(RENDER_SCENE)
@fails_the_scene
async def render_scene(context: Context, parameters: RenderScene) -> Outcome:
    """Render a scene to a segment of the film, and keep its lossless sound for the assembly."""
    scene = await scene_of(parameters.scene_id)
    project = await project_of(scene.project_id)
    recipe, inputs = segment_recipe(project, scene), _inputs(scene)
    timeline = await _timeline(context, scene, frame_of(project))
    name = f"scene-{scene.scene_number:02}"
    video, sound = context.folder / f"{name}.mp4", context.folder / f"{name}.flac"
    cache, progress = segment_cache(context), _progress(context, "rendering")
    report = await render(timeline, video, sound=sound, cache=cache, on_progress=progress)
    description = f"{scene.title}. {scene.script.action}"
    tags = [scene.location, scene.time_of_day, scene.mood]
    segment = await take_in(
        context,
        video,
        "video_segment",
        description=description,
        tags=["scene", *tags],
        inputs=inputs,
        take=scene.production.attempts + 1,
        recipe=recipe,
    )
    mixed = await take_in(
        context,
        sound,
        "audio_clip",
        description=f"Sound of {description}",
        tags=["mix", *tags],
        inputs=inputs,
        recipe=recipe,
    )

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, [segment, mixed], session)

        def change(current: Scene) -> None:
            _show(current, segment, mixed, scene)
            if parameters.auto_approve:
                approve_unseen(current)

        await revise_one(Scene, scene.id, change, session)
        await set_episode_status(scene.episode_id, "production", session)

    result = {"seconds": timeline.duration, "report": report.shown()}
    return Outcome(TaskOutput(media_id=segment.id, result=result), write)


@handles(ASSEMBLE_EPISODE)
async def assemble_episode(context: Context, parameters: AssembleEpisode) -> Outcome:
    """Join the scenes to the finished film, with captions beside it."""
    episode = await episode_of(parameters.episode_id)
    scenes = await Scene.all_in(True, {"episode_id": episode.id}, sort=[("scene_number", 1)])
    segments: list[Segment] = []
    inputs: list[Id] = []
    captions: list[Caption] = []
    clock = 0.0
    for scene in scenes:
        number = scene.scene_number
        segment = await media_of(scene.production.video_segment_id, f"film of scene {number}")
        sound = await media_of(scene.production.audio_track_id, f"sound of scene {number}")
        video = await _fetch(context, segment, f"{number:03}.mp4")
        segments.append(
            Segment(video=video, audio=await _fetch(context, sound, f"{number:03}.flac"))
        )
        inputs += [segment.id, sound.id]
        captions += [_shifted(each, clock) for each in _captions(scene)]
        clock += segment.technical_data.duration or 0
    if not segments:
        raise GiveUp("The episode has no scenes.", code="subject_gone")
    recipe = film_recipe(episode, scenes)
    film = context.folder / "film.mp4"
    cache, progress = segment_cache(context), _progress(context, "assembling")
    await join(segments, film, title=episode.title, cache=cache, on_progress=progress)
    poster = context.folder / "thumbnail.webp"
    await thumbnail(film, poster, size=1280)
    subtitles = [context.folder / "captions.vtt", context.folder / "captions.srt"]
    for path, text in zip(subtitles, (to_vtt(captions), to_srt(captions)), strict=True):
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")
    description = f"{episode.title}: {episode.synopsis.logline}"
    video_media = await take_in(
        context,
        film,
        "final_video",
        description=description,
        tags=["film", *episode.synopsis.themes],
        inputs=inputs,
        recipe=recipe,
    )
    poster_media = await take_in(
        context,
        poster,
        "thumbnail",
        description=f"Poster of {episode.title}",
        tags=["poster"],
        inputs=[video_media.id],
    )
    caption_media = [
        await take_in(
            context,
            path,
            "caption",
            description=f"Captions of {episode.title}",
            tags=["captions"],
            inputs=[video_media.id],
        )
        for path in subtitles
        if captions
    ]

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, [video_media, poster_media, *caption_media], session)

        def change(current: Episode) -> None:
            current.status = "completed"
            current.metadata = EpisodeMetadata(
                duration=video_media.technical_data.duration,
                final_video_id=video_media.id,
                thumbnail_id=poster_media.id,
            )

        await revise_one(Episode, episode.id, change, session)
        await refresh_project(episode.project_id, session)

    seconds = video_media.technical_data.duration
    return Outcome(TaskOutput(media_id=video_media.id, result={"seconds": seconds}), write)


def _progress(context: Context, step: str) -> Callable[[RenderProgress], None]:
    tell = context.progress_from_thread(step)
    return lambda reached: tell(reached.fraction)


def _show(current: Scene, segment: Media, mixed: Media, rendered: Scene) -> None:
    """The scene as rendered is what is shown of it."""
    made = current.production
    made.status = "reviewing"
    made.video_segment_id, made.audio_track_id = segment.id, mixed.id
    made.attempts = rendered.production.attempts + 1
    made.last_attempt, made.review_note, made.chosen_take = now(), "", None
    take = SceneTake(
        number=made.attempts,
        video_segment_id=segment.id,
        audio_track_id=mixed.id,
        made_at=now(),
    )
    made.takes = [*made.takes, take][-MOST_TAKES:]


def _inputs(scene: Scene) -> list[Id]:
    """The files that the scene is rendered from."""
    pictures = [each.image_id for each in scene.storyboard.panels]
    sounds = [each.audio_id for each in scene.script.dialogue]
    used = [*pictures, *sounds, scene.production.music_id]
    return [each for each in used if each is not None]


async def _timeline(context: Context, scene: Scene, frame: FrameFormat) -> Timeline:
    """The scene as the renderer wants it, its files fetched into the task's folder."""
    panels = scene.storyboard.panels
    pictures = [
        await _fetch(
            context,
            await media_of(panel.image_id, f"panel {panel.panel_number}"),
            f"panel-{panel.panel_number}",
        )
        for panel in panels
    ]
    voices = [
        VoiceClip(
            path=await _fetch(context, await media_of(line.audio_id, "voice"), f"line-{number}"),
            start=line.timing or 0,
        )
        for number, line in enumerate(scene.script.dialogue)
    ]
    music = scene.production.music_id
    bed = [await _fetch(context, await media_of(music, "music"), "music")] if music else []
    return Timeline(
        format=frame,
        shots=tuple(_shots(scene, pictures, frame)),
        voices=tuple(voices),
        music=tuple(MusicClip(path=path, gain_db=MUSIC_DB) for path in bed),
        loudness=None,  # scenes keep their levels beside each other
        captions=_captions(scene),
        fade_in=FADE_SECONDS,
        fade_out=FADE_SECONDS,
    )


def _shots(scene: Scene, pictures: list[Path], frame: FrameFormat) -> list[Shot]:
    """Each panel from the line with which it comes in to the next panel's.

    A scene lasts so long that those behind it need not be encoded again when its length changes.
    """
    dialogue = scene.script.dialogue
    even = scene_seconds(scene) / max(len(pictures), 1)
    starts = [0.0]
    for panel in scene.storyboard.panels[1:]:
        at = _timing(dialogue, panel.starts_at_line) if dialogue else starts[-1] + even
        starts.append(max(at, starts[-1] + SHORTEST_SHOT))
    end = in_step(max(scene_seconds(scene), starts[-1] + SHORTEST_SHOT), frame)
    ends = [*starts[1:], end]
    return [
        Still(
            image=picture,
            seconds=end - start,
            motion=Motion.named(MOVES[(len(dialogue) + number) % len(MOVES)]),
            transition=Transition(
                kind="crossfade", seconds=min(CROSSFADE_SECONDS, (end - start) / 2)
            )
            if number
            else Transition(),
        )
        for number, (picture, start, end) in enumerate(zip(pictures, starts, ends, strict=True))
    ]


def _timing(dialogue: Sequence[DialogueLine], number: int) -> float:
    return dialogue[min(number, len(dialogue) - 1)].timing or 0


def _captions(scene: Scene) -> tuple[Caption, ...]:
    """Captions of the scene's lines, in seconds of the scene; a line's end before the next."""
    captions: list[Caption] = []
    dialogue = scene.script.dialogue
    starts = [line.timing or 0 for line in dialogue]
    ends = [*starts, scene_seconds(scene)][1:]
    for line, start, until in zip(dialogue, starts, ends, strict=True):
        words = [
            Word(text=word.text[:500], start=start + word.start, end=start + word.end)
            for word in line.words
        ]
        captions += captions_from_words(words, until=until)
    return tuple(captions)


def _shifted(caption: Caption, seconds: float) -> Caption:
    return caption.model_copy(
        update={"start": caption.start + seconds, "end": caption.end + seconds, "words": ()}
    )


async def _fetch(context: Context, media: Media, name: str) -> Path:
    path = context.folder / name
    await context.storage.get_file(media.storage_key, path, size=media.filesize)
    return path
