"""What sensor faults make of readings: a row per kind, each a pure function of the instant.

Analog faults act before clipping and rounding, digital ones afterwards. A fault that holds a value says at which
instants it took it, so that the same is held whatever the grid.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.draws import GOLDEN, MASK, key, mix, mix_array
from plant.fault_kinds import WRONG_UNITS, Parameter
from plant.faults import SensorFault
from plant.time import DAY, HOUR, SECOND
from simulators.faults import Befalling
from simulators.physics.noise import GRID, gauss, wander
from simulators.sensors import UNCERTAIN_SENSOR_NOT_ACCURATE, Floats, Ints, Keys, Sensor, quantised, walk
from simulators.streams import words

Codes = NDArray[np.uint32]
"""Quality codes as OPC UA numbers them; 0: good."""

BAD_SENSOR_FAILURE = 0x808C0000

TO_UNIT = 2.0**-52


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A sensor fault while it is there once.

    Args:
        sensor: the sensor that has it.
        parameters: of the fault.
        begin: first instant, µs since the start of the run.
        end: the one behind the last.
        pair: key of what is random about it.
    """

    sensor: Sensor
    parameters: Mapping[str, Parameter]
    begin: int
    end: int
    pair: tuple[int, int]

    def number(self, name: str, default: float = 0.0) -> float:
        """A parameter; `default` where the plant does not say it."""
        value = self.parameters.get(name)
        return float(value) if isinstance(value, int | float) else default

    @property
    def keys(self) -> Keys:
        """The key as an array."""
        return np.array(self.pair, dtype=np.uint64)

    def there(self, times: Ints) -> NDArray[np.bool_]:
        """At which instants it is there."""
        there: NDArray[np.bool_] = (times >= self.begin) & (times < self.end)
        return there


Readings = tuple[Floats, Codes | None]
"""Values, and their quality codes where some are not good; NaN is no value."""

Distort = Callable[[Floats, Floats, Ints, Case], Readings]
"""What a fault makes of values while it is there: from values, held values, instants and its case."""


def _noise(y: Floats, _: Floats, times: Ints, case: Case) -> Readings:
    sd, tau = case.number("sd", 0.02 * case.sensor.range), int(case.number("tau"))
    if tau < GRID:  # shorter than any time between two samples: white
        return y + sd * gauss(words(case.keys, times)), None
    return y + wander(case.keys, times, sd, tau), None


