"""The physics of machines: power, load, temperature, vibration, energy and counter, from their states alone.

Everything is computed from change of state to change of state and read off at any instants (exact first-order lag,
exact integral), so neither the grid of samples nor the pieces in which a run is advanced leave a trace. Noise is a
function of the instant. All machines of a plant are computed at once: rows of arrays are machines, columns instants.

A machine with a ramp warms up when it comes from off or standby: it draws less than its energy state says, by the step
up to ready at first, and evenly less and less of it until the ramp is over. What is missed so is kept as whole numbers.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.catalogue import MachineType
from plant.messages import Scalar
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND
from simulators.physics.noise import gauss
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
_READY = LEVELS.index("ready")
_PROCESSING = LEVELS.index("processing")
_LEVEL = {state.value: LEVELS.index(row.energy) for state, row in STATES.items() if row.energy in LEVELS}
_WAITING = frozenset({State.STARVED.value, State.BLOCKED.value})

WarmUp = tuple[int, int]
"""When a machine began to warm up, µs since the start of the run, and the energy state it came from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Physics:
    """Where the physics of a machine stood when its present state began.

    Args:
        begin: when that was, µs since the start of the run.
        state: the state.
        rise_k: temperature above ambient then.
        spent: µs in each energy state until then, in the order of LEVELS, then at work on products with own power.
        product: the product in work, if it has a power of its own.
        count: parts finished so far.
        warm_up: the last warm-up, if it may still be under way.
        missed: by the energy states that warm-ups came from (off, standby) and went through (ready, processing):
            integral of the share of the step that was still missing, in µs² over twice the ramp.
    """

    begin: int
    state: str
    rise_k: float = 0.0
    spent: tuple[int, ...] = (0, 0, 0, 0)
    product: str = ""
    count: int = 0
    warm_up: WarmUp | None = None
    missed: tuple[int, ...] = (0, 0, 0, 0)


class Signals:
    """What a machine has done since its physics was last written down.

    Args:
        own: products with a power of their own.

    Attributes:
        base: the physics at the first of `begins`, but for the count, which leaves out `finished` only.
        begins: when its states began, µs since the start of the run.
        states: those states.
        products: the product in work then, if it has a power of its own.
        finished: when it finished parts.
    """

    __slots__ = ("_product", "base", "begins", "finished", "own", "products", "states")

    def __init__(self, base: Physics, own: Collection[str] = ()) -> None:
        self.base = base
        self.own = own
        self._product = base.product
        self.products = [base.product]
        self.begins = [base.begin]
        self.states = [base.state]
        self.finished: list[int] = []

    def change(self, time: int, state: str) -> None:
        """The machine is in this state from now on."""
        if state != self.states[-1]:
            self._begin(time, state)

    def work(self, time: int, product: str) -> None:
        """The machine begins to work on a part of this product; what state that makes is told by `change`."""
        self._product = product if product in self.own else ""
        if self.states[-1] == State.PROCESSING.value and self._product != self.products[-1]:
            self._begin(time, State.PROCESSING.value)

    def _begin(self, time: int, state: str) -> None:
        if time == self.begins[-1]:  # the state before was never in force
            self.states[-1], self.products[-1] = state, self._product
            return
        self.begins.append(time)
        self.states.append(state)
        self.products.append(self._product)


class Panel:
    """The instruments of all machines of a plant.

    Args:
        types: row of the catalogue of each machine, with its own figures.
        noise: keys of the noise of each machine, in the order of NOISE.
        signals: what each machine does.
    """

    __slots__ = (
        "_own",
        "air",
        "load",
        "noise",
        "power",
        "ramp",
        "rise",
        "signals",
        "step",
        "tau",
        "types",
        "vibration",
    )

    def __init__(
        self, types: Sequence[MachineType], noise: Sequence[Sequence[tuple[int, int]]], signals: Sequence[Signals]
    ) -> None:
        self.types = types
        self.noise = np.array(noise, dtype=np.uint64)
        self.signals = signals
        more = range(max((len(of.by_product) for of in types), default=0))  # columns for products with own power
        own = [[*of.by_product.values(), *[of.power_kw["processing"]] * len(more)][: len(more)] for of in types]
        self._own = [{name: len(LEVELS) + i for i, name in enumerate(of.by_product)} for of in types]
        self.power = np.array(
            [[*(of.power_kw[level] for level in LEVELS), *kw] for of, kw in zip(types, own, strict=True)]
        )
        work = [[kw / of.power_kw["processing"] for kw in row] for of, row in zip(types, own, strict=True)]
        self.load = _levels([(0.0, 0.0, *of.load_pct[::-1]) for of in types], work)
        stands = (FLOOR_MM_S, FLOOR_MM_S)
        self.vibration = _levels([(*stands, *of.vibration_mm_s[::-1]) for of in types], work)
        self.rise = self.load / self.load[:, _PROCESSING : _PROCESSING + 1] * np.array([[of.warming_k] for of in types])
        self.tau = np.array([of.warming_s * SECOND for of in types])
        self.air = _levels(
            [(0.0, 0.0, *(of.air_l_min or (0.0, 0.0))) for of in types], [[1.0 for _ in more]] * len(types)
        )
        self.ramp = np.array([of.ramp for of in types], dtype=np.int64)
        self.step = self.power[:, _READY, np.newaxis] - self.power[:, :_READY]

    def track(self, to: int) -> "Track":
        """Segments of constant power up to an instant, from the oldest that is still known."""
        begins: list[int] = []
        levels: list[int] = []
        firsts: list[int] = []
        for of, own in zip(self.signals, self._own, strict=True):
            firsts.append(len(begins))
            ends = [*of.begins[1:], to]
            for begin, state, product, end in zip(of.begins, of.states, of.products, ends, strict=True):
                level = _LEVEL[state]
                begins.append(begin)
                levels.append(own.get(product, level) if level == _PROCESSING else level)
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
            del of.begins[:keep], of.states[:keep], of.products[:keep], of.finished[:counted]

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
        warm_up, missed = (None, of.base.missed) if track.warm_ups is None else track.warm_ups.known(machine, row)
        return Physics(
            begin=of.begins[state],
            state=of.states[state],
            product=of.products[state],
            rise_k=float(track.rise[row]),
            spent=spent,
            count=count,
            warm_up=warm_up,
            missed=missed,
        )


