"""What a figure looks like, worked out of its name, description, palette and seed alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from workers.providers.image import Figure
from workers.providers.local.looks import KINDS, Kind, colours_of, gender_of, kind_of
from workers.providers.local.painting.colour import Colour, from_hex
from workers.providers.local.seeds import dice

Neckwear = Literal["scarf", "bow", "collar", "buttons", "necklace"]
Headgear = Literal["none", "crown", "wizard", "straw", "cap", "flower", "beret"]
Hair = Literal["short", "long", "bob", "bun", "curls", "plaits", "bald"]

_HEADGEAR: tuple[tuple[str, Headgear], ...] = (
    (r"king|queen|prince|princess|emperor|empress|crown\w*", "crown"),
    (r"witch|wizard|magician|sorcer\w+", "wizard"),
    (r"farmer|shepherd|miller|fisherman|scarecrow|harvest\w*", "straw"),
    (r"sailor|captain|driver|hunter|huntsman|woodcutter|soldier", "cap"),
    (r"painter|artist|poet", "beret"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about a figure that stays the same from picture to picture."""

    kind_name: str
    kind: Kind
    main: Colour
    light: Colour
    dark: Colour
    clothes: Colour
    accent: Colour
    height: float
    girth: float
    old: bool
    young: bool
    dress: bool
    neckwear: Neckwear
    headgear: Headgear
    hair: Hair
    beard: bool
    glasses: bool


def look_of(figure: Figure) -> Look:
    """The look of a figure; the palette's colours replace fur, light, dark, clothes, accent."""
    words = f"{figure.name} {figure.description}".lower()
    kind_name = kind_of(figure.name, figure.description)
    kind = KINDS[kind_name]
    own = colours_of(figure.name, figure.description, figure.seed)
    colours = [from_hex(wish) for wish in (*figure.palette[:5], *own[len(figure.palette) :])]
    die = dice("look", figure.name.lower(), figure.seed)
    gender = gender_of(words)
    female = gender == "female" if gender else die.random() < 0.5
    old = bool(re.search(r"\b(old|aged|elderly|ancient|grand\w+|crone)\b", words))
    young = bool(re.search(r"\b(young|little|small|child|boy|girl|baby|kid|lad|lass)\b", words))
    grown = (0.86 if young and not kind.person else 1.0) * die.uniform(0.96, 1.05)
    return Look(
        kind_name=kind_name,
        kind=kind,
        main=colours[0],
        light=colours[1],
        dark=(214, 210, 205) if old and kind.person else colours[2],
        clothes=colours[3],
        accent=colours[4],
        height=kind.height * grown,
        girth=die.uniform(0.92, 1.12),
        old=old,
        young=young or kind_name in ("boy", "girl"),
        dress=kind.person and female,
        neckwear=die.choice(("scarf", "bow", "collar", "buttons", "necklace")),
        headgear=_headgear(words, kind, die.random()),
        hair=_hair(female, die.random()),
        beard=kind.beard or (kind.person and not female and (old or die.random() < 0.25)),
        glasses=old or die.random() < 0.1,
    )


def _headgear(words: str, kind: Kind, chance: float) -> Headgear:
    for pattern, headgear in _HEADGEAR:
        if re.search(rf"\b({pattern})\b", words):
            return headgear
    if not kind.person:
        return "none"
    options: tuple[Headgear, ...] = ("none", "none", "cap", "flower", "straw", "none")
    return options[int(chance * len(options))]


def _hair(female: bool, chance: float) -> Hair:
    options: tuple[Hair, ...] = (
        ("long", "bob", "bun", "curls", "plaits") if female else ("short", "curls", "short", "bald")
    )
    return options[int(chance * len(options))]
