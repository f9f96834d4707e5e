"""A series put together: from a long text by cutting it, from an idea by growing it."""

from __future__ import annotations

from workers.providers.local.languages import guess_language
from workers.providers.local.screenwriter.cast import Cast, find_cast
from workers.providers.local.screenwriter.dialogue import utterances_of
from workers.providers.local.screenwriter.manuscript import read_manuscript, refuse_unreadable
from workers.providers.local.screenwriter.seams import CHAPTER, FEWEST_WORDS, cut_parts, heading_of
from workers.providers.local.screenwriter.sentences import split_sentences
from workers.providers.local.screenwriter.staging import spoken_words
from workers.providers.local.screenwriter.tales import grown
from workers.providers.local.screenwriter.writer import (
    OPENING,
    calm_capitals,
    characters_of,
    short,
    themes_of,
)
from workers.providers.outline import OutlineEpisode, SeriesOutline

LONGEST_TITLE = 80
LONGEST_SUMMARY = 1_200
TOLD_SENTENCES = 4
"""A summary is made of so many sentences of the text."""
SAMPLE = 200_000
"""Who acts, and what it is about, is to be found in so many characters."""
SMALLEST_STORY = 60
"""A text of fewer words is an idea, even for one episode."""


def outline_series(
    text: str, episodes: int, *, title: str | None = None, as_it_is: bool = False, seed: int = 0
) -> SeriesOutline:
    """Make a series of so many episodes of a text; raises `ProviderRefused` for what is no text.

    A text that is long enough is cut where it is sewn together; of an idea a tale is made first,
    which the outline then has. `as_it_is` takes a short text for a story, too, as far as it can be
    cut.
    """
    refuse_unreadable(text)
    words = spoken_words(text)
    is_story = as_it_is or words >= max(SMALLEST_STORY, FEWEST_WORDS * episodes)
    places = cut_parts(text, episodes) if is_story else None
    if places is not None:
        return _outline(text, places, [""] * episodes, title, seed, is_grown=False)
    tale = grown(text, episodes, seed)
    named = title or short(" ".join(text.split()), LONGEST_TITLE).rstrip(".")
    return _outline(tale.text, [*tale.places], [*tale.titles], named, seed, is_grown=True)


def _outline(
    text: str,
    places: list[tuple[int, int]],
    titles: list[str],
    title: str | None,
    seed: int,
    *,
    is_grown: bool,
) -> SeriesOutline:
    manuscript = read_manuscript(text[:SAMPLE])
    paragraphs = [OPENING.sub(calm_capitals, part) for part in manuscript.paragraphs]
    body = "\n".join(paragraphs)
    language = guess_language(body)
    cast = find_cast(body, language)
    # The first chapter's heading is not the book's.
    book = "" if CHAPTER.fullmatch(manuscript.title) else manuscript.title
    if len(titles) == 1:
        titles = [titles[0] or book]  # of a single film the book's title is its own
    made: list[OutlineEpisode] = []
    taken: set[str] = set()
    for number, ((start, end), given) in enumerate(zip(places, titles, strict=True), start=1):
        told = text[start:end].removeprefix(book).lstrip()
        part = _episode(number, told or text[start:end], given, cast, taken)
        made.append(OutlineEpisode(**part, number=number, start=start, end=end))
        taken.add(made[-1].title.casefold())
    return SeriesOutline(
        title=(title or book or made[0].title)[:255],
        logline=made[0].logline,
        summary=short(" ".join(each.logline for each in made), LONGEST_SUMMARY),
        themes=themes_of(body),
        language=language,
        characters=characters_of(cast, utterances_of(paragraphs, cast), seed),
        episodes=tuple(made),
        text=text if is_grown else None,
    )


def _episode(
    number: int, part: str, given: str, cast: Cast, taken: set[str]
) -> dict[str, str | tuple[str, ...]]:
    heading, rest = heading_of(part)
    sentences = split_sentences(" ".join(rest.split()))
    step = max(1, len(sentences) // TOLD_SENTENCES)
    return {
        "title": _title(number, given or heading, rest, sentences[0], cast, taken),
        "logline": short(sentences[0], 220),
        "summary": short(" ".join(sentences[::step][:TOLD_SENTENCES]), LONGEST_SUMMARY),
        "themes": themes_of(rest),
    }


def _title(number: int, given: str, part: str, first: str, cast: Cast, taken: set[str]) -> str:
    """The part's own heading, or who is in it, or how it begins; no two are called the same."""
    people = sorted(cast.named_in(part), key=lambda each: -part.lower().count(each.key))[:2]
    beginning = short(first, 60)
    names = " and ".join(each.name for each in people) if len(people) == 2 else ""
    for candidate in (given, names, beginning):
        title = candidate.strip().rstrip(".,;:")[:LONGEST_TITLE]
        if title and title.casefold() not in taken:
            return title
    return f"{short(beginning, 50)} ({number})"
