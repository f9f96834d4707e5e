"""What a niche sounds and looks like: instruments, forms, tempi and places."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Genre:
    """A kind of background music, with words that name it."""

    words: frozenset[str]
    forms: tuple[str, ...]
    instruments: tuple[str, ...]
    textures: tuple[str, ...]
    tempi: tuple[int, int]
    """The slowest and the quickest, in beats a minute."""
    nouns: tuple[str, ...]
    """For titles."""
    places: tuple[str, ...]
    details: tuple[str, ...]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COURT = Genre(
    _words("medieval royal court castle baroque renaissance kingdom fantasy tavern knight throne"),
    ("waltz", "minuet", "pavane", "ballad", "slow processional", "lullaby"),
    ("strings", "harp", "lute", "flute", "harpsichord", "bells", "cello"),
    ("soft hall reverb", "plucked arpeggios", "long bowed chords", "a light frame drum"),
    (60, 108),
    ("Banquet", "Courtyard", "Minstrel", "Tapestry", "Torchlight", "Gallery", "Garden", "Crown"),
    (
        "a grand ballroom with chandeliers",
        "a castle above a valley",
        "a throne room with banners",
        "a village below the castle",
        "a temple with tall windows",
        "a market by the castle gate",
        "a garden with old roses",
        "a tavern room with a fireplace",
        "a forest with a well",
        "a road to the mountains",
    ),
    ("golden accents", "candles", "drifting mist", "banners in the wind", "falling petals"),
)
LOFI = Genre(
    _words("lofi lo-fi study chill beats hip hop chillhop cafe coffee bedroom vinyl"),
    ("lo-fi beat", "mellow groove", "slow jam", "late loop", "sketch"),
    ("electric piano", "guitar", "soft drums", "bass", "bells", "pads"),
    ("a brushed beat", "tape warmth", "sparse chords", "a lazy swing"),
    (66, 88),
    ("Notebook", "Window", "Rooftop", "Platform", "Pages", "Neon", "Blanket", "Kettle"),
    (
        "a cosy room with a desk",
        "a city street with lit windows",
        "a kitchen with plants",
        "a rooftop in the city",
        "a library room with books",
        "a market street in the rain",
        "a park garden with benches",
        "a river below a bridge",
        "a room with snow outside",
        "a seaside town at the beach",
    ),
    ("a sleeping cat", "rain on the glass", "a steaming cup", "string lights", "drifting snow"),
)
NATURE = Genre(
    _words("nature forest rain ocean sea river ambient meditation sleep spa yoga zen relax water"),
    ("ambient piece", "drone", "slow meditation", "nocturne", "tone poem"),
    ("pads", "harp", "flute", "bells", "strings", "piano"),
    ("wide reverb", "long tones", "hardly any pulse", "slow swells"),
    (50, 72),
    ("Tide", "Moss", "Canopy", "Pebbles", "Drift", "Meadow", "Spring", "Horizon"),
    (
        "a forest with tall trees",
        "the sea with a quiet beach",
        "a river between hills",
        "a mountain above the clouds",
        "a meadow full of flowers",
        "a garden with a pond",
        "a snow field with pines",
        "a desert with dunes",
        "a reef under the sea",
        "a field of wheat",
    ),
    ("soft mist", "a light breeze", "birds far away", "still water", "fireflies"),
)
SPACE = Genre(
    _words("space sci-fi scifi cyberpunk synthwave galaxy stars cosmic futuristic retro neon"),
    ("synth theme", "slow sequence", "cosmic ballad", "pulse", "orbit"),
    ("pads", "synth bass", "bells", "soft drums", "electric piano", "strings"),
    ("a slow filter", "wide chords", "a steady pulse", "deep bass"),
    (64, 104),
    ("Orbit", "Nebula", "Signal", "Comet", "Station", "Eclipse", "Gravity", "Aurora"),
    (
        "space with a ringed planet",
        "a galaxy seen from an orbit",
        "a city of towers",
        "a desert below two moons",
        "a mountain below the stars",
        "a spaceship near a planet",
        "the sea below a starry sky",
        "a snow world below a moon",
        "a street with neon signs",
        "a reef under the sea, glowing",
    ),
    ("slow lights", "a comet", "drifting dust", "a violet glow", "reflections"),
)
JAZZ = Genre(
    _words("jazz swing bossa lounge blues piano bar night club soul evening"),
    ("slow swing", "bossa nova", "ballad", "blues", "waltz"),
    ("piano", "bass", "soft drums", "guitar", "flute", "strings"),
    ("brushes", "warm chords", "a walking bass", "a small room"),
    (70, 120),
    ("Corner", "Avenue", "Velvet", "Lamp", "Encore", "Terrace", "Smoke", "Boulevard"),
    (
        "a room with a piano",
        "a city street with a café",
        "a bar room with lamps",
        "a rooftop in the city",
        "a hotel room with tall windows",
        "a beach town by the sea",
        "a river below a bridge",
        "a garden terrace",
        "a market street with awnings",
        "a road along the coast",
    ),
    ("warm lamps", "wet pavement", "a slow fan", "distant traffic", "soft smoke"),
)
CLASSICAL = Genre(
    frozenset(),
    ("nocturne", "prelude", "waltz", "adagio", "intermezzo", "lullaby"),
    ("piano", "strings", "harp", "flute", "bells", "cello", "guitar"),
    ("a soft room", "gentle arpeggios", "long chords", "a slow melody"),
    (58, 100),
    ("Morning", "Letter", "Window", "Garden", "Lantern", "Journey", "Harbour", "Reverie"),
    (
        "a garden with flowers",
        "a room with tall windows",
        "a forest path",
        "a village in the hills",
        "a river with a bridge",
        "the sea with a harbour",
        "a mountain lake",
        "a city of old houses",
        "a meadow with a tree",
        "a road between fields",
    ),
    ("soft light", "drifting clouds", "falling leaves", "gentle mist", "warm colours"),
)
GENRES = (COURT, LOFI, SPACE, JAZZ, NATURE)


def genre_of(*texts: str) -> Genre:
    """The genre whose words the texts hold most of; quiet classical music where they hold none."""
    words = re.findall(r"[a-z]+(?:-[a-z]+)?", " ".join(texts).lower())
    counted = [(sum(word in genre.words for word in words), genre) for genre in GENRES]
    most, found = max(counted, key=lambda pair: pair[0])
    return found if most else CLASSICAL
