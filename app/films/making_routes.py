"""Planning and making films: what would be done, having it done, takes, what is out of date."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path

from app.core.access import Access
from app.core.actor import Actor, CurrentActor, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, WrongState, documented
from app.core.parts import CurrentParts, Parts
from app.core.recording import Transaction
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.revising import R, deed, revise
from app.core.schemas import read_schema
from app.core.showing import shown
from app.films import access, choosing
from app.films.making import Begin, Order, about, begin
from app.films.making_schemas import (
    Assembling,
    Begun,
    Generating,
    GeneratingScene,
    OneMore,
    PlanShown,
    Refreshing,
    TakeChosen,
    TakesWanted,
)
from app.films.planning import Wanted, outdated, plan
from app.films.pricing import priced
from app.films.projects import open_project
from app.films.state import FilmState, state_of
from documents.base import Scope, within
from documents.films import Episode, Project
from documents.scenes import Scene
from documents.values import Id

router = APIRouter(tags=["films"], route_class=StrictRoute)
READING: Final = documented(NotFound, Invalid, *SIGNED_IN)
ACTING: Final = documented(NotFound, WrongState, *WITH_BODY, *SIGNED_IN)
Number = Annotated[int, Path(ge=1, le=2**31)]


@router.post("/projects/{id}/plan", operation_id="plan_project", responses=ACTING)
async def plan_project(
    id: Id, body: Generating, actor: CurrentActor, parts: CurrentParts
) -> PlanShown:
    """What making all episodes would take; nothing is begun."""
    project = await _seen(Project, access.PROJECTS.read(actor), actor, id)
    return await _planned(parts, await state_of(project), body.wanted())


@router.post("/episodes/{id}/plan", operation_id="plan_episode", responses=ACTING)
async def plan_episode(
    id: Id, body: Generating, actor: CurrentActor, parts: CurrentParts
) -> PlanShown:
    """What making the episode would take; nothing is begun."""
    episode = await _seen(Episode, access.PARTS.read(actor), actor, id)
    project = await _project(episode)
    return await _planned(parts, await state_of(project, [episode.id]), body.wanted())


@router.post("/episodes/{id}/generate", operation_id="generate_episode", responses=ACTING)
async def generate_episode(
    id: Id, body: Generating, actor: CurrentActor, parts: CurrentParts
) -> Begun:
    """Makes what is not there yet, and of the outdated what is chosen; goes on where an earlier
    try stopped."""
    return await _episode_begun(parts, actor, id, body.wanted())


@router.post("/episodes/{id}/assemble", operation_id="assemble_episode", responses=ACTING)
async def assemble_episode(
    id: Id, body: Assembling, actor: CurrentActor, parts: CurrentParts
) -> Begun:
    """Renders the scenes that changed and joins all of them to the episode's film.

    Raises WrongState where a scene lacks a part: `generate` makes it.
    """
    return await _episode_begun(parts, actor, id, Wanted(), only_joining=True)


@router.post("/scenes/{id}/generate", operation_id="generate_scene", responses=ACTING)
async def generate_scene(
    id: Id, body: GeneratingScene, actor: CurrentActor, parts: CurrentParts
) -> Begun:
    """Makes what the scene lacks, and of the outdated what is chosen, and renders it."""
    return await _scene_begun(parts, actor, id, lambda _: body.wanted(id))


@router.post("/scenes/{id}/takes", operation_id="take_scene_again", responses=ACTING)
async def take_scene(id: Id, body: TakesWanted, actor: CurrentActor, parts: CurrentParts) -> Begun:
    """Makes another take of some of its parts, and renders the scene with them."""
    return await _scene_begun(parts, actor, id, lambda scene: choosing.wanted(scene, body))


@router.put(
    "/scenes/{id}/take",
    operation_id="choose_scene_take",
    response_model=None,
    responses={200: {"model": read_schema(Scene)}, **ACTING},
)
async def choose_scene_take(
    id: Id, body: TakeChosen, actor: CurrentActor, parts: CurrentParts
) -> Answer:
    """Shows the scene as it was rendered then."""

    async def work(scene: Scene, transaction: Transaction) -> Scene:
        await open_project(scene.project_id, transaction.session)
        change = choosing.showing_scene(scene, body.number)
        return await revise(scene, change, transaction.session, by_person=True)

    return shown(await deed(parts, actor, Scene, access.PARTS, id, work))


@router.post(
    "/scenes/{id}/panels/{number}/takes", operation_id="take_panel_again", responses=ACTING
)
async def take_panel(
    id: Id, number: Number, body: OneMore, actor: CurrentActor, parts: CurrentParts
) -> Begun:
    """Draws the panel once more; the scene is rendered with the new picture."""
    again = TakesWanted(panels=[number], seed=body.seed)
    return await _scene_begun(parts, actor, id, lambda scene: choosing.wanted(scene, again))


@router.put(
    "/scenes/{id}/panels/{number}/take",
    operation_id="choose_panel_take",
    response_model=None,
    responses={200: {"model": read_schema(Scene)}, **ACTING},
)
async def choose_panel_take(
    id: Id, number: Number, body: TakeChosen, actor: CurrentActor, parts: CurrentParts
) -> Answer:
    """Shows another take of the panel; what was rendered with the one before is out of date."""

    async def work(scene: Scene, transaction: Transaction) -> Scene:
        await open_project(scene.project_id, transaction.session)
        change = choosing.showing_panel(scene, number, body.number)
        return await revise(scene, change, transaction.session, by_person=True)

    return shown(await deed(parts, actor, Scene, access.PARTS, id, work))


@router.get("/projects/{id}/stale", operation_id="list_stale_of_project", responses=READING)
async def list_stale(
    id: Id, actor: CurrentActor, parts: CurrentParts, episode_id: Id | None = None
) -> PlanShown:
    """What of the project is out of date after edits, what follows from making it anew, and what
    that would cost. `episode_id` looks at one episode."""
    project = await _seen(Project, access.PROJECTS.read(actor), actor, id)
    state = await state_of(project, None if episode_id is None else [episode_id])
    return await priced(parts, project.workspace_id, outdated(state))


@router.post("/projects/{id}/refresh", operation_id="refresh_project", responses=ACTING)
async def refresh(id: Id, body: Refreshing, actor: CurrentActor, parts: CurrentParts) -> Begun:
    """Makes these outdated files anew, and renders the scenes that they are in; all else stays as
    it is. With `assemble` the films are joined again as well."""
    media = frozenset(body.media_ids)
    wanted = Wanted(media=media, narrow=True, assemble=body.assemble, seed=body.seed)

    async def work(project: Project, transaction: Transaction) -> tuple[Project, Begin]:
        order = Order("films.refresh", about(project), actor.id)
        begun = await begin(project.id, None, wanted, order, transaction.session)
        if not any(media & {*step.replaces} for step in begun.steps):
            raise WrongState("None of these files is out of date.")
        return project, begun

    return await _begun(parts, actor, Project, access.PROJECTS, id, work)


async def _episode_begun(
    parts: Parts, actor: Actor, key: Id, wanted: Wanted, *, only_joining: bool = False
) -> Begun:
    async def work(episode: Episode, transaction: Transaction) -> tuple[Episode, Begin]:
        order = Order("films.make_episode", about(episode), actor.id)
        keys = [episode.id]
        begun = await begin(episode.project_id, keys, wanted, order, transaction.session)
        if only_joining and (lacking := [step for step in begun.steps if step.calls]):
            raise WrongState(f"{lacking[0].title} is not there yet: generate the episode first.")
        return episode, begun

    return await _begun(parts, actor, Episode, access.PARTS, key, work)


async def _scene_begun(
    parts: Parts, actor: Actor, key: Id, asked: Callable[[Scene], Wanted]
) -> Begun:
    async def work(scene: Scene, transaction: Transaction) -> tuple[Scene, Begin]:
        order = Order("films.make_scene", about(scene), actor.id)
        keys, session = [scene.episode_id], transaction.session
        begun = await begin(scene.project_id, keys, asked(scene), order, session)
        found = await Scene.one_in(True, scene.id, session)
        assert found is not None  # the transaction has just seen it
        return found, begun

    return await _begun(parts, actor, Scene, access.PARTS, key, work)


async def _begun(
    parts: Parts,
    actor: Actor,
    model: type[R],
    rules: Access,
    key: Id,
    work: Callable[[R, Transaction], Awaitable[tuple[R, Begin]]],
) -> Begun:
    """Begin, as a deed about the record; then wake a worker, and tell what was begun."""
    made: list[Begin] = []

    async def noting(record: R, transaction: Transaction) -> R:
        after, begun = await work(record, transaction)
        made[:] = [begun]
        return after

    record = await deed(parts, actor, model, rules, key, noting)
    await parts.wakeups.wake()
    [begun] = made
    workspace_id: Id = record.workspace_id
    shown_plan = await priced(parts, workspace_id, begun.steps)
    return Begun(pipeline_id=begun.pipeline and begun.pipeline.id, plan=shown_plan)


async def _seen(model: type[R], scope: Scope, actor: Actor, key: Id) -> R:
    demand(actor, "read", model.collection_name())
    found = await model.first_in(True, within(scope, {"_id": key}))
    if found is None:
        raise NotFound("There is no such record, or none that you may see.")
    return found


async def _project(episode: Episode) -> Project:
    project = await Project.one_in(True, episode.project_id)
    if project is None:
        raise NotFound("The project is not there any more.")
    return project


async def _planned(parts: Parts, state: FilmState, wanted: Wanted) -> PlanShown:
    return await priced(parts, state.project.workspace_id, plan(state, wanted))
