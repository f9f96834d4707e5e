"""What is asked for, and answered, when films are planned and made."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from app.films.planning import Step, Wanted, Why, Work
from app.production.estimates import Estimate
from documents.values import Id

MOST_SHOWN = 1_000
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Place = Annotated[int, Field(strict=True, ge=0, lt=500)]


class Given(BaseModel):
    """A body with known fields only."""

    model_config = ConfigDict(extra="forbid")


class Generating(Given):
    """How an episode is made."""

    outdated: StrictBool = False
    """Make anew what is out of date as well."""
    media_ids: Annotated[list[Id], Field(max_length=1_000)] = []
    """Of what is out of date, these files alone."""
    assemble: StrictBool = True
    """Join the scenes to the episode's film when they are made."""
    auto_approve: StrictBool = False
    """Nobody needs to look at the scenes."""
    seed: Seed = 0

    def wanted(self) -> Wanted:
        return Wanted(
            outdated=self.outdated,
            media=frozenset(self.media_ids),
            assemble=self.assemble,
            auto_approve=self.auto_approve,
            seed=self.seed,
        )


class Assembling(Given):
    """Which rendered scenes are joined: all of them."""


class GeneratingScene(Given):
    """How a scene is made."""

    outdated: StrictBool = False
    media_ids: Annotated[list[Id], Field(max_length=1_000)] = []
    auto_approve: StrictBool = False
    seed: Seed = 0

    def wanted(self, scene_id: Id) -> Wanted:
        return Wanted(
            outdated=self.outdated,
            media=frozenset(self.media_ids),
            assemble=False,
            scenes=frozenset({scene_id}),
            auto_approve=self.auto_approve,
            seed=self.seed,
        )


class TakesWanted(Given):
    """Of which parts of a scene there shall be another take; it is rendered with them."""

    panels: Annotated[list[Annotated[int, Field(strict=True, ge=1)]], Field(max_length=200)] = []
    lines: Annotated[list[Place], Field(max_length=500)] = []
    """Places in the dialogue, the first being 0."""
    music: StrictBool = False
    seed: Seed = 0

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.panels or self.lines or self.music):
            raise ValueError("name panels, lines or the music")
        return self


class OneMore(Given):
    """Another take."""

    seed: Seed = 0


class TakeChosen(Given):
    """The number of the take that is shown from now on."""

    number: Annotated[int, Field(strict=True, ge=1)]


class Refreshing(Given):
    """What of the outdated is made anew."""

    media_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]
    assemble: StrictBool = False
    seed: Seed = 0


class StepShown(BaseModel):
    """One task to come."""

    work: Work
    title: str
    why: Why
    episode_id: Id | None
    scene_id: Id | None
    character_id: Id | None
    media_ids: list[Id]
    """The files in whose place the new ones come."""
    calls: int
    """How often a provider is asked."""

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(
            work=step.work,
            title=step.title,
            why=step.why,
            episode_id=step.episode_id,
            scene_id=step.scene_id,
            character_id=step.character_id,
            media_ids=[*step.replaces],
            calls=step.calls,
        )


class PlanShown(BaseModel):
    """What would be done, what it would probably cost and how long it would take."""

    tasks: int
    by_work: dict[str, int]
    calls: int
    estimated_cost: Decimal
    """In US dollars, of the calls whose price is known."""
    unpriced_calls: int
    estimated_seconds: float | None
    """With the workers that there are; null where nothing is known of such tasks."""
    steps: list[StepShown]
    """The first thousand."""

    @classmethod
    def of(cls, steps: Sequence[Step], estimate: Estimate) -> Self:
        counts: dict[str, int] = {}
        for step in steps:
            counts[step.work] = counts.get(step.work, 0) + 1
        return cls(
            tasks=len(steps),
            by_work=counts,
            calls=sum(step.calls for step in steps),
            estimated_cost=estimate.cost,
            unpriced_calls=estimate.unpriced_calls,
            estimated_seconds=estimate.seconds,
            steps=[StepShown.of(step) for step in steps[:MOST_SHOWN]],
        )


class Begun(BaseModel):
    """What was begun."""

    pipeline_id: Id | None
    """Null where there was nothing to do."""
    plan: PlanShown
