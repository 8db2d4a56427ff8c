"""The physics of machines: power, load, temperature, vibration, energy and counter, from their states alone.

Everything is computed from change of state to change of state and read off at any instants (exact first-order lag,
exact integral), so neither the grid of samples nor the pieces in which a run is advanced leave a trace. Noise is a
function of the instant. All machines of a plant are computed at once: rows of arrays are machines, columns instants.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.catalogue import MachineType
from plant.messages import Scalar
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND
from simulators.streams import words

LEVELS = ("off", "standby", "ready", "processing")
"""Energy states, in rising order of power."""

STANDBY_AFTER = 15 * MINUTE
"""A machine that waits for so long goes to standby."""

AMBIENT_CEL = 20.0
FLOOR_MM_S = 0.02  # what a vibration sensor shows at a machine that stands

NOISE = {"power": 0.02, "load": 0.06, "vibration_rms": 0.05}
"""Standard deviation of the noise relative to the level, by signal."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STANDBY = LEVELS.index("standby")
_LEVEL = {state.value: LEVELS.index(row.energy) for state, row in STATES.items() if row.energy in LEVELS}
_WAITING = frozenset({State.STARVED.value, State.BLOCKED.value})
_SIGMA = math.sqrt(4 * (65536**2 - 1) / 12)


def gauss(of: NDArray[np.uint64]) -> Floats:
    """Nearly normal numbers, mean 0 and standard deviation 1, between -3.5 and 3.5: four 16-bit numbers each, summed.

    Whole numbers up to the last step: equal on every computer.
    """
    quarters = np.ascontiguousarray(of).view(np.uint16).reshape(*of.shape, 4)
    numbers: Floats = (quarters.sum(axis=-1, dtype=np.int64) - 2 * 65535) / _SIGMA
    return numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Physics:
    """Where the physics of a machine stood when its present state began.

    Args:
        begin: when that was, µs since the start of the run.
        state: the state.
        rise_k: temperature above ambient then.
        spent: µs in each energy state until then, in the order of LEVELS.
        count: parts finished so far.
    """

    begin: int
    state: str
    rise_k: float = 0.0
    spent: tuple[int, ...] = (0, 0, 0, 0)
    count: int = 0


class Signals:
    """What a machine has done since its physics was last written down.

    Attributes:
        base: the physics at the first of `begins`, but for the count, which leaves out `finished` only.
        begins: when its states began, µs since the start of the run.
        states: those states.
        finished: when it finished parts.
    """

    __slots__ = ("base", "begins", "finished", "states")

    def __init__(self, base: Physics) -> None:
        self.base = base
        self.begins = [base.begin]
        self.states = [base.state]
        self.finished: list[int] = []

    def change(self, time: int, state: str) -> None:
        """The machine is in this state from now on."""
        if state != self.states[-1]:
            self.begins.append(time)
            self.states.append(state)


class Panel:
    """The instruments of all machines of a plant.

    Args:
        types: row of the catalogue of each machine.
        noise: keys of the noise of each machine, in the order of NOISE.
        signals: what each machine does.
    """

    __slots__ = ("load", "noise", "power", "rise", "signals", "tau", "types", "vibration")

    def __init__(
        self, types: Sequence[MachineType], noise: Sequence[Sequence[tuple[int, int]]], signals: Sequence[Signals]
    ) -> None:
        self.types = types
        self.noise = np.array(noise, dtype=np.uint64)
        self.signals = signals
        self.power = np.array([[of.power_kw[level] for level in LEVELS] for of in types])
        self.load = np.array([(0.0, 0.0, of.load_pct[1], of.load_pct[0]) for of in types])
        stands = (FLOOR_MM_S, FLOOR_MM_S)
        self.vibration = np.array([(*stands, of.vibration_mm_s[1], of.vibration_mm_s[0]) for of in types])
        self.rise = self.load / self.load[:, -1:] * np.array([[of.warming_k] for of in types])
        self.tau = np.array([of.warming_s * SECOND for of in types])

    def track(self, to: int) -> "Track":
        """Segments of constant power up to an instant, from the oldest that is still known."""
        begins: list[int] = []
        levels: list[int] = []
        firsts: list[int] = []
        for of in self.signals:
            firsts.append(len(begins))
            for begin, state, end in zip(of.begins, of.states, [*of.begins[1:], to], strict=True):
                begins.append(begin)
                levels.append(_LEVEL[state])
                if state in _WAITING and end - begin >= STANDBY_AFTER:
                    begins.append(begin + STANDBY_AFTER)
                    levels.append(_STANDBY)
        return Track(self, np.array(begins, dtype=np.int64), np.array(levels), firsts, to)

    def forget(self, track: "Track", before: int) -> None:
        """Drop what nobody will ask for again: all before the state in force at that instant."""
        for machine, of in enumerate(self.signals):
            keep = bisect_right(of.begins, before) - 1
            counted = bisect_right(of.finished, before)
            of.base = self._physics(track, machine, keep, of.base.count + counted)
            del of.begins[:keep], of.states[:keep], of.finished[:counted]

    def present(self, to: int) -> list[Physics]:
        """Where the physics of each machine stands: all that its future depends on."""
        track = self.track(to)
        return [
            self._physics(track, machine, len(of.begins) - 1, of.base.count + len(of.finished))
            for machine, of in enumerate(self.signals)
        ]

    def _physics(self, track: "Track", machine: int, state: int, count: int) -> Physics:
        of = self.signals[machine]
        row = track.first_row(machine, of.begins[state])
        spent = tuple(track.spent[row].tolist())
        return Physics(
            begin=of.begins[state], state=of.states[state], rise_k=float(track.rise[row]), spent=spent, count=count
        )


