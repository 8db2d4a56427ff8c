"""A run of a plant: the lines, what they say, and what really happened."""

import copy
import gc
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter, itemgetter

from plant.description import Plant
from plant.messages import Emission
from plant.paths import Node
from plant.states import State
from plant.time import DEFAULT_START
from simulators import truth as truths
from simulators.agenda import Agenda
from simulators.building import build
from simulators.doings import at_rest
from simulators.initial import EMPTY, InitialState
from simulators.ledger import Ledger
from simulators.line import Line
from simulators.machine import Machine
from simulators.orders import Ticket
from simulators.phase import Condition
from simulators.present import capture, restore
from simulators.readout import TrueValue
from simulators.report import Report, births
from simulators.streams import Streams
from simulators.tally import Tally
from simulators.telemetry import Meters, Reading


class Simulation:
    """A run is a function of (plant, seed, start); how it is advanced, and what of it is kept, changes nothing.

    Args:
        plant: the description.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC.
        initial: present state to go on from, at its own time since the start.
        messages: whether `advance` tells what happened.
        telemetry: whether that includes samples and energy.
        truth: whether that includes what is really wrong; left out: as the plant says.
        keep: whether the ledger keeps every interval and journey; without it memory doesn't grow with time.
        window: without a ledger, the window that `summarise` will ask for, µs since the start; none: nothing is kept.

    Attributes:
        run: name of the run.
        now: up to when it is simulated, microseconds UTC.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        seed: int = 1,
        start: int = DEFAULT_START,
        initial: InitialState = EMPTY,
        messages: bool = True,
        telemetry: bool = True,
        truth: bool | None = None,
        keep: bool = True,
        window: tuple[int, int] | None = None,
    ) -> None:
        self.plant = plant
        self.seed = seed
        self.start = start
        self.now = start + initial.time
        self.run = plant.run_id(seed, start)
        self._agenda = Agenda(initial.time)
        self._ledger = Ledger(plant) if keep else None
        self._sums = None if keep or window is None else Tally(plant, *window)
        self._recorder = self._ledger or self._sums
        self._truth = messages and (plant.telemetry.truth if truth is None else truth)
        self._truth_until = initial.time - 1
        self._report = Report(self._agenda, start, truth=self._truth) if messages else None
        self._machines: list[Machine] = []
        self._touched: list[Machine] = []
        streams = Streams(seed)
        self._lines, self._timetables = build(
            self._agenda,
            plant,
            machines=self._machines,
            touched=self._touched,
            streams=streams,
            recorder=self._recorder,
            report=self._report,
            start=start,
        )
        if self._ledger is not None:
            self._ledger.watch(self._lines, self._machines)
        restore(self._lines, initial)
        for timetable in self._timetables:
            timetable.open()
        for line in self._lines:
            line.catch_up()
        self._booked = [line for line in self._lines if line.described.arrivals.orders]
        self._opened = False
        self._uncovered = False
        self._meters = self._measuring(initial, streams) if messages and telemetry else None

    def _measuring(self, initial: InitialState, streams: Streams) -> Meters:
        known = {
            (line.name, station.name, number): machine.physics
            for line in initial.lines
            for station in line.stations
            for number, machine in enumerate(station.machines, start=1)
        }
        physics = [
            known.get((machine.station.line.name, machine.station.name, machine.number))
            or at_rest(initial.time, *machine.condition)
            for machine in self._machines
        ]
        meters = Meters(self.plant, self._lines, physics, streams, start=self.start, time=initial.time)
        if self._report is not None:
            self._report.doings = meters.doings
        return meters

    @property
    def ledger(self) -> Ledger:
        """What really happened.

        Raises:
            ValueError: the run was told not to keep it.
        """
        if self._ledger is None:
            raise ValueError("this run keeps no ledger; give keep=True")
        return self._ledger

    def advance(self, to: int) -> list[Emission]:
        """Simulate up to and including an instant, microseconds UTC.

        Returns:
            What happened since the last call, in stream order: by time; at one instant first all events in the order
            in which they happened, with the states that resulted, then telemetry of each machine in station order,
            then energy of machines and lines. Nothing if the run has no messages.

        Raises:
            ValueError: the instant lies in the past.
            SimulationError: the run cannot go on.
        """
        if to < self.now:
            raise ValueError(f"the run is at {self.now} already; it cannot advance to {to}")
        with _uncollected():
            self._agenda.work_off(to - self.start, self._settle)
            self.now = to
            if self._ledger is not None:
                self._ledger.time = to - self.start
            return self._told(to)

    def _told(self, to: int) -> list[Emission]:
        if self._report is None:
            return []
        told = self._report.taken()
        readings = [] if self._meters is None else self._meters.read_off(to)
        if self._truth:
            now = to - self.start
            known = truths.told(self.plant, self.seed, self.start, self._truth_until, now)
            readings = sorted([*((m.ts, ((node, m),)) for node, m in known), *readings], key=itemgetter(0))
            self._truth_until = now
        return _merge(told, readings) if readings else told

    def state(self) -> InitialState:
        """The present as a value: a run that begins with it has the same future, if plant and seed are the same."""
        now = self.now - self.start
        unknown = [None] * len(self._machines)
        physics = unknown if self._meters is None else self._meters.present(now)
        return capture(self._agenda, self._lines, physics, now)

    def births(self) -> list[Emission]:
        """Birth documents of all lines, stations and machines, stamped now."""
        return [emission for line in self._lines for emission in births(self.plant, line, self.now)]

    def snapshot_states(self) -> list[Emission]:
        """State in force and active alarms of every machine, stamped now: what a publisher says after a restart."""
        report = self._report or Report(self._agenda, self.start)
        return [emission for machine in self._machines for emission in report.present(machine, self.now)]

    def tally(self, begin: int, end: int) -> Tally:
        """Sums over [begin, end), µs since the start, up to date.

        Raises:
            ValueError: the run has not come so far, or recorded another window or none.
        """
        time = self.now - self.start
        if time < end:
            raise ValueError(f"the run is at {time} µs, before the end of the window at {end} µs")
        if self._ledger is not None:
            tally = self._ledger.replay(Tally(self.plant, begin, end))
        elif self._sums is not None and (self._sums.begin, self._sums.end) == (begin, end):
            tally = copy.deepcopy(self._sums)
        else:
            raise ValueError(f"this run recorded no window [{begin}, {end}); name it at the start or keep the ledger")
        for machine in self._machines:
            tally.stay(machine.index, machine.condition, machine.since, time)
        for line in self._lines:
            for part in line.inside.values():
                tally.still_inside(line.index, part.entered, time)
            tally.outside(line.index, time, line.outside)
        return tally

    def true_values(self) -> list[tuple[Node, TrueValue]]:
        """What faulty sensors should have shown since this was asked last; from the first time it is asked on."""
        if self._meters is None:
            return []
        if not self._uncovered:
            self._uncovered = True
            self._meters.uncover()
        return self._meters.truths()

    def detections(self) -> dict[str, int]:
        """From when on each fault of a machine or sensor showed so far, µs since the start, by the id of its record.

        Known of what begins after `true_values` was asked for the first time.
        """
        return {} if self._meters is None else self._meters.detections()

    def orders(self, line: str) -> list[Ticket]:
        """The production orders that a line has got so far, in order of release."""
        return next(of for of in self._lines if of.name == line).orders.tickets

    def _settle(self) -> None:
        """An instant is over: the states that came of it are in force; those in between never were."""
        if not self._opened:
            self._open()
            return
        touched = self._touched
        if len(touched) > 1:
            touched.sort(key=_index)
        for machine in touched:
            machine.touched = False
            if machine.plain and not machine.halted:
                condition = machine.station.conditions[machine.phase]
            else:
                condition = machine.state_now()
                if machine.jobs and condition[0] in STANDING:
                    machine.seize()
                    machine.touched = False
                    condition = machine.state_now()
            if condition != machine.condition or (machine.booked and machine.order_now() is not machine.order):
                self._enter(machine, condition)
                if self._report is not None:
                    self._report.state(machine)
        touched.clear()
        for line in self._booked:
            if line.orders.ended:
                self._dismiss(line)

    def _enter(self, machine: Machine, condition: Condition) -> None:
        time = self._agenda.time
        if self._recorder is not None and machine.since < time:
            order = "" if machine.order is None else machine.order.name
            self._recorder.stay(machine.index, machine.condition, machine.since, time, order)
        machine.condition = condition
        machine.since = time
        if machine.booked:
            machine.order = machine.order_now()

    def _dismiss(self, line: Line) -> None:
        """An order is complete: it is on none of the machines any more, also where nothing else has happened."""
        line.orders.ended = False
        for machine in (machine for station in line.stations for machine in station.machines):
            if machine.order_now() is not machine.order:
                self._enter(machine, machine.condition)
                if self._report is not None:
                    self._report.state(machine)

    def _open(self) -> None:
        """The first instant is over: births and the states that came of it go before all else."""
        self._opened = True
        self._touched.clear()
        for machine in self._machines:
            machine.touched = False
            condition = machine.state_now()
            if condition != machine.condition or (machine.booked and machine.order_now() is not machine.order):
                self._enter(machine, condition)
        if (report := self._report) is not None:
            happened = report.taken()
            for line in self._lines:
                report.out += births(self.plant, line, self.start + self._agenda.time)
            for machine in self._machines:
                report.state(machine)
            report.out += happened


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles from walking a growing heap of messages and records: there is no cycle in it.

    It is a third of the time of a run with messages. What was made meanwhile counts as old afterwards, or the
    collector would walk all of it at once.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # else somebody has frozen what should stay so
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def _merge(events: list[Emission], readings: Sequence[Reading]) -> list[Emission]:
    """Put readings after all events of their instant."""
    merged: list[Emission] = []
    done = 0
    for ts, messages in readings:
        cut = bisect_right(events, ts, lo=done, key=_ts)
        merged += events[done:cut]
        merged += messages
        done = cut
    return merged + events[done:]


STANDING = frozenset({State.BLOCKED.value, State.STARVED.value})
"""States in which maintenance may be done early."""

_index = attrgetter("index")


def _ts(emission: Emission) -> int:
    return emission[1].ts
