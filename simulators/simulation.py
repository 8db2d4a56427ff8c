"""A run of a plant: the lines, what they say, and what really happened."""

import copy
from operator import attrgetter

from plant.description import Plant
from plant.messages import Emission
from plant.time import DEFAULT_START
from simulators.agenda import Agenda
from simulators.ledger import Ledger
from simulators.line import Line
from simulators.machine import Machine
from simulators.report import Report, births
from simulators.signals import Physics
from simulators.streams import Streams
from simulators.tally import Tally
from simulators.telemetry import Meters


class Simulation:
    """A run is a function of (plant, seed, start); how it is advanced, and what of it is kept, changes nothing.

    Args:
        plant: the description.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC.
        messages: whether `advance` tells what happened.
        telemetry: whether that includes samples and energy.
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
        messages: bool = True,
        telemetry: bool = True,
        keep: bool = True,
        window: tuple[int, int] | None = None,
    ) -> None:
        self.plant = plant
        self.seed = seed
        self.start = start
        self.now = start
        self.run = plant.run_id(seed, start)
        self._agenda = Agenda()
        self._ledger = Ledger(plant) if keep else None
        self._sums = None if keep or window is None else Tally(plant, *window)
        self._recorder = self._ledger or self._sums
        self._report = Report(self._agenda, start) if messages else None
        self._machines: list[Machine] = []
        self._touched: list[Machine] = []
        streams = Streams(seed)
        self._lines = [
            Line(self._agenda, of, index, self._machines, self._touched, streams, self._recorder, self._report)
            for index, of in enumerate(plant.lines)
        ]
        if self._ledger is not None:
            self._ledger.watch(self._lines, self._machines)
        self._meters: Meters | None = None
        if self._report is not None and telemetry:
            physics = [Physics(begin=0, state=machine.condition[0]) for machine in self._machines]
            self._meters = Meters(plant, self._lines, streams, start, 0, physics)
            self._report.signals = self._meters.signals
        self._opened = False
        for line in self._lines:
            line.start()

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
        self._agenda.work_off(to - self.start, self._settle)
        self.now = to
        if self._ledger is not None:
            self._ledger.time = to - self.start
        if self._report is None:
            return []
        told, self._report.out = self._report.out, []
        if self._meters is not None and (measured := self._meters.read_off(to)):
            told += measured
            told.sort(key=_ts)  # stable: at one instant events stay first, then telemetry, then energy
        return told

    def births(self) -> list[Emission]:
        """Birth documents of all lines, stations and machines, stamped now."""
        return [emission for line in self._lines for emission in births(line, self.now)]

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
            raise ValueError(f"this run recorded no window [{begin}, {end}); give it to the simulation or keep the ledger")
        for machine in self._machines:
            tally.stay(machine.index, machine.condition, machine.since, time)
        for line in self._lines:
            for part in line.inside.values():
                tally.still_inside(line.index, part.entered, time)
            tally.outside(line.index, time, line.source.outside)
        return tally

    def _settle(self) -> None:
        """An instant is over: the states that came of it are in force; those in between never were."""
        if not self._opened:
            self._open()
            return
        touched, time = self._touched, self._agenda.time
        if len(touched) > 1:
            touched.sort(key=_index)
        for machine in touched:
            condition = machine.settle()
            if condition != machine.condition:
                if self._recorder is not None:
                    self._recorder.stay(machine.index, machine.condition, machine.since, time)
                machine.condition = condition
                machine.since = time
                if self._report is not None:
                    self._report.state(machine)
        touched.clear()

    def _open(self) -> None:
        """The first instant is over: births and the states that came of it go before all else."""
        self._opened = True
        self._touched.clear()
        for machine in self._machines:
            machine.condition = machine.settle()
        if (report := self._report) is not None:
            happened, report.out = report.out, []
            for line in self._lines:
                report.out += births(line, self.start)
            for machine in self._machines:
                report.state(machine)
            report.out += happened


_index = attrgetter("index")


def _ts(emission: Emission) -> int:
    return emission[1].ts
