"""The waterfall of a pipeline as SVG: one row a task, grouped; no script, nothing from outside."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import Final

from app.production.waterfall import Bar, Waterfall

WIDTH: Final = 1280
LEFT: Final = 220
RIGHT: Final = 150
TOP: Final = 84
ROW: Final = 16
HEADING: Final = 24
BOTTOM: Final = 20
SHORTEST: Final = 0.6
"""Pixels of the shortest bar."""
LONGEST_LABEL: Final = 30
MOST_MARKS: Final = 6
"""Calls of a task that get a mark of their own."""
STEPS: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200),
    *(14400, 21600, 43200, 86400, 172800, 604800),
)
MOST_TICKS: Final = 12
STYLE: Final = (
    "text{font:11px 'DejaVu Sans',Verdana,sans-serif;fill:#24292f}"
    ".t{font-size:15px;font-weight:bold}.g{font-weight:bold}.n,.a{fill:#57606a}"
    ".a{text-anchor:middle}.r{text-anchor:end}"
    ".x{stroke:#d0d7de}.b{fill:#f6f8fa}"
    ".o{fill:#e3e8ee}.w{fill:#f2cc8f}.completed{fill:#3d7ea6}.processing{fill:#5fb0dd}"
    ".failed{fill:#c8372d}.cancelled{fill:#8c959f}.queued{fill:#afb8c1}"
    ".c{fill:#12344d}.e{fill:#ffb3ad}.k{fill:#d97706}"
)
LEGEND: Final = (
    ("o", "waits for other tasks"),
    ("w", "waits for a worker"),
    ("completed", "ran"),
    ("processing", "runs"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
    ("c", "call of a provider"),
    ("e", "call that failed"),
    ("k", "decides the end"),
)


def drawn(waterfall: Waterfall) -> str:
    """The picture; about 300 bytes a task."""
    return _Picture(waterfall).svg()


class _Picture:
    def __init__(self, waterfall: Waterfall) -> None:
        self._waterfall = waterfall
        self._begin = waterfall.begins_at
        self._end = max(waterfall.ended_at or waterfall.at, self._begin)
        self._seconds = max((self._end - self._begin).total_seconds(), 0.001)
        self._groups = [
            (name, [*bars]) for name, bars in groupby(waterfall.bars, lambda bar: bar.group)
        ]
        self._height = TOP + HEADING * len(self._groups) + ROW * len(waterfall.bars) + BOTTOM

    def svg(self) -> str:
        """All of it."""
        return "".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self._height}" '
                f'viewBox="0 0 {WIDTH} {self._height}" role="img">',
                f"<title>{_text(self._waterfall.pipeline.kind)}</title><style>{STYLE}</style>",
                f'<rect width="{WIDTH}" height="{self._height}" fill="#fff"/>',
                *self._head(),
                *self._axis(),
                *self._rows(),
                "</svg>",
            )
        )

    def _head(self) -> Iterator[str]:
        waterfall = self._waterfall
        counts = ", ".join(f"{count} {status}" for status, count in waterfall.by_status.items())
        facts = [waterfall.pipeline.kind, _span(self._seconds), counts, _money(waterfall.cost)]
        if waterfall.unpriced_calls:
            facts.append(f"{waterfall.unpriced_calls} calls without a price")
        told = " · ".join(fact for fact in facts if fact)
        yield f'<text class="t" x="12" y="22">{_text(told)}</text>'
        begun = f"{self._begin:%Y-%m-%d %H:%M:%S} UTC"
        expected = waterfall.estimated_completion
        if expected is not None:
            begun += f", expected to end at {expected:%H:%M:%S}"
        yield f'<text class="n" x="12" y="40">began {begun}</text>'
        place = 12
        for kind, words in LEGEND:
            yield f'<rect class="{kind}" x="{place}" y="49" width="10" height="10"/>'
            yield f'<text class="n" x="{place + 14}" y="58">{words}</text>'
            place += 30 + 7 * len(words)

    def _axis(self) -> Iterator[str]:
        step = next((each for each in STEPS if self._seconds / each <= MOST_TICKS), STEPS[-1])
        for number in range(int(self._seconds / step) + 1):
            x = _number(self._x_of(number * step))
            yield f'<path class="x" d="M{x} {TOP - 4}V{self._height - BOTTOM}"/>'
            yield f'<text class="a" x="{x}" y="{TOP - 8}">{_span(number * step)}</text>'

    def _rows(self) -> Iterator[str]:
        y = TOP
        for name, bars in self._groups:
            cost = _money(_sum(bars))
            yield f'<rect class="b" y="{y + 4}" width="{WIDTH}" height="18"/>'
            yield f'<text class="g" x="12" y="{y + 17}">{_text(name[:LONGEST_LABEL])}</text>'
            if cost:
                yield f'<text class="r" x="{WIDTH - 8}" y="{y + 17}">{cost}</text>'
            y += HEADING
            for bar in bars:
                yield from self._row(bar, y)
                y += ROW

    def _row(self, bar: Bar, y: int) -> Iterator[str]:
        """One task; moved into its place as a whole, so that its parts have short numbers."""
        task, at = bar.task, self._waterfall.at
        label = task.kind.partition(".")[2].replace("_", " ")
        until = bar.ended_at or at
        yield f'<g transform="translate(0 {y})"><title>{_text(self._told(bar))}</title>'
        if bar.critical:
            yield _path("k", "M12 3h3v10h-3z")
        yield f'<text x="20" y="12">{_text(label[:LONGEST_LABEL])}</text>'
        yield _path("o", self._stretch(bar.created_at, bar.ready_at or until, 5, 6))
        if bar.ready_at is not None:
            yield _path("w", self._stretch(bar.ready_at, bar.started_at or until, 5, 6))
        if bar.started_at is not None:
            ran = self._stretch(bar.started_at, until, 2, 12, SHORTEST)
            yield _path(task.status, ran)
            yield from self._calls(bar)
            words = _span(bar.ran(at))
            if (more := len(bar.calls) - MOST_MARKS) > 0:
                words += f", {more} more calls"
            yield f'<text class="n" x="{_number(self._x_at(until) + 4)}" y="12">{words}</text>'
        if cost := _money(bar.cost):
            yield f'<text class="n r" x="{WIDTH - 8}" y="12">{cost}</text>'
        yield "</g>"

    def _calls(self, bar: Bar) -> Iterator[str]:
        marks: dict[str, str] = {"c": "", "e": ""}
        for call in bar.calls[:MOST_MARKS]:
            kind = "e" if call.status in ("error", "unknown") else "c"
            ended = call.finished_at or self._end
            marks[kind] += self._stretch(call.started_at, ended, 6, 4, SHORTEST)
        for kind, outlines in marks.items():
            yield _path(kind, outlines)

    def _stretch(
        self, begin: datetime, end: datetime, y: int, height: int, shortest: float = 0.0
    ) -> str:
        """The outline of a bar; nothing where it has no length."""
        left = self._x_at(begin)
        width = max(self._x_at(end) - left, shortest)
        if width <= 0:
            return ""
        across = _number(width)
        return f"M{_number(left)} {y}h{across}v{height}h-{across}z"

    def _told(self, bar: Bar) -> str:
        task, at = bar.task, self._waterfall.at
        words = [
            f"{task.kind}: {task.status}",
            f"waited {_span(bar.waited_for_others(at))} for others",
            f"{_span(bar.waited_for_worker(at))} for a worker",
            f"ran {_span(bar.ran(at))}",
        ]
        if task.error is not None:
            words.append(task.error.message[:120])
        return ", ".join(words)

    def _x_at(self, moment: datetime) -> float:
        seconds = (moment - self._begin).total_seconds()
        return self._x_of(min(max(seconds, 0.0), self._seconds))

    def _x_of(self, seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / self._seconds


def _sum(bars: list[Bar]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for bar in bars:
        for currency, amount in bar.cost.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums


def _money(sums: dict[str, Decimal]) -> str:
    """Amounts other than nothing."""
    return " + ".join(
        f"{amount.quantize(Decimal('0.0001')).normalize():f} {currency}"
        for currency, amount in sorted(sums.items())
        if amount
    )


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0"
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def _path(kind: str, outlines: str) -> str:
    return f'<path class="{kind}" d="{outlines}"/>' if outlines else ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(value: str) -> str:
    """As text of a picture; letters that XML cannot hold become a question mark."""
    plain = "".join(each if each.isprintable() else "?" for each in value)
    return escape(plain, quote=True)
