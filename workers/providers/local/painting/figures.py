"""Storybook figures: upright, dressed, three local units high with their feet at the origin."""

from __future__ import annotations

from dataclasses import dataclass

from workers.providers.local.painting.colour import darker, lighter, mix
from workers.providers.local.painting.faces import draw_head
from workers.providers.local.painting.look import Look
from workers.providers.local.painting.pen import Pen


@dataclass(frozen=True, slots=True)
class Pose:
    """What changes from picture to picture.

    An arm is down at 0 and up at 1; who is `sunk` shows nothing below the waist.
    """

    left_arm: float = 0.15
    right_arm: float = 0.15
    gaze: float = 0.0
    expression: str = "calm"
    head_tilt: float = 0.0
    sunk: bool = False


def draw_figure(pen: Pen, look: Look, pose: Pose) -> None:
    """Draw somebody."""
    if not pose.sunk:
        pen.oval(0.08, 0.0, 0.95, 0.16, (20, 16, 30), alpha=80)
        _draw_tail(pen, look)
        if look.kind.muzzle == "beak":
            _draw_bird_legs(pen, look)
        else:
            _draw_legs(pen, look)
    _draw_body(pen, look)
    _draw_arm(pen, look, pose.left_arm, -1)
    _draw_arm(pen, look, pose.right_arm, 1)
    _draw_neckwear(pen, look)
    draw_head(pen, look, pose.gaze, pose.expression, pose.head_tilt)


def _draw_tail(pen: Pen, look: Look) -> None:
    main, light, dark = look.main, look.light, look.dark
    match look.kind.tail:
        case "bushy":
            pen.blob([(-0.25, -0.45), (-0.95, -0.2), (-1.5, -0.55), (-1.62, -1.25), (-1.3, -1.75),
                      (-1.12, -1.2), (-0.85, -0.8), (-0.3, -0.75)], darker(main, 0.08))  # fmt: skip
            pen.blob([(-1.58, -1.0), (-1.62, -1.3), (-1.3, -1.75), (-1.16, -1.3), (-1.35, -1.15)],
                     light)  # fmt: skip
        case "tuft":
            pen.stroke([(-0.3, -0.5), (-0.9, -0.4), (-1.2, -0.75), (-1.15, -1.2)], 0.12, main)
            pen.blob([(-1.25, -1.15), (-1.32, -1.45), (-1.1, -1.68), (-0.98, -1.4), (-1.02, -1.15)],
                     dark)  # fmt: skip
        case "thin":
            pen.stroke([(-0.3, -0.45), (-0.85, -0.3), (-1.2, -0.6), (-1.1, -1.05), (-1.3, -1.3)],
                       0.11, darker(main, 0.1))  # fmt: skip
        case "puff":
            pen.oval(-0.72, -0.62, 0.25, 0.24, lighter(light, 0.2))
        case "curl":
            pen.stroke([(-0.6, -0.6), (-0.85, -0.62), (-0.95, -0.8), (-0.8, -0.88), (-0.75, -0.74)],
                       0.08, darker(main, 0.12))  # fmt: skip
        case "feathers":
            for lift, shade in ((0.0, dark), (0.22, main), (0.42, mix(main, light, 0.4))):
                pen.blob([(-0.35, -0.6 - lift), (-1.15, -0.55 - lift), (-1.35, -0.78 - lift),
                          (-0.4, -0.95 - lift * 0.5)], shade)  # fmt: skip
        case "scaly":
            pen.blob([(-0.2, -0.35), (-0.9, -0.05), (-1.55, -0.12), (-1.9, -0.45), (-1.4, -0.35),
                      (-0.8, -0.5), (-0.3, -0.8)], darker(main, 0.08))  # fmt: skip
        case _:
            pass


def _draw_legs(pen: Pen, look: Look) -> None:
    cloth = darker(look.clothes, 0.5) if look.kind.person else look.main
    shoe = darker(look.dark, 0.25) if look.kind.person else darker(look.main, 0.3)
    for side in (-1, 1):
        pen.stroke([(side * 0.27, -0.55), (side * 0.29, -0.12)], 0.3, cloth)
        pen.oval(side * 0.34, -0.07, 0.27, 0.13, shoe)


def _draw_bird_legs(pen: Pen, look: Look) -> None:
    for side in (-1, 1):
        pen.stroke([(side * 0.22, -0.5), (side * 0.24, -0.06)], 0.08, (222, 150, 60))
        for toe in (-0.2, 0.0, 0.2):
            pen.stroke([(side * 0.24, -0.06), (side * 0.24 + toe, 0.0)], 0.06, (222, 150, 60))


