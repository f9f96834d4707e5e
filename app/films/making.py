"""Having films made: plans become pipelines of tasks.

Whoever calls wakes a worker afterwards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.errors import WrongState
from app.core.revising import revise
from app.films.planning import Key, Step, Wanted, plan, unwritten
from app.films.projects import open_project
from app.films.state import FilmState, state_of
from app.library.kinds import EMBED_MEDIA, EmbedMedia
from app.production.tasks import Ownership, new_task, start_pipeline
from documents.base import NotUnique, Subject, touched
from documents.films import Episode, Project
from documents.production import Pipeline, Task
from documents.scenes import Scene, StoryboardPanel
from documents.values import Id

MOST_STEPS: Final = 20_000
UNDER_WAY: Final = (
    "A part of this is being made already: wait until it is done, or cancel its tasks."
)


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for what."""

    kind: str
    """Of the pipeline, such as `films.make_episode`."""
    subject: Subject
    by: Id | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """What was begun; no pipeline where nothing is left to do."""

    pipeline: Pipeline | None
    steps: list[Step]


async def begin(
    project_id: Id,
    episode_ids: Iterable[Id] | None,
    wanted: Wanted,
    order: Order,
    session: AsyncClientSession,
) -> Begin:
    """Have made what these episodes lack and what is wanted; no pipeline where that is nothing.

    Raises WrongState where the project is archived, an episode has no scenes, or a part of it is
    being made already.
    """
    project = await open_project(project_id, session)
    state = await state_of(project, episode_ids, session)
    if episode_ids is not None and not any(state.scenes.values()):
        raise WrongState("There are no scenes yet: write a script, or have one developed.")
    if await _give_panels(state, wanted, session):
        state = await state_of(project, episode_ids, session)
    steps = plan(state, wanted)
    if not steps:
        return Begin(None, [])
    if len(steps) > MOST_STEPS:
        raise WrongState(f"That is more than {MOST_STEPS:,} steps: take fewer episodes at once.")
    return Begin(await start(project, steps, order, session), steps)


async def start(
    project: Project, steps: Sequence[Step], order: Order, session: AsyncClientSession
) -> Pipeline:
    """Write the pipeline that takes these steps. Raises WrongState where one is being taken."""
    pipeline = Pipeline(
        workspace_id=project.workspace_id,
        project_id=project.id,
        created_by=order.by,
        kind=order.kind,
        subject=order.subject,
    )
    tasks = tasks_of(project, steps, pipeline)
    pipeline.task_count = len(tasks)
    try:
        await start_pipeline(pipeline, tasks, session)
    except NotUnique as exc:
        raise WrongState(UNDER_WAY) from exc
    await mark_generating(steps, session)
    return pipeline


def tasks_of(project: Project, steps: Sequence[Step], pipeline: Pipeline) -> list[Task]:
    """The steps as tasks of the pipeline; when all is there, it is made findable."""
    made: dict[Key, Task] = {}
    for step in steps:
        made[step.key] = new_task(
            step.kind,
            step.parameters,
            _owner(project, step, pipeline),
            after=[made[key] for key in step.after if key in made],
            priority=step.priority,
            key=":".join([step.kind.name, *map(str, step.key[1:])]),
        )
    last = Ownership(
        workspace_id=project.workspace_id,
        project_id=project.id,
        pipeline_id=pipeline.id,
        created_by=pipeline.created_by,
        subject=pipeline.subject,
    )
    parameters = EmbedMedia(project_id=project.id)
    ends = [made[step.key] for step in steps if step.work in ("film", "render")]
    findable = new_task(EMBED_MEDIA, parameters, last, after=ends, priority=9)
    return [*made.values(), findable]


async def mark_generating(steps: Sequence[Step], session: AsyncClientSession) -> None:
    """The scenes of these steps are being made from now on."""
    keys = [*{step.scene_id for step in steps} - {None}]
    if keys:
        await Scene.collection().update_many(
            {"_id": {"$in": keys}},
            touched({"$set": {"production.status": "generating"}}),
            session=session,
        )


async def _give_panels(state: FilmState, wanted: Wanted, session: AsyncClientSession) -> bool:
    """A scene that nobody drew panels for gets one; answers whether there was one."""
    chosen = [
        scene
        for scenes in state.scenes.values()
        for scene in unwritten(scenes)
        if wanted.scenes is None or scene.id in wanted.scenes
    ]
    for scene in chosen:
        await revise(scene, _add_panel, session, by_person=False)
    return bool(chosen)


def _add_panel(scene: Scene) -> None:
    shown = scene.script.action or scene.title
    panel = StoryboardPanel(
        panel_number=1, description=shown[:2_000], character_ids=scene.character_ids[:50]
    )
    scene.storyboard.panels = [panel]


def _owner(project: Project, step: Step, pipeline: Pipeline) -> Ownership:
    return Ownership(
        workspace_id=project.workspace_id,
        project_id=project.id,
        episode_id=step.episode_id,
        scene_id=step.scene_id,
        character_id=step.character_id,
        pipeline_id=pipeline.id,
        created_by=pipeline.created_by,
        subject=step.subject,
    )


def about(record: Episode | Project | Scene) -> Subject:
    """The record as the subject of a pipeline."""
    return Subject(collection=record.collection_name(), id=record.id)
