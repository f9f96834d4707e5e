"""Voices and music of a scene."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.films.kinds import SCORE_SCENE, VOICE_SCENE, ScoreScene, VoiceScene
from documents.base import Subject
from documents.films import Character
from documents.library import Media, RelatedElements
from documents.production import TaskOutput
from documents.scenes import DialogueLine, Scene, WordTiming
from documents.values import Id
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.subjects import scene_of, seed_for
from workers.jobs.intake import take_in
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
async def voice_scene(context: Context, parameters: VoiceScene) -> Outcome:
    """Speak the lines of a scene one after the other and note when each is heard."""
    scene = await scene_of(parameters.scene_id)
    cast = {
        each.id: each for each in await Character.all_in(True, {"project_id": scene.project_id})
    }
    clips: list[Media] = []
    lines: list[DialogueLine] = []
    clock = LEAD_SECONDS
    for number, line in enumerate(scene.script.dialogue):
        speaker = cast.get(line.character_id) if line.character_id else None
        speech, clip = await _speak(context, parameters, scene, number, line, speaker)
        lines.append(_timed(line, clip.id, clock, speech))
        clips.append(clip)
        clock += speech.duration + PAUSE_SECONDS
        await context.progress((number + 1) / len(scene.script.dialogue), "speaking")
    duration = clock - PAUSE_SECONDS + TAIL_SECONDS

    async def write(session: AsyncClientSession) -> None:
        await Media.insert_all(clips, session)
        values = {
            "script.dialogue": [line.model_dump() for line in lines],
            "script.duration": duration,
            "production.status": "generating",
        }
        await Scene.advance_one({"_id": scene.id}, {"$set": values}, session)

    return Outcome(TaskOutput(result={"lines": len(lines), "seconds": duration}), write)


@handles(SCORE_SCENE)
async def score_scene(context: Context, parameters: ScoreScene) -> Outcome:
    """Compose music for the scene's mood, as long as the scene."""
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
        prompt=prompt.text, mood=scene.mood, seconds=max(scene.script.duration, 1), seed=seed
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
        context.folder / f"scene-{scene.scene_number:02}-music.wav",
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
    )

    async def write(session: AsyncClientSession) -> None:
        await media.insert(session=session)

    return Outcome(TaskOutput(media_id=media.id), write)


async def _speak(
    context: Context,
    parameters: VoiceScene,
    scene: Scene,
    number: int,
    line: DialogueLine,
    speaker: Character | None,
) -> tuple[SpeechResult, Media]:
    name = speaker.name if speaker else NARRATOR
    seed = seed_for(parameters.seed, name)
    voice = context.providers.voice
    voice_id = speaker.voice_profile.voice_id if speaker else None
    request = VoiceRequest(
        text=line.lines,
        voice_id=voice_id or voice.voice_for(name, None, seed),
        emotion=line.emotion,
        language=parameters.language,
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
        context.folder / f"scene-{scene.scene_number:02}-line-{number + 1:02}.wav",
        SpeechResult,
    )
    clip = await take_in(
        context,
        made.result.path,
        "audio_clip",
        description=f"{name}: {line.lines}",
        tags=["dialogue", name, line.emotion],
        made=made,
        character_id=speaker.id if speaker else None,
        related=RelatedElements(character_ids=[speaker.id] if speaker else []),
    )
    return made.result, clip


def _timed(line: DialogueLine, audio_id: Id, start: float, speech: SpeechResult) -> DialogueLine:
    words = [
        WordTiming(text=word.text[:2000], start=word.start, end=word.end) for word in speech.words
    ]
    return line.model_copy(
        update={
            "timing": start,
            "audio_id": audio_id,
            "audio_duration": speech.duration,
            "words": words,
        }
    )
