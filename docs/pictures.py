"""The pictures of the modelling guide, drawn from data: `python docs/pictures.py` writes them anew.

Stations are boxes, places in front of them are slots, parts are dots; one accent colour marks what a picture is about.
The colours come from the reader's light or dark scheme.
"""  # noqa: INP001 - a script beside the pages, not a package

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent / "images" / "modelling"

COLUMN, ROW = 138, 78
LEFT, TOP = 56, 22
WIDTH, HEIGHT = 76, 42
SLOT = 13

Point = tuple[float, float]
Points = list[Point]

STYLE = """
  .box { fill: #f3f4f6; stroke: #8b929c; stroke-width: 1.5 }
  .slot { fill: none; stroke: #8b929c }
  .way { fill: none; stroke: #8b929c; stroke-width: 1.5 }
  .part, .tip { fill: #8b929c }
  .main .box { stroke: #0969da; stroke-width: 2 }
  .main .way, .main .slot { stroke: #0969da }
  .main .part, .main .tip, .main .bar { fill: #0969da }
  .bar { fill: #dde1e6 }
  .gap { fill: none; stroke: #8b929c; stroke-dasharray: 3 3 }
  text { fill: #57606a; font: 12px system-ui, sans-serif; text-anchor: middle }
  .name { fill: #24292f; font-weight: 600 }
  .on { fill: #ffffff }
  .start { text-anchor: start }
  @media (prefers-color-scheme: dark) {
    .box { fill: #23272e }
    .bar { fill: #343a44 }
    .main .box, .main .way, .main .slot { stroke: #58a6ff }
    .main .part, .main .tip, .main .bar { fill: #58a6ff }
    text { fill: #adb5bd }
    .name { fill: #e6edf3 }
    .on { fill: #0d1117 }
  }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A station, or whatever else has a name and a place: column and row of the drawing, both may be fractions."""

    name: str
    column: float
    row: float = 0
    slots: int = 0
    parts: int = 0
    note: str = ""
    main: bool = False
    bare: bool = False

    @property
    def x(self) -> float:
        """Left edge."""
        return LEFT + self.column * COLUMN

    @property
    def y(self) -> float:
        """Middle."""
        return TOP + self.row * ROW + HEIGHT / 2

    @property
    def entry(self) -> float:
        """Where ways end: at the slots, or at the box."""
        return self.x - self.slots * SLOT

    @property
    def end(self) -> float:
        """Where ways begin; what is bare has slots only."""
        return self.x if self.bare else self.x + WIDTH


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """An arrow between two boxes; an empty name is the outside. With `back` it runs below them, that deep."""

    start: str = ""
    end: str = ""
    note: str = ""
    main: bool = False
    back: float = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A stretch of time in a row of a time chart: accent, grey, or an empty dashed frame."""

    row: int
    start: float
    length: float
    note: str = ""
    kind: str = "grey"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What one picture shows, and its words for those who cannot see it."""

    about: str
    boxes: tuple[Box, ...] = ()
    ways: tuple[Way, ...] = ()
    bars: tuple[Bar, ...] = ()
    rows: tuple[str, ...] = ()
    notes: tuple[tuple[float, float, str], ...] = ()


def serial(*boxes: Box) -> tuple[Way, ...]:
    """Ways through boxes one after the other, from outside and out again."""
    names = ["", *(box.name for box in boxes), ""]
    return tuple(Way(start=a, end=b) for a, b in pairwise(names))


A, B, C = Box(name="A", column=0), Box(name="B", column=1, slots=3, parts=2), Box(name="C", column=2, slots=3, parts=1)

