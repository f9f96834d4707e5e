"""What is asked and answered about scripts, and about the order of scenes."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.films.making_schemas import PlanShown
from documents.films import Character
from documents.reviews import ScriptVersion
from documents.scenes import Scene
from documents.values import Id, Line

EXAMPLE = "EXT. FOREST - DAY\n\nA FOX looks up.\n\nFOX\nWhat a day!\n"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScriptGiven(_Body):
    """A whole script, as Fountain."""

    content: Annotated[str, Field(min_length=1, max_length=1_000_000, examples=[EXAMPLE])]
    note: Line = Field("", description="What is new about it.")
    base_version: int | None = Field(
        None,
        strict=True,
        ge=1,
        le=2**53,
        description="The version that was edited. Where the script is in another one by now, "
        "nothing is written (409 `changed_meanwhile`).",
    )


class ScriptRestored(_Body):
    """The version to bring back."""

    version: Annotated[int, Field(strict=True, ge=1, le=2**53)]


class SceneNamed(BaseModel):
    """A scene by its number and heading."""

    id: Id
    number: int
    title: str

    @classmethod
    def of(cls, scene: Scene) -> "SceneNamed":
        return cls(id=scene.id, number=scene.scene_number, title=scene.title)


class CharacterNamed(BaseModel):
    """Somebody by name."""

    id: Id
    name: str

    @classmethod
    def of(cls, character: Character) -> "CharacterNamed":
        return cls(id=character.id, name=character.name)


class ScenesFollowed(BaseModel):
    """What has become of the scenes; those that stay as they are are not told."""

    changed: list[SceneNamed]
    added: list[SceneNamed]
    removed: list[SceneNamed] = Field(description="Under the numbers that they had.")
    renumbered: list[SceneNamed] = Field(description="They say the same under another number.")


class ScriptSaved(BaseModel):
    """The newest version of a script, and what follows from it."""

    episode_id: Id
    version: int
    word_count: int
    estimated_duration: float
    language: str | None
    scenes: ScenesFollowed
    to_do: PlanShown = Field(
        description="What is missing or out of date by now, and what making all of it would cost; "
        "`generate` makes what is missing, and of the outdated what is chosen."
    )
    characters_added: list[CharacterNamed]


class VersionTold(BaseModel):
    """A version of a script, without its text."""

    model_config = ConfigDict(from_attributes=True)

    version_id: Id = Field(validation_alias="id")
    version: int
    word_count: int
    estimated_duration: float
    note: str
    restored_from: int | None
    created_by: Id | None = Field(description="Null where it was generated.")
    created_at: datetime


class VersionsTold(BaseModel):
    """Versions of a script, newest first."""

    data: list[VersionTold]


class ScriptDiff(BaseModel):
    """What two versions differ in."""

    from_version: int
    to_version: int
    diff: str = Field(description="A unified diff; empty where they are the same.")
    lines_added: int
    lines_removed: int
    words: int = Field(description="How many more words the second one has.")
    seconds: float = Field(description="How much longer it is estimated to play.")

    @classmethod
    def between(cls, first: ScriptVersion, second: ScriptVersion, diff: str) -> "ScriptDiff":
        lines = [line for line in diff.splitlines() if not line.startswith(("+++", "---"))]
        return cls(
            from_version=first.version,
            to_version=second.version,
            diff=diff,
            lines_added=sum(line.startswith("+") for line in lines),
            lines_removed=sum(line.startswith("-") for line in lines),
            words=second.word_count - first.word_count,
            seconds=round(second.estimated_duration - first.estimated_duration, 2),
        )


class SceneOrder(_Body):
    """All scenes of the episode, in their new order."""

    scene_ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]


class SceneSplit(_Body):
    """Where the second scene begins."""

    at_line: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=500,
            description="The first line of the second scene, counted from 0.",
        ),
    ]
    title: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, description="The heading of the second scene; without it, that of the first."
    )


class ScenesOrdered(BaseModel):
    """The scenes of the episode in their order, and the version of the script that has it."""

    scenes: list[SceneNamed]
    script_version: int


class ScenesSplit(BaseModel):
    """The two scenes that were one, and the version of the script that has them."""

    first: SceneNamed
    second: SceneNamed
    script_version: int
