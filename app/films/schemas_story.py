"""What is asked and answered about developing a project."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from documents.values import Id


class DevelopGiven(BaseModel):
    """What to make a series of."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1_000_000,
            examples=["A lonely robot learns to paint."],
            description="An idea of a sentence or two, or a whole story.",
        ),
    ]
    episodes: int | None = Field(
        None,
        strict=True,
        ge=1,
        le=50,
        description="Without it, as many as the project's `episode_count`.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0
    write_scripts: StrictBool = Field(True, description="Have the scripts written, too.")
    as_it_is: StrictBool = Field(
        False,
        description="Tell the text as it is, however short: else a short one is developed first.",
    )


class Developing(BaseModel):
    """The work has begun; the pipeline tells how far it is."""

    project_id: Id
    pipeline_id: Id
    episodes: int
    first_number: int = Field(description="The number of the first new episode, as it looks now.")