def _levels(rows: Sequence[tuple[float, ...]], work: Sequence[Sequence[float]]) -> Floats:
    """Figures by energy state, then at work on products with own power: as much more or less as these say."""
    return np.array([[*row, *(row[-1] * share for share in more)] for row, more in zip(rows, work, strict=True)])


class Track:
    """What the signals were over some time, to be read off at any instants of it.

    Segments of constant power, machine by machine; those of machine m begin at row `first[m]`.

    Attributes:
        begin: first instant of each segment, µs since the start of the run.
        level: energy state of each, index into LEVELS.
        rise: temperature above ambient at the begin of each.
        spent: µs in each energy state until the begin of each, shape (segments, levels).
        warm_ups: what the machines that warm up draw less; none where no machine has a ramp.
    """

    __slots__ = ("_first", "_kwh", "_machine", "_panel", "begin", "level", "rise", "spent", "warm_ups")

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
        width = panel.power.shape[1]
        spent = np.zeros((len(begin), width), dtype=np.int64)
        spent[np.arange(len(begin)), level] = span
        until = np.cumsum(spent, axis=0) - spent
        padded = [(*of.base.spent, *[0] * width)[:width] for of in panel.signals]
        base = np.array(padded, dtype=np.int64) - until[first]
        self.spent: Ints = until + base[machine]
        self._kwh = (self.spent * panel.power[machine]).sum(axis=1) / HOUR
        fades = np.exp(span / -panel.tau[machine])
        self.rise = self._rises(panel.rise[machine, level].tolist(), fades.tolist())
        self.warm_ups = WarmUps(panel, begin, level, end, self._first) if panel.ramp.any() else None

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
        kwh = self._kwh[row] + level_kw * (times - self.begin[row]) / HOUR
        if self.warm_ups is not None:
            level_kw = level_kw - self.warm_ups.kw(row, times)
            kwh = kwh - self.warm_ups.kwh(row, times).sum(axis=2)
        power = np.round(level_kw * noise[:, 0], 3).tolist()
        load = np.rint(panel.load[self._machine, level] * noise[:, 1]).astype(np.int64).tolist()
        temperature = np.round(AMBIENT_CEL + self._rise_at(row, times), 2).tolist()
        vibration = np.round(panel.vibration[self._machine, level] * noise[:, 2], 3).tolist()
        energy = np.round(kwh, 4).tolist()
        return [
            {
                "power": power[machine],
                of.load_tag: load[machine],
                "temperature": temperature[machine],
                "vibration_rms": vibration[machine],
                "energy": energy[machine],
                "part_count": self._count_at(machine, times),
                **({} if of.air_l_min is None else {"air_flow": panel.air[machine, level[machine]].tolist()}),
            }
            for machine, of in enumerate(panel.types)
        ]

    def energy(self, times: Ints) -> Floats:
        """Energy in kWh in each energy state since the start of the run, shape (machines, times, levels).

        An exact integral without noise.
        """
        row = self.rows(times)
        each: Floats = self._spent_at(row, times) * (self._panel.power[:, np.newaxis, :] / HOUR)
        kwh = each[:, :, : len(LEVELS)]
        if each.shape[2] > len(LEVELS):
            kwh[:, :, _PROCESSING] += each[:, :, len(LEVELS) :].sum(axis=2)
        return kwh if self.warm_ups is None else kwh - self.warm_ups.kwh(row, times)

    def air(self, times: Ints) -> Floats:
        """Compressed air since the start of the run in cubic metres at normal conditions, shape (machines, times)."""
        spent = self._spent_at(self.rows(times), times)
        cubic_metres: Floats = (spent * (self._panel.air[:, np.newaxis, :] / (1000 * MINUTE))).sum(axis=2)
        return cubic_metres

    def power(self, times: Ints) -> Floats:
        """Power in kW without noise at these instants, shape (machines, times)."""
        row = self.rows(times)
        power: Floats = self._panel.power[self._machine, self.level[row]]
        return power if self.warm_ups is None else power - self.warm_ups.kw(row, times)

    def _spent_at(self, row: Ints, times: Ints) -> Ints:
        spent = self.spent[row]
        machine, time = np.indices(row.shape)
        spent[machine, time, self.level[row]] += times - self.begin[row]
        return spent

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


