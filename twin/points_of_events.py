"""What a reader of a chart should see beside its curves: stops, alarms, and what people corrected. Pure.

A cell tells of all that overlaps it, at the instant at which that began: so what goes on gets its end while it goes on,
and the last word holds. Alarms and corrections of one instant stand microseconds apart, by their names and numbers.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from zlib import crc32

from plant.messages import Remark
from plant.remarks import Disposed, Recoded, Replanned
from plant.states import State
from plant.time import MINUTE
from twin.alarm_states import occurrences
from twin.cells import Cell
from twin.mirror import LineMirror
from twin.pareto import whole_stops
from twin.points import Labels, Subject, milliseconds
from twin.tables import FieldValue, Point
from twin.values import Interval

TOOL = "tool"
"""Reason of a setup that is a change of the tool."""

APART = 1000
"""Microseconds within which events of one instant are apart."""

DOWNTIME, CHANGEOVER, TOOL_CHANGE, MAINTENANCE, FAULT, CORRECTION = (
    "downtime", "changeover", "tool change", "maintenance", "fault", "correction"
)  # fmt: skip
KINDS = (DOWNTIME, CHANGEOVER, TOOL_CHANGE, MAINTENANCE, FAULT, CORRECTION)
"""Kinds of events: a failure that is no minor stop; a setup; planned work; an alarm; a word of people."""


def events_of_machine(subject: Subject, cell: Cell, around: Sequence[Interval]) -> Iterator[Point]:
    """Events of a machine that overlap a cell.

    Args:
        subject: the machine.
        cell: which one.
        around: what the machine did, with the stops of the cell whole.
    """
    yield from _stops(subject, cell, around)
    yield from _alarms(subject, cell)
    yield from _corrections(subject.machine.remarks.told, subject.labels, cell)


def corrections_of_line(line: LineMirror, labels: Labels, cell: Cell) -> Iterator[Point]:
    """What people corrected, in a cell, of a line and its stations: as events of no machine."""
    things = [(line.node, line.remarks), *((place.node, place.remarks) for place in line.places if not place.single)]
    for node, said in things:
        yield from _corrections(said.told, labels.machine(node), cell)


def _stops(subject: Subject, cell: Cell, around: Sequence[Interval]) -> Iterator[Point]:
    for stop in whole_stops(around):
        first, last = around[stop[0]], around[stop[-1]]
        if last.end <= cell.begin or first.begin >= cell.end:
            continue
        reason = next((around[at].reason for at in stop if around[at].reason), "")
        kind = _kind(first.state, reason)
        length = last.end - first.begin
        if kind is None or (kind == DOWNTIME and length < subject.line.line.minor_stop):
            continue
        text = f"{subject.machine.path}: {first.state}" + (f" ({reason})" if reason else "")
        yield _event(subject.labels, kind, first.begin, last.end, reason or kind, f"{text}, {length / MINUTE:.1f} min")


def _kind(state: str, reason: str) -> str | None:
    """The kind of a stop that is an event; none if it is none."""
    if state == State.SETUP:
        return TOOL_CHANGE if reason == TOOL else CHANGEOVER
    return {State.FAILED.value: DOWNTIME, State.MAINTENANCE.value: MAINTENANCE}.get(state)


def _alarms(subject: Subject, cell: Cell) -> Iterator[Point]:
    """Alarms that came in a cell, or went."""
    machine = subject.machine
    for known in machine.alarms.values():
        first, last = (bisect_left(known, at, key=lambda m: m.ts) for at in (cell.begin, cell.end))
        if first == last:
            continue
        for one in occurrences(machine.path, known, machine.remarks.told):
            end = subject.line.horizon if one.active else one.cleared or one.raised
            if one.raised < cell.end and end >= cell.begin:
                at = one.raised + crc32(one.code.encode()) % APART
                yield _event(subject.labels, FAULT, at, end, one.code, one.text)


def _corrections(told: Sequence[Remark], labels: tuple[str, ...], cell: Cell) -> Iterator[Point]:
    """What people said in a cell, at the instant of which they spoke."""
    for m in told:
        if not cell.begin <= m.ts < cell.end:
            continue
        note, later = f" ({m.note})" if m.note else "", m.seq % APART
        match m.about:
            case Recoded() as about:
                text = f"{m.by}: the reason is {about.reason}{note}"
                yield _event(labels, CORRECTION, about.begin + later, about.end, about.reason, text)
            case Replanned() as about:
                text = f"{m.by}: that was planned as {about.planned}{note}"
                yield _event(labels, CORRECTION, about.begin + later, about.end, about.planned, text)
            case Disposed() as about:
                text = f"{m.by}: part {about.part} is {about.verdict}{note}"
                yield _event(labels, CORRECTION, about.at + later, about.at, about.verdict, text)


def _event(labels: tuple[str, ...], kind: str, begin: int, end: int, title: str, text: str) -> Point:  # noqa: PLR0917 a field each
    values: dict[str, FieldValue] = {"title": title, "text": text, "until": milliseconds(end)}
    return Point("event", begin, (*labels, kind), values)
