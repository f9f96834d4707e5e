"""Films as the demo has them made: a text is developed, then what was written of it is made."""

from app.core.actor import Actor
from app.films import developing
from app.films.making import Order, about, begin
from app.films.planning import Wanted
from app.main import parts_with
from app.production.tasks import pipeline_state
from documents.films import Episode, Project
from documents.production import Pipeline
from workers.runtime.context import Resources


async def begin_writing(resources: Resources, project: Project, story: str) -> Pipeline:
    """Has the script of one episode written of a text, as it is."""
    parts = parts_with(resources.settings, resources.store, resources.storage, resources.wakeups)
    actor = Actor(id=project.created_by, workspaces={project.workspace_id: "owner"})
    wanted = developing.Wanted(story, 1, as_it_is=True)
    return (await developing.begin(parts, actor, project.id, wanted)).pipeline


async def begin_making(resources: Resources, project: Project) -> tuple[Episode, Pipeline]:
    """Has the film made of what was written; nobody reviews it."""
    [episode] = await Episode.all_in(True, {"project_id": project.id})
    order = Order("films.make_episode", about(episode), project.created_by)
    wanted = Wanted(auto_approve=True)
    begun = await resources.store.in_transaction(
        lambda session: begin(project.id, [episode.id], wanted, order, session)
    )
    assert begun.pipeline is not None
    await resources.wakeups.wake()
    return episode, begun.pipeline


async def is_over(pipeline: Pipeline) -> bool:
    """Whether nothing of it will go on by itself."""
    state = await pipeline_state(pipeline.id)
    return state.is_done or (state.is_stuck and not state.by_status.get("processing"))