PICTURES: dict[str, Picture] = {
    "flow": Picture(
        about="Three stations in a row with places in front of two of them", boxes=(A, B, C), ways=serial(A, B, C)
    ),
    "splits": Picture(
        about="One station leads to two, most parts to the first of them",
        boxes=(
            Box(name="A", column=0, row=0.5),
            Box(name="B", column=1.3, slots=2, parts=1),
            Box(name="HAND", column=1.3, row=1, slots=2, main=True),
        ),
        ways=(
            Way(end="A"),
            Way(start="A", end="B", note="90 %"),
            Way(start="A", end="HAND", note="10 %", main=True),
            Way(start="B"),
            Way(start="HAND"),
        ),
    ),
    "merges": Picture(
        about="Two stations lead into the places in front of a third",
        boxes=(
            Box(name="LATHE-1", column=0),
            Box(name="LATHE-2", column=0, row=1),
            Box(name="WASH", column=1.3, row=0.5, slots=4, parts=3, main=True),
        ),
        ways=(
            Way(end="LATHE-1"),
            Way(end="LATHE-2"),
            Way(start="LATHE-1", end="WASH", main=True),
            Way(start="LATHE-2", end="WASH", main=True),
            Way(start="WASH"),
        ),
    ),
    "rework": Picture(
        about="A test sends some parts back to a station before it",
        boxes=(
            Box(name="FINISH", column=0.25, row=0, slots=3, parts=2),
            Box(name="TEST", column=1.4, row=0, slots=2, parts=1),
        ),
        ways=(
            *serial(Box(name="FINISH", column=0), Box(name="TEST", column=1)),
            Way(start="TEST", end="FINISH", note="12 %, at most twice", main=True, back=1),
        ),
    ),
    "assembly": Picture(
        about="One housing and four gears make one product",
        boxes=(
            Box(name="HOUSING", column=0),
            Box(name="GEAR", column=0, row=1),
            Box(name="ASSY", column=1.4, row=0.5, main=True),
            Box(name="TEST", column=2.5, row=0.5, slots=2, parts=1),
        ),
        ways=(
            Way(end="HOUSING"),
            Way(end="GEAR"),
            Way(start="HOUSING", end="ASSY", note="1", main=True),
            Way(start="GEAR", end="ASSY", note="4", main=True),
            Way(start="ASSY", end="TEST"),
            Way(start="TEST"),
        ),
    ),
    "disassembly": Picture(
        about="A core is taken apart into a housing and two shafts",
        boxes=(
            Box(name="OPEN", column=0, row=0.5, main=True),
            Box(name="HOUSING", column=1.3, slots=2, parts=1),
            Box(name="SHAFT", column=1.3, row=1, slots=3, parts=2),
        ),
        ways=(
            Way(end="OPEN"),
            Way(start="OPEN", end="HOUSING", note="1", main=True),
            Way(start="OPEN", end="SHAFT", note="2", main=True),
            Way(start="HOUSING"),
            Way(start="SHAFT"),
        ),
    ),
    "parallel-machines": Picture(
        about="Three equal machines take parts from the same places",
        boxes=(
            Box(name="A", column=0, row=1),
            Box(name="queue", column=1.3, row=1, slots=4, parts=3, bare=True),
            Box(name="B / 1", column=1.8, main=True),
            Box(name="B / 2", column=1.8, row=1, main=True),
            Box(name="B / 3", column=1.8, row=2, main=True),
        ),
        ways=(
            Way(end="A"),
            Way(start="A", end="queue"),
            *(Way(start="queue", end=f"B / {n}", main=True) for n in (1, 2, 3)),
            *(Way(start=f"B / {n}") for n in (1, 2, 3)),
        ),
    ),
    "blocking": Picture(
        about="Above, a finished part waits in its machine; below, work begins only with a place reserved downstream",
        boxes=(
            Box(name="A", column=1, note="blocked", main=True),
            Box(name="B", column=2, slots=3, parts=3),
            Box(name="A ", column=1, row=1.3, note="not begun", main=True),
            Box(name="B ", column=2, row=1.3, slots=3, parts=3),
        ),
        ways=(
            Way(end="A"),
            Way(start="A", end="B", main=True),
            Way(start="B"),
            Way(end="A "),
            Way(start="A ", end="B ", main=True),
            Way(start="B "),
        ),
        notes=((4, TOP + HEIGHT / 2 - 20, "after service"), (4, TOP + 1.3 * ROW + HEIGHT / 2 - 20, "before service")),
    ),
    "conwip": Picture(
        about="When a part leaves, the entry lets the next one in",
        boxes=(A, B, C),
        ways=(*serial(A, B, C), Way(start="C", end="A", note="a part has left: the next may come", main=True, back=1)),
    ),
    "pallets": Picture(
        about="Parts ride on pallets through the line, and empty pallets come back",
        boxes=(
            Box(name="LOAD", column=0, slots=1, parts=1),
            B,
            Box(name="UNLOAD", column=2, slots=2, parts=1),
        ),
        ways=(
            *serial(Box(name="LOAD", column=0), B, Box(name="UNLOAD", column=2)),
            Way(start="UNLOAD", end="LOAD", note="12 pallets, empty on their way back", main=True, back=1),
        ),
    ),
    "supply": Picture(
        about="A store in front of an entry orders again when it has come down to a level",
        boxes=(
            Box(name="supplier", column=0),
            Box(name="store", column=1.2, main=True),
            Box(name="FORGE", column=2.2),
        ),
        ways=(
            Way(start="supplier", end="store", note="30 h", main=True),
            Way(start="store", end="FORGE"),
            Way(start="FORGE"),
            Way(start="store", end="supplier", note="order at 800 left", back=1.1),
        ),
    ),
    "batch": Picture(
        about="Four parts wait for a furnace that takes six at once",
        boxes=(
            A,
            Box(name="FURNACE", column=1.4, slots=6, parts=4, note="6 together", main=True),
            Box(name="C", column=2.5, slots=2),
        ),
        ways=(Way(end="A"), Way(start="A", end="FURNACE"), Way(start="FURNACE", end="C"), Way(start="C")),
    ),
    "conveyor": Picture(
        about="A belt of its own capacity leads into the places in front of a station",
        boxes=(
            A,
            Box(name="belt", column=1.9, slots=8, parts=3, note="12 m at 6 m/min", bare=True, main=True),
            Box(name="B", column=2.4, slots=2, parts=2),
        ),
        ways=(
            Way(end="A"),
            Way(start="A", end="belt", main=True),
            Way(start="belt", end="B", main=True),
            Way(start="B"),
        ),
    ),
    "fleet": Picture(
        about="A vehicle fetches a part at its machine and brings it to the places in front of another one",
        boxes=(
            A,
            Box(name="vehicle", column=1.1, note="40 m at 1 m/s", main=True),
            Box(name="B", column=2.2, slots=2, parts=1),
        ),
        ways=(
            Way(end="A"),
            Way(start="A", end="vehicle", main=True),
            Way(start="vehicle", end="B", main=True),
            Way(start="B"),
            Way(start="B", end="A", note="empty to the next call", back=1.7),
        ),
    ),
    "setups": Picture(
        about="Between parts of different products the machine is set up",
        rows=("machine",),
        bars=(
            Bar(row=0, start=0, length=14, note="A"),
            Bar(row=0, start=14, length=14, note="A"),
            Bar(row=0, start=28, length=22, note="setup", kind="main"),
            Bar(row=0, start=50, length=14, note="B"),
            Bar(row=0, start=64, length=14, note="B"),
            Bar(row=0, start=78, length=22, note="setup", kind="main"),
        ),
    ),
    "tools": Picture(
        about="After four parts the tool is changed at once; a tool that breaks is replaced before its time",
        rows=("machine",),
        bars=(
            *(Bar(row=0, start=10 * n, length=10, note=str(n + 1)) for n in range(4)),
            Bar(row=0, start=40, length=14, note="change", kind="main"),
            Bar(row=0, start=54, length=10, note="1"),
            Bar(row=0, start=64, length=6, note="2"),
            Bar(row=0, start=70, length=18, note="broken", kind="main"),
            Bar(row=0, start=88, length=10, note="1"),
        ),
    ),
    "failures": Picture(
        about="An operating clock stands while the machine does not work, a calendar clock always runs",
        rows=("machine", "operating", "calendar"),
        bars=(
            Bar(row=0, start=0, length=26, note="work"),
            Bar(row=0, start=26, length=18, note="starved", kind="gap"),
            Bar(row=0, start=44, length=22, note="work"),
            Bar(row=0, start=66, length=20, note="failed", kind="main"),
            Bar(row=0, start=86, length=14, note="work"),
            Bar(row=1, start=0, length=26, note="ages"),
            Bar(row=1, start=26, length=18, note="stands", kind="gap"),
            Bar(row=1, start=44, length=22, note="ages"),
            Bar(row=1, start=86, length=14, note="anew"),
            Bar(row=2, start=0, length=100, note="ages, whatever the machine does"),
        ),
    ),
    "maintenance": Picture(
        about="Maintenance falls due in an operation and begins when that has ended",
        rows=("machine", "due"),
        bars=(
            Bar(row=0, start=0, length=20, note="work"),
            Bar(row=0, start=20, length=20, note="work"),
            Bar(row=0, start=40, length=30, note="maintenance", kind="main"),
            Bar(row=0, start=70, length=20, note="work"),
            Bar(row=1, start=0, length=30, note="every 8 h"),
            Bar(row=1, start=70, length=30, note="counts anew"),
        ),
    ),
    "operators": Picture(
        about="One operator serves two machines; the second one waits until the first is done",
        rows=("A", "B", "operator"),
        bars=(
            Bar(row=0, start=0, length=20, note="work"),
            Bar(row=0, start=20, length=25, note="setup", kind="main"),
            Bar(row=0, start=45, length=55, note="work"),
            Bar(row=1, start=0, length=30, note="work"),
            Bar(row=1, start=30, length=20, note="waiting", kind="gap"),
            Bar(row=1, start=50, length=25, note="setup", kind="main"),
            Bar(row=1, start=75, length=25, note="work"),
            Bar(row=2, start=20, length=25, note="at A", kind="main"),
            Bar(row=2, start=45, length=5, note="", kind="gap"),
            Bar(row=2, start=50, length=25, note="at B", kind="main"),
        ),
    ),
    "calendars": Picture(
        about="A day with two shifts, a break in each, and a free night",
        rows=("finish", "pause"),
        bars=(
            Bar(row=0, start=0, length=22, note="early"),
            Bar(row=0, start=22, length=8, note="break", kind="main"),
            Bar(row=0, start=30, length=24, note="to the end"),
            Bar(row=0, start=54, length=46, note="off", kind="gap"),
            Bar(row=1, start=0, length=22, note="early"),
            Bar(row=1, start=22, length=8, note="break", kind="main"),
            Bar(row=1, start=30, length=20, note="work"),
            Bar(row=1, start=50, length=50, note="off", kind="gap"),
        ),
    ),
    "inspection": Picture(
        about="Defects made at one station are seen only at the inspection, and some of them not at all",
        boxes=(
            Box(name="BORE", column=0, row=0, note="2 % defects"),
            Box(name="HONE", column=1, slots=2, parts=1),
            Box(name="CHECK", column=2, slots=2, parts=1, note="finds 95 %", main=True),
            Box(name="scrap", column=3.1, row=0.8),
        ),
        ways=(
            Way(end="BORE"),
            Way(start="BORE", end="HONE"),
            Way(start="HONE", end="CHECK"),
            Way(start="CHECK"),
            Way(start="CHECK", end="scrap", main=True),
        ),
    ),
    "products": Picture(
        about="Three products in a sequence of blocks on their way to the first station",
        boxes=(
            Box(name="B", column=2.2, row=1, slots=2),
            Box(name="A", column=1.2, row=1),
            Box(name="4 red", column=0, main=True),
            Box(name="2 blue", column=0, row=1),
            Box(name="1 white", column=0, row=2),
        ),
        ways=(
            Way(start="4 red", end="A", main=True),
            Way(start="2 blue", end="A"),
            Way(start="1 white", end="A"),
            Way(start="A", end="B"),
            Way(start="B"),
        ),
    ),
    "orders": Picture(
        about="Three orders wait at a machine; the one with the earliest due date is first",
        boxes=(
            Box(name="due 16 h", column=0),
            Box(name="due 9 h", column=0, row=1, main=True),
            Box(name="due 30 h", column=0, row=2),
            Box(name="TURN", column=1.5, row=1, note="edd"),
        ),
        ways=(
            Way(start="due 16 h", end="TURN"),
            Way(start="due 9 h", end="TURN", note="first", main=True),
            Way(start="due 30 h", end="TURN"),
            Way(start="TURN"),
        ),
    ),
    "energy": Picture(
        about="Power follows the state of the machine",
        rows=("11.5 kW", "3 kW", "0.8 kW"),
        bars=(
            Bar(row=0, start=0, length=30, note="processing", kind="main"),
            Bar(row=1, start=30, length=20, note="starved"),
            Bar(row=0, start=50, length=25, note="processing", kind="main"),
            Bar(row=2, start=75, length=25, note="failed"),
        ),
    ),
    "deadlock": Picture(
        about="A machine with a batch and the one behind it are full, and each waits for a place at the other",
        boxes=(
            Box(name="NEW", column=0, row=0.3),
            Box(name="WASH", column=1.2, row=0.3, slots=3, parts=3, main=True),
            Box(name="TEST", column=2.4, row=0.3, main=True),
        ),
        ways=(
            Way(end="NEW"),
            Way(start="NEW", end="WASH"),
            Way(start="WASH", end="TEST", note="full", main=True),
            Way(start="TEST"),
            Way(start="TEST", end="WASH", note="full", main=True, back=1),
        ),
        notes=((222, 38, "holds 3"),),
    ),
}


