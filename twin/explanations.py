"""What is behind a figure: its formula and parts, the waterfall of its window, the intervals and part events. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from twin.catalogue import KpiRow
from twin.mirror import LineMirror, Machine, Place, machines_of
from twin.values import Explanation, KpiValue, MachineInterval, PartEventTold
from twin.waterfall import FAMILIES, SUMS, cut, waterfall

MOST = 1000
"""Intervals and part events that are told, at most; they are counted beyond."""

TIMED = frozenset({*SUMS, "operating_time", "FE", "TTR", "restored", "minor_stops", "bottleneck_PBT"})
"""Parts that come from the states of machines."""

COUNTED = frozenset(
    {
        "PQ", "GQ", "RQ", "SQ", "IP", "GP", "PRI_PQ", "PRI_GQ", "first_PQ", "cycles", "cycle_sum", "shipped",
        "PRI_shipped", "lead_times", "lead_time_sum", "wip_integral", "queue_integral",
    }
)  # fmt: skip
"""Parts that come from part events."""


def explanation(
    row: KpiRow, figure: KpiValue, parts: dict[str, int], scene: tuple[LineMirror, LineMirror | Place | Machine],
    window: tuple[int, int],
) -> Explanation:  # fmt: skip
    """What is behind a figure.

    Args:
        row: which KPI.
        figure: its value over the window.
        parts: those of the node, for the waterfall.
        scene: the line, and the node.
        window: begin and end, microseconds UTC.
    """
    line, thing = scene
    begin, end = window
    machines = machines_of(line, thing)
    names = set(row.names)
    intervals: list[MachineInterval] = []
    if names & TIMED:
        intervals = _in_order(
            MachineInterval(path=machine.path, state=i.state, reason=i.reason, begin=i.begin, end=i.end)
            for machine in machines
            for i in machine.intervals(begin, end, line.horizon)
        )
    events: list[PartEventTold] = []
    if names & COUNTED:
        logs = [*machines, *(place for place in _places(line, thing) if not place.single)]
        events = sorted(
            (
                PartEventTold(path=log.path, at=at, event=event, part=part)
                for log in logs
                for at, event, part in log.log.events(begin, end)
            ),
            key=lambda told: told.at,
        )
    buckets = waterfall(parts)
    return Explanation(
        id=row.id,
        title=row.title,
        number=row.number,
        formula=row.formula,
        values=row.range.text,
        better=row.trend,
        source=row.source,
        figure=figure,
        waterfall=buckets,
        families=_families(buckets),
        intervals=intervals[:MOST],
        intervals_count=len(intervals),
        part_events=events[:MOST],
        part_events_count=len(events),
    )


def _in_order(intervals: Iterable[MachineInterval]) -> list[MachineInterval]:
    return sorted(intervals, key=lambda interval: interval.begin)


def _families(buckets: dict[str, int]) -> list[dict[str, Any]]:
    """The families of OEE as the cuts of the waterfall that they are, in microseconds."""
    told = []
    for family in FAMILIES.values():
        over, under = cut(buckets, family.numerator, family.denominator)
        told.append({"family": family.title, "numerator": over, "denominator": under, "verified": family.verified})
    return told


def _places(line: LineMirror, thing: LineMirror | Place | Machine) -> Sequence[Place]:
    if isinstance(thing, Machine):
        return ()
    return (thing,) if isinstance(thing, Place) else line.places
