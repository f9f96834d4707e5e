"""The figures of films: planning a season, making scenes, joining again after an edit."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.films.making import Order, about, start
from app.films.planning import Step, Wanted, plan
from app.films.state import state_of
from app.identity.service import Account
from app.production.estimates import estimate
from app.production.queues import slots_of
from app.production.tasks import pipeline_state
from app.settings import Settings
from documents.films import Character, Episode, Project
from documents.production import Pipeline, Task
from documents.scenes import Scene
from documents.store import Store
from documents.values import Id
from scripts.bench.api import dropped
from scripts.bench.films_tree import tree_ratio
from scripts.bench.report import Bar, Report, Unmeasured
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.seed import ensure_demo_account
from scripts.stack import Stack, environment

BARS: Final = (
    Bar("plan_s", "<=", 2),
    Bar("generate_scene_per_s", ">=", 5),
    Bar("reassemble_ratio", "<=", 1 / 6),
    Bar("project_tree_ratio", "<=", 2),
)
EPISODES, SCENES, LINES, PANELS = 12, 20, 2, 1
"""The season of the issue; the scenes are as the demo's: short, with a picture or two."""
EPISODES_MADE: Final = 3
POLL_SECONDS: Final = 0.2
"""Seldom, for it takes of the time of what is measured."""
PATIENCE_SECONDS: Final = 900.0
PLACES: Final = ("forest", "village", "river", "castle", "market")
MOODS: Final = ("calm", "tense", "joyful", "sad", "mysterious")


@dataclass(frozen=True, slots=True)
class Season:
    """A written season of which nothing is made."""

    project: Project
    episodes: list[Episode]
    cast: list[Character]
    scenes: list[Scene]

    async def insert(self) -> None:
        await self.project.insert()
        await Episode.insert_all(self.episodes)
        await Character.insert_all(self.cast)
        await Scene.insert_all(self.scenes)


def measure(settings: Settings) -> Report:
    """Measure with one worker, on servers of our own or on those of BACKLOT_*."""
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        own = running.model_copy(update={"mongo_database": f"bench_{os.getpid()}"})
        asyncio.run(migrated(own))
        worker = Child(["worker"], environment(own), own.data / "logs" / "bench-worker.log")
        with children(worker):
            figures = asyncio.run(_figures(own, worker))
        try:
            figures |= tree_ratio(own)
        finally:
            asyncio.run(dropped(own))
    return Report("films", figures, BARS)


async def _figures(settings: Settings, worker: Child) -> dict[str, float]:
    account = await ensure_demo_account(settings)
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Storage(settings) as storage,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        del storage  # opening it makes sure that the bucket is there
        bench = _Bench(settings, store, wakeups, account, worker)
        try:
            return {
                **await bench.planning(),
                **await bench.generating(),
                **await bench.assembling(),
            }
        finally:
            await store.client.drop_database(settings.mongo_database)


