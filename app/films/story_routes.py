"""From an idea or a text to a series."""

from fastapi import APIRouter

from app.core.actor import CurrentActor
from app.core.bodies import StrictRoute
from app.core.errors import NotFound, WrongState, documented
from app.core.parts import CurrentParts
from app.core.resource import SIGNED_IN, WITH_BODY
from app.films import developing
from app.films.developing import Wanted
from app.films.errors import NoFilmInStory, TooManyEpisodes
from app.films.schemas_story import DevelopGiven, Developing
from app.identity.errors import LimitReached
from documents.values import Id

router = APIRouter(prefix="/projects", tags=["films"], route_class=StrictRoute)


@router.post(
    "/{id}/develop",
    operation_id="develop_project",
    status_code=202,
    responses=documented(
        *(NotFound, WrongState, LimitReached, NoFilmInStory, TooManyEpisodes),
        *WITH_BODY,
        *SIGNED_IN,
    ),
)
async def develop_project(
    id: Id, body: DevelopGiven, actor: CurrentActor, parts: CurrentParts
) -> Developing:
    """Has an outline, characters and episodes made of an idea or a text, and the scripts written.

    The episodes go behind those that are there. Characters that the project has by name stay as
    they are.
    """
    wanted = Wanted(body.text, body.episodes, body.seed, body.write_scripts, body.as_it_is)
    begun = await developing.begin(parts, actor, id, wanted)
    return Developing(
        project_id=id,
        pipeline_id=begun.pipeline.id,
        episodes=begun.episodes,
        first_number=begun.first_number,
    )
