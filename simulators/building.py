"""From a plant description to a model that is ready to run: lines, machines, operators, vehicles, shifts."""

from collections.abc import Collection

from plant import people, ways
from plant.description import Plant
from plant.stops import Failure
from simulators.agenda import Agenda
from simulators.crew import Crews, Pool
from simulators.failure import Mode
from simulators.faults import befalling, courses
from simulators.fleet import Fleet
from simulators.health import Announced, Health
from simulators.job import Job, maintenance, tool_change
from simulators.ledger import Recorder
from simulators.line import Line
from simulators.machine import Machine
from simulators.report import Report
from simulators.streams import Streams
from simulators.timetable import Timetable


def build(
    env: Agenda,
    plant: Plant,
    *,
    machines: list[Machine],
    touched: list[Machine],
    streams: Streams,
    recorder: Recorder | None,
    report: Report | None,
    start: int,
) -> tuple[list[Line], list[Timetable]]:
    """Build everything that a plant consists of.

    Args:
        env: the agenda.
        plant: the description.
        machines: filled with all machines, in the order of the plant.
        touched: filled during the run with machines whose state may have changed.
        streams: of the run.
        recorder: who writes down what happens.
        report: who tells it in messages.
        start: first instant of the run, microseconds UTC, for shifts.
    """
    shifts = _Shifts(env, plant, start)
    crews = _crews(env, plant, streams, shifts)
    fleets = {of.fleet: _fleet(env, plant, of, streams) for of in plant.fleets}
    lines = []
    for index, described in enumerate(plant.lines):
        line = Line(
            env, plant=plant, described=described, index=index, touched=touched, streams=streams, recorder=recorder,
            report=report, crews=crews, fleets=fleets,
        )  # fmt: skip
        for station in line.stations:
            timetable = shifts.of(station.described.shifts)
            for number, node in enumerate(described.machines(station.described), start=1):
                machine = Machine(env, station, number, len(machines), node)
                _equip(machine, streams, f"{line.name}/{station.name}/{number}", timetable)
                machine.health = _health(machine, plant, streams.seed)
                machines.append(machine)
                station.machines.append(machine)
            station.idle = len(station.machines)
        line.wire(streams)
        lines.append(line)
    for line in lines:
        mine = [order for order in plant.orders if (order.line or _only(plant)) == line.name]
        line.orders.expect(tuple(mine), streams)
    return lines, list(shifts.known.values())


def _only(plant: Plant) -> str:
    """The line that works to orders."""
    return next((line.name for line in plant.lines if line.arrivals.orders), "")


def _equip(machine: Machine, streams: Streams, path: str, timetable: Timetable | None) -> None:
    of = machine.station.described
    modes = [_mode(machine, streams, path, failure) for failure in of.failures]
    jobs: list[Job] = []
    tool = None
    if of.tool is not None:
        tool = tool_change(machine, of.tool, streams.draws(path, "tool_change", of.tool.change))
        jobs.append(tool)
        if of.tool.breaks is not None:
            breakage = Mode(
                machine, name="tool", operating=True, part=of.tool.part, gates=False, mean=of.tool.breaks.mean,
                interval=streams.draws(path, "tool_life", of.tool.breaks),
                repair=streams.draws(path, "tool_repair", of.tool.replace or of.tool.change),
            )  # fmt: skip
            breakage.tool = tool
            tool.renews = [breakage]
            modes.append(breakage)
    jobs += [
        maintenance(machine, task, modes, streams.draws(path, f"maintenance.{task.name}", task.time))
        for task in of.maintenance
    ]
    machine.equip(modes, jobs, tool, timetable)


def _mode(machine: Machine, streams: Streams, path: str, of: Failure) -> Mode:
    interval, repair = streams.failures(path, of)
    return Mode(
        machine, name=of.mode, operating=of.clock == "operating", part=of.part, gates=of.gates == "all",
        mean=of.interval.mean, interval=interval, repair=repair,
    )  # fmt: skip


def _health(machine: Machine, plant: Plant, seed: int) -> Health | None:
    """The process faults of a machine; none where it can have none."""
    station = machine.station
    of = station.described
    own = courses(befalling(plant, station.line.name, station.name, machine.number, seed))
    by_name = {mode.name: mode for mode in machine.modes}
    linked = [
        Announced(by_name[failure.mode], failure.fault, failure.onset)
        for failure in of.failures
        if failure.fault is not None
    ]
    kind = plant.kind(of)
    own = {name: course for name, course in own.items() if name in kind.faults}
    return Health(linked, own, kind) if linked or own else None


class _Shifts:
    """Timetables of a plant, one for each set of shifts in use."""

    def __init__(self, env: Agenda, plant: Plant, start: int) -> None:
        self._env = env
        self._plant = plant
        self._start = start
        self.known: dict[tuple[str, ...], Timetable] = {}

    def of(self, names: Collection[str] | None) -> Timetable | None:
        """The timetable of these shifts; none if the plant declares no shifts."""
        if not self._plant.shifts:
            return None
        declared = [shift.name for shift in self._plant.shifts]
        key = tuple(name for name in declared if names is None or name in names)
        if key not in self.known:
            self.known[key] = Timetable(self._env, self._plant.calendar, key, self._start)
        return self.known[key]


def _crews(env: Agenda, plant: Plant, streams: Streams, shifts: _Shifts) -> Crews:
    pools = {
        of.pool: Pool(of.pool, of.most, streams.some(f"operators/{of.pool}", "walking", of.walking))
        for of in plant.operators
    }
    crews = Crews(env, pools)
    for of in plant.operators:
        by_shift = of.count if isinstance(of.count, dict) else None
        timetable = shifts.of(of.shifts if by_shift is None else tuple(by_shift))
        if timetable is None:
            continue

        def turn(kind: str, shift: str, *, of: people.Pool = of, by_shift: dict[str, int] | None = by_shift) -> None:
            number = of.most if by_shift is None else by_shift.get(shift, 0)
            crews.attend(of.pool, 0 if kind else number)

        timetable.turns.append(turn)
    return crews


def _fleet(env: Agenda, plant: Plant, of: ways.Fleet, streams: Streams) -> Fleet:
    """A fleet; its vehicles begin at the first station of the first line that uses them."""
    path = f"fleets/{of.fleet}"
    ride = ways.Ride(fleet=of.fleet)
    users = [line for line in plant.lines if any(station.transport == ride for station in line.stations)]
    home = (users or plant.lines)[0].stations[0].name
    return Fleet(
        env, of, home, streams.some(path, "vehicle_load", of.load), streams.some(path, "vehicle_unload", of.unload)
    )