@dataclass(frozen=True, slots=True)
class _Bench:
    settings: Settings
    store: Store
    wakeups: Wakeups
    account: Account
    worker: Child

    async def planning(self) -> dict[str, float]:
        """A season planned and priced."""
        season = written(self.account, EPISODES, SCENES)
        await season.insert()
        started = time.perf_counter()
        steps = plan(await state_of(season.project), Wanted())
        await estimate(season.project.workspace_id, steps, slots_of(self.settings))
        return {"plan_s": time.perf_counter() - started, "plan_steps": float(len(steps))}

    async def generating(self) -> dict[str, float]:
        """Pictures, voices and music of an episode's scenes, without rendering: the median of some
        episodes, each in other moods, as what was made once is not made again."""
        await self._warm()
        seconds = []
        for turn in range(EPISODES_MADE):
            season = written(self.account, 1, SCENES, turn)
            await season.insert()
            seconds.append(await self._made(season, Wanted(), lambda step: not _is_rendering(step)))
        return {"generate_scene_per_s": SCENES / median(seconds)}

    async def assembling(self) -> dict[str, float]:
        """An episode joined for the first time, and once more after one line has changed."""
        season = written(self.account, 1, SCENES, EPISODES_MADE)
        await season.insert()
        await self._made(season, Wanted(), lambda step: not _is_rendering(step))
        first = await self._made(season, Wanted(), _is_rendering)
        middle = season.scenes[SCENES // 2]
        lines = {
            "script.dialogue.0.lines": "Nobody had expected this.",
            "script.dialogue.0.words": [],
        }
        edit = {"$set": {**lines, "script.dialogue.0.audio_id": None}}
        await Scene.write_one({"_id": middle.id}, edit)
        again = await self._made(season, Wanted(), lambda _: True)
        return {
            "assemble_s": first,
            "reassemble_s": again,
            "reassemble_ratio": again / first,
        }

    async def _warm(self) -> None:
        """The worker has loaded what it needs."""
        season = written(self.account, 1, 1, EPISODES_MADE + 1)
        await season.insert()
        await self._made(season, Wanted(), lambda _: True)

    async def _made(self, season: Season, wanted: Wanted, chosen: Callable[[Step], bool]) -> float:
        """Seconds until the last of these steps was taken, by the clock of the store."""
        [episode] = season.episodes
        order = Order("films.make_episode", about(episode))
        state = await state_of(season.project, [episode.id])
        steps = [step for step in plan(state, wanted) if chosen(step)]
        database = self.store.database
        hello = await database.command("hello", codec_options=database.codec_options)
        started: datetime = hello["localTime"]
        pipeline = await self.store.in_transaction(
            lambda session: start(season.project, steps, order, session)
        )
        await self._done(pipeline, steps)
        last = await Task.collection().find_one(
            {"pipeline_id": pipeline.id}, {"completed_at": 1}, sort=[("completed_at", -1)]
        )
        assert last is not None  # there were steps
        seconds: float = (last["completed_at"] - started).total_seconds()
        return seconds

    async def _done(self, pipeline: Pipeline, steps: Sequence[Step]) -> None:
        await self.wakeups.wake()
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            self.worker.check()
            stands = await pipeline_state(pipeline.id)
            if stands.failures:
                raise Unmeasured(f"a step failed: {stands.failures[0].error}")
            if stands.is_done:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise Unmeasured(f"{len(steps)} steps were not done within {PATIENCE_SECONDS:.0f} seconds")


def written(account: Account, episodes: int, scenes: int, turn: int = 0) -> Season:
    """A season with two characters who return; at each of five turns the moods are others."""
    project = Project(
        workspace_id=account.workspace.id,
        created_by=account.user.id,
        title="A season",
        episode_count=episodes,
    )
    inside = {"project_id": project.id, "workspace_id": project.workspace_id}
    cast = [
        Character(**inside, name=name, description=f"{name}, who is always there")
        for name in ("Anna", "Bruno")
    ]
    made = [
        Episode(
            **inside, episode_number=number, title=f"Episode {number}", script={"language": "en"}
        )
        for number in range(1, episodes + 1)
    ]
    parts = [
        _scene(episode.id, inside, number, turn, cast)
        for episode in made
        for number in range(1, scenes + 1)
    ]
    return Season(project, made, cast, parts)


def _scene(
    episode_id: Id, inside: dict[str, Id], number: int, turn: int, cast: Sequence[Character]
) -> Scene:
    place, mood = PLACES[number % len(PLACES)], MOODS[(number + turn) % len(MOODS)]
    speakers = [None, *(each.id for each in cast)]
    scene: Scene = Scene.model_validate(
        {
            **inside,
            "episode_id": episode_id,
            "scene_number": number,
            "title": f"EXT. {place.upper()} - DAY",
            "location": place,
            "mood": mood,
            "character_ids": [each.id for each in cast],
            "script": {
                "action": f"Scene {number} in the {place}, and all is {mood}.",
                "dialogue": [
                    {
                        "character_id": speakers[(number + line) % len(speakers)],
                        "lines": f"This is line {line + 1} of scene {number}, {episode_id}.",
                    }
                    for line in range(LINES)
                ],
            },
            "storyboard": {
                "panels": [
                    {
                        "panel_number": panel + 1,
                        "description": f"The {place}, {mood}, {episode_id}",
                        "character_ids": [cast[(number + panel) % len(cast)].id],
                        "starts_at_line": panel,
                    }
                    for panel in range(PANELS)
                ]
            },
        }
    )
    return scene


def _is_rendering(step: Step) -> bool:
    return step.work in ("render", "film")