def draw(picture: Picture) -> str:
    """A picture as SVG."""
    shapes = [*_boxes(picture), *_ways(picture), *_bars(picture)]
    shapes += [f'<text class="start" x="{_n(x)}" y="{_n(y)}">{_safe(note)}</text>' for x, y, note in picture.notes]
    width, height = _size(picture)
    size = f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    body = "\n".join(f"  {shape}" for shape in shapes)
    return f"{head}\n  <title>{_safe(picture.about)}</title>\n  <style>{STYLE}  </style>\n{body}\n</svg>\n"


def _size(picture: Picture) -> tuple[float, float]:
    right = max((box.x + WIDTH + LEFT for box in picture.boxes), default=LEFT + 560)
    lowest = max((box.y + HEIGHT / 2 + 20 * bool(box.note) for box in picture.boxes), default=0.0)
    deepest = max((way.back for way in picture.ways), default=0.0)
    below = max((box.y for box in picture.boxes), default=0.0) + HEIGHT / 2 + 44 * deepest
    return right, max(lowest, below, 26.0 * len(picture.rows) + 8) + 14


def _boxes(picture: Picture) -> Iterator[str]:
    for box in picture.boxes:
        low, high = box.y - HEIGHT / 2, box.y + HEIGHT / 2
        yield f'<g class="{"main" if box.main else "calm"}">'
        if not box.bare:
            size = f'width="{WIDTH}" height="{HEIGHT}" rx="5"'
            yield f'  <rect class="box" x="{_n(box.x)}" y="{_n(low)}" {size}/>'
        for place in range(box.slots):
            x = box.x - (place + 1) * SLOT
            size = f'width="{SLOT}" height="{SLOT}"'
            yield f'  <rect class="slot" x="{_n(x)}" y="{_n(box.y - SLOT / 2)}" {size}/>'
            if place < box.parts:
                yield f'  <circle class="part" cx="{_n(x + SLOT / 2)}" cy="{_n(box.y)}" r="4"/>'
        yield "</g>"
        middle = _n((box.entry + box.end) / 2 if box.bare else (box.x + box.end) / 2)
        if not box.bare:
            yield f'<text class="name" x="{middle}" y="{_n(box.y + 4)}">{_safe(box.name.strip())}</text>'
        if box.note:
            yield f'<text x="{middle}" y="{_n(high + 15)}">{_safe(box.note)}</text>'