def _draw_body(pen: Pen, look: Look) -> None:
    wide = look.girth
    coat = look.clothes
    if look.kind_name == "tortoise":
        shell = look.dark
        pen.oval(-0.2, -1.05, 1.0, 0.95, shell)
        for x, y in ((-0.55, -1.4), (-0.1, -1.6), (-0.75, -0.9), (-0.25, -1.05)):
            pen.oval(x, y, 0.22, 0.18, lighter(shell, 0.2))
    hem = 0.92 if look.dress else 0.66
    low = -0.28 if look.dress else -0.42
    outline = [(-0.3 * wide, -1.82), (0.3 * wide, -1.82), (0.56 * wide, -1.35),
               (hem * wide, -0.72), (hem * 0.9 * wide, low), (0, low + 0.1),
               (-hem * 0.9 * wide, low), (-hem * wide, -0.72), (-0.56 * wide, -1.35)]  # fmt: skip
    pen.blob(outline, coat)
    pen.blob([(0.1 * wide, -1.78), (0.3 * wide, -1.75), (0.54 * wide, -1.3),
              (hem * 0.97 * wide, -0.7), (hem * 0.8 * wide, low + 0.02), (0.3 * wide, low + 0.07),
              (0.42 * wide, -0.95)],
             darker(coat, 0.3), alpha=110)  # fmt: skip
    if not look.kind.person:
        pen.blob([(-0.2, -1.72), (0.2, -1.72), (0.3, -1.2), (0.24, -0.62), (0, -0.52),
                  (-0.24, -0.62), (-0.3, -1.2)], look.light)  # fmt: skip
    elif look.dress:
        pen.stroke([(-0.5 * wide, -1.12), (0.5 * wide, -1.12)], 0.1, look.accent)
        for part in range(-3, 4):
            pen.oval(part * 0.25 * wide, low + 0.03 - 0.012 * part * part, 0.14, 0.08, look.accent)
    else:
        pen.stroke([(-0.57 * wide, -0.82), (0.57 * wide, -0.82)], 0.12, darker(coat, 0.45))
        pen.polygon([(-0.09, -0.9), (0.09, -0.9), (0.09, -0.74), (-0.09, -0.74)], look.accent)


def _draw_arm(pen: Pen, look: Look, lift: float, side: int) -> None:
    shoulder = (side * 0.42 * look.girth, -1.58)
    elbow = (side * (0.74 + 0.12 * lift), -1.18 - 0.25 * lift)
    hand = (side * (0.66 + 0.55 * lift), -0.82 - 1.1 * lift)
    sleeve = darker(look.clothes, 0.12 if side < 0 else 0.2)
    if look.kind.muzzle == "beak":
        wing = [shoulder, (elbow[0] + side * 0.2, elbow[1]), (hand[0] + side * 0.1, hand[1] + 0.1),
                (side * 0.4, -0.85)]  # fmt: skip
        pen.blob(wing, darker(look.main, 0.15))
        return
    pen.stroke([shoulder, elbow, hand], 0.25, sleeve)
    pen.oval(hand[0], hand[1], 0.15, 0.15, look.main)
    cuff = ((elbow[0] + hand[0] * 4) / 5, (elbow[1] + hand[1] * 4) / 5)
    pen.oval(*cuff, 0.15, 0.12, mix(look.clothes, look.accent, 0.7))


def _draw_neckwear(pen: Pen, look: Look) -> None:
    accent = look.accent
    match look.neckwear:
        case "scarf":
            pen.blob([(-0.46, -1.86), (0, -1.72), (0.46, -1.86), (0.5, -1.66), (0, -1.5),
                      (-0.5, -1.66)], accent)  # fmt: skip
            pen.blob(
                [(0.18, -1.62), (0.42, -1.64), (0.5, -1.05), (0.24, -1.0)], darker(accent, 0.1)
            )
            for stripe in (0.0, 0.18, 0.36):
                pen.stroke([(0.24, -1.45 + stripe), (0.43, -1.46 + stripe)], 0.05,
                           darker(accent, 0.3))  # fmt: skip
        case "bow":
            for side in (-1, 1):
                pen.blob([(0, -1.68), (side * 0.34, -1.86), (side * 0.36, -1.5)], accent)
            pen.oval(0, -1.68, 0.09, 0.09, darker(accent, 0.25))
        case "collar":
            for side in (-1, 1):
                pen.polygon([(0, -1.74), (side * 0.42, -1.84), (side * 0.32, -1.5)],
                            lighter(accent, 0.35))  # fmt: skip
        case "buttons":
            for row in range(3):
                pen.oval(0, -1.5 + row * 0.26, 0.065, 0.065, accent)
        case "necklace":
            for bead in range(-3, 4):
                pen.oval(bead * 0.12, -1.56 - 0.018 * bead * bead, 0.07, 0.07, accent)
