"""Heads: ears and horns, muzzles and beaks, hair and hats, and the face with its expression."""

from __future__ import annotations

import math

from workers.providers.local.painting.colour import Colour, darker, lighter, mix
from workers.providers.local.painting.geometry import Point
from workers.providers.local.painting.headwear import draw_hair_back, draw_hair_front, draw_headgear
from workers.providers.local.painting.look import Look
from workers.providers.local.painting.pen import Pen

HEAD: Point = (0.0, -2.3)
_NECK: Point = (0.0, -1.8)
_INK: Colour = (38, 28, 34)


def draw_head(pen: Pen, look: Look, gaze: float, expression: str, tilt: float) -> None:
    """Draw the head; `gaze` from -1 to 1 turns the face, `tilt` leans it by degrees."""
    leaning = pen.tilted(tilt, _NECK)
    if look.kind.person:
        draw_hair_back(leaning, look)
    _draw_crest_behind(leaning, look)
    _draw_ears(leaning, look)
    _draw_skull(leaning, look)
    _draw_muzzle(leaning, look, gaze)
    _draw_eyes(leaning, look, gaze, expression)
    _draw_mouth(leaning, look, gaze, expression)
    _draw_crest_before(leaning, look)
    if look.kind.person:
        draw_hair_front(leaning, look)
    if look.beard:
        _draw_beard(leaning, look)
    if look.glasses:
        _draw_glasses(leaning, look, gaze)
    draw_headgear(leaning, look)


def _draw_ears(pen: Pen, look: Look) -> None:
    main, inner = look.main, mix(look.light, (226, 140, 130), 0.35)
    for side in (-1, 1):
        match look.kind.ears:
            case "pointed":
                pen.blob([(side * 0.12, -2.75), (side * 0.5, -3.42), (side * 0.66, -2.6),
                          (side * 0.4, -2.5)], main)  # fmt: skip
                pen.blob([(side * 0.28, -2.78), (side * 0.49, -3.2), (side * 0.57, -2.68)], inner)
                pen.blob([(side * 0.4, -3.16), (side * 0.5, -3.42), (side * 0.57, -3.1)], look.dark)
            case "round":
                pen.oval(side * 0.5, -2.78, 0.26, 0.26, main)
                pen.oval(side * 0.5, -2.77, 0.15, 0.15, inner)
            case "long":
                pen.oval(side * 0.32, -3.2, 0.17, 0.62, main, side * 12)
                pen.oval(side * 0.33, -3.16, 0.09, 0.46, inner, side * 12)
            case "floppy":
                pen.blob([(side * 0.4, -2.78), (side * 0.76, -2.62), (side * 0.86, -2.05),
                          (side * 0.66, -1.9), (side * 0.54, -2.3)], look.dark)  # fmt: skip
            case "side":
                wide = 0.36 if look.kind.muzzle == "trunk" else 0.0
                pen.oval(side * (0.78 + wide / 2), -2.42, 0.32 + wide, 0.15 + wide, main, side * 16)
                pen.oval(side * (0.8 + wide / 2), -2.41, 0.2 + wide, 0.08 + wide, inner, side * 16)
            case _:
                if look.kind.person:
                    pen.oval(side * 0.58, -2.24, 0.12, 0.15, darker(look.main, 0.06))


def _draw_skull(pen: Pen, look: Look) -> None:
    x, y = HEAD
    shape = [(x, y - 0.6), (x + 0.44, y - 0.48), (x + 0.63, y - 0.02), (x + 0.48, y + 0.38),
             (x, y + 0.55), (x - 0.48, y + 0.38), (x - 0.63, y - 0.02),
             (x - 0.44, y - 0.48)]  # fmt: skip
    pen.blob(shape, look.main)
    if look.kind.crest == "wool":
        for step in range(9):
            angle = math.pi * (1 + step / 8)
            pen.oval(x + 0.5 * math.cos(angle), y - 0.18 + 0.45 * math.sin(angle), 0.24, 0.22,
                     look.main)  # fmt: skip
        pen.oval(x, y + 0.12, 0.44, 0.44, mix(look.dark, look.light, 0.25))
    if look.kind.muzzle in ("snout", "blunt") and not look.kind.person:
        for side in (-1, 1):
            pen.blob([(x, y + 0.06), (x + side * 0.42, y + 0.02), (x + side * 0.62, y + 0.16),
                      (x + side * 0.4, y + 0.42), (x, y + 0.52)], look.light)  # fmt: skip
    if look.kind_name == "tiger":
        for side in (-1, 1):
            for row in range(3):
                stripe = y - 0.32 + row * 0.2
                pen.stroke([(side * 0.58, stripe), (side * 0.34, stripe + 0.05)], 0.07, look.dark)


