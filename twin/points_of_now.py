"""Points of an instant: what machines and lines are doing, and how the sources of messages are. Pure."""

from dataclasses import dataclass

from plant.states import State, number
from plant.time import HOUR
from twin.bottleneck import bottleneck, watched
from twin.mirror import LineMirror
from twin.points import Labels, Subject, milliseconds
from twin.points_of_machine import state_fields
from twin.tables import FieldValue, Point, line_status, machine_label
from twin.values import Counters, Tally
from twin.views import buffer_of, part_in

LATELY = HOUR
"""Time that rates are of."""

WELL, AT_ALARM, SILENT, FAILED = range(4)
"""Whether somebody should look at a machine, the most urgent last."""

Gone = str
"""Why nothing is heard of a line now: ``offline`` or ``stale``; empty: it is heard."""


def status(subject: Subject, at: int, gone: Gone = "") -> Point:
    """What a machine is doing at an instant."""
    machine, line = subject.machine, subject.line
    told = machine.at(at, line.horizon)
    state, reason, since = (told.state, told.reason, told.begin) if told else (State.UNKNOWN.value, "", at)
    if gone:
        state, reason, since = State.UNKNOWN.value, gone, min(at, max(line.horizon, 0))
    values: dict[str, FieldValue] = {
        **state_fields(state, reason),
        "since": milliseconds(since),
        "for": max(0, at - since),
        "part": part_in(machine, at) or "",
        "order": machine.states.order_at(at) or "",
        "parts_good": machine.outcomes.made(machine.outcomes.rows(-1, at + 1)).good,
        "silent": int(bool(gone)),
        "attention": _attention(subject, state, at, gone),
    }
    return subject.point("status", at, values)


def _attention(subject: Subject, state: str, at: int, gone: Gone) -> int:
    if gone:
        return SILENT
    if state == State.FAILED:
        return FAILED
    standing = (alarm.active and alarm.state != "shelved" for alarm in subject.machine.alarms_at(at))
    return AT_ALARM if any(standing) else WELL


def line_points(line: LineMirror, labels: Labels, at: int, first: int, gone: Gone = "") -> Point:
    """What stands where in a line at an instant.

    Args:
        line: which one.
        labels: of the run.
        at: the instant.
        first: begin of the run: rates of its first hour are of the time since then.
        gone: why nothing is heard of it.
    """
    begin = max(first, at - LATELY)
    values: dict[str, FieldValue] = {
        "wip": line.wip.level(at),
        "throughput": _rate(len(line.shipped.kinds(line.shipped.rows(begin, at))), begin, at),
        "takt": float(line.takt),
        "bottleneck": line.bottleneck.station.name,
    }
    if begin < at:
        found = bottleneck(watched(line, begin, at), line.bottleneck.station.name, begin, at)
        values["bottleneck"] = found.agreement.station or line.bottleneck.station.name
    for place in line.places:
        values[f"{place.station.name}.buffer"] = buffer_of(place, at)["level"] or 0
        for machine in place.machines:
            name, told = machine_label(machine.node), machine.at(at, line.horizon)
            values[f"{name}.code"] = number(told.state if told and not gone else State.UNKNOWN)
            values[f"{name}.rate"] = _rate(machine.outcomes.produced(begin, at), begin, at)
            if (cycle := machine.outcomes.last_cycle(at)) is not None:
                values[f"{name}.cycle"] = cycle
    return Point(line_status(line.line.name), at, labels.line(line.node), values)


def _rate(parts: int, begin: int, end: int) -> float:
    """Parts per hour."""
    return parts * HOUR / (end - begin) if end > begin else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast time passes and messages come, since the last look.

    Args:
        speed: plant time over wall time.
        events: messages of the line per second of wall time.
        delay: wall time since its last message, in microseconds.
    """

    speed: float
    events: float
    delay: int


def tally_of(counters: Counters, line: LineMirror, kind: str | None = None) -> Tally:
    """What arrived on the topics of a line, of one kind or all."""
    found = Tally()
    for path, kinds in counters.nodes.items():
        if path == line.path or path.startswith(f"{line.path}/"):
            found = sum((tally for of, tally in kinds.items() if kind in {None, of}), found)
    return found


def health(line: LineMirror, labels: Labels, at: int, counters: Counters, pace: Pace) -> Point:
    """How the source of a line's messages is doing, and the twin."""
    tally, samples = tally_of(counters, line), tally_of(counters, line, "telemetry").received
    all_samples = sum(kinds["telemetry"].received for kinds in counters.nodes.values() if "telemetry" in kinds)
    values: dict[str, FieldValue] = {
        "received": tally.received,
        "duplicates": tally.duplicates,
        "gaps": tally.gaps,
        "late": tally.late,
        "dead": sum(counters.dead_letters.values()),
        "event_rate": float(pace.events),
        "value_rate": counters.telemetry_rate * samples / all_samples if all_samples else 0.0,
        "backlog": counters.historian_backlog,
        "dropped": counters.historian_dropped,
        "speed": float(pace.speed),
        "delay": pace.delay,
    }
    clock = counters.clocks.get(line.path)
    if clock is not None and clock.offset_us is not None:
        values["skew"] = clock.offset_us
    return Point("health", at, labels.line(line.node), values)
