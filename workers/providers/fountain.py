"""Screenplays of writers as Fountain."""

from __future__ import annotations

from app.films.fountain import Script, ScriptScene, Speech, written
from workers.providers.screenplay import NARRATOR, Screenplay, ScreenplayScene


def as_fountain(screenplay: Screenplay) -> str:
    """The screenplay as people read and edit it."""
    title_page = {
        "Title": screenplay.title,
        "Source": screenplay.credits,
        "Logline": screenplay.logline,
    }
    script = Script(tuple(map(_scene, screenplay.scenes)), tuple(title_page.items()))
    return written(script)


def _scene(scene: ScreenplayScene) -> ScriptScene:
    return ScriptScene(
        heading=scene.heading,
        number=str(scene.number),
        action=scene.action,
        speeches=tuple(
            Speech(None if line.speaker == NARRATOR else line.speaker, line.line, line.emotion)
            for line in scene.dialogue
        ),
    )
