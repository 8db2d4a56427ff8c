"""The tables of a historian: what the twin records beside telemetry, so that a dashboard only has to add and divide.

A point has labels, which say whose it is (a store indexes them), and fields, which say what. Fields of `account` are
the additive parts of KPIs over one cell: whole microseconds, pieces and milliwatt hours, never ratios. Telemetry is a
table for each type of machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from plant.description import Line, Plant
from plant.paths import Node
from plant.time import MINUTE
from twin import figures
from twin.waterfall import SUMS

CELL = 5 * MINUTE
"""Plant time that a point of an account tells of, at most: cells begin on multiples of it, and where a shift does."""

Datatype = Literal["int", "float", "text"]
FieldValue = int | float | str

LINE = ("plant", "run", "area", "line")
MACHINE = (*LINE, "station", "machine")
"""Labels of what is told of lines, and of machines."""

NO_SHIFT = "none"
"""Label of time in which no shift works."""


class Field(NamedTuple):
    """A field: its datatype, its unit (UCUM), and what people read."""

    datatype: Datatype
    unit: str
    title: str


class Point(NamedTuple):
    """What a table says of one instant: labels in the order of the table's, and some of its fields."""

    table: str
    at: int
    labels: tuple[str, ...]
    values: Mapping[str, FieldValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of a historian. Points with the same labels and instant are one: of each field the last value holds.

    Args:
        name: also the measurement in InfluxDB.
        title: what a point of it tells.
        labels: whose it is.
        fields: what it tells; a point has some of them. None is called ``time``: InfluxDB keeps that for itself.
        raw: whether it is telemetry, which is kept for a shorter time.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    fields: Mapping[str, Field]
    raw: bool = False


def check(point: Point, tables: Mapping[str, Table]) -> None:
    """Whether a point is of one of some tables.

    Raises:
        ValueError: what is not in them.
    """
    table = tables.get(point.table)
    if table is None or table.raw:
        raise ValueError(f"there is no table {point.table!r} of points; there are {', '.join(tables)}")
    if len(point.labels) != len(table.labels):
        raise ValueError(f"{table.name} has the labels {', '.join(table.labels)}, not {len(point.labels)} of them")
    if not point.values.keys() <= table.fields.keys():
        unknown = ", ".join(sorted(point.values.keys() - table.fields.keys()))
        raise ValueError(f"{table.name} has no field {unknown}; it has {', '.join(table.fields)}")


def machine_label(node: Node) -> str:
    """What the label ``machine`` says: the station, with a number where it has several machines."""
    return f"{node.station} {node.machine}" if node.machine is not None else str(node.station)


COUNTED = frozenset(
    {
        "PQ", "GQ", "RQ", "SQ", "IP", "GP", "FE", "restored", "cycles", "PQ_outside", "minor_stops", "first_PQ",
        "shipped", "lead_times", "due", "on_time", "order_PQ",
    }
)  # fmt: skip
"""Parts of accounts that are pieces."""

LEVELS = frozenset({"wip_integral", "queue_integral"})
"""Parts of accounts that are pieces times microseconds."""

_OF_CHARACTERISTICS = frozenset({"n", "x_sum", "xx_sum", "range_sum", "subgroups", "subgroup_size", "USL", "LSL"})
_OF_PLACES = frozenset({"shipped", "first_PQ", "known", *LEVELS})
_NOT_HEARD = frozenset({"AOET", "APAT", "APWT", "CM", "EPC", "IGQ", "OL", "PL", "PSQ", "STL"})


def _part(name: str) -> Field:
    """Field of an additive part."""
    if name in COUNTED:
        return Field("int", "1", name)
    if name in LEVELS:
        return Field("int", "us", name)
    return Field("int", "mW.h" if name in figures.ENERGY else "us", name)


def _account(names: frozenset[str]) -> dict[str, Field]:
    return {name: _part(name) for name in sorted(names)}


OF_MACHINES = (figures.OF_OTHERS | figures.WATERFALL | frozenset(SUMS)) - _OF_CHARACTERISTICS - _NOT_HEARD - _OF_PLACES
OF_LINES = figures.OF_LINES | figures.WATERFALL | frozenset(SUMS)
"""Additive parts of a machine's cell, and of a line's."""



def _whole(unit: str, title: str) -> Field:
    return Field("int", unit, title)


def _real(unit: str, title: str) -> Field:
    return Field("float", unit, title)


def _text(title: str) -> Field:
    return Field("text", "", title)


_STATE = {"code": _whole("", "state by number"), "state": _text("state"), "reason": _text("reason")}

_TABLES = (
    Table(
        name="account",
        title="additive parts of a machine's KPIs over a cell",
        labels=(*MACHINE, "shift"),
        fields=_account(OF_MACHINES),
    ),
    Table(
        name="line_account",
        title="additive parts of a line's KPIs over a cell, and how long the run has gone on at its begin",
        labels=(*LINE, "shift"),
        fields={**_account(OF_LINES), "elapsed": _whole("us", "time since the begin of the run")},
    ),
    Table(
        name="stop",
        title="time of a machine in a stop of a reason within a cell, and how many such stops began in it",
        labels=(*MACHINE, "shift", "state", "reason"),
        fields={"lost": _whole("us", "time"), "stops": _whole("1", "stops"), "minor": _whole("1", "minor stops")},
    ),
    Table(
        name="pareto",
        title="stops of a line by reason over a shift, or over a day without shifts: the longest first",
        labels=(*LINE, "shift", "state", "reason"),
        fields={
            "rank": _whole("1", "rank by time"),
            "lost": _whole("us", "time"),
            "stops": _whole("1", "stops"),
            "cumulative": _real("1", "share of it and of all that are longer"),
        },
    ),
    Table(
        name="state",
        title="state of a machine from an instant on: at each change, and at each begin of a cell",
        labels=MACHINE,
        fields=_STATE,
    ),
    Table(
        name="status",
        title="what a machine is doing now, each ten seconds of the twin's time",
        labels=MACHINE,
        fields={
            **_STATE,
            "since": _whole("ms", "since when, of 1970"),
            "for": _whole("us", "how long"),
            "part": _text("part in work"),
            "order": _text("order in work"),
            "parts_good": _whole("1", "good parts of the run so far"),
            "silent": _whole("1", "1 if nothing is heard of it"),
            "attention": _whole("1", "0 if all is well, 1 at an alarm, 2 if silent, 3 if failed"),
        },
    ),
    Table(
        name="cycle",
        title="a part whose work at a machine ended",
        labels=(*MACHINE, "product"),
        fields={
            "part": _text("part"),
            "cycle": _whole("us", "work time"),
            "planned": _whole("us", "planned run time per item"),
            "good": _whole("1", "1 if it is good"),
            "scrap": _whole("1", "1 if it is scrap"),
            "rework": _whole("1", "1 if it goes to rework"),
        },
    ),
    Table(
        name="measured",
        title="a measured characteristic of a part",
        labels=(*MACHINE, "characteristic"),
        fields={
            "part": _text("part"),
            "value": _real("", "value"),
            "lower": _real("", "lower limit of the specification"),
            "upper": _real("", "upper limit of the specification"),
            "ok": _whole("1", "1 if it is within"),
        },
    ),
    Table(
        name="spc",
        title="a point of a control chart of means and ranges",
        labels=(*MACHINE, "characteristic"),
        fields={
            "mean": _real("", "mean of the subgroup"),
            "centre": _real("", "centre line"),
            "lower": _real("", "lower control limit"),
            "upper": _real("", "upper control limit"),
            "range": _real("", "range of the subgroup"),
            "range_centre": _real("", "centre line of ranges"),
            "range_upper": _real("", "upper control limit of ranges"),
            "broken": _whole("1", "rules that it breaks"),
            "rule": _text("rules that it breaks"),
        },
    ),
    Table(
        name="capability",
        title="capability of a characteristic over the last shift's length",
        labels=(*MACHINE, "characteristic"),
        fields={
            **{name: _real("1", name) for name in ("cp", "cpk", "cm", "cmk")},
            "values": _whole("1", "values"),
        },
    ),
    Table(
        name="alarm",
        title="a transition of an alarm",
        labels=(*MACHINE, "code"),
        fields={
            "active": _whole("1", "1 while it stands"),
            "priority": _whole("1", "priority, 1 the highest"),
            "alarm_state": _text("state of ISA-18.2"),
            "text": _text("what it says"),
        },
    ),
    Table(
        name="event",
        title="something that a reader of a chart should see",
        labels=(*MACHINE, "kind"),
        fields={"title": _text("title"), "text": _text("text"), "until": _whole("ms", "its end, of 1970")},
    ),
    Table(
        name="order",
        title="progress of a production order",
        labels=(*LINE, "order", "product"),
        fields={
            "event": _text("what happened"),
            "quantity": _whole("1", "pieces ordered"),
            "good": _whole("1", "good pieces"),
            "scrap": _whole("1", "scrap"),
            "due": _whole("ms", "due, of 1970"),
        },
    ),
    Table(
        name="comparison",
        title="a figure of a run so far from its hours, with its confidence interval at 95 %",
        labels=(*LINE, "response"),
        fields={
            "mean": _real("", "mean of the hours"),
            "lower": _real("", "lower bound"),
            "upper": _real("", "upper bound"),
            "hours": _whole("1", "hours"),
        },
    ),
    Table(
        name="health",
        title="how a source of messages, and the twin, are doing, each ten seconds of the twin's time",
        labels=(*LINE,),
        fields={
            "received": _whole("1", "messages"),
            "duplicates": _whole("1", "messages that were known"),
            "gaps": _whole("1", "messages that are missing"),
            "late": _whole("1", "messages that filled a gap"),
            "dead": _whole("1", "messages refused"),
            "event_rate": _real("1/s", "messages per second of wall time"),
            "value_rate": _real("1/s", "values of telemetry per second of wall time"),
            "backlog": _whole("1", "rows that wait for the historian"),
            "dropped": _whole("1", "rows given up"),
            "speed": _real("1", "plant time over wall time"),
            "delay": _whole("us", "wall time since the last message"),
            "skew": _whole("us", "how far the clock is beside the twin's"),
        },
    ),
)

FIXED: Mapping[str, Table] = {table.name: table for table in _TABLES}
"""Tables that every plant has, by name."""


def line_status(line: str) -> str:
    """Name of a line's table of what stands where: one wide row, since a drawing binds to fields of one row."""
    return f"line_status_{line}"


def tables_of(plant: Plant) -> dict[str, Table]:
    """All tables of a plant by name: the fixed ones, one of each line, one of each type of machine."""
    found = dict(FIXED)
    for line in plant.lines:
        found[line_status(line.name)] = _line_status(plant, line)
    for station in (station for line in plant.lines for station in line.stations):
        kind = plant.kind(station)
        told = kind.told_tags.items()
        tags = {tag: Field(_DATATYPES[about.datatype], about.unit, about.title) for tag, about in told}
        known = found.get(station.type)
        fields = {**known.fields, **tags} if known else tags
        found[station.type] = Table(
            name=station.type, title=f"telemetry of each {kind.title}", labels=MACHINE, fields=fields, raw=True
        )
    return found


_DATATYPES: Mapping[str, Datatype] = {"float": "float", "int": "int", "str": "text", "bool": "int"}


def _line_status(plant: Plant, line: Line) -> Table:
    fields = {
        "wip": _whole("1", "parts in the line"),
        "throughput": _real("1/h", "good parts per hour, over the last hour"),
        "takt": _real("1/h", "what its slowest station is planned to make"),
        "bottleneck": _text("station that limits it"),
    }
    for station in line.stations:
        fields[f"{station.name}.buffer"] = _whole("1", f"parts in front of {station.name}")
        for node in line.machines(station):
            name = machine_label(node)
            fields[f"{name}.code"] = _whole("", f"state of {name} by number")
            fields[f"{name}.rate"] = _real("1/h", f"parts per hour of {name}, over the last hour")
            fields[f"{name}.cycle"] = _whole("us", f"last cycle of {name}")
    return Table(
        name=line_status(line.name),
        title=f"{plant.plant}: what stands where in {line.name}, each ten seconds of the twin's time",
        labels=LINE,
        fields=fields,
    )
