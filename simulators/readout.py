"""What the instruments of machines of one type tell: samples on grids, changes, cycles, waveforms."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from plant.messages import Scalar, Waveform
from simulators.blocks import Column, Event
from simulators.faults import Befalling
from simulators.panel import Panel
from simulators.sampling import Told, analog, by_exception, digital, step_of, told, told_by_all
from simulators.sensor_faults import Faulty
from simulators.sensors import UNCERTAIN_SENSOR_NOT_ACCURATE, Sensor
from simulators.stretches import Floats, Ints
from simulators.track import Track, Values
from simulators.waveform_records import recorded

CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class TrueValue:
    """What a faulty sensor should have shown.

    Args:
        place: position of the machine in the plant.
        tag: whose reading it is.
        time: µs since the start of the run.
        true: the quantity itself.
        shown: the reading; none: there was no value.
        code: its quality; 0: good.
    """

    place: int
    tag: str
    time: int
    true: float
    shown: float | None
    code: int


class Readout:
    """The instruments of a panel, and what they told last.

    Args:
        panel: the process variables of the machines.
        places: positions of the machines in the plant.
        sensors: faults of the sensors of each machine.
        seed: of the run.
        start: first instant of the run, microseconds UTC.

    Attributes:
        told: what each machine told last of each tag that is told by exception or on change.
        truths: true values beside faulty readings, for who takes them out; none: nobody does.
    """

    def __init__(
        self, panel: Panel, places: Sequence[int], sensors: Sequence[Sequence[Befalling]], *, seed: int, start: int
    ) -> None:
        self.panel = panel
        self.places = places
        self.truths: list[TrueValue] | None = None
        self.told: list[dict[str, Told]] = [
            {tag: (value, at) for tag, value, at in of.base.told} for of in panel.doings
        ]
        self._seed = seed
        self._start = start
        self._noise = {
            name: np.array([of.key(f"noise.{name}") for of in panel.machines], dtype=np.uint64)
            for name in panel.kind.tags
        }
        self._faulty = [self._sensors_of(machine, own) for machine, own in enumerate(sensors)]
        tags = panel.kind.tags.items()
        self._changing = [name for name, row in tags if row.when == "change"]
        self._cyclic = [name for name, row in tags if row.when == "cycle"]

    def _sensors_of(self, machine: int, befalling: Sequence[Befalling]) -> dict[str, Faulty]:
        """The sensors of a machine that have faults, by tag."""
        found = {}
        for name, row in self.panel.kind.tags.items():
            own = [one for one in befalling if getattr(one.fault, "tag", None) == name]
            if own:
                low, high = -np.inf if row.min is None else row.min, np.inf if row.max is None else row.max
                healthy = Sensor(low=low, high=high, step=step_of(row))
                found[name] = Faulty(healthy, self.panel.machines[machine].key(f"noise.{name}"), own, self._seed)
        return found

    def sensor(self, machine: int, tag: str) -> Faulty:
        """The sensor of a tag that has faults."""
        return self._faulty[machine][tag]

    def earliest(self, machine: int, before: int) -> int:
        """The oldest instant at which a sensor of a machine that holds a value will be asked for it, or `before`."""
        asked = [faulty.sources(np.array([before, before + 1])) for faulty in self._faulty[machine].values()]
        return min([before, *(int(times[0]) for times in asked if len(times))])

    # --- on grids ------------------------------------------------------------------------------------------------

    def columns(
        self, track: Track, names: Sequence[str], times: Ints, blocks: int | None
    ) -> tuple[list[dict[str, Column]], list[list[Event]]]:
        """Readings of some tags of all machines at instants of a grid, machine by machine.

        Args:
            track: what they did.
            names: the tags.
            times: the instants, µs since the start of the run.
            blocks: how many blocks they fill, if all have a sample at every instant and are equally long.

        Returns:
            Columns by tag; and the readings of tags whose sensor has a wrong clock, each with its own stamp.
        """
        values = track.at(times)
        found: list[dict[str, Column]] = [{} for _ in self.places]
        astray: list[list[Event]] = [[] for _ in self.places]
        stamps = times.tolist()
        for name in names:
            row = self.panel.kind.tags[name]
            shown = analog(row, name, values, self._noise[name], times)
            readings, beyond = digital(row, values.tag(name), shown)
            finite = row.words is None and bool(np.isfinite(readings).all())
            cut = blocks is not None and finite and row.deadband is None and beyond is None
            shape = (len(readings), blocks, -1) if cut else readings.shape
            all_told: list[Any] = (
                told_by_all(row, readings.reshape(shape)) if finite else [told(row, own) for own in readings]
            )
            for machine in range(len(self.places)):
                faulty = self._faulty[machine].get(name)
                column = all_told[machine]
                if cut and faulty is None:
                    found[machine][name] = Column(blocks=column)
                    continue
                codes = None if beyond is None else np.where(beyond[machine], UNCERTAIN_SENSOR_NOT_ACCURATE, 0)
                if faulty is not None:
                    own, codes = self._misread(track, machine, name, faulty, times)
                    column = told(row, own)
                column = self._by_exception(machine, name, column, stamps)
                if faulty is not None and any(one.fault.what == CLOCK for one in faulty.faults):
                    astray[machine] += self._astray(name, faulty, column, times)
                else:
                    marks = codes.tolist() if codes is not None and codes.any() else None
                    whole = row.deadband is None and (finite if faulty is None else None not in column)
                    found[machine][name] = Column(values=column, codes=marks, whole=whole)
        return found, astray

    def _by_exception(self, machine: int, name: str, column: list[Scalar], stamps: Sequence[int]) -> list[Scalar]:
        row = self.panel.kind.tags[name]
        if row.deadband is None:
            return column
        kept, last = by_exception(row, column, stamps, self.told[machine].get(name))
        if last is not None:
            self.told[machine][name] = last
        return kept

    def _astray(self, name: str, faulty: Faulty, column: list[Scalar], times: Ints) -> list[Event]:
        """Readings with the stamps of a wrong clock."""
        stamps = (faulty.stamps(times) + self._start).tolist()
        at = (times + self._start).tolist()
        return [
            (time, stamp, name, value)
            for time, stamp, value in zip(at, stamps, column, strict=True)
            if value is not None
        ]

    def _misread(
        self, track: Track, machine: int, name: str, faulty: Faulty, times: Ints
    ) -> tuple[Floats, Ints]:
        """Readings of a sensor that has faults, and their quality codes."""
        row = self.panel.kind.tags[name]
        keys = self._noise[name][machine : machine + 1]

        def sensed(at: Ints) -> Floats:
            found: Floats = analog(row, name, track.of_machine(machine, at), keys, at)[0]
            return found

        shown, codes = faulty.read(sensed, times)
        shown = np.round(shown, 9)
        told = np.zeros(times.shape, dtype=np.int64) if codes is None else codes.astype(np.int64)
        if self.truths is not None:
            self.truths += self._beside(track, machine, name, times, np.stack([shown, told]))
        return shown, told

    def _beside(self, track: Track, machine: int, name: str, times: Ints, shown: Floats) -> list[TrueValue]:
        """What a sensor should have shown while something was wrong with it."""
        wrong = np.zeros(times.shape, dtype=np.bool_)
        for one in self._faulty[machine][name].faults:
            wrong |= one.occurrences.index(times) >= 0
        if not wrong.any():
            return []
        true = track.of_machine(machine, times[wrong]).tag(name)[0].tolist()
        return [
            TrueValue(self.places[machine], name, time, value, reading if np.isfinite(reading) else None, int(code))
            for time, value, reading, code in zip(times[wrong].tolist(), true, *shown[:, wrong].tolist(), strict=True)
        ]

    # --- between them --------------------------------------------------------------------------------------------

    def events(self, track: Track, machine: int, begin: int, end: int, *, first: int) -> list[Event]:
        """What a machine tells in (begin, end] when it changes, and at the end of operations, in order of time.

        Args:
            track: what it did.
            machine: which.
            begin: µs since the start of the run.
            end: the same.
            first: the first sample of the grid after the begin: all is told there that was never told.
        """
        if not self._changing and not self._cyclic:
            return []
        finished = self._finished(machine, begin, end)
        found: list[Event] = []
        if self._changing:
            of = track.of
            begins = of.begin[of.first[machine] : of.first[machine + 1]]
            times = np.union1d(begins[(begins > begin) & (begins <= end)], finished)
            if any(name not in self.told[machine] for name in self._changing):
                times = np.union1d(times, np.array([first]))
            found += self._changes(track, machine, times)
        if self._cyclic and len(finished):
            values = track.of_machine(machine, finished, before=True)
            for name in self._cyclic:
                readings = told(self.panel.kind.tags[name], self._shown(values, machine, name, finished))
                stamps = (finished + self._start).tolist()
                found += [(at, at, name, value) for at, value in zip(stamps, readings, strict=True)]
        found.sort(key=itemgetter(0))
        return found

    def _finished(self, machine: int, begin: int, end: int) -> Ints:
        """When a machine finished operations in (begin, end]."""
        times = [time for time in self.panel.doings[machine].finished if begin < time <= end]
        return np.unique(np.array(times, dtype=np.int64))

    def _shown(self, values: Values, machine: int, name: str, times: Ints) -> Floats:
        row, keys = self.panel.kind.tags[name], self._noise[name][machine : machine + 1]
        found: Floats = digital(row, values.tag(name), analog(row, name, values, keys, times))[0][0]
        return found

    def _changes(self, track: Track, machine: int, times: Ints) -> list[Event]:
        """Readings that differ from what the machine told last."""
        if not len(times):
            return []
        values, last = track.of_machine(machine, times), self.told[machine]
        found: list[Event] = []
        for name in self._changing:
            row = self.panel.kind.tags[name]
            shown = self._shown(values, machine, name, times)
            readings: list[Scalar] = told(row, shown)
            for time, number, reading in zip(times.tolist(), shown.tolist(), readings, strict=True):
                if name not in last or last[name][0] != number:
                    last[name] = number, time
                    found.append((time + self._start, time + self._start, name, reading))
        return found

    def waveforms(self, track: Track, machine: int, begin: int, end: int) -> list[Waveform]:
        """Waveforms that a machine records at the end of operations in (begin, end], in order of time."""
        rows = self.panel.kind.waveforms
        finished = self._finished(machine, begin, end) if rows else np.empty(0, dtype=np.int64)
        if not len(finished):
            return []
        values = track.of_machine(machine, finished, before=True)
        parts = dict(self.panel.doings[machine].parts)
        keys = {name: self.panel.machines[machine].key(f"waveform.{name}") for name in rows}
        return recorded(rows, values, keys, {time: parts.get(time) for time in finished.tolist()}, self._start)