def _ways(picture: Picture) -> Iterator[str]:
    boxes = {box.name: box for box in picture.boxes}
    ends = Counter(way.end for way in picture.ways)
    for way in picture.ways:
        start, end = boxes.get(way.start), boxes.get(way.end)
        points = (
            _outside(start, end) if start is None or end is None else _inside(start, end, way, shared=ends[way.end] > 1)
        )
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        yield f'<g class="{"main" if way.main else "calm"}">'
        yield f'  <polyline class="way" points="{path}"/>'
        yield f'  <polygon class="tip" points="{_tip(points)}"/>'
        yield "</g>"
        if way.note:
            (x1, y1), (x2, _) = _longest(points)
            yield f'<text x="{_n((x1 + x2) / 2)}" y="{_n(y1 - 6)}">{_safe(way.note)}</text>'


def _outside(start: Box | None, end: Box | None) -> Points:
    if end is not None:
        return [(end.entry - 32, end.y), (end.entry - 3, end.y)]
    return [] if start is None else [(start.end, start.y), (start.end + 32, start.y)]


def _inside(start: Box, end: Box, way: Way, *, shared: bool) -> Points:
    """A straight way, an elbow (ways that come together bend late), or a way back below."""
    if way.back:
        low = max(start.y, end.y) + HEIGHT / 2 + 30 * way.back
        into = end.x + WIDTH / 2 - (20 if end.slots else 0)
        down = start.x + WIDTH / 2
        return [(down, start.y + HEIGHT / 2), (down, low), (into, low), (into, end.y + HEIGHT / 2 + 3)]
    if start.y == end.y:
        return [(start.end, start.y), (end.entry - 3, end.y)]
    middle = end.entry - 24 if shared else start.end + 14
    return [(start.end, start.y), (middle, start.y), (middle, end.y), (end.entry - 3, end.y)]


