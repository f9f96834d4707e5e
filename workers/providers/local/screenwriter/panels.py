"""The storyboard of a scene: one picture every few seconds, each from an angle of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workers.providers.local.screenwriter.cast import Cast
from workers.providers.local.screenwriter.dialogue import Utterance
from workers.providers.local.seeds import dice
from workers.providers.screenplay import CameraAngle, ScreenplayPanel

SECONDS_A_PANEL = 8.0
MOST_PANELS = 12

_LONGEST_DESCRIPTION = 240
_FROM_BELOW = re.compile(r"\b(up|tower|mountain|sky|climbed|giant|great|proud)\b", re.IGNORECASE)
_FROM_ABOVE = re.compile(r"\b(down|fell|well|deep|below|bottom|small)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(he|she|they|him|her|them|his|their)\b", re.IGNORECASE)


def draw_panels(
    utterances: Sequence[Utterance], seconds: Sequence[float], cast: Cast, seed: int
) -> tuple[ScreenplayPanel, ...]:
    """Panels of about the same playing time; every line belongs to exactly one of them."""
    wanted = max(1, min(MOST_PANELS, len(utterances), round(sum(seconds) / SECONDS_A_PANEL)))
    starts = _starts(seconds, wanted)
    panels: list[ScreenplayPanel] = []
    lately: tuple[str, ...] = ()
    angle: CameraAngle | None = None
    for number, (start, end) in enumerate(
        zip(starts, [*starts[1:], len(utterances)], strict=True), start=1
    ):
        shown = utterances[start:end]
        names = _names(shown, cast)
        if not names and any(_PRONOUN.search(each.text) for each in shown):
            names = lately
        angle = _angle(shown, angle, first=number == 1, seed=seed + number)
        panels.append(
            ScreenplayPanel(
                number=number,
                description=_description(shown),
                camera_angle=angle,
                characters=names,
                starts_at_line=start,
            )
        )
        lately = names or lately
    return tuple(panels)


def _starts(seconds: Sequence[float], wanted: int) -> list[int]:
    share = sum(seconds) / wanted
    starts, passed = [0], 0.0
    for index, length in enumerate(seconds):
        if index and len(starts) < wanted and passed + length / 2 >= share * len(starts):
            starts.append(index)
        passed += length
    return starts


def _names(shown: Sequence[Utterance], cast: Cast) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for utterance in shown:
        if utterance.speaker:
            names.setdefault(utterance.speaker.name)
        else:
            for person in cast.named_in(utterance.text):
                names.setdefault(person.name)
    return tuple(names)


def _description(shown: Sequence[Utterance]) -> str:
    told = " ".join(
        f"{each.speaker.name}: “{each.text}”" if each.speaker else each.text for each in shown
    )
    if len(told) <= _LONGEST_DESCRIPTION:
        return told
    return f"{told[:_LONGEST_DESCRIPTION].rsplit(' ', 1)[0]}…"


def _angle(
    shown: Sequence[Utterance], last: CameraAngle | None, *, first: bool, seed: int
) -> CameraAngle:
    """What the words ask for, never the same twice running."""
    speakers = {each.speaker.key for each in shown if each.speaker}
    text = " ".join(each.text for each in shown)
    wishes: list[CameraAngle] = []
    if len(speakers) == 1:
        wishes.append("close-up")
    if len(speakers) > 1:
        wishes.append("medium")
    if first:
        wishes.append("wide")
    if _FROM_ABOVE.search(text):
        wishes.append("high")
    if _FROM_BELOW.search(text):
        wishes.append("low")
    rest: list[CameraAngle] = ["medium", "wide", "close-up"]
    dice("angle", seed).shuffle(rest)
    return next(angle for angle in (*wishes, *rest) if angle != last)
