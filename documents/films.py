"""Films: projects, their episodes, characters and scenes."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    index,
    text_index,
    unique_among_living,
)
from documents.values import (
    Count,
    HexColor,
    Id,
    Label,
    Line,
    Moment,
    Percentage,
    Seconds,
    Text,
    Title,
)

Genre = Literal[
    "action", "comedy", "drama", "horror", "sci-fi", "thriller", "romance", "documentary"
]
AspectRatio = Literal["16:9", "4:3", "21:9"]
QualityTier = Literal["draft", "standard", "premium"]
Phase = Literal[
    "story_development",
    "character_creation",
    "visual_design",
    "audio_design",
    "scene_production",
    "post_production",
    "final_assembly",
]
ProjectStatus = Literal[
    "concept", "pre-production", "production", "post-production", "completed", "on-hold"
]
EpisodeStatus = Literal[
    "planning", "scripting", "storyboarding", "production", "editing", "completed"
]
SceneStatus = Literal["pending", "generating", "reviewing", "approved", "failed"]
TimeOfDay = Literal["dawn", "day", "dusk", "night"]

InProject: TypeAlias = Annotated[Id, Reference("projects", on_delete="cascade"), Fixed()]
InWorkspace: TypeAlias = Annotated[
    Id, Reference("workspaces"), ServerOwned(), Inherited("project_id")
]


class ProjectSettings(Embedded):
    """What decides every render of the project."""

    aspect_ratio: AspectRatio = "16:9"
    episode_duration: Annotated[float, Field(gt=0, le=600)] = 2
    """Minutes."""
    quality_tier: QualityTier = "standard"


class ProjectProgress(Embedded):
    """Follows the work."""

    current_phase: Phase = "story_development"
    completed_steps: list[Label] = []
    overall_progress: Percentage = 0


class Project(Record):
    """A film or series."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    collaborator_ids: Annotated[list[Id], Reference("users", on_delete="clear")] = []
    style_reference_ids: Annotated[list[Id], Reference("media", on_delete="clear")] = []
    title: Title
    description: Text = ""
    genre: Genre = "drama"
    episode_count: Annotated[int, Field(ge=1, le=50)] = 1
    target_audience: Literal["children", "family", "teen", "adult"] = "family"
    status: ProjectStatus = "concept"
    project_settings: ProjectSettings = ProjectSettings()
    progress: Annotated[ProjectProgress, ServerOwned()] = ProjectProgress()

    class Settings:
        name = "projects"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            text_index("title"),
            index("created_by", "status", "_id"),
            index("collaborator_ids", "status", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("status"),
            index("genre"),
        ]


class Synopsis(Embedded):
    logline: Line = ""
    summary: Text = ""
    themes: list[Label] = []


class EpisodeScript(Embedded):
    content: Text = ""
    version: Annotated[int, Field(ge=1)] = 1
    word_count: Annotated[Count, ServerOwned()] = 0
    estimated_duration: Annotated[Seconds, ServerOwned()] = 0
    """Seconds."""


class EpisodeProduction(Embedded):
    """Follows the scenes."""

    scene_count: Count = 0
    completed_scenes: Count = 0
    render_progress: Percentage = 0


class EpisodeMetadata(Embedded):
    duration: Seconds | None = None
    """Seconds, as measured in the finished film."""
    final_video_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    thumbnail_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None


class Episode(Record):
    """One part of a project: a script, its scenes, and the film made of them."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_number: Annotated[int, Field(ge=1, le=50)]
    title: Title
    description: Text = ""
    synopsis: Synopsis = Synopsis()
    status: EpisodeStatus = "planning"
    script: EpisodeScript = EpisodeScript()
    production: Annotated[EpisodeProduction, ServerOwned()] = EpisodeProduction()
    metadata: Annotated[EpisodeMetadata, ServerOwned()] = EpisodeMetadata()

    class Settings:
        name = "episodes"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("project_id", "episode_number"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("status"),
        ]


class Relationship(Embedded):
    character_id: Annotated[Id, Reference("characters", on_delete="clear")]
    relationship_type: Label
    description: Text = ""


class CharacterProfile(Embedded):
    age: Label | None = None
    gender: Label | None = None
    personality: list[Label] = []
    backstory: Text = ""
    motivations: list[Line] = []
    relationships: list[Relationship] = []


class VisualDesign(Embedded):
    reference_image_ids: Annotated[list[Id], Reference("media", on_delete="clear")] = []
    final_design_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    style_notes: Text = ""
    color_palette: list[HexColor] = []


class VoiceProfile(Embedded):
    voice_id: Label | None = None
    audio_sample_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    voice_characteristics: list[Label] = []


class Appearance(Embedded):
    """Computed from the scenes."""

    episode_id: Annotated[Id, Reference("episodes", on_delete="clear")]
    scene_ids: Annotated[list[Id], Reference("scenes", on_delete="clear")] = []
    screen_time: Seconds = 0


class Character(Record):
    """Somebody who appears in a project: profile, look and voice."""

    project_id: InProject
    workspace_id: InWorkspace
    name: Title
    description: Text = ""
    profile: CharacterProfile = CharacterProfile()
    visual_design: VisualDesign = VisualDesign()
    voice_profile: VoiceProfile = VoiceProfile()
    appearances: Annotated[list[Appearance], ServerOwned()] = []

    class Settings:
        name = "characters"
        indexes: ClassVar[list[IndexModel]] = [
            index("project_id", "name", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            text_index("name"),
        ]


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


class StoryboardPanel(Embedded):
    panel_number: Annotated[int, Field(ge=1)]
    description: Text = ""
    image_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    camera_angle: Label | None = None
    notes: Text = ""
    starts_at_line: Count = 0
    """The dialogue line with which the panel comes into the picture."""


class Storyboard(Embedded):
    panels: Annotated[list[StoryboardPanel], Field(max_length=200)] = []


class SceneProduction(Embedded):
    """Follows the tasks of the scene."""

    status: SceneStatus = "pending"
    video_segment_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    audio_track_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    attempts: Count = 0
    last_attempt: Moment | None = None


class Scene(Record):
    """One scene of an episode: what happens, what is said, how it looks."""

    project_id: InProject
    workspace_id: InWorkspace
    episode_id: Annotated[Id, Reference("episodes", on_delete="cascade"), Fixed()]
    scene_number: Annotated[int, Field(ge=1)]
    title: Title
    script: SceneScript = SceneScript()
    storyboard: Storyboard = Storyboard()
    production: Annotated[SceneProduction, ServerOwned()] = SceneProduction()
    character_ids: Annotated[list[Id], Reference("characters", on_delete="clear")] = []
    location: Label = ""
    time_of_day: TimeOfDay = "day"
    mood: Label = ""

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
