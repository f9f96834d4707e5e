"""Planning an album by rules: every prompt another one, and the durations add up exactly."""

from __future__ import annotations

import random
from itertools import product

from documents.channels import JobPrompts, MusicPrompt, VisualPrompt
from workers.providers.errors import ProviderRefused
from workers.providers.local.albums.genres import Genre, genre_of
from workers.providers.local.seeds import dice

LIGHTS = (
    "at dawn, pale light",
    "in the morning, clear light",
    "in the day, soft light",
    "at dusk, warm light",
    "in the evening, golden light",
    "at night, moonlight",
)
ADJECTIVES = (
    *("Quiet", "Golden", "Distant", "Gentle", "Silver", "Wandering", "Last", "Hidden", "Amber"),
    *("Slow", "Open", "Early", "Faded", "Tender", "Velvet", "Northern", "Secret", "Drifting"),
)
SPREAD = 0.15
"""How much longer or shorter than the mean a track may be."""


def plan_album(
    niche: str, channel: str, moods: tuple[str, ...], minutes: float, tracks: int, seed: int
) -> JobPrompts:
    """The prompts of an album. Raises ProviderRefused without a niche, or with nothing to do."""
    if not niche.strip() or tracks < 1 or minutes <= 0:
        raise ProviderRefused(
            "An album needs a niche, at least one track and a length.", code="input_invalid"
        )
    die = dice("album", niche, "/".join(moods), seed)
    genre = genre_of(niche, channel, *moods)
    kept = moods or ("calm",)
    return JobPrompts(
        music_prompts=_music(die, genre, niche, kept, minutes, tracks),
        visual_prompts=_pictures(die, genre, niche, kept, tracks),
    )


def durations(die: random.Random, minutes: float, tracks: int) -> list[int]:
    """Whole seconds for each track; they add up to the length, and none is far from the mean."""
    total = round(minutes * 60)
    mean = total / tracks
    seconds = [round(mean * (1 + die.uniform(-SPREAD, SPREAD))) for _ in range(tracks)]
    off = total - sum(seconds)
    step = 1 if off > 0 else -1
    for place in range(abs(off)):
        seconds[place % tracks] += step
    return seconds


def _music(
    die: random.Random,
    genre: Genre,
    niche: str,
    moods: tuple[str, ...],
    minutes: float,
    tracks: int,
) -> list[MusicPrompt]:
    titles = _titles(die, genre, tracks)
    slowest, quickest = genre.tempi
    prompts = []
    for place, seconds in enumerate(durations(die, minutes, tracks), start=1):
        form = die.choice(genre.forms)
        players = die.sample(genre.instruments, 3)
        # An album opens and closes quietly; its middle moves a little more.
        height = 1 - abs(2 * (place - 0.5) / tracks - 1)
        tempo = round(slowest + (quickest - slowest) * (0.25 * die.random() + 0.75 * height))
        mood = moods[(place - 1) % len(moods)]
        prompts.append(
            MusicPrompt(
                order_index=place,
                title=titles[place - 1],
                prompt=(
                    f"{mood.capitalize()} {form} for “{niche}”, “{titles[place - 1]}”, with "
                    f"{players[0]}, {players[1]} and {players[2]}, {die.choice(genre.textures)}. "
                    f"Tempo: {tempo} BPM. Duration: {seconds // 60}:{seconds % 60:02} minutes."
                ),
                tempo=tempo,
                duration_minutes=round(seconds / 60, 6),
            )
        )
    return prompts


def _pictures(
    die: random.Random, genre: Genre, niche: str, moods: tuple[str, ...], tracks: int
) -> list[VisualPrompt]:
    scenes = list(product(genre.places, LIGHTS, genre.details))
    die.shuffle(scenes)
    # One after the other shows another place; scenes come back only when there are no more.
    turns = {
        place: number for number, place in enumerate(die.sample(genre.places, len(genre.places)))
    }
    seen: dict[str, int] = {}
    keyed = []
    for scene in scenes:
        seen[scene[0]] = seen.get(scene[0], 0) + 1
        keyed.append((seen[scene[0]], turns[scene[0]], scene))
    ordered = [scene for _, _, scene in sorted(keyed)]
    prompts = []
    for place in range(1, tracks + 1):
        where, light, detail = ordered[(place - 1) % len(ordered)]
        mood = moods[(place - 1) % len(moods)]
        prompts.append(
            VisualPrompt(
                order_index=place,
                prompt=f"16:9 background of {where} {light}, {detail}, {mood} mood. {niche}",
            )
        )
    return prompts


def _titles(die: random.Random, genre: Genre, tracks: int) -> list[str]:
    pairs = [f"{adjective} {noun}" for adjective, noun in product(ADJECTIVES, genre.nouns)]
    return die.sample(pairs, tracks)
