"""Scenes of a film: what happens, what is said, how it looks."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pymongo import IndexModel

from documents.approval import Approval, content_hash
from documents.base import (
    Computed,
    Embedded,
    Fixed,
    Key,
    Record,
    Reference,
    ServerOwned,
    index,
    unique_among_living,
)
from documents.films import MOST_TAKES, InProject, InWorkspace, Take
from documents.values import Count, Id, Label, Line, Moment, Seconds, Text, Title

SceneStatus = Literal["pending", "generating", "reviewing", "approved", "failed"]
TimeOfDay = Literal["dawn", "day", "dusk", "night"]
Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a picture's width or height."""


class WordTiming(Embedded):
    """When a word is heard, in seconds from the start of its line."""

    text: Line
    start: Seconds
    end: Seconds


class DialogueLine(Embedded):
    """One speech; without a character it is the narrator's."""

    character_id: Annotated[Id | None, Reference("characters", on_delete="clear")] = None
    lines: Text
    emotion: Label = "neutral"
    timing: Seconds | None = None
    """Seconds from the start of the scene; known when the voice is made."""
    audio_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = None
    audio_duration: Annotated[Seconds | None, ServerOwned()] = None
    words: Annotated[list[WordTiming], ServerOwned()] = []


class SceneScript(Embedded):
    action: Text = ""
    dialogue: Annotated[list[DialogueLine], Field(max_length=500)] = []
    duration: Seconds = 0
    """Seconds, estimated."""


class PanelFigure(Embedded):
    """Somebody in a panel's picture, where they are in it, and how much they look as designed."""

    character_id: Annotated[Id, Reference("characters", on_delete="clear")]
    left: Share
    top: Share
    width: Share
    height: Share
    similarity: Share | None = None
    """To the final design, 1 being the same; None: not compared."""
    design_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    """The final design that it was compared with."""


class PanelTake(Take):
    """One picture that was drawn for a panel."""

    figures: Annotated[list[PanelFigure], Field(max_length=50)] = []


class StoryboardPanel(Embedded):
    panel_number: Annotated[int, Field(ge=1), Key()]
    description: Text = ""
    image_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    camera_angle: Label | None = None
    notes: Text = ""
    character_ids: Annotated[
        list[Id], Reference("characters", on_delete="clear"), Field(max_length=50)
    ] = []
    """Who is to be seen."""
    starts_at_line: Count = 0
    """The dialogue line with which the panel comes into the picture."""
    takes: Annotated[list[PanelTake], ServerOwned(), Field(max_length=MOST_TAKES)] = []
    figures: Annotated[list[PanelFigure], ServerOwned(), Field(max_length=50)] = []
    """Of the picture that is shown, as its take has them; another picture has none."""

    @model_validator(mode="after")
    def _show_figures_of_the_picture(self) -> Self:
        takes = self.takes if self.image_id is not None else []
        self.figures = next((each.figures for each in takes if each.media_id == self.image_id), [])
        return self


class Storyboard(Embedded):
    panels: Annotated[list[StoryboardPanel], Field(max_length=200)] = []

    @field_validator("panels")
    @classmethod
    def _numbers_differ(cls, panels: list[StoryboardPanel]) -> list[StoryboardPanel]:
        if len({each.panel_number for each in panels}) != len(panels):
            raise ValueError("two panels have the same number")
        return panels


class SceneTake(Embedded):
    """The scene as it was rendered once."""

    number: Annotated[int, Field(ge=1)]
    video_segment_id: Annotated[Id, Reference("media", on_delete="clear")]
    audio_track_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    made_at: Moment


class SceneProduction(Embedded):
    """Follows the tasks of the scene."""

    status: SceneStatus = "pending"
    video_segment_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    audio_track_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    music_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    attempts: Count = 0
    last_attempt: Moment | None = None
    takes: Annotated[list[SceneTake], Field(max_length=MOST_TAKES)] = []
    chosen_take: Annotated[int | None, Field(ge=1)] = None
    """Somebody wants to see this take, until another one is made."""
    review_note: Line = ""
    """Why it was rejected last."""


class Scene(Record):
    """One scene of an episode: what happens, what is said, how it looks."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_id: Annotated[Id, Reference("episodes", on_delete="cascade"), Fixed()]
    scene_number: Annotated[int, Field(ge=1)]
    title: Title
    script: SceneScript = SceneScript()
    storyboard: Storyboard = Storyboard()
    production: Annotated[SceneProduction, ServerOwned(), Computed()] = SceneProduction()
    character_ids: Annotated[list[Id], Reference("characters", on_delete="clear")] = []
    location: Label = ""
    time_of_day: TimeOfDay = "day"
    mood: Label = ""
    content_hash: Annotated[str, Computed()] = ""
    """Tells this version of what is seen and heard from every other."""
    approval: Annotated[Approval | None, ServerOwned(), Computed()] = None
    """Somebody approved exactly this version; any edit voids it."""

    @model_validator(mode="after")
    def _void_what_was_changed(self) -> Self:
        self.content_hash = content_hash(self._content())
        if self.approval is not None and self.approval.content_hash != self.content_hash:
            self.approval = None
            if self.production.status == "approved":
                self.production = self.production.model_copy(update={"status": "reviewing"})
        return self

    def _content(self) -> list[object]:
        """All that is seen and heard. Notes are about it and are not in it."""
        lines = [
            [each.character_id, each.lines, each.emotion, each.audio_id]
            for each in self.script.dialogue
        ]
        panels = [
            each.model_dump(exclude={"notes", "takes", "figures"})
            for each in self.storyboard.panels
        ]
        made = [self.production.video_segment_id, self.production.audio_track_id]
        place = [self.location, self.time_of_day, self.mood]
        return [self.title, self.script.action, lines, panels, place, made, *self.character_ids]

    class Settings:
        name = "scenes"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("project_id", "episode_id", "scene_number"),
            index("episode_id", "scene_number", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("production.status"),
            index("character_ids"),
            index("updated_at"),
        ]