class WarmUps:
    """What machines with a ramp draw less than their energy state says, segment by segment.

    A warm-up at u µs since its begin lacks the share 1 - u/R of the step up to ready, R being the ramp; from u to v
    the integral of that is (v - u) (2R - u - v) / 2R. The numerators are whole numbers and are summed as such.

    Args:
        panel: the instruments.
        begin, level, end: of all segments.
        first: first segment of each machine, and one behind the last.
    """

    __slots__ = ("_begin", "_kwh", "_level", "_missed", "_panel", "_since", "_step", "_warm_ups")

    def __init__(self, panel: Panel, begin: Ints, level: Ints, end: Ints, first: Sequence[int]) -> None:
        self._panel = panel
        self._begin = begin
        self._level = level
        self._since = begin.copy()
        self._step = np.zeros(len(begin))
        self._kwh = np.zeros((len(begin), len(LEVELS)))
        self._warm_ups: list[WarmUp | None] = [None] * len(begin)
        self._missed: list[tuple[int, ...]] = [(0, 0, 0, 0)] * len(begin)
        begins, levels, ends = begin.tolist(), level.tolist(), end.tolist()
        for machine in np.flatnonzero(panel.ramp).tolist():
            rows = range(first[machine], first[machine + 1])
            self._follow(machine, rows, begins, levels, ends)

    def _follow(self, machine: int, rows: range, begins: list[int], levels: list[int], ends: list[int]) -> None:
        """From segment to segment of a machine."""
        base, ramp = self._panel.signals[machine].base, int(self._panel.ramp[machine])
        step: list[float] = self._panel.step[machine].tolist()
        warm_up, missed, before = base.warm_up, list(base.missed), _READY
        for row in rows:
            level = levels[row]
            if level < _READY:
                warm_up = None
            elif before < _READY:
                warm_up = begins[row], before
            before = level
            self._warm_ups[row] = warm_up
            self._missed[row] = tuple(missed)
            if any(missed):
                both = (missed[i] * step[0] + missed[i + 2] * step[1] for i in (0, 1))
                self._kwh[row, _READY:] = [kw_us / (2 * ramp) / HOUR for kw_us in both]
            if warm_up is not None:
                since, origin = warm_up
                self._since[row], self._step[row] = since, step[origin]
                u, v = min(begins[row] - since, ramp), min(ends[row] - since, ramp)
                missed[2 * origin + min(level, _PROCESSING) - _READY] += (v - u) * (2 * ramp - u - v)

    def known(self, machine: int, row: int) -> tuple[WarmUp | None, tuple[int, ...]]:
        """Warm-up and what was missed until the begin of a segment of a machine; a warm-up that is over is none."""
        warm_up = self._warm_ups[row]
        over = warm_up is not None and self._begin[row] - warm_up[0] >= self._panel.ramp[machine]
        return None if over else warm_up, self._missed[row]

    def kw(self, row: Ints, times: Ints) -> Floats:
        """Power that is missing at these instants, shape (machines, times)."""
        ramp = self._panel.ramp[:, np.newaxis]
        left: Floats = self._step[row] * np.maximum(ramp - (times - self._since[row]), 0) / np.maximum(ramp, 1)
        return left

    def kwh(self, row: Ints, times: Ints) -> Floats:
        """Energy that was missing in each energy state until these instants, shape (machines, times, levels)."""
        ramp = self._panel.ramp[:, np.newaxis]
        u = np.minimum(self._begin[row] - self._since[row], ramp)
        v = np.minimum(times - self._since[row], ramp)
        missed = (v - u) * (2.0 * ramp - u - v) / np.maximum(2 * ramp, 1)
        kwh: Floats = self._kwh[row]
        machine, time = np.indices(row.shape)
        kwh[machine, time, np.minimum(self._level[row], _PROCESSING)] += self._step[row] * missed / HOUR
        return kwh
