"""Recorded MTConnect machines of one line, as messages: logs in SHDR, read against a plant and a mapping."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from broker.chronicle import NOT_RECORDED, Chronicle, Cycle, Sample, Timed, chronicle
from broker.mapping import Control, Machine, load_mapping, node_of, tags_of
from broker.shdr import Asset, Category, Command, Reading, Unreadable, read_shdr
from broker.steps import Steps, play
from plant.description import Line, Plant, Station
from plant.errors import RecordingError
from plant.messages import Emission, Message, Meta, PartEvent, Scalar, StateChange, Telemetry
from plant.paths import Node
from plant.states import State
from plant.time import DAY

SCHEMA = "1.0"
BAD_NO_COMMUNICATION = 0x80310000
"""Quality (OPC UA) of a sample without a value: the item was unavailable."""

LARGEST_SPAN = 5 * 365 * DAY
"""How far logs that are replayed together may lie apart."""

ROWS = 500_000
"""Characters of samples that a message holds, about: half of what a reader takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogAccount:
    """What was found in a log.

    Args:
        file: as the person named it.
        readings: what it says about items.
        assets: documents in it, and changes of them.
        commands: what its adapter says about itself.
        steps: what was made of its clock.
        unreadable: lines and values that could not be used.
        unmapped: readings of items that the mapping does not name, by item.
        strange: readings of devices that are no machine of the mapping, by device.
        unheard: items of the mapping that never come.
    """

    file: str
    readings: int
    assets: int
    commands: int
    steps: Steps
    unreadable: tuple[Unreadable, ...]
    unmapped: Mapping[str, int]
    strange: Mapping[str, int]
    unheard: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedMachine:
    """A machine with its logs.

    Args:
        node: whose messages they are.
        station: its station.
        control: what its items mean.
        part: what names of its parts begin with.
        product: what they are where the mapping does not say it.
        chronicle: what happened; none: no log speaks of it.
    """

    node: Node
    station: Station
    control: Control | None
    part: str
    product: str
    chronicle: Chronicle | None

    def emissions(self, block: int, end: int) -> Iterator[Emission]:
        """What it says after its birth, in order of time: at an instant parts, alarms, the state, then samples."""
        told = self.chronicle
        if told is None:
            return
        ranked: list[tuple[int, int, Message]] = [
            *((part.ts, 0, part) for part in self._parts(told)),
            *((alarm.ts, 1, alarm) for alarm in told.alarms),
            *((state.ts, 2, state) for state in self._states(told)),
            *((message.ts, 3, message) for message in blocks(told.samples, block, end)),
        ]
        ranked.sort(key=lambda one: one[:2])  # stable
        for _, _, message in ranked:
            yield self.node, message

    def _parts(self, told: Chronicle) -> Iterator[PartEvent]:
        for finish in told.finishes:
            known = finish.cycle if finish.cycle is not None and finish.cycle.known else None
            yield PartEvent(
                ts=finish.ts, event="finished", part=self._name(finish.number), product=finish.product or self.product,
                cycle_us=None if known is None else known.worked,
            )  # fmt: skip
        for cycle in told.cycles:
            if cycle.seen:
                product = cycle.product or self.product
                yield PartEvent(ts=cycle.begin, event="started", part=self._name(cycle.number), product=product)

    def _states(self, told: Chronicle) -> Iterator[StateChange]:
        for ts, state, reason, cycle in told.states:
            part = self._held(cycle) if state is State.PROCESSING else None
            if (state, reason) != (State.UNKNOWN, NOT_RECORDED) or ts > told.begin:  # else its birth says so
                yield StateChange(ts=ts, state=state.value, reason=reason, since=ts, part=part)

    def _held(self, cycle: Cycle | None) -> str | None:
        return self._name(cycle.number) if cycle is not None and cycle.number else None

    def _name(self, number: int) -> str:
        return f"{self.part}-{number}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRecording:
    """Logs of machines read against the line they were recorded on.

    Attributes:
        run: hash of the plant, the mapping and the logs.
        plant: what it was read against.
        line: the line.
        machines: all machines of the line, in station order.
        logs: what was found in each log.
        block: microseconds of samples in a message.
        begin: first instant, microseconds UTC.
        end: last instant, microseconds UTC.
    """

    run: str
    plant: Plant
    line: Line
    machines: tuple[RecordedMachine, ...]
    logs: tuple[LogAccount, ...]
    block: int
    begin: int
    end: int

    def emissions(self) -> Iterator[Emission]:
        """The logs as messages, in order of time; at one instant in station order."""
        yield from self._births()
        streams = [machine.emissions(self.block, self.end) for machine in self.machines]
        yield from heapq.merge(*streams, key=lambda emission: emission[1].ts)

    def _births(self) -> Iterator[Emission]:
        line, begin = self.line, self.begin
        yield line.node, Meta(ts=begin, schema=SCHEMA, type="line", machines=len(line.stations))
        for station in line.stations:
            machines = [machine for machine in self.machines if machine.station is station]
            several = station.machines > 1
            if several:
                yield Node(line.area, line.name, station.name), _birth(station, begin)
            for machine in machines:
                kind = self.plant.kind(station)
                own = kind.told_tags if machine.control is None else tags_of(machine.control, kind)
                single = {"machines": None, "buffer": None} if several else {}
                yield machine.node, replace(_birth(station, begin), tags=own, **single)
        for machine in self.machines:
            yield machine.node, StateChange(ts=begin, state=State.UNKNOWN.value, reason=NOT_RECORDED, since=begin)


