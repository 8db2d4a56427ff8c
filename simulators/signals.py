"""The physics of a machine: power, load, temperature, vibration, energy and counter, from its states alone.

Everything is computed from change of state to change of state and read off at any instants (exact first-order lag,
exact integral), so neither the grid of samples nor the pieces in which a run is advanced leave a trace. Noise is a
function of the instant.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.catalogue import MachineType
from plant.draws import Stream
from plant.messages import Scalar
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND

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

_WAITING = frozenset({State.STARVED.value, State.BLOCKED.value})
_LEVEL = {state.value: LEVELS.index(STATES[state].energy) for state in State if STATES[state].energy in LEVELS}
_SIGMA = math.sqrt(4 * (65536**2 - 1) / 12)


def gauss(stream: Stream, k: Ints) -> Floats:
    """Nearly normal numbers, mean 0 and standard deviation 1, between -3.5 and 3.5: four 16-bit numbers each, summed.

    Whole numbers up to the last step: equal on every machine.
    """
    words = stream.words(k)
    total = sum((words >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48))
    return (np.asarray(total).astype(np.float64) - 2 * 65535) / _SIGMA


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
    spent: tuple[int, int, int, int] = (0, 0, 0, 0)
    count: int = 0


class Signals:
    """The signals of one machine.

    Args:
        type: its row of the catalogue.
        noise: a stream per noisy signal, as in NOISE.
        physics: where it begins.
    """

    __slots__ = ("_base", "_begins", "_finished", "_noise", "_rises", "_states", "_type")

    def __init__(self, type: MachineType, noise: Mapping[str, Stream], physics: Physics) -> None:  # noqa: A002
        self._type = type
        self._noise = noise
        self._base = physics
        self._begins = [physics.begin]
        self._states = [physics.state]
        self._finished: list[int] = []
        ready = type.load_pct[1] / type.load_pct[0]
        self._rises = np.array((0.0, 0.0, type.warming_k * ready, type.warming_k))

    def change(self, time: int, state: str) -> None:
        """The machine is in this state from now on."""
        if state != self._states[-1]:
            self._begins.append(time)
            self._states.append(state)

    def count(self, time: int) -> None:
        """A part is finished."""
        self._finished.append(time)

    def track(self, to: int) -> "Track":
        """Segments of constant power up to an instant, from the oldest that is still known."""
        begin = np.array(self._begins, dtype=np.int64)
        level = np.array([_LEVEL[state] for state in self._states])
        waits = np.array([state in _WAITING for state in self._states])
        end = np.append(begin[1:], to)
        long = np.flatnonzero(waits & (end - begin >= STANDBY_AFTER))
        if long.size:
            begin = np.insert(begin, long + 1, begin[long] + STANDBY_AFTER)
            level = np.insert(level, long + 1, LEVELS.index("standby"))
            end = np.append(begin[1:], to)
        span = end - begin
        spent = np.zeros((len(begin), len(LEVELS)), dtype=np.int64)
        spent[np.arange(len(begin)), level] = span
        spent = np.cumsum(spent, axis=0) - spent + self._base.spent  # until the begin of each
        return Track(self, begin, level, self._rise(level, span), spent)

    def _rise(self, level: Ints, span: Ints) -> Floats:
        """Temperature above ambient at the begin of each segment: an exact first-order lag from one to the next."""
        fades = np.exp(span / -(self._type.warming_s * SECOND)).tolist()
        rise, rises = self._base.rise_k, []
        for target, fade in zip(self._rises[level].tolist(), fades, strict=True):
            rises.append(rise)
            rise = target + (rise - target) * fade
        return np.array(rises)

    def forget(self, track: "Track", before: int) -> None:
        """Drop what nobody will ask for again: all before the state in force at that instant."""
        keep = bisect_right(self._begins, before) - 1
        counted = bisect_right(self._finished, before)
        self._base = self._physics(track, keep, self._base.count + counted)
        del self._begins[:keep], self._states[:keep], self._finished[:counted]

    def present(self, to: int) -> Physics:
        """Where the physics stands: all that its future depends on."""
        return self._physics(self.track(to), len(self._begins) - 1, self._base.count + len(self._finished))

    def _physics(self, track: "Track", state: int, count: int) -> Physics:
        row = int(np.searchsorted(track.begin, self._begins[state]))
        spent = track.spent[row].tolist()
        return Physics(
            begin=self._begins[state], state=self._states[state], rise_k=float(track.rise[row]),
            spent=(spent[0], spent[1], spent[2], spent[3]), count=count,
        )  # fmt: skip


class Track:
    """What a machine's signals were over some time, to be read off at any instants of it.

    Attributes:
        begin: first instant of each segment of constant power, µs since the start of the run.
        level: energy state of each, index into LEVELS.
        rise: temperature above ambient at the begin of each.
        spent: µs in each energy state until the begin of each, shape (segments, levels).
    """

    __slots__ = ("_signals", "begin", "level", "rise", "spent")

    def __init__(self, signals: Signals, begin: Ints, level: Ints, rise: Floats, spent: Ints) -> None:
        self._signals = signals
        self.begin = begin
        self.level = level
        self.rise = rise
        self.spent = spent

    def samples(self, times: Ints) -> dict[str, list[Scalar]]:
        """Every tag at these instants, rounded as on the wire. The state is the one in force after all events then."""
        of = self._signals._type  # noqa: SLF001 a track is the inside of its signals
        noise = {tag: 1.0 + NOISE[tag] * gauss(stream, times) for tag, stream in self._signals._noise.items()}  # noqa: SLF001
        row = np.searchsorted(self.begin, times, side="right") - 1
        level = self.level[row]
        power = np.array([of.power_kw[name] for name in LEVELS])
        load = np.array((0.0, 0.0, of.load_pct[1], of.load_pct[0]))
        vibration = np.array((FLOOR_MM_S, FLOOR_MM_S, of.vibration_mm_s[1], of.vibration_mm_s[0]))
        return {
            "power": np.round(power[level] * noise["power"], 3).tolist(),
            of.load_tag: np.rint(load[level] * noise["load"]).astype(np.int64).tolist(),
            "temperature": np.round(AMBIENT_CEL + self._rise_at(row, times), 2).tolist(),
            "vibration_rms": np.round(vibration[level] * noise["vibration_rms"], 3).tolist(),
            "energy": np.round(self.energy(times).sum(axis=1), 4).tolist(),
            "part_count": self._count_at(times),
        }

    def energy(self, times: Ints) -> Floats:
        """Energy in kWh in each energy state since the start of the run, shape (times, levels): an exact integral, no noise."""
        row = np.searchsorted(self.begin, times, side="right") - 1
        spent = self.spent[row]
        spent[np.arange(len(times)), self.level[row]] += times - self.begin[row]
        return spent * (self.power_kw() / HOUR)

    def power_at(self, times: Ints) -> Floats:
        """Power in kW without noise at these instants."""
        return self.power_kw()[self.level[np.searchsorted(self.begin, times, side="right") - 1]]

    def power_kw(self) -> Floats:
        """Power in kW of each energy state."""
        return np.array([self._signals._type.power_kw[name] for name in LEVELS])  # noqa: SLF001

    def _rise_at(self, row: Ints, times: Ints) -> Floats:
        target = self._signals._rises[self.level[row]]  # noqa: SLF001
        fade = np.exp((times - self.begin[row]) / -(self._signals._type.warming_s * SECOND))  # noqa: SLF001
        rise: Floats = target + (self.rise[row] - target) * fade
        return rise

    def _count_at(self, times: Ints) -> list[Scalar]:
        finished = np.array(self._signals._finished, dtype=np.int64)  # noqa: SLF001
        counts: list[Scalar] = (self._signals._base.count + np.searchsorted(finished, times, side="right")).tolist()  # noqa: SLF001
        return counts
