"""Voices and music of a scene."""

from collections.abc import Mapping
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise_one
from app.films.kinds import SCORE_SCENE, VOICE_SCENE, ScoreScene, VoiceScene
from app.films.planning import UNKNOWN_LANGUAGE
from app.films.recipes import line_recipe, music_recipe, music_seconds
from documents.base import Subject
from documents.films import Character
from documents.library import Media, RelatedElements
from documents.production import TaskOutput
from documents.scenes import DialogueLine, Scene, WordTiming
from documents.values import Id
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.subjects import (
    cast_of,
    episode_of,
    fails_the_scene,
    scene_of,
    seed_for,
)
from workers.jobs.intake import add_media, take_in
from workers.providers.base import FileResult
from workers.providers.music import MusicRequest
from workers.providers.voice import SpeechResult, VoiceRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

NARRATOR: Final = "Narrator"
LEAD_SECONDS: Final = 0.8
"""Before the first line: time to see where we are."""
PAUSE_SECONDS: Final = 0.45
TAIL_SECONDS: Final = 1.2


@handles(VOICE_SCENE)
@fails_the_scene
async def voice_scene(context: Context, parameters: VoiceScene) -> Outcome:
    """Speak the lines that have no sound or shall have another one; note when each is heard."""
    scene = await scene_of(parameters.scene_id)
    episode = await episode_of(scene.episode_id)
    language = episode.script.language or UNKNOWN_LANGUAGE
    cast = await cast_of(scene.project_id)
    there = await _there(scene)
    spoken: dict[int, DialogueLine] = {}
    clips: list[Media] = []
    for number, line in enumerate(scene.script.dialogue):
        if line.audio_id in there and number not in parameters.renew:
            continue
        speech, clip = await _speak(context, parameters, scene, number, line, cast, language)
        spoken[number] = _sounding(line, clip.id, speech)
        clips.append(clip)
        await context.progress((number + 1) / len(scene.script.dialogue), "speaking")

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, clips, session)

        def change(current: Scene) -> None:
            _fill_in(current, scene, spoken)

        await revise_one(Scene, scene.id, change, session)

    return Outcome(TaskOutput(result={"lines": len(clips)}), write)


@handles(SCORE_SCENE)
@fails_the_scene
async def score_scene(context: Context, parameters: ScoreScene) -> Outcome:
    """Compose music for the scene's mood, at least as long as the scene."""
    scene = await scene_of(parameters.scene_id)
    prompt = await prompt_for(
        context,
        "music",
        mood=scene.mood,
        location=scene.location,
        time_of_day=scene.time_of_day,
    )
    seed = seed_for(parameters.seed, f"{scene.scene_number}/music/{parameters.take}")
    request = MusicRequest(
        prompt=prompt.text, mood=scene.mood, seconds=music_seconds(scene), seed=seed
    )
    call = Call(
        context.providers.music,
        request,
        category="audio_generation",
        feature="films",
        stage="music",
        prompt=prompt.text,
        template=prompt.template,
        subject=Subject(collection="scenes", id=scene.id),
        take=parameters.take,
    )
    made = await calls.make_file(
        context,
        call,
        lambda path: context.providers.music.compose(request, path),
        context.folder / f"scene-{scene.scene_number:02}-music",
        FileResult,
    )
    media = await take_in(
        context,
        made.result.path,
        "music_track",
        description=prompt.text,
        tags=["music", scene.mood],
        made=made,
        seed=seed,
        take=parameters.take,
        recipe=music_recipe(scene),
    )

    async def write(session: AsyncClientSession) -> None:
        await add_media(context, [media], session)

        def change(current: Scene) -> None:
            current.production.music_id = media.id

        await revise_one(Scene, scene.id, change, session)

    return Outcome(TaskOutput(media_id=media.id), write)


async def _there(scene: Scene) -> set[Id]:
    """The sounds of the scene's lines that are still there."""
    keys = [each.audio_id for each in scene.script.dialogue if each.audio_id is not None]
    if not keys:
        return set()
    found = Media.collection().find({"_id": {"$in": keys}, "deleted_at": None}, {"_id": 1})
    return {row["_id"] async for row in found}


async def _speak(
    context: Context,
    parameters: VoiceScene,
    scene: Scene,
    number: int,
    line: DialogueLine,
    cast: Mapping[Id, Character],
    language: str,
) -> tuple[SpeechResult, Media]:
    speaker = cast.get(line.character_id) if line.character_id else None
    name = speaker.name if speaker else NARRATOR
    seed = seed_for(parameters.seed, name)
    voice = context.providers.voice
    voice_id = speaker.voice_profile.voice_id if speaker else None
    request = VoiceRequest(
        text=line.lines,
        voice_id=voice_id or voice.voice_for(name, None, seed),
        emotion=line.emotion,
        language=language,
        characteristics=tuple(speaker.voice_profile.voice_characteristics) if speaker else (),
        seed=parameters.seed,
    )
    call = Call(
        voice,
        request,
        category="audio_generation",
        feature="films",
        stage="dialogue",
        prompt=line.lines,
        subject=Subject(collection="scenes", id=scene.id),
        take=parameters.take,
    )
    made = await calls.make_file(
        context,
        call,
        lambda path: voice.speak(request, path),
        context.folder / f"scene-{scene.scene_number:02}-line-{number + 1:02}",
        SpeechResult,
    )
    sample = speaker.voice_profile.audio_sample_id if speaker else None
    clip = await take_in(
        context,
        made.result.path,
        "audio_clip",
        description=f"{name}: {line.lines}",
        tags=["dialogue", name, line.emotion],
        made=made,
        character_id=speaker.id if speaker else None,
        related=RelatedElements(character_ids=[speaker.id] if speaker else []),
        inputs=[sample] if sample else [],
        take=parameters.take,
        recipe=line_recipe(line, cast, language),
    )
    return made.result, clip


def _sounding(line: DialogueLine, audio_id: Id, speech: SpeechResult) -> DialogueLine:
    words = [
        WordTiming(text=word.text[:2000], start=word.start, end=word.end) for word in speech.words
    ]
    update = {"audio_id": audio_id, "audio_duration": speech.duration, "words": words}
    return line.model_copy(update=update)


def _fill_in(current: Scene, read: Scene, spoken: Mapping[int, DialogueLine]) -> None:
    """Give the lines their sounds, as far as they still say what was spoken, and time them all."""
    lines = current.script.dialogue
    for number, line in spoken.items():
        if number < len(lines) and _said(lines[number]) == _said(read.script.dialogue[number]):
            lines[number] = line
    clock = LEAD_SECONDS
    for line in lines:
        if line.audio_duration is not None:
            line.timing = clock
            clock += line.audio_duration + PAUSE_SECONDS
    if lines:
        current.script.duration = clock - PAUSE_SECONDS + TAIL_SECONDS


def _said(line: DialogueLine) -> tuple[Id | None, str, str]:
    return line.character_id, line.lines, line.emotion
