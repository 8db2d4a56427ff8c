"""A run as a picture (SVG): a bar of states for each machine over time, and trends of tags below it."""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from plant.paths import Node
from plant.states import STATES, State
from plant.time import HOUR, format_duration, format_instant
from plant.units import symbol
from shopfloor.trends import Lane, Record, Trend

WIDTH = 1000  # of the time axis: a column of the record is a pixel
RIGHT, TOP = 32, 58
LANE, LANE_GAP = 16, 6
PANEL, PANEL_GAP = 88, 40
LETTER = 6.8  # mean width of a letter of 12 pixels

STYLE = """
  text { font: 12px system-ui, "Segoe UI", "Liberation Sans", sans-serif; fill: #3b424a }
  .head { font-size: 17px; font-weight: 600; fill: #1d2329 }
  .name { font-weight: 600; fill: #1d2329 }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .grid { stroke: #d5dade; stroke-width: 1 }
  .frame { fill: none; stroke: #8b929c; stroke-width: 1 }
  .trend { fill: none; stroke: #0b5cad; stroke-width: 1.2; stroke-linejoin: round }
  .failed { fill: #c62828; fill-opacity: 0.13 }
"""

HATCHES = {
    "none": "",
    "diagonal": '<path d="M-1 1L1 -1M0 6L6 0M5 7L7 5" stroke="#6b7580" stroke-width="0.8"/>',
    "dots": '<circle cx="2" cy="2" r="0.9" fill="#6b7580"/><circle cx="5" cy="5" r="0.9" fill="#6b7580"/>',
    "cross": '<path d="M0 0L6 6M6 0L0 6" stroke="#6b7580" stroke-width="0.8"/>',
}
STEPS_H = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 12, 24, 48, 72, 120, 168, 240, 480, 720)


def draw(record: Record) -> str:
    """The picture of a run."""
    several = len(record.settings.plant.lines) > 1
    left = ceil(max(84.0, *(LETTER * len(_name(node, several)) + 26 for node in record.lanes)))
    lanes = TOP + 34
    trends = lanes + len(record.lanes) * (LANE + LANE_GAP) + PANEL_GAP
    axis = trends + len(record.trends) * (PANEL + PANEL_GAP) - PANEL_GAP if record.trends else trends - PANEL_GAP
    width, height = left + WIDTH + RIGHT, axis + 54
    plant, settings = record.settings.plant, record.settings
    about = f"{plant.plant}: states of the machines over {format_duration(settings.duration)}"
    begin = format_instant(record.span.begin)[:16].replace("T", " ")
    told = f"{format_duration(settings.duration)} from {begin} UTC, seed {settings.seed}"
    bars = list(_bars(record.lanes, left, lanes, several=several))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(about)}">',
        f"<title>{escape(about)}</title><style>{STYLE}</style>",
        f"<defs>{''.join(_patterns())}</defs>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="head" x="20" y="30">{escape(plant.plant)}</text>',
        f'<text class="end" x="{left + WIDTH}" y="30">{escape(told)}</text>',
        *_legend(record, left),
        *_time_axis(record, left, lanes, axis),
        *bars,
    ]
    for place, trend in enumerate(record.trends):
        parts += _panel(trend, record.lanes[trend.node], left, trends + place * (PANEL + PANEL_GAP), several=several)
    return "\n".join([*parts, "</svg>", ""])


def _name(node: Node, several: bool) -> str:  # noqa: FBT001 two words, one fact
    """What a machine is called beside its bar."""
    own = f"{node.station}" + ("" if node.machine is None else f"/{node.machine}")
    return f"{node.line} {own}" if several else own


def _patterns() -> Iterator[str]:
    for state, row in STATES.items():
        tile = f'<rect width="6" height="6" fill="{row.colour}"/>{HATCHES[row.hatch]}'
        yield f'<pattern id="{state}" width="6" height="6" patternUnits="userSpaceOnUse">{tile}</pattern>'


def _fill(state: str) -> str:
    row = STATES[State(state)]
    return row.colour if row.hatch == "none" else f"url(#{state})"