def _draw_muzzle(pen: Pen, look: Look, gaze: float) -> None:
    x, y = HEAD[0] + 0.1 * gaze, HEAD[1]
    nose = darker(look.dark, 0.3)
    match look.kind.muzzle:
        case "snout":
            pen.blob([(x - 0.2, y + 0.06), (x + 0.2, y + 0.06), (x + 0.12, y + 0.36), (x, y + 0.44),
                      (x - 0.12, y + 0.36)], lighter(look.light, 0.15))  # fmt: skip
            pen.oval(x, y + 0.2, 0.1, 0.075, nose)
        case "blunt":
            for side in (-1, 1):
                pen.oval(x + side * 0.13, y + 0.27, 0.2, 0.16, lighter(look.light, 0.15))
            pen.blob([(x - 0.11, y + 0.1), (x + 0.11, y + 0.1), (x, y + 0.23)], nose)
        case "pig":
            pen.oval(x, y + 0.2, 0.22, 0.16, darker(look.main, 0.12))
            for side in (-1, 1):
                pen.oval(x + side * 0.08, y + 0.2, 0.035, 0.055, nose)
        case "long":
            pen.blob([(x - 0.24, y - 0.05), (x + 0.24, y - 0.05), (x + 0.32, y + 0.4),
                      (x, y + 0.58), (x - 0.32, y + 0.4)], look.light)  # fmt: skip
            for side in (-1, 1):
                pen.oval(x + side * 0.12, y + 0.36, 0.045, 0.06, nose)
        case "trunk":
            trunk = [(x, y + 0.1), (x + 0.02, y + 0.5), (x + 0.14, y + 0.8), (x + 0.36, y + 0.86)]
            pen.stroke(trunk, 0.26, darker(look.main, 0.1))
        case "beak":
            pen.polygon([(x - 0.16, y + 0.04), (x + 0.16, y + 0.04), (x + 0.04, y + 0.36)],
                        (236, 168, 62))  # fmt: skip
            pen.polygon([(x - 0.1, y + 0.14), (x + 0.13, y + 0.12), (x + 0.04, y + 0.36)],
                        (206, 132, 44))  # fmt: skip
        case _:
            if look.kind.person:
                pen.oval(x, y + 0.12, 0.075, 0.06, darker(look.main, 0.14))


def _draw_eyes(pen: Pen, look: Look, gaze: float, expression: str) -> None:
    x, y = HEAD[0] + 0.08 * gaze, HEAD[1] - 0.08
    apart = 0.25 if look.kind_name != "frog" else 0.32
    if look.kind_name == "frog":
        y -= 0.42
    for side in (-1, 1):
        ex = x + side * apart
        if look.kind_name in ("frog", "owl"):
            pen.oval(ex, y, 0.22, 0.22, look.light)
        pen.oval(ex, y, 0.115, 0.14, (255, 253, 247))
        pen.oval(ex + 0.035 * gaze, y + 0.01, 0.085, 0.11, _INK)
        pen.oval(ex + 0.035 * gaze - 0.03, y - 0.04, 0.032, 0.038, (255, 255, 255))
        brow = darker(look.dark, 0.1)
        inner, outer = {"angry": (0.08, -0.06), "sad": (-0.09, 0.04)}.get(expression, (0.0, 0.0))
        lift = 0.24 if expression in ("angry", "sad") else 0.27
        pen.stroke([(ex - side * 0.1, y - lift + 0.02 + inner), (ex + side * 0.02, y - lift - 0.02),
                    (ex + side * 0.13, y - lift + 0.03 + outer)], 0.045, brow)  # fmt: skip
        if expression in ("calm", "happy"):
            cheek = mix(look.main, (238, 110, 100), 0.5)
            pen.oval(x + side * 0.42, y + 0.28, 0.1, 0.07, cheek, alpha=120)


def _draw_mouth(pen: Pen, look: Look, gaze: float, expression: str) -> None:
    if look.kind.muzzle in ("beak", "trunk"):
        return
    low = {"long": 0.48, "snout": 0.36, "blunt": 0.34, "pig": 0.42}.get(look.kind.muzzle, 0.3)
    x, y = HEAD[0] + 0.1 * gaze, HEAD[1] + low
    bend = {"happy": 0.09, "calm": 0.05, "sad": -0.06, "angry": -0.04}.get(expression, 0.03)
    if expression == "happy":
        pen.blob([(x - 0.15, y - 0.02), (x, y), (x + 0.15, y - 0.02), (x, y + 0.15)], (132, 44, 52))
    else:
        curve = [(x - 0.14, y - bend), (x - 0.05, y), (x + 0.05, y), (x + 0.14, y - bend)]
        pen.stroke(curve, 0.04, _INK)


