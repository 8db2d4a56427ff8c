"""What several boards share: columns and descriptions out of the KPI catalogue, thresholds, and colours. Pure.

A description is made of the row of the catalogue, so formula and number in ISO 22400 stand in one place only.
"""

from collections.abc import Iterable
from dataclasses import replace

from dashboards.panels import Panel, Threshold
from plant.description import Plant
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND
from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.select import Column, Condition, Each, Select, field_of, kpi_column

PART = "{part}"
STOP = "{stop}"
MESSAGE = "{message}"

CALM = "#8d9399"
POOR = "#c62828"
FAIR = "#e0a030"
FINE = "#5b7f95"
BEST = "#3d6480"
"""Colours: grey is normal, red is what somebody must look at; good is no signal green, so that red stays alone."""

TARGET = 0.6
"""OEE below which figures are red and an alert is raised, as shipped."""

OEE_THRESHOLDS = tuple(
    Threshold(value=value, colour=colour)
    for value, colour in ((None, POOR), (TARGET, FAIR), (0.75, FINE), (0.85, BEST))
)
PLAIN = (Threshold(value=None, colour=CALM),)

ELEMENTS = {
    "PBT": "planned busy time",
    "APT": "actual production time",
    "AUBT": "actual unit busy time",
    "AUPT": "actual unit processing time",
    "AUST": "actual unit setup time",
    "PRI_PQ": "planned run time of the parts produced",
    "PRI_GQ": "planned run time of the good parts",
    "PRI_shipped": "planned run time at the bottleneck of the parts that left",
    "bottleneck_PBT": "planned busy time of the bottleneck",
    "GQ": "good quantity",
    "PQ": "produced quantity",
    "SQ": "scrap quantity",
    "RQ": "rework quantity",
    "GP": "parts good at the first attempt",
    "IP": "parts inspected for the first time",
    "FE": "failures",
    "TTR": "time to restoration",
    "CMT": "corrective maintenance time",
    "PMT": "preventive maintenance time",
    "E": "electric energy",
    "E_ready": "energy while ready",
    "E_standby": "energy in standby",
    "shipped": "good parts that left the line",
    "duration": "length of the window",
    "wip_integral": "parts in the line, summed over time",
}
"""What parts of formulas are called."""

SHORT = {
    "oee": "OEE", "oee.pooled": "OEE, pooled", "quality_ratio_time_weighted": "Quality", "quality_ratio": "Good parts",
    "first_pass_yield": "First pass", "scrap_ratio": "Scrap", "rework_ratio": "Rework", "mtbf.usual": "MTBF",
    "mttr.usual": "MTTR", "corrective_maintenance_ratio": "Corrective", "throughput": "Per hour",
    "lead_time": "Lead time", "comprehensive_energy": "Per part", "energy_per_good_part": "Per good part",
    "processing_energy_share": "Processing", "idle_energy_share": "Idle", "ready_energy_share": "Ready",
    "standby_energy_share": "Standby", "off_energy_share": "Off",
}  # fmt: skip
"""What people call KPIs in narrow places."""

LOSSES = (
    ("no_order", "No order"), ("setup", "Setup"), ("breakdown", "Breakdown"), ("minor_stop", "Minor stops"),
    ("blocked", "Blocked"), ("starved", "Starved"), ("waiting", "Waiting"), ("idle", "Idle"),
    ("APT − PRI_PQ", "Speed"), ("PRI_PQ − PRI_GQ", "Quality"),
)  # fmt: skip
"""From planned busy time down to what good parts are worth: formula and title."""

SIX = (
    ("breakdown", "Breakdown"),
    ("setup", "Setup and adjustment"),
    ("minor_stop + idle + blocked + starved + waiting", "Idling and minor stops"),
    ("APT − PRI_PQ", "Reduced speed"),
    ("PRI_PQ − PRI_GQ", "Defects and start-up"),
)
"""The six big losses; the last two of them cannot be told apart."""


def code(state: State) -> int:
    """The number of a state, as the tables have it."""
    return list(STATES).index(state)


