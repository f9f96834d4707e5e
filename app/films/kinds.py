"""The steps by which a film is made."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class WriteScreenplay(Parameters):
    """`source_id` is the media record of the story's text."""

    episode_id: Id
    source_id: Id
    seed: int = 0
    target_seconds: float | None = None
    auto_approve: bool = False


class DesignCharacter(Parameters):
    character_id: Id
    gender: str | None = None
    seed: int = 0


class DrawPanel(Parameters):
    scene_id: Id
    panel_number: int
    character_names: tuple[str, ...] = ()
    seed: int = 0
    take: int = 1


class VoiceScene(Parameters):
    scene_id: Id
    language: str = "und"
    seed: int = 0
    take: int = 1


class ScoreScene(Parameters):
    scene_id: Id
    seed: int = 0
    take: int = 1


class RenderScene(Parameters):
    scene_id: Id
    auto_approve: bool = False


class AssembleEpisode(Parameters):
    episode_id: Id


class RefreshProject(Parameters):
    project_id: Id


class ExportProject(Parameters):
    project_id: Id


WRITE_SCREENPLAY: Final = TaskKind(
    "films.write_screenplay", "script_generation", WriteScreenplay, queue="io"
)
DESIGN_CHARACTER: Final = TaskKind(
    "films.design_character", "image_generation", DesignCharacter, queue="cpu"
)
DRAW_PANEL: Final = TaskKind("films.draw_panel", "image_generation", DrawPanel, queue="cpu")
VOICE_SCENE: Final = TaskKind("films.voice_scene", "audio_generation", VoiceScene, queue="cpu")
SCORE_SCENE: Final = TaskKind("films.score_scene", "audio_generation", ScoreScene, queue="cpu")
RENDER_SCENE: Final = TaskKind(
    "films.render_scene", "scene_assembly", RenderScene, queue="cpu", timeout_seconds=1800
)
ASSEMBLE_EPISODE: Final = TaskKind(
    "films.assemble_episode", "render", AssembleEpisode, queue="cpu", timeout_seconds=3600
)
REFRESH_PROJECT: Final = TaskKind("films.refresh_project", "maintenance", RefreshProject)
EXPORT_PROJECT: Final = TaskKind(
    "films.export_project", "render", ExportProject, queue="cpu", timeout_seconds=3600
)
