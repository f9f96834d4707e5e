"""Which files of films are out of date, and making them again: what the library asks of films."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from app.core.actor import Actor
from app.core.parts import Parts
from app.core.recording import Transaction
from app.core.revising import deed
from app.films import access
from app.films.making import Order, about, begin
from app.films.planning import Step, Wanted, outdated
from app.films.state import state_of, used_by
from app.library.lineage import Verdict
from app.production.estimates import FIRST_PRICE, usual_prices
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id

WHY: Final = "What it shows, or lets hear, was changed since it was made."
MADE: Final = frozenset(
    {"storyboard", "audio_clip", "music_track", "video_segment", "final_video"}
    | {"character_design", "voice_profile"}
)


class FilmMaker:
    """The files of films."""

    name = "films"

    def made(self, media: Media) -> bool:
        """What a step of a film made, and kept the recipe of."""
        made = media.generation_metadata
        belongs = media.project_id is not None and media.media_type in MADE
        return belongs and made is not None and made.recipe is not None

    async def users(self, media: Sequence[Media]) -> Iterable[Id]:
        """The rendered scenes and films that these are parts of today."""
        keys = [each.id for each in media]
        parts = ("storyboard.panels.image_id", "script.dialogue.audio_id", "production.music_id")
        scenes = await Scene.all_in(True, {"$or": [{name: {"$in": keys}} for name in parts]})
        rendered = ("production.video_segment_id", "production.audio_track_id")
        joined = await Scene.all_in(True, {"$or": [{name: {"$in": keys}} for name in rendered]})
        episodes = {"_id": {"$in": [each.episode_id for each in joined]}}
        films = [each.metadata.final_video_id for each in await Episode.all_in(True, episodes)]
        segments = [each.production.video_segment_id for each in scenes]
        looks = await Character.all_in(True, {"visual_design.final_design_id": {"$in": keys}})
        shown = {"storyboard.panels.character_ids": {"$in": [each.id for each in looks]}}
        drawn = [
            panel.image_id
            for scene in (await Scene.all_in(True, shown) if looks else [])
            for panel in scene.storyboard.panels
            if {each.id for each in looks} & {*panel.character_ids}
        ]
        return {key for key in (*segments, *films, *drawn) if key is not None} - {*keys}

    async def verdicts(self, media: Sequence[Media]) -> Mapping[Id, Verdict]:
        """On the files that films show today."""
        wanted = {each.id for each in media}
        found: dict[Id, Verdict] = {}
        for key in dict.fromkeys(each.project_id for each in media):
            project = None if key is None else await Project.one_in(True, key)
            if project is None:
                continue
            state = await state_of(project)
            scenes = [scene for each in state.scenes.values() for scene in each]
            used = used_by(state.episodes, scenes, state.cast.values()) & wanted
            found |= dict.fromkeys(used, Verdict())
            prices = await usual_prices(project.workspace_id)
            for step in outdated(state):
                verdict = Verdict(WHY if _by_itself(step) else None, _price(step, prices))
                found |= {each: verdict for each in step.replaces if each in used}
        return found

    async def refresh(self, parts: Parts, actor: Actor, media: Sequence[Media]) -> Sequence[Id]:
        """Make these anew, and render the scenes that they are in."""
        films = any(each.media_type == "final_video" for each in media)
        keys = frozenset(each.id for each in media)
        wanted = Wanted(media=keys, narrow=True, assemble=films)
        pipelines: dict[Id, Id | None] = {}

        async def work(project: Project, transaction: Transaction) -> Project:
            order = Order("films.refresh", about(project), actor.id)
            begun = await begin(project.id, None, wanted, order, transaction.session)
            pipelines[project.id] = begun.pipeline and begun.pipeline.id
            return project

        for key in dict.fromkeys(each.project_id for each in media):
            assert key is not None  # they were made here
            await deed(parts, actor, Project, access.PROJECTS, key, work)
        await parts.wakeups.wake()
        return [key for key in pipelines.values() if key is not None]


def _by_itself(step: Step) -> bool:
    """Whether its own recipe changed, and not only what it is made of."""
    return step.why == "outdated" or not step.after


def _price(step: Step, prices: Mapping[str, Decimal | None]) -> Decimal | None:
    if step.category is None:
        return Decimal(0)
    price = prices.get(step.category, FIRST_PRICE)
    return None if price is None else price * max(len(step.replaces), 1)