def describe(row: KpiRow, more: str = "") -> str:
    """What people read of a KPI: its formula in words, its number in the standard, and what to make of it."""
    known = [f"{name} is the {ELEMENTS[name]}" for name in row.names if name in ELEMENTS]
    origin = f"ISO 22400-2, KPI {row.number}." if row.number is not None else f"Not in ISO 22400; {_source(row)}."
    better = {"higher": "Higher is better. ", "lower": "Lower is better. ", "none": ""}[row.trend]
    words = [f"**{row.title}** = {row.formula}. {origin}", "; ".join(known) + "." if known else "", better + more]
    return "\n\n".join(word.strip() for word in words if word.strip())


def _source(row: KpiRow) -> str:
    return row.source.replace("`", "") or "in common use"


def described(rows: Iterable[KpiRow], more: str = "") -> str:
    """The same of several KPIs: a line each."""
    lines = [
        f"- **{row.title}** = {row.formula} " + (f"(ISO 22400-2, KPI {row.number})" if row.number else "(no ISO 22400)")
        for row in rows
    ]
    return "\n".join(lines) + (f"\n\n{more}" if more else "")


def machine_kpi(name: str) -> Column:
    """The column of a machine's KPI, from `account`."""
    return _short(kpi_column(CATALOGUE[name], name=_word(name)), name)


def line_kpi(name: str) -> Column:
    """The column of a line's KPI, from `line_account`."""
    return _short(kpi_column(LINE_CATALOGUE[name], name=_word(name)), name)


def _short(column: Column, name: str) -> Column:
    """The column under the name by which people call it; the description has the whole one."""
    return replace(column, title=SHORT.get(name, column.title))


def _word(name: str) -> str:
    """A name of a column without dots, which some panels take for a path."""
    return name.replace(".", "_")


def unit_of(row: KpiRow) -> str:
    """The unit of a KPI as panels have it: a number of parts or stops is not a share."""
    if row.unit != "1" or row.expression.under_names:
        return row.unit
    return STOP if row.id == "minor_stop_count" else PART


def minutes(name: str, formula: str, title: str) -> Column:
    """A sum of times in minutes."""
    return Column(name=name, formula=formula, unit="min", scale=(1, MINUTE), title=title)


def seconds(name: str, field: str, title: str, each: Each = "last") -> Column:
    """A time in seconds."""
    return Column(name=name, formula=field_of(field), each=each, unit="s", scale=(1, SECOND), title=title)


def power(title: str = "Power") -> Column:
    """Mean electric power in kW, from the energy of accounts: so many mWh in so many microseconds."""
    return Column(name="power", formula="E / duration", unit="kW", scale=(HOUR // 1_000_000, 1), title=title)


def as_is(field: str, title: str = "", *, each: Each = "last", unit: str = "1", name: str = "") -> Column:
    """A field as it stands."""
    return Column(name=name or field, formula=field_of(field), each=each, unit=unit, title=title)


def of_line(table: str, *columns: Column, by: tuple[str, ...] = ("line",), line: str = "") -> Select:
    """A question over the whole window."""
    return Select(table=table, columns=columns, by=by, where=(Condition(name="line", value=line),) if line else ())


def line_trend(panel: str, title: str, kpis: tuple[str, ...], *, width: int) -> Panel:
    """KPIs of each line over time."""
    return Panel(
        id=panel,
        title=title,
        kind="timeseries",
        description=described(LINE_CATALOGUE[name] for name in kpis),
        queries=(Select(table="line_account", columns=tuple(map(line_kpi, kpis)), by=("line",), bucket="auto"),),
        unit="1",
        thresholds=PLAIN,
        minimum=0,
        width=width,
    )


def each_machine(plant: Plant) -> tuple[str, ...]:
    """Labels that tell machines apart: their name will do where there is only one line."""
    return ("machine",) if len(plant.lines) == 1 else ("line", "machine")


def timeline(by: tuple[str, ...], line: str = "") -> Select:
    """States of machines as they changed."""
    where = (Condition(name="line", value=line),) if line else ()
    return Select(table="state", columns=(as_is("code", "State", each="raw"),), by=by, where=where)


def characteristics(plant: Plant) -> bool:
    """Whether anything is measured on parts."""
    return any(station.quality.characteristics for line in plant.lines for station in line.stations)


def contract_kw(plant: Plant) -> int:
    """Power that the supplier's contract allows, where nobody says better: twice what all machines take while ready."""
    stations = [station for line in plant.lines for station in line.stations]
    levels = [(station.machines, plant.kind(station).power) for station in stations]
    return round(2 * sum(machines * level.ready for machines, level in levels if level is not None))