def _draw_crest_behind(pen: Pen, look: Look) -> None:
    x, y = HEAD
    if look.kind.crest == "mane":
        for step in range(18):
            angle = math.tau * step / 18
            pen.oval(x + 0.66 * math.cos(angle), y + 0.05 + 0.68 * math.sin(angle), 0.3, 0.26,
                     look.dark)  # fmt: skip
        for step in range(14):
            angle = math.tau * (step + 0.5) / 14
            pen.oval(x + 0.5 * math.cos(angle), y + 0.02 + 0.52 * math.sin(angle), 0.26, 0.22,
                     lighter(look.dark, 0.18))  # fmt: skip
    elif look.kind.crest == "spikes":
        for step in range(13):
            angle = math.pi * (1 + step / 12)
            tip = (x + 1.0 * math.cos(angle), y + 0.95 * math.sin(angle))
            base = [(x + 0.6 * math.cos(angle + turn), y + 0.55 * math.sin(angle + turn))
                    for turn in (-0.16, 0.16)]  # fmt: skip
            pen.polygon([*base, tip], look.dark)


def _draw_crest_before(pen: Pen, look: Look) -> None:
    bone = (214, 200, 172)
    for side in (-1, 1):
        match look.kind.crest:
            case "horns":
                pen.blob([(side * 0.12, -2.78), (side * 0.34, -2.76), (side * 0.52, -3.05),
                          (side * 0.82, -3.3), (side * 0.5, -3.32), (side * 0.22, -3.1)],
                         darker(bone, 0.25))  # fmt: skip
                for ring in range(3):
                    spot = side * (0.28 + ring * 0.1)
                    pen.stroke([(spot - side * 0.08, -2.98 - ring * 0.1),
                                (spot + side * 0.1, -2.9 - ring * 0.12)], 0.03,
                               darker(bone, 0.5))  # fmt: skip
            case "ox":
                pen.blob([(side * 0.34, -2.78), (side * 0.75, -2.86), (side * 0.92, -3.2),
                          (side * 0.68, -3.05), (side * 0.36, -2.95)], bone)  # fmt: skip
            case "antlers":
                pen.stroke([(side * 0.2, -2.8), (side * 0.36, -3.2), (side * 0.62, -3.6)], 0.09,
                           darker(bone, 0.35))  # fmt: skip
                pen.stroke([(side * 0.34, -3.16), (side * 0.68, -3.2)], 0.07, darker(bone, 0.35))
                pen.stroke([(side * 0.48, -3.4), (side * 0.42, -3.7)], 0.07, darker(bone, 0.35))
            case "feelers":
                pen.stroke([(side * 0.15, -2.8), (side * 0.25, -3.2), (side * 0.42, -3.35)], 0.05,
                           look.dark)  # fmt: skip
                pen.oval(side * 0.42, -3.35, 0.08, 0.08, look.accent)
            case "comb":
                pen.oval(side * 0.14, -2.92, 0.15, 0.18, (204, 52, 46))
                pen.oval(0, -3.0, 0.15, 0.2, (204, 52, 46))
            case _:
                pass


def _draw_beard(pen: Pen, look: Look) -> None:
    x, y = HEAD
    hair = look.dark if look.kind.person else darker(look.light, 0.08)
    if look.kind.person:
        pen.blob([(x - 0.52, y + 0.12), (x - 0.3, y + 0.34), (x, y + 0.24), (x + 0.3, y + 0.34),
                  (x + 0.52, y + 0.12), (x + 0.4, y + 0.6), (x, y + 0.86), (x - 0.4, y + 0.6)],
                 hair)  # fmt: skip
        pen.stroke([(x - 0.1, y + 0.4), (x + 0.1, y + 0.4)], 0.045, (120, 54, 50))
    else:
        pen.blob([(x - 0.15, y + 0.52), (x + 0.15, y + 0.52), (x + 0.06, y + 1.0), (x, y + 1.12),
                  (x - 0.08, y + 0.95)], hair)  # fmt: skip


def _draw_glasses(pen: Pen, look: Look, gaze: float) -> None:
    x, y = HEAD[0] + 0.08 * gaze, HEAD[1] - 0.07
    frame = darker(look.dark, 0.45)
    for side in (-1, 1):
        ring = [(x + side * 0.25 + 0.18 * math.cos(t / 3), y + 0.18 * math.sin(t / 3))
                for t in range(20)]  # fmt: skip
        pen.stroke(ring, 0.035, frame)
    pen.stroke([(x - 0.08, y), (x + 0.08, y)], 0.035, frame)
