"""From when on faults show: each machine with a fault beside itself without that fault.

What a fault of a machine does is the difference between the signals as they are, and as they would be if it alone were
missing: heat that it has left and accumulators that it has emptied count until they are gone, and of two faults at
once each has its own instant. What a sensor fault does is the difference between readings without noise.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plant.faults import AnyFault, ProcessFault, SensorFault
from plant.paths import Node
from plant.variables import TagRow
from simulators.doings import Doings
from simulators.faults import Befalling
from simulators.functions import FUNCTIONS
from simulators.panel import Panel
from simulators.readout import Readout
from simulators.sampling import grids, step_of
from simulators.sensor_faults import Faulty
from simulators.stretches import Floats, Ints
from simulators.track import Track, Values
from simulators.truth import SIGMAS, Record, detected, name_of

Shown = tuple[Floats, Floats, Floats]
"""Values in health, with the fault, and the standard deviation of the noise."""

ALMOST = 1.0 - 1e-9
"""Of a step: readings that are a step apart differ by one give or take a last digit."""

Instants = Callable[[int], Ints]
"""Instants of a grid in the window that is looked at, by the time between two of them."""


class Shadow:
    """The machines of a panel as they would be without one of their faults.

    Args:
        panel: as they are.
        without: name of the fault.
    """

    def __init__(self, panel: Panel, without: str) -> None:
        self._real = panel
        machines = [
            replace(of, faults={name: severity for name, severity in of.faults.items() if name != without})
            for of in panel.machines
        ]
        self._panel = Panel(machines, [Doings(of.base) for of in panel.doings], panel.ambient)

    def track(self, to: int) -> Track:
        """What their process variables are, up to an instant."""
        for own, real in zip(self._panel.doings, self._real.doings, strict=True):
            own.spells, own.finished, own.parts = real.spells, real.finished, real.parts
        return Track(self._panel, self._panel.stretches(to))

    def forget(self, track: Track, machine: int, before: int) -> None:
        """Go on from the stretch in force at that instant; what the machine did is for its panel to drop."""
        self._panel.doings[machine].base = track.physics(machine, before)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """A fault while it is there once."""

    machine: int
    fault: AnyFault
    of: Befalling
    record: Record


class Detection:
    """Finds from when on the faults of machines of one type show.

    Args:
        readout: their instruments.
        nodes: their addresses.
        befalling: their faults.
        sample: time between two samples of the plant in µs.
        seed: of the run.

    Attributes:
        found: the first instant at which it shows by the record of each fault, µs since the start of the run.
    """

    def __init__(
        self, readout: Readout, nodes: Sequence[Node], befalling: Sequence[Sequence[Befalling]], *,
        sample: int, seed: int,
    ) -> None:  # fmt: skip
        self.found: dict[str, int] = {}
        self._readout = readout
        self._nodes = nodes
        kind = readout.panel.kind
        self._befalling = [
            [one for one in own if isinstance(one.fault, SensorFault) or one.fault.what in kind.faults]
            for own in befalling
        ]
        self._seed = seed
        self._grids = grids(kind, sample)
        names = {one.fault.what for own in self._befalling for one in own if isinstance(one.fault, ProcessFault)}
        self._shadows = {name: Shadow(readout.panel, name) for name in sorted(names)}

    @property
    def idle(self) -> bool:
        """Whether there is nothing to find."""
        return not any(self._befalling)

    def look(self, track: Track, window: tuple[int, int], instants: Instants, *, to: int, before: int) -> None:
        """Look at the samples in a window.

        Args:
            track: what the machines did.
            window: behind the first and up to the second of these instants, µs since the start of the run.
            instants: of the grids in it.
            to: up to when the run is simulated.
            before: nobody asks for anything before this any more.
        """
        others = {name: shadow.track(to) for name, shadow in self._shadows.items()}
        for case in self._cases(*window):
            shadow = others.get(case.fault.what) if isinstance(case.fault, ProcessFault) else None
            for every, names in self._grids.items():
                times = instants(every)
                times = times[(times >= case.record.begin) & (times < (case.record.end or window[1] + 1))]
                if len(times):
                    self._judge(case, times, self._shown(case, names, times, track, shadow))
        for name, shadow_of in self._shadows.items():
            for machine in range(len(self._nodes)):
                shadow_of.forget(others[name], machine, self._readout.earliest(machine, before))

    def _cases(self, begin: int, end: int) -> Iterator[_Case]:
        """Faults that are there in a window and have not shown yet."""
        for machine, own in enumerate(self._befalling):
            for one in own:
                for k, (since, until) in enumerate(one.occurrences.between(0, end + 1)):
                    name = name_of(self._nodes[machine], one.fault, one.entry, k)
                    if until > begin and name not in self.found:
                        record = Record(
                            id=name, layer=one.fault.layer, what=one.fault.what, node=self._nodes[machine],
                            begin=since, end=until,
                        )  # fmt: skip
                        yield _Case(machine=machine, fault=one.fault, of=one, record=record)

    def _judge(self, case: _Case, times: Ints, shown: Mapping[str, Shown]) -> None:
        """Note the first instant; another grid may have shown it earlier or later."""
        at = detected(case.record, times, shown).detectable
        known = self.found.get(case.record.id)
        if at is not None and (known is None or at < known):
            self.found[case.record.id] = at

    def _shown(
        self, case: _Case, names: Sequence[str], times: Ints, track: Track, other: Track | None
    ) -> dict[str, Shown]:
        """What each tag shows with and without a fault."""
        rows = self._readout.panel.kind.tags
        real = track.of_machine(case.machine, times)
        if isinstance(case.fault, SensorFault):
            tag = case.fault.tag
            return {tag: self._misread(case, rows[tag], track, real)} if tag in names else {}
        assert other is not None  # noqa: S101 for the type checker: each process fault has its shadow
        sound = other.of_machine(case.machine, times)
        return {
            name: (_clipped(rows[name], sound.tag(name)[0]), _clipped(rows[name], real.tag(name)[0]),
                   _deviation(rows[name], sound))
            for name in names
        }  # fmt: skip

    def _misread(self, case: _Case, row: TagRow, track: Track, real: Values) -> Shown:
        """What the sensor of a tag shows without noise, in health and with the fault alone."""
        tag, times = getattr(case.fault, "tag", ""), real.times[0]
        known = self._readout.sensor(case.machine, tag)
        alone = Faulty(known.sensor, known.key, [case.of], self._seed)

        def process(at: Ints) -> Floats:
            found: Floats = track.of_machine(case.machine, at).tag(tag)[0]
            return found

        keys = np.array(known.key, dtype=np.uint64)
        healthy = known.sensor.read(process(times), times, keys)
        return healthy, alone.read(process, times)[0], _deviation(row, real)


def _clipped(row: TagRow, values: Floats) -> Floats:
    """As far as the range of the sensor goes."""
    return values if row.min is None and row.max is None else np.clip(values, row.min, row.max)


def _deviation(row: TagRow, values: Values) -> Floats:
    """Standard deviation of the noise of a tag, and at least so much that a whole step of its readings exceeds it."""
    noise = 0.0
    if row.noise is not None:
        with np.errstate(all="ignore"):
            noise = row.noise.of(FUNCTIONS, values)
    sd = np.broadcast_to(np.abs(np.asarray(noise, dtype=np.float64)), values.row.shape)[0]
    least: Floats = np.maximum(sd, step_of(row) * ALMOST / SIGMAS)
    return least