def _birth(station: Station, ts: int) -> Meta:
    return Meta(
        ts=ts,
        schema=SCHEMA,
        type=station.type,
        ideal_cycle_us=station.planned_cycle,
        ideal_cycle_derived=station.ideal_cycle is None,
        machines=station.machines,
        buffer=station.buffer,
    )


# --- samples -------------------------------------------------------------------------------------------------------


def blocks(samples: Sequence[Sample], block: int, end: int) -> Iterator[Telemetry]:
    """Samples as messages: one per block of plant time, the last one up to the end.

    Args:
        samples: in order of time.
        block: microseconds.
        end: last instant of the recording.
    """
    for number, group in groupby(samples, key=lambda sample: -(-sample.ts // block)):
        rows = list(_rows(group))
        tags = list(dict.fromkeys(tag for _, row in rows for tag in row))
        most = max(1, ROWS // (20 + 12 * len(tags)))
        for first in range(0, len(rows), most):
            yield _telemetry(min(number * block, end), rows[first : first + most])


class _Row(NamedTuple):
    """What was sampled at one instant."""

    t: int
    values: dict[str, float | int | None]


def _rows(samples: Iterable[Sample]) -> Iterator[_Row]:
    """A row per instant; where a signal has several samples at one, they follow each other."""
    row = _Row(-1, {})
    for ts, tag, value in samples:
        if ts != row.t or tag in row.values:
            if row.values:
                yield row
            row = _Row(ts, {})
        row.values[tag] = value
    if row.values:
        yield row


def _telemetry(ts: int, rows: Sequence[_Row]) -> Telemetry:
    v: dict[str, list[Scalar]] = {}
    q: dict[str, int | list[int]] = {}
    for i, row in enumerate(rows):
        for tag, value in row.values.items():
            v.setdefault(tag, [None] * len(rows))[i] = value
            if value is None:
                codes = q.setdefault(tag, [0] * len(rows))
                if isinstance(codes, list):
                    codes[i] = BAD_NO_COMMUNICATION
    return Telemetry(ts=ts, t=[row.t for row in rows], v=v, q=q or None)


# --- logs ----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, slots=True)
class _Log:
    """A log while it is read."""

    name: str
    content: bytes
    readings: dict[int, list[Reading]] = field(default_factory=dict)  # by machine of the mapping
    unreadable: list[Unreadable] = field(default_factory=list)
    strange: Counter[str] = field(default_factory=Counter)
    assets: int = 0
    commands: int = 0


def read_cell(logs: Sequence[Path], plant: Plant, mapping: Path) -> CellRecording:
    """Read logs of machines of the one line of a plant.

    Raises:
        PlantError: the mapping is wrong; says all that is.
        RecordingError: a log cannot be read, or belongs to no machine.
    """
    if len(plant.lines) != 1:
        raise RecordingError(f"{logs[0]}: a recording belongs to one line, the plant file has {len(plant.lines)}")
    line = plant.lines[0]
    if twice := [path for path, times in Counter(path.resolve() for path in logs).items() if times > 1]:
        raise RecordingError(f"{twice[0]}: is given twice")
    chart = load_mapping(mapping, plant)
    controls = [chart.control_of(machine) for machine in chart.machines]
    opened = [_read(path, chart.machines, controls) for path in logs]
    timed, steps = _played(opened)
    told: dict[Node, tuple[Control, Chronicle | None]] = {}
    for k, machine in enumerate(chart.machines):
        of = next(one for one in line.stations if one.name == machine.station)
        signals = tags_of(controls[k], plant.kind(of))
        found = chronicle(timed[k], controls[k], signals) if timed.get(k) else None
        told[node_of(line, machine)] = controls[k], found
        if found is not None and found.refused:
            _put_away(found, opened)
    chronicles = [found for _, found in told.values() if found is not None]
    if not chronicles:
        raise RecordingError(f"{', '.join(map(str, logs))}: nothing about a machine of the mapping")
    begin, end = min(one.begin for one in chronicles), max(one.end for one in chronicles)
    if end - begin > LARGEST_SPAN:
        raise RecordingError(f"{', '.join(map(str, logs))}: {(end - begin) // DAY} days lie between them")
    digests = sorted(blake2b(log.content).hexdigest() for log in opened)
    identity = "\0".join([plant.run_id(0, 0), chart.model_dump_json(), *digests])
    product = plant.products_of(line)[0].name
    return CellRecording(
        run=blake2b(identity.encode(), digest_size=6).hexdigest(),
        plant=plant,
        line=line,
        machines=tuple(
            _recorded(line, station, node, *told.get(node, (None, None)), product=product)
            for station in line.stations
            for node in line.machines(station)
        ),
        logs=tuple(_account(log, how, controls) for log, how in zip(opened, steps, strict=True)),
        block=plant.telemetry.block,
        begin=begin,
        end=end,
    )


def _played(logs: Iterable[_Log]) -> tuple[dict[int, list[Timed]], list[Steps]]:
    """Readings of each machine in order of plant time, and how the clock of each log stepped back."""
    timed: dict[int, list[Timed]] = {}
    steps: list[Steps] = []
    for log in logs:
        steps.append(Steps())
        for k, readings in log.readings.items():
            played = play(readings)
            steps[-1] += played.steps
            timed.setdefault(k, []).extend(played.readings)
            far = "its time is more than a year away from that of its log"
            log.unreadable += [Unreadable(file=log.name, line=one.line, reason=far) for one in played.astray]
    for some in timed.values():
        some.sort(key=lambda one: one[0])  # stable; a machine may have several logs
    return timed, steps


def _put_away(told: Chronicle, logs: Sequence[_Log]) -> None:
    """Values that could not be used, beside the lines of their logs that could not be read."""
    home = {id(reading): log for log in logs for readings in log.readings.values() for reading in readings}
    for reading, reason in told.refused:
        log = home[id(reading)]
        log.unreadable.append(Unreadable(file=log.name, line=reading.line, reason=f"{reading.item}: {reason}"))


def _read(path: Path, machines: Sequence[Machine], controls: Sequence[Control]) -> _Log:
    try:
        log = _Log(name=str(path), content=path.read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    possible = [k for k, machine in enumerate(machines) if machine.told_by(path, machine.device)]
    if not possible:
        known = ", ".join(sorted({machine.log for machine in machines if machine.log is not None}))
        raise RecordingError(f"{path}: the mapping has no machine with such a log; it has {known}")
    categories: dict[str, Category] = {}
    for k in possible:
        categories |= controls[k].categories
    whose: dict[str, int | None] = {}
    for entry in read_shdr(log.name, log.content, categories):
        match entry:
            case Unreadable():
                log.unreadable.append(entry)
            case Asset():
                log.assets += 1
            case Command():
                log.commands += 1
            case _:
                device = entry.device
                if device not in whose:
                    whose[device] = _owner(path, device, possible, machines)
                if (machine := whose[device]) is None:
                    log.strange[device] += 1
                else:
                    log.readings.setdefault(machine, []).append(entry)
    _must_be_apart(path, whose, machines)
    return log


def _owner(path: Path, device: str, possible: Sequence[int], machines: Sequence[Machine]) -> int | None:
    """The machine of a device in a log: one that names the device goes before one that takes any."""
    fitting = [k for k in possible if machines[k].told_by(path, device)]
    chosen = [k for k in fitting if machines[k].device is not None] or fitting
    if len(chosen) > 1:
        stations = " and of ".join(machines[k].station for k in chosen)
        raise RecordingError(f"{path}: by the mapping it is the log of {stations}; their log or device must differ")
    return chosen[0] if chosen else None


def _must_be_apart(path: Path, whose: Mapping[str, int | None], machines: Sequence[Machine]) -> None:
    """Items of two devices would be taken for each other where a machine takes any."""
    for k in {k for k in whose.values() if k is not None}:
        devices = [device for device, owner in whose.items() if owner == k and device]
        if len(devices) > 1:
            raise RecordingError(
                f"{path}: it speaks of the devices {', '.join(devices)}; the mapping must say by device: which of them "
                f"{machines[k].station} is"
            )


def _recorded(
    line: Line, station: Station, node: Node, control: Control | None, told: Chronicle | None, *, product: str
) -> RecordedMachine:
    counting = None if control is None else control.parts
    named = None if counting is None else counting.name
    usual = line.name if node.machine is None else f"{line.name}-{node.machine}"  # else two had parts of one name
    return RecordedMachine(
        node=node, station=station, control=control, part=named or usual, product=product, chronicle=told
    )


def _account(log: _Log, steps: Steps, controls: Sequence[Control]) -> LogAccount:
    unmapped: Counter[str] = Counter()
    unheard: set[str] = set()
    for k, readings in log.readings.items():
        counts = Counter(reading.item for reading in readings)
        items = controls[k].items
        unmapped.update({item: count for item, count in counts.items() if item not in items})
        unheard |= items - set(counts)
    return LogAccount(
        file=log.name,
        readings=sum(map(len, log.readings.values())) + log.strange.total(),
        assets=log.assets,
        commands=log.commands,
        steps=steps,
        unreadable=tuple(sorted(log.unreadable, key=lambda one: one.line)),
        unmapped=dict(unmapped.most_common()),
        strange=dict(log.strange),
        unheard=tuple(sorted(unheard)),
    )
