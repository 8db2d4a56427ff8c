"""One machine: what it does, what it measures, how it wears. Pure."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from plant.time import HOUR, SECOND
from plant.units import symbol
from twin.catalogue import CATALOGUE
from twin.select import Column, Select, field_of
from twin.tables import Table, tables_of

UID = "shopfloor-machine"

_FACTORS = ("oee", "availability", "effectiveness", "quality_ratio_time_weighted")
_LEFT_OUT = frozenset({"energy", "part_count", "cycle_time", "ambient_temp", "program", "tool_number"})
_FEWEST = 6
"""Signals that a panel shows at most."""


def board(plant: Plant) -> Board:
    """The board of a machine; it is opened from all others."""
    kinds = {station.type: plant.kind(station).title for line in plant.lines for station in line.stations}
    tables = tables_of(plant)
    return Board(
        uid=UID,
        title="Machine",
        purpose="What one machine does, measures and wears. For maintenance and for operators.",
        rows=(
            Row(title="Now", panels=(*_now(), _factors())),
            Row(title="What it did", panels=(_states(), _cycle(), _histogram(), _residual(), _power())),
            Row(title="Alarms and events", panels=(_alarms(), _events())),
            *((Row(title="Measured parts", panels=(_measured(),)),) if facts.characteristics(plant) else ()),
            *(Row(title=f"Signals: {title or name}", panels=tuple(_signals(tables[name])), collapsed=True)
              for name, title in kinds.items()),
        ),
        window="now-4h",
    )  # fmt: skip


def _now() -> Iterator[Panel]:
    told = (
        ("code", "State", "", "What it is doing, as the twin knows it."),
        ("reason", "Reason", "", "Why it stands, as it told."),
        ("for", "For", "s", "Since when it is as it is."),
        ("part", "Part", "", "The part in work."),
        ("order", "Order", "", "The order in work; none where the line has no orders."),
        ("parts_good", "Good parts", facts.PART, "Good parts of the run so far."),
    )
    for field, title, unit, text in told:
        column = facts.seconds("lasted", "for", title) if field == "for" else facts.as_is(field, title, unit=unit)
        of_text = field in {"reason", "part", "order"}
        shown = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/^(?!Time$)/"}} if of_text else {}
        yield Panel(
            id=f"machine.{field.replace('_', '-')}",
            title=title,
            kind="stat",
            description=f"{text} The newest value. Not in ISO 22400.",
            queries=(Select(table="status", columns=(column,), by=("machine",)),),
            unit=unit,
            mapped="states" if field == "code" else None,
            thresholds=() if field == "code" else facts.PLAIN,
            width=4,
            height=4,
            options={
                "graphMode": "none",
                "colorMode": "background_solid" if field == "code" else "none",
                "textMode": "auto",
                **shown,
            },
        )


def _factors() -> Panel:
    return Panel(
        id="machine.factors",
        title="OEE and its factors",
        kind="bargauge",
        description=facts.described(CATALOGUE[name] for name in _FACTORS),
        queries=(Select(table="account", columns=tuple(map(facts.machine_kpi, _FACTORS)), by=("machine",)),),
        unit="1",
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        opens="shopfloor-oee",
        width=24,
        height=6,
    )


def _states() -> Panel:
    return Panel(
        id="machine.states",
        title="States over time",
        kind="state-timeline",
        description="What it did.",
        queries=(facts.timeline(("machine",)),),
        mapped="states",
        width=24,
        height=4,
    )


def _cycle() -> Panel:
    columns = (
        facts.seconds("cycle", "cycle", "Cycle", each="raw"),
        facts.seconds("planned", "planned", "Planned", each="raw"),
    )
    return Panel(
        id="machine.cycle",
        title="Cycle time of each part, and the planned one",
        kind="timeseries",
        description="Pure work time of each part as the machine told it, and its planned run time per item (PRI of ISO "
        "22400-2).",
        queries=(Select(table="cycle", columns=columns, by=("machine",), limit=5_000),),
        unit="s",
        thresholds=facts.PLAIN,
        custom={"drawStyle": "points", "pointSize": 4},
    )


def _histogram() -> Panel:
    return Panel(
        id="machine.cycle-histogram",
        title="How cycle times spread",
        kind="histogram",
        description="Parts by cycle time. A second hump is another product, or a cycle that was disturbed.",
        queries=(
            Select(table="cycle", columns=(facts.seconds("cycle", "cycle", "Cycle", each="raw"),), limit=5_000),
        ),
        unit="s",
        thresholds=facts.PLAIN,
    )


def _residual() -> Panel:
    column = Column(name="residual", formula="cycle − planned", each="mean", unit="s", scale=(1, SECOND),
                    title="Beyond plan")  # fmt: skip
    return Panel(
        id="machine.residual",
        title="Cycle time beyond plan",
        kind="timeseries",
        description="Measured cycle less planned run time per item: the mean of each step. It climbs where a tool "
        "wears or a machine is slowed down. Not in ISO 22400; effectiveness is the same as a quotient.",
        queries=(Select(table="cycle", columns=(column,), by=("machine",), bucket="auto"),),
        unit="s",
        thresholds=facts.PLAIN,
    )


def _power() -> Panel:
    return Panel(
        id="machine.power",
        title="Power",
        kind="timeseries",
        description="Mean electric power, E / duration. Not in ISO 22400.",
        queries=(Select(table="account", columns=(facts.power(),), by=("machine",), bucket="auto"),),
        unit="kW",
        thresholds=facts.PLAIN,
        minimum=0,
        opens="shopfloor-energy",
    )


def _measured() -> Panel:
    columns = tuple(
        facts.as_is(field, title, each="raw", unit="")
        for field, title in (("value", "Value"), ("lower", "Lower limit"), ("upper", "Upper limit"))
    )
    return Panel(
        id="machine.measured",
        title="Measured values between their limits",
        kind="timeseries",
        description="Each measured characteristic of each part, with the limits of its specification. "
        "Not in ISO 22400.",
        queries=(Select(table="measured", columns=columns, by=("machine", "characteristic"), limit=5_000),),
        thresholds=facts.PLAIN,
        custom={"drawStyle": "line", "lineWidth": 1, "showPoints": "auto"},
        opens="shopfloor-quality",
        width=24,
    )


def _alarms() -> Panel:
    columns = tuple(
        facts.as_is(field, title, each="raw", unit="")
        for field, title in (("alarm_state", "State"), ("priority", "Priority"), ("text", "Text"))
    )
    return Panel(
        id="machine.alarms",
        title="Alarms",
        kind="table",
        description="Alarms as they came and went, by ISA-18.2; the newest first. Priority 1 is the highest.",
        queries=(Select(table="alarm", columns=columns, by=("machine", "code"), limit=50),),
        sort="-Time",
        width=24,
    )


def _events() -> Panel:
    columns = (facts.as_is("title", "What", each="raw"), facts.as_is("text", "Details", each="raw"))
    return Panel(
        id="machine.events",
        title="Events",
        kind="table",
        description="Failures, changeovers, changes of tools, faults and remarks; the newest first.",
        queries=(Select(table="event", columns=columns, by=("machine", "kind"), limit=50),),
        sort="-Time",
        width=24,
    )


def _signals(table: Table) -> Iterator[Panel]:
    """A panel for each unit, of so many signals that their colours can be told apart."""
    told = [(tag, about) for tag, about in table.fields.items() if about.datatype != "text" and tag not in _LEFT_OUT]
    told.sort(key=lambda each: each[1].unit)
    for unit, group in groupby(told, key=lambda each: each[1].unit):
        tags = dict(group)
        names = list(tags)
        for begin in range(0, len(names), _FEWEST):
            some = names[begin : begin + _FEWEST]
            yield _signal(table, unit, {tag: tags[tag].title for tag in some})


def _signal(table: Table, unit: str, titles: Mapping[str, str]) -> Panel:
    shown = facts.PART if unit == "1" else unit
    columns = tuple(
        Column(name=tag, formula=field_of(tag), each="mean", unit=shown, title=title) for tag, title in titles.items()
    )
    first = next(iter(titles))
    return Panel(
        id=f"machine.{table.name}.{first.replace('_', '-')}",
        title=", ".join([next(iter(titles.values())), *(title[:1].lower() + title[1:]
                                                        for title in list(titles.values())[1:])]),
        kind="timeseries",
        description=f"Measured by the machine{f', in {symbol(unit)}' if symbol(unit) else ''}: the mean of each step. "
        "Shown only for machines of this type; a line ends where nothing came for an hour.",
        queries=(Select(table=table.name, columns=columns, by=("machine",), bucket="auto"),),
        unit=shown,
        thresholds=facts.PLAIN,
        custom={"spanNulls": HOUR // 1_000, "showPoints": "auto"},  # in ms: slow signals come beside fast ones
        width=8,
        height=7,
    )  # fmt: skip
