"""Hair and hats."""

from __future__ import annotations

import math

from workers.providers.local.painting.colour import darker, lighter, mix
from workers.providers.local.painting.look import Look
from workers.providers.local.painting.pen import Pen

_X, _Y = 0.0, -2.3


def draw_hair_back(pen: Pen, look: Look) -> None:
    """The hair behind the head."""
    hair = darker(look.dark, 0.15)
    match look.hair:
        case "long":
            pen.blob([(_X, _Y - 0.68), (_X + 0.66, _Y - 0.4), (_X + 0.76, _Y + 0.3),
                      (_X + 0.8, _Y + 1.0), (_X, _Y + 0.8), (_X - 0.8, _Y + 1.0),
                      (_X - 0.76, _Y + 0.3), (_X - 0.66, _Y - 0.4)], hair)  # fmt: skip
        case "bob":
            pen.blob([(_X, _Y - 0.7), (_X + 0.68, _Y - 0.4), (_X + 0.78, _Y + 0.35),
                      (_X, _Y + 0.42), (_X - 0.78, _Y + 0.35),
                      (_X - 0.68, _Y - 0.4)], hair)  # fmt: skip
        case "bun":
            pen.oval(_X, _Y - 0.78, 0.3, 0.27, hair)
        case "plaits":
            for side in (-1, 1):
                for bead in range(5):
                    pen.oval(
                        _X + side * (0.66 + 0.03 * bead), _Y + 0.1 + bead * 0.2, 0.15, 0.14, hair
                    )
                pen.oval(_X + side * 0.8, _Y + 1.08, 0.1, 0.08, look.accent)
        case "curls":
            for step in range(12):
                angle = math.pi * (0.85 + 1.3 * step / 11)
                pen.oval(_X + 0.62 * math.cos(angle), _Y + 0.6 * math.sin(angle), 0.24, 0.22, hair)
        case _:
            pass


def draw_hair_front(pen: Pen, look: Look) -> None:
    """The fringe."""
    hair = look.dark
    if look.hair == "bald":
        for side in (-1, 1):
            pen.oval(_X + side * 0.56, _Y - 0.1, 0.12, 0.24, hair)
        return
    pen.blob([(_X - 0.62, _Y - 0.02), (_X - 0.6, _Y - 0.44), (_X - 0.1, _Y - 0.72),
              (_X + 0.5, _Y - 0.55),
              (_X + 0.64, _Y - 0.02), (_X + 0.46, _Y - 0.3), (_X + 0.05, _Y - 0.36),
              (_X - 0.4, _Y - 0.28)], hair)  # fmt: skip
    pen.stroke([(_X - 0.3, _Y - 0.54), (_X + 0.1, _Y - 0.6)], 0.05, lighter(hair, 0.2))


def draw_headgear(pen: Pen, look: Look) -> None:
    """The hat, crown or flower, when there is one."""
    top = _Y - 0.48
    match look.headgear:
        case "crown":
            gold = (240, 196, 78)
            pen.polygon([(-0.42, top + 0.1), (-0.5, top - 0.36), (-0.24, top - 0.14),
                         (0, top - 0.48),
                         (0.24, top - 0.14), (0.5, top - 0.36), (0.42, top + 0.1)],
                        gold)  # fmt: skip
            pen.stroke([(-0.42, top + 0.06), (0.42, top + 0.06)], 0.1, darker(gold, 0.2))
            for x in (-0.22, 0.0, 0.22):
                pen.oval(x, top + 0.06, 0.05, 0.05, (190, 46, 70))
        case "wizard":
            cone = darker(look.clothes, 0.15)
            pen.blob(
                [(-0.95, top + 0.1), (0, top - 0.08), (0.95, top + 0.1), (0, top + 0.26)], cone
            )
            pen.blob([(-0.5, top + 0.08), (-0.2, top - 0.6), (0.3, top - 1.25), (0.22, top - 0.5),
                      (0.5, top + 0.08), (0, top + 0.18)], cone)  # fmt: skip
            pen.stroke([(-0.46, top + 0.0), (0, top + 0.08), (0.46, top + 0.0)], 0.12, look.accent)
        case "straw":
            straw = (226, 190, 112)
            pen.blob([(-0.98, top + 0.1), (0, top - 0.06), (0.98, top + 0.1), (0, top + 0.24)],
                     darker(straw, 0.1))  # fmt: skip
            pen.blob([(-0.5, top + 0.06), (-0.4, top - 0.36), (0.4, top - 0.36), (0.5, top + 0.06)],
                     straw)  # fmt: skip
            pen.stroke([(-0.48, top + 0.0), (0.48, top + 0.0)], 0.1, look.accent)
        case "cap":
            cap = mix(look.clothes, look.accent, 0.3)
            pen.blob([(-0.6, top + 0.16), (-0.5, top - 0.26), (0.1, top - 0.38), (0.58, top - 0.1),
                      (0.6, top + 0.16)], cap)  # fmt: skip
            pen.blob([(0.1, top + 0.06), (0.86, top + 0.12), (0.8, top + 0.24), (0.1, top + 0.22)],
                     darker(cap, 0.25))  # fmt: skip
        case "beret":
            pen.oval(0.08, top - 0.1, 0.62, 0.24, look.accent, -8)
            pen.stroke([(0.1, top - 0.3), (0.14, top - 0.44)], 0.06, darker(look.accent, 0.2))
        case "flower":
            for step in range(6):
                angle = math.tau * step / 6
                pen.oval(0.42 + 0.12 * math.cos(angle), top + 0.12 * math.sin(angle), 0.1, 0.1,
                         look.accent)  # fmt: skip
            pen.oval(0.42, top, 0.08, 0.08, (250, 222, 130))
        case _:
            pass
