"""From a process variable to a reading: sensors in health.

A reading is a pure function of the process variable, the sensor and the instant: noise is drawn by the instant, so it
does not depend on the grid. Arrays are (..., instants): one machine, or rows of machines with keys of their own.

The chain is gain (1 + error) x + bias + drift t + coloured + white noise, then clipped to the range, then rounded to
the step, half up. x is what the sensing element has: a lag is part of the process side, where it is solved exactly.
What faults make of it: `simulators.sensor_faults`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.time import HOUR, MINUTE
from simulators.physics.noise import gauss, wander
from simulators.streams import words

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
"""Keys of streams, shape (..., 2)."""

UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000
"""Quality as OPC UA numbers it: the sensor is at the end of its range."""

WALK_EVERY = MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensor:
    """A sensor in health.

    Args:
        low: lower end of its range, in the unit of the signal.
        high: upper end.
        gain: what it makes of one unit.
        error: share by which its slope is wrong.
        bias: offset, in the unit of the signal.
        drift: growth of the offset per hour since the start of the run.
        sd: standard deviation of white noise.
        coloured: standard deviation of coloured noise (Ornstein-Uhlenbeck).
        tau: its time constant in µs, at least 20.
        step: what readings are multiples of; 0: not rounded.
        origin: a reading that they are multiples of `step` away from.
        lag: time constant of its sensing element in µs: for the process side, not used here.
    """

    low: float = -math.inf
    high: float = math.inf
    gain: float = 1.0
    error: float = 0.0
    bias: float = 0.0
    drift: float = 0.0
    sd: float = 0.0
    coloured: float = 0.0
    tau: int = 0
    step: float = 0.0
    origin: float = 0.0
    lag: int = 0

    def analog(self, x: Floats, times: Ints, keys: Keys) -> Floats:
        """Before clipping and rounding.

        Args:
            x: the process variable without noise, shape (..., instants).
            times: µs since the start of the run, shape (instants,).
            keys: of its noise, shape (..., 2).
        """
        y: Floats = self.gain * (1.0 + self.error) * x + self.bias
        if self.drift:
            y = y + self.drift * (times / HOUR)
        if self.coloured:
            y = y + wander(keys, times, self.coloured, self.tau)
        if self.sd:
            y = y + self.sd * gauss(words(keys, times))
        return y

    def digital(self, y: Floats) -> Floats:
        """Clipped to the range and rounded to the step, half up."""
        y = np.clip(y, self.low, self.high)
        return quantised(y, self.step, self.origin) if self.step else y

    def read(self, x: Floats, times: Ints, keys: Keys) -> Floats:
        """Readings in health; arguments and shape as of `analog`."""
        return self.digital(self.analog(x, times, keys))

    @property
    def range(self) -> float:
        """Width of its range; 1 where it is not bounded."""
        width = self.high - self.low
        return width if math.isfinite(width) else 1.0


def converter(low: float, high: float, bits: int) -> Sensor:
    """A sensor with an analog-digital converter over its range."""
    return Sensor(low=low, high=high, step=(high - low) / ((1 << bits) - 1), origin=low)


def quantised(y: Floats, step: float, origin: float = 0.0) -> Floats:
    """The nearest multiple of a step from the origin, half up."""
    nearest: Floats = np.floor((y - origin) / step + 0.5) * step + origin
    return nearest


def tolerance_pt100(celsius: Floats, grade: str = "B") -> Floats:
    """Permitted error in K of a platinum resistance thermometer of class A or B."""
    base, slope = {"A": (0.15, 0.002), "B": (0.3, 0.005)}[grade]
    return base + slope * np.abs(celsius)


def tolerance_type_k(celsius: Floats) -> Floats:
    """Permitted error in K of a type K thermocouple of class 1."""
    permitted: Floats = np.maximum(1.5, 0.004 * np.abs(celsius))
    return permitted


# --- noise ---------------------------------------------------------------------------------------------------------


def walk(times: Ints, begin: int, keys: Keys) -> Floats:
    """A random walk from 0 at `begin`, of standard deviation 1 after an hour; even within each minute."""
    since = np.maximum(times - begin, 0)
    minute = since // WALK_EVERY
    steps = np.arange(int(minute.max(initial=0)) + 2, dtype=np.int64)
    level = np.concatenate([[0.0], np.cumsum(gauss(words(keys, steps)))]) * math.sqrt(WALK_EVERY / HOUR)
    share = (since - minute * WALK_EVERY) / WALK_EVERY
    gone: Floats = level[minute] * (1.0 - share) + level[minute + 1] * share
    return gone
