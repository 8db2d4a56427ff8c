"""From a running model to its present state as a value, and back."""

from collections.abc import Callable, Iterator, Sequence

from simpy.events import Event

from plant.errors import SimulationError
from simulators.agenda import Agenda
from simulators.doings import Physics
from simulators.failure import Mode
from simulators.initial import (
    ClockState,
    InitialState,
    LineState,
    MachineState,
    PartState,
    StationState,
    TravelState,
)
from simulators.line import Line
from simulators.machine import Machine
from simulators.part import NOTHING, Part
from simulators.phase import DONE, EMPTY, LOADING, PHASES, READY, UNLOADING, WORKING
from simulators.station import Station

Ranks = dict[Event | None, int]
Restart = tuple[int, Callable[[], None]]
"""Rank of a timer and what sets it."""


def capture(agenda: Agenda, lines: Sequence[Line], physics: Sequence[Physics | None], now: int) -> InitialState:
    """The present state of a run at `now`, µs since its start; all that is due until then must have been done.

    Raises:
        SimulationError: the plant has elements of which a state as a value cannot tell.
    """
    for line in lines:
        if (unsaid := _unsaid(line)) is not None:
            raise SimulationError(f"line {line.name}: the present state of {unsaid} cannot be told as a value yet")
    ranks = agenda.ranks(_timers(lines))
    return InitialState(time=now, lines=tuple(_line(line, physics, ranks, now) for line in lines))


def _unsaid(line: Line) -> str | None:
    """An element of a line of which `InitialState` cannot tell; none if it says everything."""
    of = line.described
    for station in line.stations:
        if not all(machine.plain for machine in station.machines):
            return f"station {station.name}"
        if station.buffer.belt is not None or station.buffer.fleet is not None or station.intake is not None:
            return f"the way into station {station.name}"
        if station.described.supply is not None:
            return f"the material of station {station.name}"
    limited = of.wip_limit is not None or of.pallets is not None
    mixed = line.mixed or of.arrivals.orders or len(line.sources) > 1
    return "a WIP limit" if limited else "products and orders" if mixed else None


def _timers(lines: Sequence[Line]) -> Iterator[Event | None]:
    for line in lines:
        yield from (source.timer for source in line.sources)
        for station in line.stations:
            yield from (timer for *_, timer in station.buffer.coming)
            for machine in station.machines:
                yield machine.timer
                yield from (mode.timer for mode in machine.modes)


def _line(line: Line, physics: Sequence[Physics | None], ranks: Ranks, now: int) -> LineState:
    source = line.sources[0]
    return LineState(
        name=line.name,
        stations=tuple(_station(station, physics, ranks, now) for station in line.stations),
        made=line.made,
        arrived=source.arrived,
        outside=source.outside,
        left=None if source.timer is None else source.due - now,
        rank=ranks[source.timer],
    )


def _station(station: Station, physics: Sequence[Physics | None], ranks: Ranks, now: int) -> StationState:
    buffer = station.buffer
    askers = () if station.own is None else station.own.waiting
    return StationState(
        name=station.name,
        machines=tuple(_machine(machine, physics, ranks, now) for machine in station.machines),
        waiting=tuple(_part(part) for part in buffer.waiting),
        coming=tuple(
            TravelState(part=_part(part), left=due - now, rank=ranks[timer])
            for part, due, timer in buffer.coming
        ),
        givers=tuple(machine.number for machine in buffer.givers),
        askers=tuple(machine.number for machine in askers),
        begun=station.begun,
        loaded=station.loaded,
        restarted=station.restarted,
        sent=buffer.sent,
    )


def _machine(machine: Machine, physics: Sequence[Physics | None], ranks: Ranks, now: int) -> MachineState:
    done = 0 if machine.timer is None else now - machine.resumed
    timed = machine.phase not in {EMPTY, READY, DONE}
    worked = done if machine.phase is WORKING else 0
    return MachineState(
        phase=machine.phase,
        remaining=machine.remaining - done if timed else None,
        rank=ranks[machine.timer],
        part=None if machine.part is NOTHING else _part(machine.part, worked),
        condition=machine.condition,
        since=machine.since,
        clocks=tuple(_clock(mode, worked, ranks, now) for mode in machine.modes),
        physics=physics[machine.index],
    )


def _clock(mode: Mode, worked: int, ranks: Ranks, now: int) -> ClockState:
    runs = mode.down or not mode.operating
    return ClockState(
        mode=mode.name,
        down=mode.down,
        left=mode.due - now if runs else mode.left - worked,
        count=mode.count,
        whole=0 if mode.down else mode.whole,
        since=mode.since,
        rank=ranks[mode.timer] if runs else 0,
    )


def _part(part: Part, worked: int = 0) -> PartState:
    return PartState(
        number=part.number,
        entered=part.entered,
        enter=part.enter,
        operation=part.operation,
        start=part.start,
        finish=part.finish,
        worked=part.worked + worked,
        scrap=part.scrap,
    )