def _legend(record: Record, left: int) -> Iterator[str]:
    """The states that occur."""
    present = {state for lane in record.lanes.values() for _, _, state in lane.runs()}
    x = float(left)
    for state, row in STATES.items():
        if state.value in present:
            yield f'<rect x="{x:.0f}" y="{TOP - 5}" width="18" height="12" fill="{_fill(state)}" stroke="#8b929c"/>'
            yield f'<text x="{x + 24:.0f}" y="{TOP + 5}">{row.title}</text>'
            x += 24 + LETTER * len(row.title) + 26


def _bars(lanes: Mapping[Node, Lane], left: int, top: int, *, several: bool) -> Iterator[str]:
    for place, (node, lane) in enumerate(lanes.items()):
        y = top + place * (LANE + LANE_GAP)
        yield f'<text class="end" x="{left - 10}" y="{y + LANE - 4}">{escape(_name(node, several))}</text>'
        shapes: dict[str, list[str]] = {}
        for begin, end, state in lane.runs():
            if state:
                shapes.setdefault(state, []).append(f"M{left + begin} {y}h{end - begin}v{LANE}h{begin - end}z")
        for state, paths in shapes.items():
            yield f'<path fill="{_fill(state)}" d="{"".join(paths)}"/>'
        yield f'<rect class="frame" x="{left}" y="{y}" width="{WIDTH}" height="{LANE}"/>'


def _time_axis(record: Record, left: int, top: int, bottom: int) -> Iterator[str]:
    hours = record.settings.duration / HOUR
    step = next((step for step in STEPS_H if hours / step <= 12), 10 ** ceil(log10(hours / 12)))
    for tick in range(floor(hours / step + 1e-9) + 1):
        x = left + tick * step / hours * WIDTH
        yield f'<path class="grid" d="M{x:.1f} {top - 6}V{bottom + 5}"/>'
        yield f'<text class="middle" x="{x:.1f}" y="{bottom + 20}">{tick * step:.6g}</text>'
    since = format_instant(record.span.begin)[:16].replace("T", " ")
    yield f'<text class="middle" x="{left + WIDTH / 2}" y="{bottom + 42}">Plant time since {since} UTC, h</text>'


def _panel(trend: Trend, lane: Lane, left: int, top: int, *, several: bool) -> Iterator[str]:
    """One tag; where its machine is failed, the ground is red."""
    unit = symbol(trend.tag.unit)
    title = trend.tag.title or trend.name
    yield f'<text class="name" x="{left}" y="{top - 8}">{escape(_name(trend.node, several))} · {escape(title)}</text>'
    low, high, ticks = scale([y for _, y in trend.points])

    def height(value: float) -> float:
        return top + PANEL * (high - value) / (high - low)

    for begin, end, state in lane.runs():
        if state == State.FAILED.value:
            yield f'<rect class="failed" x="{left + begin}" y="{top}" width="{end - begin}" height="{PANEL}"/>'
    for tick in ticks:
        y = height(tick)
        yield f'<path class="grid" d="M{left} {y:.1f}H{left + WIDTH}"/>'
        yield f'<text class="end" x="{left - 8}" y="{y + 4:.1f}">{tick:.6g}</text>'
    middle = top + PANEL / 2
    yield f'<text class="middle" transform="translate({left - 56} {middle}) rotate(-90)">{escape(unit or "1")}</text>'
    if trend.points:
        points = " ".join(f"{left + x:.1f},{height(y):.1f}" for x, y in trend.points)
        yield f'<polyline class="trend" points="{points}"/>'
    yield f'<rect class="frame" x="{left}" y="{top}" width="{WIDTH}" height="{PANEL}"/>'


def scale(values: Iterable[float]) -> tuple[float, float, list[float]]:
    """Ends and round numbers of an axis; from 0 on where that leaves the values room enough."""
    known = list(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    if 0 <= low < 0.5 * high:
        low = 0.0
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 3.5
    size = 10.0 ** floor(log10(rough))
    step = next(step * size for step in (1, 2, 2.5, 5, 10) if step * size >= rough)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return first * step, last * step, [round(k * step, 12) for k in range(first, last + 1)]
