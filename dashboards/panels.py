"""Panels and boards as frozen data: what is shown, of which question, in which unit. Two compilers draw them.

`dashboards.grafana` makes classic Grafana JSON of a board, `dashboards.panel_data` answers for the page; both ask the
same questions of the historian's tables (`twin.select`), so both show the same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from twin.select import Condition, Select

Kind = Literal[
    "timeseries", "stat", "gauge", "bargauge", "table", "state-timeline", "status-history", "barchart", "piechart",
    "histogram", "heatmap", "xychart", "canvas", "text", "alertlist", "annolist",
]  # fmt: skip
"""Core panels of Grafana that we use: none needs a download."""

Mapped = Literal["states", "attention"]
"""Tables by which numbers are shown as words in colours; `plant.states` gives the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """From a value on, a colour; the first one of a panel has no value and holds from below."""

    value: float | None
    colour: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One panel.

    Args:
        id: unique over all boards, in the API too: ``oee.by-machine``.
        title: what people read.
        kind: how Grafana draws it.
        description: the formula with its name in ISO 22400 where there is one, and what to make of it.
        queries: what is asked; none for texts and lists.
        unit: UCUM unit of the values: ``1`` is a share, shown in per cent, ``{part}`` a number of parts; of columns
            in other units `units` says so.
        units: UCUM units of columns by name.
        thresholds: from below.
        mapped: how numbers become words.
        width: in columns of 24.
        height: in rows of Grafana's grid, some 30 pixels each.
        minimum: lower end of the axis.
        maximum: upper end of the axis.
        stacked: whether series stand on each other.
        opens: uid of the board that a click opens, with the same variables and time.
        drawn_by: what the page draws where it has no such kind: ``synoptic`` for a canvas.
        text: Markdown of a text panel.
        sort: column or label by which the rows of a table, or the bars of a chart, are ordered; after ``-`` the
            greatest first.
        only: of all columns, those rows are shown that it fits.
        options: what else Grafana's panel of this kind is told, as its schema has it.
        custom: what else Grafana is told of how the fields are drawn, as the schema of the kind has it.
        then: what Grafana does with the rows at last, as its schema has transformations.
    """

    id: str
    title: str
    kind: Kind
    description: str
    queries: tuple[Select, ...] = ()
    unit: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    mapped: Mapped | None = None
    width: int = 12
    height: int = 8
    minimum: float | None = None
    maximum: float | None = None
    stacked: bool = False
    opens: str | None = None
    drawn_by: str | None = None
    text: str = ""
    sort: str = ""
    only: Condition | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Panels beside each other; their widths wrap after 24. A collapsed one is read only when somebody opens it."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


Variable = Literal["plant", "run", "line", "machine", "shift", "run_a", "run_b"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A dashboard.

    Args:
        uid: fixed, so that links and pushes find it: ``shopfloor-oee``.
        title: what people read.
        purpose: for whom it is and which question it answers.
        rows: from above.
        variables: what the reader chooses.
        window: time that it shows at first, as Grafana writes it: ``now-8h``.
        tags: words to find it by.
    """

    uid: str
    title: str
    purpose: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ("plant", "run", "line", "machine", "shift")
    window: str = "now-8h"
    tags: tuple[str, ...] = ("shopfloor",)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All its panels, from above."""
        return tuple(panel for row in self.rows for panel in row.panels)
