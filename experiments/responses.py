"""Responses of an experiment: figures of `simulate --json` by their keys, and KPIs by their ids.

A key goes through the tree of a line with dots: ``throughput_per_s``, ``lead_time_s.mean``,
``stations.OP20.share.blocked``. A KPI stands alone for the line, or after ``stations.NAME`` for a station. The name of
the line comes first where the plant has several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.kpis import OF_LINE, OF_STATION, Account, needs_energy
from experiments.replications import Model
from plant.description import Line, Plant
from plant.errors import EntryError, did_you_mean, shown
from simulators.summary import STATES
from twin.catalogue import KpiRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What is looked at.

    Args:
        name: as the file says it.
        line: whose it is.
        key: way into the line's tree of results; empty for a KPI.
        kpi: id of the KPI; empty for a figure of the results.
        station: whose KPI it is; empty for the line.
        unit: UCUM unit.
        better: ``higher`` or ``lower``.
    """

    name: str
    line: str
    unit: str
    better: str
    key: tuple[str, ...] = ()
    kpi: str = ""
    station: str = ""

    @property
    def row(self) -> KpiRow:
        """The KPI's row of the catalogue."""
        return (OF_STATION if self.station else OF_LINE)[self.kpi]


FIGURES: Mapping[str, tuple[str, str]] = {
    "parts_out": ("1", "higher"),
    "parts_scrapped": ("1", "lower"),
    "throughput_per_s": ("1/s", "higher"),
    "wip_mean": ("1", "lower"),
    "waiting_outside_mean": ("1", "lower"),
    **{f"lead_time_s.{of}": ("s", "lower") for of in ("mean", "p50", "p95")},
}
"""Unit and better direction of the figures that every line has."""

OF_ORDERS: Mapping[str, tuple[str, str]] = {
    "orders.completed": ("1", "higher"),
    "orders.due": ("1", "lower"),
    "orders.on_time": ("1", "higher"),
    "orders.attainment": ("1", "higher"),
    "orders.tardiness_mean_s": ("s", "lower"),
}
"""The same of a line that works to orders."""

AT_STATION: Mapping[str, tuple[str, str]] = {
    "parts_out": ("1", "higher"),
    **{f"share.{state.value}": ("1", "higher" if state.value == "processing" else "lower") for state in STATES},
}
"""The same of a station."""


def parse_response(name: object, plant: Plant) -> Response:
    """The response of that name.

    Raises:
        EntryError: the plant has none of that name.
    """
    if not isinstance(name, str):
        raise EntryError(f"{shown(name)} is no response", "a key of simulate --json such as throughput_per_s, or a KPI")
    first, _, rest = name.partition(".")
    lines = {line.name: line for line in plant.lines}
    if first in lines and rest:
        return _of_line(name, rest, lines[first])
    if len(lines) > 1:
        told = [f"{line}.{name}" for line in lines]
        raise EntryError(f"{shown(name)}: of which line?", ", ".join(told), did_you_mean(name, told))
    return _of_line(name, name, plant.lines[0])


def _of_line(name: str, key: str, line: Line) -> Response:
    figures = {**FIGURES, **(OF_ORDERS if line.arrivals.orders else {})}
    if key.startswith("stations."):
        return _of_station(name, key, line)
    if key in figures:
        unit, better = figures[key]
        return Response(name=name, line=line.name, unit=unit, better=better, key=tuple(key.split(".")))
    if key in OF_LINE:
        row = OF_LINE[key]
        return Response(name=name, line=line.name, unit=row.unit, better=_better(row), kpi=key)
    known = [*figures, *OF_LINE]
    allowed = f"{', '.join(figures)}, stations.NAME.…, or a KPI of a line: {', '.join(OF_LINE)}"
    raise EntryError(f"there is no response {shown(name)}", allowed, did_you_mean(key, known))


def _of_station(name: str, key: str, line: Line) -> Response:
    _, station, *rest = [*key.split("."), ""]
    names = [of.name for of in line.stations]
    if station not in names:
        raise EntryError(
            f"{shown(name)}: there is no station {shown(station)}", ", ".join(names), did_you_mean(station, names)
        )
    inside = ".".join(rest).strip(".")
    if inside in AT_STATION:
        unit, better = AT_STATION[inside]
        return Response(name=name, line=line.name, unit=unit, better=better, key=tuple(key.split(".")))
    if inside in OF_STATION:
        row = OF_STATION[inside]
        return Response(name=name, line=line.name, unit=row.unit, better=_better(row), kpi=inside, station=station)
    known = [*AT_STATION, *OF_STATION]
    allowed = f"after the station: {', '.join(known)}"
    raise EntryError(f"there is no response {shown(name)}", allowed, did_you_mean(inside, known))


def _better(row: KpiRow) -> str:
    """Of what has no better direction, such as parts at a station, less is taken for better."""
    return "higher" if row.trend == "higher" else "lower"


Values = dict[str, float | None]
"""Answers of a replication by response."""


def answer(model: Model, responses: Sequence[Response], seed: int) -> Values:
    """Run a replication and read its responses.

    Figures are of the run's sums; KPIs need all that happened to be kept, and those of energy the machines' meters.
    """
    rows = [response.row for response in responses if response.kpi]
    if not rows:
        results = model.results(seed)
        return {response.name: figure(results, response) for response in responses}
    record = model.record(seed, energy=any(map(needs_energy, rows)))
    account = Account(model.plant, model.window, record)
    return {
        response.name: _kpi(model.plant, account, response) if response.kpi else figure(record.results, response)
        for response in responses
    }


def figure(results: Mapping[str, Any], response: Response) -> float | None:
    """A figure of a replication's results."""
    value: Any = results[response.line]
    for step in response.key:
        value = value[step]
    return None if value is None else float(value)


def _kpi(plant: Plant, account: Account, response: Response) -> float | None:
    line = plant.line(response.line)
    if not response.station:
        return account.of_line(line, response.row)
    return account.of_station(line, next(of for of in line.stations if of.name == response.station), response.row)


def names(plant: Plant) -> list[str]:
    """All responses that a plant has."""
    found: list[str] = []
    for line in plant.lines:
        own = [*FIGURES, *(OF_ORDERS if line.arrivals.orders else ()), *OF_LINE]
        own += [f"stations.{of.name}.{key}" for of in line.stations for key in (*AT_STATION, *OF_STATION)]
        found += ([] if len(plant.lines) > 1 else own) + [f"{line.name}.{key}" for key in own]
    return found