def restore(lines: Sequence[Line], initial: InitialState) -> None:
    """Put a model that has just been built into a state, and set its timers in the order of their ranks.

    Raises:
        ValueError: the state speaks of a line or station that the plant does not have.
    """
    known = {line.name: line for line in lines}
    timers: list[Restart] = []
    for state in initial.lines:
        if state.name not in known:
            raise ValueError(f"the initial state has a line {state.name!r}, the plant has not")
        _restore_line(known[state.name], state, timers)
    for line in lines:
        if line.name not in {state.name for state in initial.lines}:
            _restore_line(line, LineState(name=line.name), timers)
    timers.sort(key=lambda timer: timer[0])  # stable: without ranks clocks, machines, ways, arrivals, line by line
    for _, action in timers:
        action()


def _restore_line(line: Line, state: LineState, timers: list[Restart]) -> None:
    stations = {station.name: station for station in line.stations}
    for at in state.stations:
        if at.name not in stations:
            raise ValueError(f"the initial state has a station {at.name!r} in line {line.name!r}, the plant has not")
    states = {at.name: at for at in state.stations}
    for station in line.stations:
        _restore_station(station, states.get(station.name, StationState(name=station.name)), timers)
    for station in line.stations:
        _restore_queues(station, states.get(station.name, StationState(name=station.name)))
    line.made = state.made
    for place, source in enumerate(line.sources):
        if place == 0:
            source.arrived = state.arrived
            source.queue.extend(source.mix.next() for _ in range(state.outside))
            timers.append((state.rank, lambda source=source: source.wait(state.left)))  # type: ignore[misc]
        else:
            timers.append((0, source.wait))


def _restore_station(station: Station, state: StationState, timers: list[Restart]) -> None:
    buffer = station.buffer
    station.begun, station.loaded, station.restarted = state.begun, state.loaded, state.restarted
    buffer.sent = state.sent
    padding = [MachineState()] * len(station.machines)
    for machine, at in zip(station.machines, [*state.machines, *padding], strict=False):
        _restore_machine(machine, at, timers)
    buffer.waiting.extend(_restore_part(station, part) for part in state.waiting)
    for travel in state.coming:
        part = _restore_part(station, travel.part)
        timers.append((travel.rank, lambda part=part, left=travel.left: buffer.travel(part, left)))  # type: ignore[misc]


def _restore_machine(machine: Machine, state: MachineState, timers: list[Restart]) -> None:
    station = machine.station
    if state.condition is not None:
        machine.condition, machine.since = state.condition, state.since
    clocks = {clock.mode: clock for clock in state.clocks}
    for mode in machine.modes:
        clock = clocks.get(mode.name, ClockState(mode=mode.name))
        mode.count, mode.since, mode.down = clock.count, clock.since, clock.down
        machine.down += mode.down
        machine.halted += mode.down
        timers.append((clock.rank, lambda mode=mode, clock=clock: mode.go_on(clock.left, clock.whole)))  # type: ignore[misc]
    timers.extend((0, job.wind) for job in machine.jobs)
    if state.part is None:
        return
    part = machine.part = _restore_part(station, state.part)
    part.machine = machine.number
    station.idle -= 1
    machine.phase = PHASES[state.phase]
    if machine.phase is not READY and machine.phase is not DONE:
        machine.remaining = _remaining(machine, part) if state.remaining is None else state.remaining
        timers.append((state.rank, lambda: None if machine.halted else machine.proceed()))


def _remaining(machine: Machine, part: Part) -> int:
    """A time that nobody knows is drawn as if the phase began now."""
    station = machine.station
    if machine.phase is WORKING:
        part.operation = station.begun
        station.begun += 1
        part.start = machine.env.time if part.start is None else part.start
        return station.cycle(part.operation)
    if machine.phase is LOADING:
        station.loaded += 1
        return 0 if station.load is None else station.load(station.loaded - 1)
    return 0 if station.unload is None else station.unload(max(part.operation, 0))


def _restore_part(station: Station, state: PartState) -> Part:
    part = Part(station.line.name, state.number, state.entered, station.line.products[0])
    part.enter, part.operation, part.start, part.finish = state.enter, state.operation, state.start, state.finish
    part.worked, part.scrap = state.worked, state.scrap
    station.line.inside[part.number] = part
    return part


def _restore_queues(station: Station, state: StationState) -> None:
    """Who is blocked for a place here, and which reservations are out: both follow from where the parts are."""
    if station.index == 0:
        return
    upstream = station.line.stations[station.index - 1].machines
    for number in state.givers:
        station.buffer.givers.append(upstream[number - 1])
    for machine in upstream:
        if machine.phase is DONE and machine not in station.buffer.givers:
            station.buffer.givers.append(machine)
    own = station.own
    if own is None:
        return
    own.waiting = [upstream[number - 1] for number in state.askers]
    for machine in upstream:
        if machine.phase in {WORKING, UNLOADING, DONE} and not machine.part.scrap:
            if machine.phase is WORKING:
                machine.part.ahead = own
            else:
                machine.part.held = own
            own.taken += 1
    here = [machine.part for machine in station.machines if machine.phase in {LOADING, READY, WORKING}]
    for part in (*here, *station.buffer.waiting, *(part for part, *_ in station.buffer.coming)):
        part.held = own
        own.taken += 1
