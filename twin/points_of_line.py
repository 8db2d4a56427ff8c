"""Points of a line: its account, orders, Pareto charts, and how its hours compare. Pure."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from twin.catalogue import LINE_CATALOGUE
from twin.cells import Cell
from twin.figures import line_parts, wanted_of
from twin.kpis import evaluate, pool
from twin.meter import LEVELS
from twin.mirror import LineMirror, Machine
from twin.points import NOTHING, Labels, milliseconds, window
from twin.points_of_events import corrections_of_line
from twin.points_of_machine import Stopped, Why
from twin.stays import view
from twin.student import interval
from twin.tables import OF_LINES, FieldValue, Point

RESPONSES = ("throughput", "oee", "lead_time", "energy_per_good_part")
"""KPIs of a line by which runs are compared."""

OF_RESPONSES = wanted_of(LINE_CATALOGUE[name] for name in RESPONSES)
"""Parts that they are made of."""


NO_RANK = 999
"""Rank in a Pareto chart of what turned out to be no stop at all."""


def parts_of_line(
    line: LineMirror, begin: int, end: int, by_machine: Mapping[Machine, Mapping[str, int]], wanted: frozenset[str]
) -> dict[str, int]:
    """Additive parts of a line over a window from those of its machines."""
    by_place = {
        place.station.name: pool([_with_energy(machine, by_machine[machine]) for machine in place.machines])
        for place in line.places
    }
    parts, _ = line_parts(line, window(begin, end), wanted, by_place)
    return {name: part for name, part in parts.items() if name in wanted}


def _with_energy(machine: Machine, parts: Mapping[str, int]) -> dict[str, int]:
    """What a meter has not told of yet it did not measure: else a line had no energy until its last meter speaks."""
    meter = machine.energy
    if not meter.ts:
        return dict(parts)
    told = any(view(column).any() for column in meter.by)
    levels = {f"E_{level}": 0 for level in LEVELS if told}
    return {"E": 0, **levels, **parts}


def points_of_line(
    line: LineMirror, labels: Labels, cell: Cell, by_machine: Mapping[Machine, Mapping[str, int]], first: int
) -> list[Point]:
    """All that is told of a line's cell, beside its machines.

    Args:
        line: which one.
        labels: of the run.
        cell: what of it has been so far.
        by_machine: parts of each machine in it.
        first: begin of the run.
    """
    if cell.begin >= cell.end:
        return []
    parts = parts_of_line(line, cell.begin, cell.end, by_machine, OF_LINES)
    account = {**parts, "elapsed": max(0, cell.at - first)}
    return [
        Point("line_account", cell.at, (*labels.line(line.node), cell.shift), account),
        *_orders(line, labels, cell),
        *corrections_of_line(line, labels, cell),
    ]


def _orders(line: LineMirror, labels: Labels, cell: Cell) -> Iterator[Point]:
    """What was told of orders; of several words of one instant the last one."""
    for told in line.orders.told.values():
        first, last = (bisect_left(told, at, key=lambda m: m.ts) for at in (cell.begin, cell.end))
        for m in told[first:last]:
            values: dict[str, FieldValue] = {
                "event": m.event, "quantity": m.quantity, "good": m.good, "scrap": m.scrap
            }  # fmt: skip
            if m.due is not None:
                values["due"] = milliseconds(m.due)
            yield Point("order", m.ts, (*labels.line(line.node), m.order, m.product or NOTHING), values)


def pareto_points(
    line: LineMirror, labels: Labels, period: Cell, machines: Iterable[Mapping[Why, Stopped]], known: Iterable[Why] = ()
) -> list[Point]:
    """Stops of a line in a period by reason, the longest first; ranks are from 1.

    Args:
        line: which one.
        labels: of the run.
        period: a shift, or a day.
        machines: stops of each of its machines in it.
        known: reasons that there may have been before: those that are none now have no time, and come last.
    """
    found = dict.fromkeys(known, Stopped())
    for stops in machines:
        for why, of in stops.items():
            found[why] = found.get(why, Stopped()) + of
    ranked = sorted(found.items(), key=lambda one: (-one[1].lost, -one[1].stops, *one[0]))
    total, before, points = sum(of.lost for of in found.values()), 0, []
    for rank, ((state, reason), of) in enumerate(ranked, start=1):
        before += of.lost
        values: dict[str, FieldValue] = {
            "rank": rank if any(of) else NO_RANK,
            "lost": of.lost,
            "stops": of.stops,
            "cumulative": before / total if total else 1.0,
        }
        whose = (*labels.line(line.node), period.shift, state, reason or NOTHING)
        points.append(Point("pareto", period.at, whose, values))
    return points


def responses(parts: Mapping[str, int]) -> dict[str, float]:
    """The KPIs of `RESPONSES` from the parts of an hour; those that have a value."""
    values = {name: evaluate(LINE_CATALOGUE[name], parts).value for name in RESPONSES}
    return {name: value for name, value in values.items() if value is not None}


def comparison_points(
    line: LineMirror, labels: Labels, at: int, hours: Sequence[Mapping[str, float]]
) -> list[Point]:
    """How a run is so far by its hours: a point for each response that some hour has.

    Args:
        line: which one.
        labels: of the run.
        at: end of the last hour.
        hours: the responses of each hour.
    """
    points = []
    for name in RESPONSES:
        told = [hour[name] for hour in hours if name in hour]
        if not told:
            continue
        values: dict[str, FieldValue] = {"mean": math.fsum(told) / len(told), "hours": len(told)}
        if (bounds := interval(told)) is not None:
            values |= {"lower": bounds[0], "upper": bounds[1]}
        points.append(Point("comparison", at, (*labels.line(line.node), name), values))
    return points
