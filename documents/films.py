"""Films: projects, their episodes and characters."""

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pymongo import IndexModel

from documents.approval import Approval, content_hash
from documents.base import (
    Computed,
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

InProject: TypeAlias = Annotated[Id, Reference("projects", on_delete="cascade"), Fixed()]
InWorkspace: TypeAlias = Annotated[
    Id, Reference("workspaces"), ServerOwned(), Inherited("project_id")
]


MOST_TAKES = 100


class Take(Embedded):
    """One try at something. All tries are kept; which one is shown says the record they are of."""

    number: Annotated[int, Field(ge=1)]
    media_id: Annotated[Id, Reference("media", on_delete="clear")]
    made_at: Moment


Takes: TypeAlias = Annotated[list[Take], ServerOwned(), Field(max_length=MOST_TAKES)]


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


class Synopsis(Embedded):
    logline: Line = ""
    summary: Text = ""
    themes: list[Label] = []


class Project(Record):
    """A film or series."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    collaborator_ids: Annotated[
        list[Id], Reference("users", on_delete="clear"), ServerOwned(), Field(max_length=100)
    ] = []
    """Who may work on it though no editor of the workspace: its owner says so, by verbs."""
    style_reference_ids: Annotated[
        list[Id],
        Reference("media", on_delete="clear", only={"media_type": "style_reference"}),
        Field(max_length=20),
    ] = []
    """Pictures that every picture of the project takes after."""
    title: Title
    description: Text = ""
    genre: Genre = "drama"
    episode_count: Annotated[int, Field(ge=1, le=50)] = 1
    target_audience: Literal["children", "family", "teen", "adult"] = "family"
    status: ProjectStatus = "concept"
    project_settings: ProjectSettings = ProjectSettings()
    progress: Annotated[ProjectProgress, ServerOwned()] = ProjectProgress()
    outline: Annotated[Synopsis, ServerOwned()] = Synopsis()
    """Of the series as a whole."""
    archived_at: Annotated[Moment | None, ServerOwned()] = None
    """Put away: it can be looked at, and nothing is made for it."""

    class Settings:
        name = "projects"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            text_index("title"),
            index("created_by", "status", "_id"),
            index("created_by", "_id"),
            index("collaborator_ids", "status", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("status"),
            index("genre"),
        ]


class EpisodeScript(Embedded):
    """The screenplay in Fountain's form (fountain.io), in its newest version."""

    content: Text = ""
    version: Annotated[int, Field(ge=1)] = 1
    word_count: Count = 0
    estimated_duration: Seconds = 0
    """Seconds."""
    language: Label | None = None
    """In which it is spoken, such as `en` (BCP 47); None: nobody has found out yet."""


class EpisodeSource(Embedded):
    """The text that the episode tells: a part of a file, counted in characters."""

    media_id: Annotated[Id | None, Reference("media", on_delete="clear")]
    start: Count = 0
    end: Count | None = None
    """None: to its end."""


class EpisodeProduction(Embedded):
    """Follows the scenes."""

    scene_count: Count = 0
    completed_scenes: Count = 0
    render_progress: Percentage = 0
    review_note: Line = ""
    """Why the film was rejected last."""


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
    source: Annotated[EpisodeSource | None, ServerOwned()] = None
    script: Annotated[EpisodeScript, ServerOwned()] = EpisodeScript()
    production: Annotated[EpisodeProduction, ServerOwned()] = EpisodeProduction()
    metadata: Annotated[EpisodeMetadata, ServerOwned()] = EpisodeMetadata()
    content_hash: Annotated[str, Computed()] = ""
    """Tells this version of script and film from every other."""
    approval: Annotated[Approval | None, ServerOwned(), Computed()] = None
    """Somebody approved exactly this version; any edit voids it."""

    @model_validator(mode="after")
    def _void_what_was_changed(self) -> Self:
        film = self.metadata.final_video_id
        self.content_hash = content_hash(
            [self.title, self.synopsis.model_dump(), self.script.content, film and str(film)]
        )
        if self.approval is not None and self.approval.content_hash != self.content_hash:
            self.approval = None
        return self

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
    relationships: Annotated[list[Relationship], ServerOwned(), Field(max_length=200)] = []
    """Kept on both sides."""


class VisualDesign(Embedded):
    reference_image_ids: Annotated[list[Id], Reference("media", on_delete="clear")] = []
    final_design_id: Annotated[Id | None, Reference("media", on_delete="clear")] = None
    style_notes: Text = ""
    color_palette: list[HexColor] = []
    takes: Takes = []


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