def _longest(points: Points) -> tuple[Point, Point]:
    flat = [(a, b) for a, b in pairwise(points) if a[1] == b[1]]
    return max(flat, key=lambda pair: abs(pair[0][0] - pair[1][0]))


def _tip(points: Points) -> str:
    (x1, y1), (x, y) = points[-2:]
    dx, dy = (x > x1) - (x < x1), (y > y1) - (y < y1)
    back = x - 6 * dx, y - 6 * dy
    corners = ((x + 2 * dx, y + 2 * dy), (back[0] - 4 * dy, back[1] - 4 * dx), (back[0] + 4 * dy, back[1] + 4 * dx))
    return " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)


def _bars(picture: Picture) -> Iterator[str]:
    for place, name in enumerate(picture.rows):
        yield f'<text class="start" x="8" y="{_n(26 * place + 25)}">{_safe(name)}</text>'
    for bar in picture.bars:
        x, y, width = 92 + 5 * bar.start, 26 * bar.row + 10, 5 * bar.length
        kind = "gap" if bar.kind == "gap" else "bar"
        yield f'<g class="{"main" if bar.kind == "main" else "calm"}">'
        yield f'  <rect class="{kind}" x="{_n(x + 0.5)}" y="{y}" width="{_n(width - 1)}" height="20" rx="2"/>'
        yield "</g>"
        if bar.note:
            ink = ' class="on"' if bar.kind == "main" else ""
            yield f'<text{ink} x="{_n(x + width / 2)}" y="{y + 14}">{_safe(bar.note)}</text>'


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(picture), encoding="utf-8", newline="\n")
