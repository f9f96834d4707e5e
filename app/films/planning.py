"""What is left to do on episodes: the same steps are shown and priced, and then worked off.

A plan holds what is not there yet, what of the outdated is to be made anew, and what follows from
these. Joining and rendering follow always; pictures, voices and music only where somebody chose
them, because making them costs money and a studio may like them as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from app.core.kinds import Parameters, TaskKind
from app.films import kinds
from app.films.cast_recipes import design_recipe, voice_recipe
from app.films.recipes import (
    film_recipe,
    line_recipe,
    members,
    music_recipe,
    panel_recipe,
    segment_recipe,
)
from app.films.state import FilmState
from app.films.takes import next_number
from documents.base import Subject
from documents.films import Character, Episode
from documents.ledger import CostCategory
from documents.scenes import Scene, StoryboardPanel
from documents.values import Id

Work: TypeAlias = Literal["design", "casting", "speech", "music", "panel", "render", "film"]
Why: TypeAlias = Literal["missing", "outdated", "new_take", "follows"]
Key: TypeAlias = tuple[Any, ...]

UNKNOWN_LANGUAGE: Final = "und"
PRIORITIES: Final[dict[Work, int]] = {
    **{"design": 7, "casting": 7, "speech": 6, "music": 6, "panel": 5},
    **{"render": 8, "film": 9},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made beyond what is not there yet."""

    outdated: bool = False
    """Everything that is out of date."""
    media: frozenset[Id] = frozenset()
    """These files, if they are out of date."""
    takes: frozenset[Key] = frozenset()
    """Another take of these: `("panel", scene, number)`, `("line", scene, place)`,
    `("music", scene)`, `("design", character)`."""
    narrow: bool = False
    """Nothing else is made than these files, and what scenes with them lack."""
    assemble: bool = True
    """The film as well, not its scenes alone."""
    scenes: frozenset[Id] | None = None
    """These scenes alone; None: all."""
    auto_approve: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One task to come."""

    key: Key
    work: Work
    title: str
    why: Why
    kind: TaskKind[Any]
    parameters: Parameters
    subject: Subject
    episode_id: Id | None = None
    scene_id: Id | None = None
    character_id: Id | None = None
    after: tuple[Key, ...] = ()
    replaces: tuple[Id, ...] = ()
    """The files in whose place the new ones come."""
    calls: int = 0
    """How often a provider is asked."""
    category: CostCategory | None = None

    @property
    def priority(self) -> int:
        return PRIORITIES[self.work]


@dataclass(slots=True)
class _Planner:
    state: FilmState
    wanted: Wanted
    steps: dict[Key, Step] = field(default_factory=dict)

    def episode(self, episode: Episode) -> None:
        """The steps of one episode, each after those that it needs."""
        scenes = self.state.scenes[episode.id]
        chosen = [each for each in scenes if self._is_chosen(each)]
        language = episode.script.language or UNKNOWN_LANGUAGE
        renders = [step for scene in chosen if (step := self._scene(scene, language))]
        if self.wanted.assemble and scenes:
            self._film(episode, scenes, renders)

    def _is_chosen(self, scene: Scene) -> bool:
        return self.wanted.scenes is None or scene.id in self.wanted.scenes

    def _scene(self, scene: Scene, language: str) -> Key | None:
        """The steps of a scene; answers its render, where there is one."""
        speech = self._speech(scene, language)
        music = self._music(scene, speech)
        panels = [self._panel(scene, each) for each in scene.storyboard.panels]
        made = tuple(each for each in (speech, music, *panels) if each is not None)
        segment = scene.production.video_segment_id
        there = self.state.there(segment)
        if there and not made and not self._is_old(scene):
            return None
        return self._add(
            Step(
                key=("render", scene.id),
                work="render",
                title=f"Scene {scene.scene_number}",
                why="missing" if not there else "follows",
                kind=kinds.RENDER_SCENE,
                parameters=kinds.RenderScene(
                    scene_id=scene.id, auto_approve=self.wanted.auto_approve
                ),
                after=made,
                replaces=self._replaced(segment),
                **_of_scene(scene),
            )
        )

    def _is_old(self, scene: Scene) -> bool:
        """Whether the scene was rendered from other parts, and nobody wants to see it so."""
        recipe = segment_recipe(self.state.project, scene)
        chosen = scene.production.chosen_take is not None
        return not chosen and self.state.outdated(scene.production.video_segment_id, recipe)

    def _speech(self, scene: Scene, language: str) -> Key | None:
        lines = scene.script.dialogue
        missing = [n for n, line in enumerate(lines) if not self.state.there(line.audio_id)]
        again = [n for n in range(len(lines)) if ("line", scene.id, n) in self.wanted.takes]
        old = [
            number
            for number, line in enumerate(lines)
            if self._is_to_be_renewed(line.audio_id, line_recipe(line, self.state.cast, language))
        ]
        renewed = tuple(sorted({*again, *old} - {*missing}))
        untimed = any(line.timing is None for line in lines)
        if not missing and not renewed and not untimed:
            return None
        spoken_by = [each.character_id for each in lines if each.character_id is not None]
        speakers = _once(members(self.state.cast, spoken_by))
        voices = [voice for each in speakers if (voice := self._voice(each))]
        return self._add(
            Step(
                key=("speech", scene.id),
                work="speech",
                title=f"Voices of scene {scene.scene_number}",
                why="missing" if missing or untimed else "new_take" if again else "outdated",
                kind=kinds.VOICE_SCENE,
                parameters=kinds.VoiceScene(
                    scene_id=scene.id,
                    renew=renewed,
                    seed=self.wanted.seed,
                    take=_next_take(scene) if again else 1,
                ),
                after=tuple(voices),
                replaces=_replaced(*(lines[number].audio_id for number in renewed)),
                calls=len(missing) + len(renewed),
                category="audio_generation",
                **_of_scene(scene),
            )
        )

    def _music(self, scene: Scene, speech: Key | None) -> Key | None:
        music = scene.production.music_id
        key: Key = ("music", scene.id)
        if (why := self._why(key, music, music_recipe(scene))) is None:
            return None
        return self._add(
            Step(
                key=key,
                work="music",
                title=f"Music of scene {scene.scene_number}",
                why=why,
                kind=kinds.SCORE_SCENE,
                parameters=kinds.ScoreScene(
                    scene_id=scene.id,
                    seed=self.wanted.seed,
                    take=_next_take(scene) if key in self.wanted.takes else 1,
                ),
                after=(speech,) if speech else (),
                replaces=self._replaced(music),
                calls=1,
                category="audio_generation",
                **_of_scene(scene),
            )
        )

    def _panel(self, scene: Scene, panel: StoryboardPanel) -> Key | None:
        key: Key = ("panel", scene.id, panel.panel_number)
        figures = members(self.state.cast, panel.character_ids)
        designs = [design for each in figures if (design := self._design(each))]
        recipe = panel_recipe(self.state.project, scene, panel, self.state.cast)
        if (why := self._why(key, panel.image_id, recipe)) is None:
            return None
        return self._add(
            Step(
                key=key,
                work="panel",
                title=f"Panel {panel.panel_number} of scene {scene.scene_number}",
                why=why,
                kind=kinds.DRAW_PANEL,
                parameters=kinds.DrawPanel(
                    scene_id=scene.id,
                    panel_number=panel.panel_number,
                    seed=self.wanted.seed,
                    take=next_number(panel.takes) if key in self.wanted.takes else 1,
                ),
                after=tuple(designs),
                replaces=self._replaced(panel.image_id),
                calls=1,
                category="image_generation",
                **_of_scene(scene),
            )
        )

    def _design(self, character: Character) -> Key | None:
        """The look of somebody who is to be seen, once for all scenes."""
        key: Key = ("design", character.id)
        if key in self.steps:
            return key
        design = character.visual_design.final_design_id
        recipe = design_recipe(character, self.state.project)
        if (why := self._why(key, design, recipe)) is None:
            return None
        return self._add(
            Step(
                key=key,
                work="design",
                title=f"The look of {character.name}",
                why=why,
                kind=kinds.DESIGN_CHARACTER,
                parameters=kinds.DesignCharacter(
                    character_id=character.id, seed=self.wanted.seed, new=key in self.wanted.takes
                ),
                replaces=self._replaced(design),
                calls=1,
                category="image_generation",
                **_of_character(character),
            )
        )

    def _voice(self, character: Character) -> Key | None:
        """The voice of somebody who speaks, once for all scenes."""
        key: Key = ("casting", character.id)
        if key in self.steps:
            return key
        sample = character.voice_profile.audio_sample_id
        if (why := self._why(key, sample, voice_recipe(character))) is None:
            return None
        return self._add(
            Step(
                key=key,
                work="casting",
                title=f"The voice of {character.name}",
                why=why,
                kind=kinds.VOICE_CHARACTER,
                parameters=kinds.VoiceCharacter(character_id=character.id, seed=self.wanted.seed),
                replaces=self._replaced(sample),
                calls=1,
                category="audio_generation",
                **_of_character(character),
            )
        )

    def _film(self, episode: Episode, scenes: Sequence[Scene], renders: list[Key]) -> None:
        film = episode.metadata.final_video_id
        there = self.state.there(film)
        if there and not renders and not self.state.outdated(film, film_recipe(episode, scenes)):
            return
        self._add(
            Step(
                key=("film", episode.id),
                work="film",
                title=f"The film of episode {episode.episode_number}",
                why="follows" if there else "missing",
                kind=kinds.ASSEMBLE_EPISODE,
                parameters=kinds.AssembleEpisode(episode_id=episode.id),
                subject=Subject(collection="episodes", id=episode.id),
                episode_id=episode.id,
                after=tuple(renders),
                replaces=self._replaced(film),
            )
        )

    def _why(self, key: Key, media_id: Id | None, recipe: str) -> Why | None:
        """Why a part is made; None where it stays as it is."""
        if not self.state.there(media_id):
            return "missing"
        if key in self.wanted.takes:
            return "new_take"
        return "outdated" if self._is_to_be_renewed(media_id, recipe) else None

    def _replaced(self, media_id: Id | None) -> tuple[Id, ...]:
        """The file, where it is there."""
        return _replaced(media_id) if self.state.there(media_id) else ()

    def _is_to_be_renewed(self, media_id: Id | None, recipe: str) -> bool:
        chosen = self.wanted.outdated or media_id in self.wanted.media
        return chosen and self.state.outdated(media_id, recipe)

    def _add(self, step: Step) -> Key:
        self.steps[step.key] = step
        return step.key


def plan(state: FilmState, wanted: Wanted) -> list[Step]:
    """What is left to do on the episodes of the state, each step after those that it needs."""
    planner = _Planner(state, wanted)
    for episode in state.episodes:
        planner.episode(episode)
    steps = [*planner.steps.values()]
    return _narrowed(steps, wanted.media) if wanted.narrow else steps


def _narrowed(steps: Sequence[Step], media: frozenset[Id]) -> list[Step]:
    """The steps that make these files anew, and what else is done in their scenes and films."""
    named = [step for step in steps if media & {*step.replaces}]
    scenes = {step.scene_id for step in named} - {None}
    kept = [step for step in steps if step in named or step.scene_id in scenes]
    episodes = {step.episode_id for step in kept} - {None}
    return [
        step
        for step in steps
        if step in kept or (step.work == "film" and step.episode_id in episodes)
    ]


def outdated(state: FilmState) -> list[Step]:
    """What is there and out of date, and what would follow if all of it were made anew."""
    steps = plan(state, Wanted(outdated=True))
    return [step for step in steps if step.replaces]


def unwritten(scenes: Iterable[Scene]) -> Iterator[Scene]:
    """Scenes that nobody has made a storyboard for."""
    return (scene for scene in scenes if not scene.storyboard.panels)


def _next_take(scene: Scene) -> int:
    """Of its sounds; the same until the scene was rendered with them."""
    return scene.production.attempts + 1


def _of_character(character: Character) -> dict[str, Any]:
    return {
        "subject": Subject(collection="characters", id=character.id),
        "character_id": character.id,
    }


def _of_scene(scene: Scene) -> dict[str, Any]:
    return {
        "subject": Subject(collection="scenes", id=scene.id),
        "episode_id": scene.episode_id,
        "scene_id": scene.id,
    }


def _replaced(*media: Id | None) -> tuple[Id, ...]:
    return tuple(each for each in media if each is not None)


def _once(characters: Iterable[Character]) -> list[Character]:
    return [*{each.id: each for each in characters}.values()]
