"""Line charts as SVG: panels one below the other over one axis, in the colours of the pictures of runs."""  # noqa: INP001 - beside the pages, not a package

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

import numpy as np

from shopfloor.run_picture import scale

WIDTH, PANEL, GAP = 760, 116, 44
LEFT, RIGHT, TOP = 76, 20, 20
LETTER = 7.3  # mean width of a letter of 12 pixels
COLUMNS = 2 * WIDTH  # a line is thinned to its extremes in half a pixel

Kind = Literal["line", "faint", "dots", "second", "limit"]
Ground = Literal["rest", "wrong"]

STYLE = """
  text { font: 12px system-ui, "Segoe UI", "Liberation Sans", sans-serif; fill: #3b424a }
  .name { font-weight: 600; fill: #1d2329 }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .grid { stroke: #e3e7ea; stroke-width: 1 }
  .frame { fill: none; stroke: #8b929c; stroke-width: 1 }
  .line, .faint, .second, .limit { fill: none; stroke-linejoin: round }
  .line { stroke: #0b5cad; stroke-width: 1.4 }
  .faint { stroke: #9fb1c4; stroke-width: 0.9 }
  .second { stroke: #c2570c; stroke-width: 1.4 }
  .limit { stroke: #6b7580; stroke-dasharray: 5 4 }
  .dots { fill: #0b5cad }
  .mark { stroke: #6b7580; stroke-dasharray: 2 3 }
  .rest { fill: #8b929c; fill-opacity: 0.16 }
  .wrong { fill: #c62828; fill-opacity: 0.1 }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Points that belong together; a name that is told stands in the legend of its panel. Gaps are not-a-numbers."""

    x: Sequence[float]
    y: Sequence[float]
    kind: Kind = "line"
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One axis of values."""

    title: str
    unit: str
    series: tuple[Series, ...]
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Panels over one axis.

    Args:
        about: its words for those who cannot see it.
        axis: what runs to the right, with its unit.
        begin, end: of that.
        step: between two numbers of that.
        panels: from above.
        marks: places of dotted upright lines, with a word each.
        grounds: begin, end and sort (rest, wrong) of stretches with a ground of their own.
    """

    about: str
    axis: str
    begin: float
    end: float
    step: float
    panels: tuple[Panel, ...]
    marks: tuple[tuple[float, str], ...] = ()
    grounds: tuple[tuple[float, float, Ground], ...] = ()


def draw(chart: Chart) -> str:
    """A chart as SVG."""
    head = TOP + 22 * any(word for _, word in chart.marks)
    tops = [head + 20 + place * (PANEL + GAP) for place in range(len(chart.panels))]
    bottom = tops[-1] + PANEL
    width, height = LEFT + WIDTH + RIGHT, bottom + 52
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(chart.about)}</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for panel, top in zip(chart.panels, tops, strict=True):
        parts += _panel(chart, panel, top)
    for x, word in chart.marks:
        place = _n(_across(chart, x))
        parts += [f'<path class="mark" d="M{place} {top}v{PANEL}"/>' for top in tops]
        if word:
            parts.append(f'<text class="middle" x="{place}" y="{TOP}">{escape(word)}</text>')
    for tick in np.arange(chart.begin, chart.end + 1e-9 * chart.step, chart.step).tolist():
        parts.append(f'<text class="middle" x="{_n(_across(chart, tick))}" y="{bottom + 18}">{tick:.6g}</text>')
    parts.append(f'<text class="middle" x="{LEFT + WIDTH / 2:.0f}" y="{bottom + 40}">{escape(chart.axis)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(chart: Chart, panel: Panel, top: int) -> Iterator[str]:
    known = [value for one in panel.series for value in one.y if value == value]  # noqa: PLR0124 not a number
    low, high, ticks = scale(known if panel.ends is None else panel.ends)

    def down(value: float) -> float:
        return top + PANEL * (high - value) / (high - low)

    for begin, end, sort in chart.grounds:
        left, right = (_across(chart, min(max(x, chart.begin), chart.end)) for x in (begin, end))
        yield f'<rect class="{sort}" x="{_n(left)}" y="{top}" width="{_n(right - left)}" height="{PANEL}"/>'
    for tick in np.arange(chart.begin, chart.end + 1e-9 * chart.step, chart.step).tolist():
        yield f'<path class="grid" d="M{_n(_across(chart, tick))} {top}v{PANEL}"/>'
    for tick in ticks:
        yield f'<path class="grid" d="M{LEFT} {_n(down(tick))}h{WIDTH}"/>'
        yield f'<text class="end" x="{LEFT - 8}" y="{_n(down(tick) + 4)}">{tick:.6g}</text>'
    for one in panel.series:
        points = [(_across(chart, x), y if y != y else down(y)) for x, y in _thinned(chart, one)]  # noqa: PLR0124
        yield from _dots(points) if one.kind == "dots" else _line(points, one.kind)
    yield f'<rect class="frame" x="{LEFT}" y="{top}" width="{WIDTH}" height="{PANEL}"/>'
    yield f'<text class="name" x="{LEFT}" y="{top - 8}">{escape(panel.title)}</text>'
    middle = top + PANEL / 2
    yield f'<text class="middle" transform="translate(20 {_n(middle)}) rotate(-90)">{escape(panel.unit)}</text>'
    yield from _legend(panel, top - 8)


def _legend(panel: Panel, y: int) -> Iterator[str]:
    """Names of the series, from the right."""
    x = float(LEFT + WIDTH)
    for one in reversed([one for one in panel.series if one.name]):
        yield f'<text class="end" x="{_n(x)}" y="{y}">{escape(one.name)}</text>'
        x -= LETTER * len(one.name)
        if one.kind == "dots":
            yield f'<circle class="dots" cx="{_n(x - 12)}" cy="{y - 4}" r="2.4"/>'
        else:
            yield f'<path class="{one.kind}" d="M{_n(x - 26)} {y - 4}h20"/>'
        x -= 42


def _line(points: Sequence[tuple[float, float]], kind: Kind) -> Iterator[str]:
    path, pen = "", "M"
    for x, y in points:
        if y != y:  # noqa: PLR0124 a gap
            pen = "M"
            continue
        path += f"{pen}{_n(x)} {_n(y)}"
        pen = "L"
    yield f'<path class="{kind}" d="{path}"/>'


def _dots(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    for x, y in points:
        yield f'<circle class="dots" cx="{_n(x)}" cy="{_n(y)}" r="2"/>'


def _thinned(chart: Chart, of: Series) -> list[tuple[float, float]]:
    """What is inside; of a line with many points in half a pixel, the first, lowest, highest and last."""
    x, y = np.asarray(of.x, dtype=float), np.asarray(of.y, dtype=float)
    inside = (x >= chart.begin) & (x <= chart.end)
    x, y = x[inside], y[inside]
    if of.kind == "dots" or len(x) < 2 * COLUMNS:
        return list(zip(x.tolist(), y.tolist(), strict=True))
    column = np.floor((x - chart.begin) / (chart.end - chart.begin) * COLUMNS / 2)
    cuts = np.flatnonzero(np.diff(column)) + 1
    kept: list[int] = []
    for some in np.split(np.arange(len(x)), cuts):
        kept += sorted({int(some[0]), int(some[y[some].argmin()]), int(some[y[some].argmax()]), int(some[-1])})
    return list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))


def _across(chart: Chart, x: float) -> float:
    return LEFT + WIDTH * (x - chart.begin) / (chart.end - chart.begin)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