def _bias(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    return y + case.number("offset", 0.02 * case.sensor.range), None


def _gain(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    return y * (1.0 + case.number("error")), None


def _drift(y: Floats, _: Floats, times: Ints, case: Case) -> Readings:
    wanders = case.number("walk")
    rate = case.number("rate", 0.0 if wanders else 0.02 * case.sensor.range * HOUR / (30 * DAY))
    y = y + rate * ((times - case.begin) / HOUR)
    return (y + wanders * walk(times, case.begin, case.keys) if wanders else y), None


def _spikes(y: Floats, _: Floats, times: Ints, case: Case) -> Readings:
    """At most one a second: the second of an instant says whether there is one, and its sign."""
    height = case.number("height") * (case.sensor.sd or 0.005 * case.sensor.range)
    second = times // SECOND
    struck = _uniforms(case.pair, second, 0) < case.number("rate") / 3600.0
    sign = np.where(_uniforms(case.pair, second, 1) < 0.5, -1.0, 1.0)
    return np.where(struck, y + sign * height, y), None


def _saturation(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    low, high = case.number("low", -math.inf), case.number("high", math.inf)
    codes = np.where((y <= low) | (y >= high), UNCERTAIN_SENSOR_NOT_ACCURATE, 0).astype(np.uint32)
    return np.clip(y, low, high), codes


def _quantisation(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    step = case.number("step", case.sensor.range / ((1 << int(case.number("bits"))) - 1))
    origin = case.sensor.low if math.isfinite(case.sensor.low) else 0.0
    return quantised(y, step, origin), None


def _held(_: Floats, held: Floats, __: Ints, ___: Case) -> Readings:
    return held, None


def _unit(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    shown = WRONG_UNITS.get(str(case.parameters.get("as")))
    factor, offset = (case.number("factor"), case.number("offset")) if shown is None else shown
    return y * factor + offset, None


def _counter_reset(y: Floats, held: Floats, __: Ints, ___: Case) -> Readings:
    return y - held, None


def _rollover(y: Floats, _: Floats, __: Ints, case: Case) -> Readings:
    return np.mod(y, case.number("modulo")), None


def _dropout(y: Floats, _: Floats, times: Ints, case: Case) -> Readings:
    gone = _in_gaps(times, case)
    return np.where(gone, np.nan, y), np.where(gone, BAD_SENSOR_FAILURE, 0).astype(np.uint32)


def _in_gaps(times: Ints, case: Case) -> NDArray[np.bool_]:
    """Whether instants are in gaps: exponential times up and down by turns, from the begin on."""
    until = int(times.max(initial=case.begin)) - case.begin
    means = case.number("up"), case.number("down")
    edges: list[Ints] = []
    reached, k, block = 0, 0, 64
    while reached <= until:
        number = np.arange(k, k + block, dtype=np.int64)
        mean = np.where(number % 2 == 0, *means)
        lengths = np.maximum(np.rint(-np.log(_uniforms(case.pair, number, 0)) * mean), 1).astype(np.int64)
        edges.append(reached + np.cumsum(lengths))
        reached, k = int(edges[-1][-1]), k + block
    passed = np.searchsorted(np.concatenate(edges), times - case.begin, side="right")
    gone: NDArray[np.bool_] = passed % 2 == 1
    return gone


@dataclass(frozen=True, slots=True)
class Distortion:
    """What a kind of sensor fault does.

    Args:
        make: what it makes of values.
        analog: whether it acts before clipping and rounding.
        source: the instants at which it took the values that it holds; none: it holds none.
    """

    make: Distort
    analog: bool = False
    source: Callable[[Ints, Case], Ints] | None = None


def _at_begin(times: Ints, case: Case) -> Ints:
    return np.full(times.shape, case.begin, dtype=np.int64)


def _at_renewals(times: Ints, case: Case) -> Ints:
    hold = max(1, int(case.number("hold")))
    renewed: Ints = case.begin + (times - case.begin) // hold * hold
    return renewed


DISTORTIONS: dict[str, Distortion] = {
    "noise": Distortion(_noise, analog=True),
    "bias": Distortion(_bias, analog=True),
    "gain": Distortion(_gain, analog=True),
    "drift": Distortion(_drift, analog=True),
    "spikes": Distortion(_spikes, analog=True),
    "saturation": Distortion(_saturation, analog=True),
    "quantisation": Distortion(_quantisation),
    "stuck": Distortion(_held, source=_at_begin),
    "stale": Distortion(_held, source=_at_renewals),
    "unit": Distortion(_unit),
    "counter-reset": Distortion(_counter_reset, source=_at_begin),
    "rollover": Distortion(_rollover),
    "dropout": Distortion(_dropout),
}
"""All kinds but `clock`, which changes no value: see `stamps`."""

Read = Callable[[Ints], Floats]
"""A process variable without noise as a function of the instants, µs since the start of the run."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A sensor of one machine with its faults.

    Args:
        sensor: as it was in health.
        key: of its noise.
        faults: faults of this signal in the order of the plant file; those of other signals are passed over.
        seed: seed of the run.
    """

    sensor: Sensor
    key: tuple[int, int]
    faults: Sequence[Befalling]
    seed: int

    def read(self, x: Read, times: Ints) -> Readings:
        """Readings at instants, shape (instants,); NaN is no value. Codes are given where some value is not good.

        `x` is asked for other instants too: those at which a fault began, or took the value that it holds. They may lie
        before the first of `times`, see `sources`.
        """
        return self._read(x, times, self._cases(times))

    def sources(self, times: Ints) -> Ints:
        """Instants besides these at which `read` asks for the process variable, in order, each once."""
        asked = [np.empty(0, dtype=np.int64)]
        for kind, case in self._cases(times):
            if (source := DISTORTIONS[kind].source) is not None and (there := case.there(times)).any():
                asked.append(source(times[there], case))
        return np.setdiff1d(np.concatenate(asked), times)

    def stamps(self, times: Ints) -> Ints:
        """What the sensor's clock says at instants; all clock faults that are there add up."""
        shift = np.zeros(times.shape, dtype=np.int64)
        for one in self.faults:
            if isinstance(one.fault, SensorFault) and one.fault.what == "clock":
                for begin, end in one.occurrences.between(int(times.min(initial=0)), int(times.max(initial=0)) + 1):
                    there = (times >= begin) & (times < end)
                    shift = np.where(there, shift + stamps(times, begin, one.fault.parameters) - times, shift)
        return times + shift

    def _cases(self, times: Ints) -> list[tuple[str, Case]]:
        found = []
        begin, end = int(times.min(initial=0)), int(times.max(initial=0)) + 1
        for one in self.faults:
            kind = one.fault.what
            if kind not in DISTORTIONS:
                continue
            pair = key(self.seed, one.path, f"fault.{one.fault.name}.noise")
            for since, until in one.occurrences.between(begin, end):
                pair_now = pair[0], mix((pair[1] + since * GOLDEN) & MASK)  # each time has noise of its own
                case = Case(sensor=self.sensor, parameters=one.fault.parameters, begin=since, end=until, pair=pair_now)
                found.append((kind, case))
        return found

    def _read(self, x: Read, times: Ints, cases: Sequence[tuple[str, Case]]) -> Readings:
        values = self.sensor.analog(x(times), times, np.array(self.key, dtype=np.uint64))
        codes = np.zeros(times.shape, dtype=np.uint32)
        for analog in (True, False):
            for place, (kind, case) in enumerate(cases):
                distortion = DISTORTIONS[kind]
                if distortion.analog != analog or not (there := case.there(times)).any():
                    continue
                own = times[there]
                held = values[there]
                if distortion.source is not None:
                    held = self._held(x, distortion.source(own, case), cases[:place])
                changed, told = distortion.make(values[there], held, own, case)
                values = values.copy()
                values[there] = changed
                if told is not None:
                    codes[there] = np.maximum(codes[there], told)
            if analog:
                values = self.sensor.digital(values)
        return values, (codes if codes.any() else None)

    def _held(self, x: Read, sources: Ints, before: Sequence[tuple[str, Case]]) -> Floats:
        """Readings at the instants of which a fault holds the values, with what else was wrong then."""
        instants, back = np.unique(sources, return_inverse=True)
        return self._read(x, instants, before)[0][back]


def stamps(times: Ints, begin: int, parameters: Mapping[str, Parameter]) -> Ints:
    """What a wrong clock says: ahead + zone + (1 + ppm 1e-6) t, t since the begin of the fault."""
    wrong = {name: value for name, value in parameters.items() if isinstance(value, int | float)}
    shift = int(wrong.get("ahead", 0)) + int(wrong.get("zone", 0)) * HOUR
    slip = np.rint((times - begin) * (wrong.get("ppm", 0.0) * 1e-6)).astype(np.int64)
    told: Ints = times + shift + slip
    return told


def _uniforms(pair: tuple[int, int], k: Ints, j: int) -> Floats:
    """Uniform numbers, draw k and sub-counter j, as `plant.draws.Stream` has them."""
    first, second = (np.uint64(half) for half in pair)
    opened = mix_array(first + k.astype(np.uint64) * np.uint64(GOLDEN)) ^ second
    word = mix_array(opened + np.uint64(j * GOLDEN & MASK))
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * TO_UNIT