class Track:
    """What the signals were over some time, to be read off at any instants of it.

    Segments of constant power, machine by machine; those of machine m begin at row `first[m]`.

    Attributes:
        begin: first instant of each segment, µs since the start of the run.
        level: energy state of each, index into LEVELS.
        rise: temperature above ambient at the begin of each.
        spent: µs in each energy state until the begin of each, shape (segments, levels).
    """

    __slots__ = ("_first", "_kwh", "_machine", "_panel", "begin", "level", "rise", "spent")

    def __init__(self, panel: Panel, begin: Ints, level: Ints, first: list[int], to: int) -> None:
        self._panel = panel
        self._first = [*first, len(begin)]
        self._machine = np.arange(len(first))[:, np.newaxis]
        self.begin = begin
        self.level = level
        machine = np.repeat(np.arange(len(first)), np.diff(self._first))
        end = np.append(begin[1:], to)
        end[[row - 1 for row in self._first[1:]]] = to
        span = end - begin
        spent = np.zeros((len(begin), len(LEVELS)), dtype=np.int64)
        spent[np.arange(len(begin)), level] = span
        until = np.cumsum(spent, axis=0) - spent
        base = np.array([of.base.spent for of in panel.signals], dtype=np.int64) - until[first]
        self.spent: Ints = until + base[machine]
        self._kwh = (self.spent * panel.power[machine]).sum(axis=1) / HOUR
        fades = np.exp(span / -panel.tau[machine])
        self.rise = self._rises(panel.rise[machine, level].tolist(), fades.tolist())

    def _rises(self, targets: list[float], fades: list[float]) -> Floats:
        """An exact first-order lag from the begin of one segment to that of the next."""
        rises = []
        for machine, of in enumerate(self._panel.signals):
            rise = of.base.rise_k
            for row in range(self._first[machine], self._first[machine + 1]):
                rises.append(rise)
                target = targets[row]
                rise = target + (rise - target) * fades[row]
        return np.array(rises)

    def first_row(self, machine: int, begin: int) -> int:
        """The first segment of a machine that begins then."""
        first = self._first[machine]
        return first + int(np.searchsorted(self.begin[first : self._first[machine + 1]], begin))

    def rows(self, times: Ints) -> Ints:
        """Segments in force after all that happens at these instants, shape (machines, times)."""
        cuts = [slice(first, last) for first, last in zip(self._first, self._first[1:], strict=False)]
        return np.array([cut.start + np.searchsorted(self.begin[cut], times, side="right") - 1 for cut in cuts])

    def samples(self, times: Ints) -> list[dict[str, list[Scalar]]]:
        """Every tag of every machine at these instants, rounded as on the wire."""
        panel, row = self._panel, self.rows(times)
        level = self.level[row]
        noise = 1.0 + gauss(words(panel.noise, times)) * np.array([*NOISE.values()])[:, np.newaxis]
        level_kw = panel.power[self._machine, level]
        power = np.round(level_kw * noise[:, 0], 3).tolist()
        load = np.rint(panel.load[self._machine, level] * noise[:, 1]).astype(np.int64).tolist()
        temperature = np.round(AMBIENT_CEL + self._rise_at(row, times), 2).tolist()
        vibration = np.round(panel.vibration[self._machine, level] * noise[:, 2], 3).tolist()
        energy = np.round(self._kwh[row] + level_kw * (times - self.begin[row]) / HOUR, 4).tolist()
        return [
            {
                "power": power[machine],
                of.load_tag: load[machine],
                "temperature": temperature[machine],
                "vibration_rms": vibration[machine],
                "energy": energy[machine],
                "part_count": self._count_at(machine, times),
            }
            for machine, of in enumerate(panel.types)
        ]

    def energy(self, times: Ints) -> Floats:
        """Energy in kWh in each energy state since the start of the run, shape (machines, times, levels).

        An exact integral without noise.
        """
        row = self.rows(times)
        spent = self.spent[row]
        machine, time = np.indices(row.shape)
        spent[machine, time, self.level[row]] += times - self.begin[row]
        return spent * (self._panel.power[:, np.newaxis, :] / HOUR)

    def power(self, times: Ints) -> Floats:
        """Power in kW without noise at these instants, shape (machines, times)."""
        power: Floats = self._panel.power[self._machine, self.level[self.rows(times)]]
        return power

    def _rise_at(self, row: Ints, times: Ints) -> Floats:
        target = self._panel.rise[self._machine, self.level[row]]
        fade = np.exp((times - self.begin[row]) / -self._panel.tau[:, np.newaxis])
        rise: Floats = target + (self.rise[row] - target) * fade
        return rise

    def _count_at(self, machine: int, times: Ints) -> list[Scalar]:
        of = self._panel.signals[machine]
        finished = np.array(of.finished, dtype=np.int64)
        counts: list[Scalar] = (of.base.count + np.searchsorted(finished, times, side="right")).tolist()
        return counts
