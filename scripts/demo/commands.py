"""`backlot demo`: something made from its first words to an MP4, on the embedded servers."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pydantic import TypeAdapter, ValidationError

from documents.channels import Keywords
from documents.films import QualityTier
from documents.values import Title
from scripts.demo.channel import AlbumOrder, make_album
from scripts.demo.film import make_film

StoryOption: TypeAlias = Annotated[
    Path | None, typer.Option("--story", help="A text file to make the film from.")
]
QualityOption: TypeAlias = Annotated[
    QualityTier, typer.Option("--quality", help="Decides size and encoder.")
]
FilmSeed: TypeAlias = Annotated[
    int, typer.Option("--seed", help="Another seed, another film.", min=0)
]

demo_commands = typer.Typer(
    help="Make something from its first words to an MP4; without a name, the film.",
    invoke_without_command=True,
)


@demo_commands.callback()
def demo(
    context: typer.Context,
    story: StoryOption = None,
    quality: QualityOption = "standard",
    seed: FilmSeed = 0,
) -> None:
    """Make something from its first words to an MP4; without a name, the film of a text."""
    if context.invoked_subcommand is None:
        make_film(story, quality, seed)
    elif (story, quality, seed) != (None, "standard", 0):
        name = context.invoked_subcommand
        raise typer.BadParameter(f"options go behind the name: backlot demo {name} …")


@demo_commands.command()
def film(
    story: StoryOption = None,
    quality: QualityOption = "standard",
    seed: FilmSeed = 0,
    episodes: Annotated[
        int, typer.Option(help="How many episodes to make of it.", min=1, max=50)
    ] = 1,
) -> None:
    """Make a film from a text: story, screenplay, characters, scenes, media, one episode.

    With more episodes the text is cut where it can be, and who returns looks and sounds the same.
    """
    make_film(story, quality, seed, episodes)


@demo_commands.command()
def channel(
    niche: Annotated[str, typer.Option(help="What the video is about.")] = "Royal Court Ambience",
    moods: Annotated[
        str, typer.Option(help="Its moods, with commas between.")
    ] = "elegant, classical, serene",
    minutes: Annotated[int, typer.Option(help="How long it lasts.", min=60, max=90)] = 60,
    seed: Annotated[
        int, typer.Option(help="Another seed, another video.", min=0, max=2**31 - 1)
    ] = 0,
) -> None:
    """Make a channel and its first video: prompts, 20 tracks and 20 pictures, checks, export.

    Such a video lasts an hour at least. On two cores it takes some five minutes, and 1.5 GB of
    disk while it is made.
    """
    for name, value, kind in (("--niche", niche, Title), ("--moods", moods, Keywords)):
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError as exc:
            raise typer.BadParameter(f"{name}: {exc.errors()[0]['msg']}") from exc
    make_album(AlbumOrder(niche, moods, minutes, seed))
