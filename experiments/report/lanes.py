"""Charts that are tables: a row per thing, its name, its drawing over a common axis, and its number.

So they are read by screen readers, need no scripts, are as wide as the page, and break between rows on paper.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.report.axis import Axis
from experiments.report.markup import Markup, element, join, svg

HEIGHT = 22
MIDDLE = HEIGHT // 2
LONG = 14  # letters of a name that needs more room


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A row of a chart.

    Args:
        name: of what it shows.
        note: beside the name, in small.
        drawn: SVG inside of it.
        value: the number in words.
        kind: CSS classes of the row.
    """

    name: str
    note: str = ""
    drawn: Markup
    value: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lanes:
    """A chart of rows.

    Args:
        about: what it is about, for those who come to it without the heading before it.
        caption: what it shows.
        head: titles of name, axis, and number.
        axis: that all rows share.
        ticks: places and words along it.
        mark: value of the upright line in all rows, if there is one.
    """

    about: str = ""
    caption: str
    head: tuple[str, str, str]
    axis: Axis
    ticks: Sequence[tuple[float, str]]
    mark: float | None = None


def draw(chart: Lanes, rows: Iterable[Lane]) -> Markup:
    """The chart as a table."""
    grid = join(*(_upright(chart.axis, at, "grid") for at, _ in chart.ticks))
    mark = Markup() if chart.mark is None else _upright(chart.axis, chart.mark, "mark")
    name, what, number = chart.head
    head = element(
        "tr",
        element("th", name, scope="col", class_="name"),
        element("th", what, scope="col", class_="drawn"),
        element("th", number, scope="col", class_="value"),
    )
    words = [
        element("text", text, x=chart.axis.place(at), y=12, class_=_anchor(chart.axis.at(at)))
        for at, text in chart.ticks
    ]
    scale = svg("Axis", what, *words, width="100%", height=16)
    foot = element(
        "tr", element("td", class_="name"), element("td", scale, class_="drawn"), element("td", class_="value")
    )
    lanes = list(rows)
    body = join(*(_row(row, grid, mark) for row in lanes))
    about = [element("span", f"{chart.about}: ", class_="unseen")] if chart.about else []
    wide = any(len(row.name) > LONG for row in lanes)
    return element(
        "table",
        element("caption", *about, chart.caption),
        element("thead", head),
        element("tbody", body),
        element("tfoot", foot),
        class_="lanes wide" if wide else "lanes",
    )


def interval(axis: Axis, mean: float, half_width: float | None, kind: str) -> Markup:
    """A dot with its interval."""
    dot = element("circle", cx=axis.place(mean), cy=MIDDLE, r=4, class_=f"dot {kind}")
    if half_width is None:
        return dot
    ends = [axis.place(mean - half_width), axis.place(mean + half_width)]
    whisker = element("line", x1=ends[0], x2=ends[1], y1=MIDDLE, y2=MIDDLE, class_=f"whisker {kind}")
    caps = (element("line", x1=x, x2=x, y1=MIDDLE - 4, y2=MIDDLE + 4, class_=f"whisker {kind}") for x in ends)
    return join(whisker, *caps, dot)


def _row(row: Lane, grid: Markup, mark: Markup) -> Markup:
    name = [row.name, " ", element("small", row.note)] if row.note else [row.name]
    told = svg(f"{row.name}: {row.value}", "", grid, mark, row.drawn, width="100%", height=HEIGHT)
    return element(
        "tr",
        element("th", *name, scope="row", class_="name", title=f"{row.name} {row.note}".strip()),
        element("td", told, class_="drawn"),
        element("td", row.value, class_="value"),
        class_=row.kind or None,
    )


def _upright(axis: Axis, at: float, kind: str) -> Markup:
    return element("line", x1=axis.place(at), x2=axis.place(at), y1=0, y2="100%", class_=kind)


def _anchor(at: float) -> str:
    return "start" if at < 4 else "end" if at > 96 else "middle"
