"""Charts as SVG, drawn by the server.

Bars use percentages, lines a stretched inner view box with strokes that do not scale:
a chart fills any width, its text keeps its size, and neither script nor inline style
is needed. What a chart shows stands in a table beneath it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 232
_PLOT = HEIGHT - 30
_TOP = 6
_MOST_LABELS = 7


@dataclass(frozen=True)
class Marks:
    """The places on the x axis: what they say of themselves, and what stands beneath.

    Only a few have a label, so it is asked for by number.
    """

    titles: Sequence[str]
    label: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.titles)


def bars(
    marks: Marks, series: Sequence[tuple[str, Sequence[int]]], says: str
) -> SafeString:
    """Stacked bars; a series is a class of the style sheet and a value per mark."""
    sums = [sum(max(0, values[i]) for _, values in series) for i in range(len(marks))]
    top, ticks = _scale(max(sums, default=0), whole=True)
    step = 100 / len(marks)
    width = _n(step * 0.66)

    def stacked(i: int) -> Iterator[tuple[str, str, str, str, str]]:
        x, y = _n((i + 0.17) * step), float(_TOP + _PLOT)
        for name, values in series:
            if height := _PLOT * max(0, values[i]) / top:
                y -= height
                yield name, x, _n(y + 0.6), width, _n(max(height - 1.2, 1))

    hit = _hit_size(step)
    drawn = format_html_join(
        "",
        '<g class="bar"><title>{}</title><rect class="hit" x="{}%" {}/>{}</g>',
        (
            (
                title,
                _n(i * step),
                hit,
                format_html_join(
                    "",
                    '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}" rx="1.5"/>',
                    stacked(i),
                ),
            )
            for i, title in enumerate(marks.titles)
        ),
    )
    return _framed(marks, ticks, top, says, drawn)


def lines(
    marks: Marks,
    middle: Sequence[float | None],
    most: Sequence[float | None],
    unit: float,
    says: str,
) -> SafeString:
    """Two lines over time, in `unit` seconds; days without a value leave a gap."""
    known = [value / unit for value in [*middle, *most] if value is not None]
    top, ticks = _scale(max(known, default=0), whole=False)

    def points(values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
        runs: list[list[tuple[float, float]]] = [[]]
        for i, value in enumerate(values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append((i + 0.5, 100 - value / unit / top * 100))
        return [run for run in runs if run]

    inner = [_area(run) for run in points(most)]
    inner += [_line("l-p90", run) for run in points(most)]
    inner += [_line("l-med", run) for run in points(middle)]
    step = 100 / len(marks)
    drawn = format_html(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 {} 100" '
        'preserveAspectRatio="none">{}</svg>',
        _TOP,
        _PLOT,
        len(marks),
        format_html_join("", "{}", ((each,) for each in inner)),
    )
    last = max((i for i, value in enumerate(middle) if value is not None), default=None)
    if last is not None:
        drawn += format_html(
            '<circle class="l-dot" cx="{}%" cy="{}" r="4"/>',
            _n((last + 0.5) * step),
            _n(_TOP + _PLOT * (1 - (middle[last] or 0) / unit / top)),
        )
    hit = _hit_size(step)
    drawn += format_html_join(
        "",
        '<rect class="hit" x="{}%" {}><title>{}</title></rect>',
        ((_n(i * step), hit, title) for i, title in enumerate(marks.titles)),
    )
    return _framed(marks, ticks, top, says, drawn)


def donut(parts: Sequence[tuple[str, str, int]], inside: str, says: str) -> SafeString:
    """A ring; a part is a class, what it says of itself, and its value."""
    total = sum(value for _, _, value in parts)
    passed = 0.0
    drawn = []
    for name, title, value in parts:
        if not value:
            continue
        share = value / total * 100
        # A gap between parts, unless there is only one.
        gap = 0 if value == total else 1.2
        drawn.append(
            (name, _n(max(share - gap, 0.8)), _n(-passed - gap / 2), title),
        )
        passed += share
    return format_html(
        '<svg class="donut" viewBox="0 0 120 120" width="152" height="152" role="img" '
        'aria-label="{}">{}<text class="donut__n" x="60" y="68" '
        'text-anchor="middle">{}</text></svg>',
        says,
        format_html_join(
            "",
            '<circle class="{}" cx="60" cy="60" r="48" pathLength="100" '
            'stroke-dasharray="{} 100" stroke-dashoffset="{}">'
            "<title>{}</title></circle>",
            drawn,
        ),
        inside,
    )


def pair(good: int, bad: int, most: int, says: str) -> SafeString:
    """One horizontal bar of two parts, `most` being the longest of all bars."""
    first = good / most * 98 if most else 0
    second = bad / most * 98 if most else 0
    return format_html(
        '<svg width="100%" height="18" role="img" aria-label="{}">'
        '<rect class="c-good" x="0" y="1" width="{}%" height="16" rx="2"/>'
        '<rect class="c-bad" x="{}%" y="1" width="{}%" height="16" rx="2"/></svg>',
        says,
        _n(first),
        _n(first + 0.7 if first else 0),
        _n(second),
    )


def heat(
    names: Sequence[str],
    hours: Callable[[int, int], int],
    title: Callable[[int, int], str],
    says: str,
) -> SafeString:
    """Weekday by hour, the darker the more."""
    height, gap = 28, 3
    most = max(hours(row, hour) for row in range(7) for hour in range(24))
    step = 100 / 24
    size = format_html('width="{}%" height="{}"', _n(step - 0.3), height)
    cells = []
    for row in range(7):
        y = row * (height + gap)
        for hour in range(24):
            value = hours(row, hour)
            level = min(6, 1 + int(value / most * 5.6)) if value else 0
            text: str = ""
            if value:
                text = format_html(
                    '<text class="heat__n" x="{}%" y="{}" text-anchor="middle">{}</text>',
                    _n((hour + 0.5) * step),
                    y + height // 2 + 4,
                    value if value < 1000 else f"{value // 1000}k",
                )
            cells.append(
                (level, title(row, hour), _n(hour * step + 0.12), y, size, text)
            )
    full = 7 * (height + gap) + 20
    return format_html(
        '<div class="chart chart--heat"><svg class="chart__y" width="38" height="{}" '
        'aria-hidden="true">{}</svg><svg class="chart__plot" width="100%" height="{}" '
        'role="img" aria-label="{}">{}{}</svg></div>',
        full,
        format_html_join(
            "",
            '<text x="0" y="{}">{}</text>',
            (
                (row * (height + gap) + height // 2 + 4, name)
                for row, name in enumerate(names)
            ),
        ),
        full,
        says,
        format_html_join(
            "",
            '<g class="heat heat-{}"><title>{}</title>'
            '<rect x="{}%" y="{}" {} rx="4"/>{}</g>',
            cells,
        ),
        format_html_join(
            "",
            '<text x="{}%" y="{}" text-anchor="middle">{}</text>',
            ((_n((hour + 0.5) * step), full - 3, hour) for hour in range(0, 24, 3)),
        ),
    )


def _hit_size(step: float) -> SafeString:
    """Of what a pointer hits of a mark: its share of the width, all of the height."""
    return format_html('y="{}" width="{}%" height="{}"', _TOP, _n(step), _PLOT)


def _framed(
    marks: Marks,
    ticks: Sequence[float],
    top: float,
    says: str,
    drawn: SafeString,
) -> SafeString:
    heights = [(_TOP + _PLOT * (1 - tick / top), tick) for tick in ticks]
    every = max(1, math.ceil(len(marks) / _MOST_LABELS))
    step = 100 / len(marks)
    labels = [
        (_n((i + 0.5) * step), HEIGHT - 6, marks.label(i))
        for i in range(len(marks))
        # From the newest one backwards, and none that would be cut off on the left.
        if (len(marks) - 1 - i) % every == every // 2
    ]
    return format_html(
        '<div class="chart"><svg class="chart__y" width="34" height="{}" '
        'aria-hidden="true">{}</svg><svg class="chart__plot" width="100%" height="{}" '
        'role="img" aria-label="{}">{}{}{}</svg></div>',
        HEIGHT,
        format_html_join(
            "",
            '<text x="26" y="{}" text-anchor="end">{}</text>',
            ((_n(y + 3.5), _tick(tick)) for y, tick in heights),
        ),
        HEIGHT,
        says,
        format_html_join(
            "",
            '<line class="gl" x1="0" x2="100%" y1="{}" y2="{}"/>',
            ((_n(y), _n(y)) for y, _ in heights),
        ),
        drawn,
        format_html_join(
            "", '<text x="{}%" y="{}" text-anchor="middle">{}</text>', labels
        ),
    )


def _scale(most: float, *, whole: bool) -> tuple[float, list[float]]:
    """A round end of the axis, and three or four round steps up to it."""
    least = most / 4 if most > 0 else 1
    power = 10 ** math.floor(math.log10(least))
    step = next(power * by for by in (1, 2, 2.5, 5, 10) if power * by >= least)
    if whole:
        step = max(1, math.ceil(step))
    count = max(1, math.ceil(round(most / step, 6)))
    ticks = [step * number for number in range(count + 1)]
    return ticks[-1], [int(tick) if tick == int(tick) else tick for tick in ticks]


def _line(name: str, points: list[tuple[float, float]]) -> SafeString:
    if len(points) == 1:
        # Alone it would be a line without length.
        x, y = points[0]
        points = [(x - 0.2, y), (x + 0.2, y)]
    return format_html('<polyline class="{}" points="{}"/>', name, _pairs(points))


def _area(points: list[tuple[float, float]]) -> SafeString:
    first, last = points[0][0], points[-1][0]
    return format_html(
        '<polygon class="l-area" points="{},100 {} {},100"/>',
        _n(first),
        _pairs(points),
        _n(last),
    )


def _pairs(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _tick(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:g}k"
    return str(formats.number_format(value, use_l10n=True))


def _n(value: float) -> str:
    """A number as SVG reads it, whatever the reader's language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
