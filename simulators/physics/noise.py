"""Noise as a pure function of the instant: white numbers by counter, and what wanders with a correlation time.

`wander` is an Ornstein-Uhlenbeck process on a grid of its own, a twentieth of the correlation time: each point is a
weighted sum of the last 120 draws, by counter, so the value at an instant never depends on which other instants were
asked for or where a run began. The weights are scaled for the little that the sum leaves out (e^-12 of the variance),
and what lies between two points is scaled for the variance that a straight line loses: the standard deviation is exact
at every instant. The correlation is that of the process within 0.5 % (the end of the sum adds e^-6, the lines less).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.physics.elementary import Floats, Values, exp, expm1, sqrt
from simulators.streams import words

GRID = 20
"""Points of the grid within a correlation time."""

TERMS = 6 * GRID
"""Draws in a value."""

_SIGMA = math.sqrt(4 * (65536**2 - 1) / 12)


def gauss(of: NDArray[np.uint64]) -> Floats:
    """Nearly normal numbers, mean 0 and standard deviation 1, between -3.5 and 3.5: four 16-bit numbers each, summed.

    Whole numbers up to the last step: equal on every computer.
    """
    quarters = np.ascontiguousarray(of).view(np.uint16).reshape(*of.shape, 4)
    numbers: Floats = (quarters.sum(axis=-1, dtype=np.int64) - 2 * 65535) / _SIGMA
    return numbers


def recursion(dt: Values, tau: Values, sigma: Values) -> tuple[Values, Values]:
    """Exact step of an Ornstein-Uhlenbeck process, n' = a n + s xi: a = e^(-dt/tau), s = sigma sqrt(1 - a²)."""
    return exp(-dt / tau), sigma * sqrt(-expm1(-2.0 * dt / tau))


def wander(
    key: tuple[int, int] | NDArray[np.uint64], times_us: NDArray[np.int64], sigma: Values, tau_us: int
) -> Floats:
    """Ornstein-Uhlenbeck noise, mean 0, at any instants.

    Args:
        key: key of the stream (`plant.draws.key`), or many of them, shape (..., 2).
        times_us: instants in µs, shape (n,), in any order, also negative ones.
        sigma: standard deviation; an array has the shape of the keys (...) with a last axis of 1.
        tau_us: correlation time in µs, at least 20.

    Returns:
        Shape (n,), or (..., n) for many keys.

    Raises:
        ValueError: the correlation time is shorter than its grid can be.
    """
    step = tau_us // GRID
    if step < 1:
        raise ValueError(f"a correlation time of {tau_us} µs is too short")
    before = np.floor_divide(times_us, step)
    share = (times_us - before * step) / step
    points, where = np.unique(np.concatenate([before, before + 1]), return_inverse=True)
    values = _points(np.asarray(key, dtype=np.uint64), points, step / tau_us)
    left, right = values[..., where[: before.size]], values[..., where[before.size :]]
    kept = (1.0 - share) * (1.0 - share) + share * share + 2.0 * (1.0 - share) * share * math.exp(-step / tau_us)
    line: Floats = sigma * (((1.0 - share) * left + share * right) / np.sqrt(kept))
    return line


def _points(key: NDArray[np.uint64], points: NDArray[np.int64], step: float) -> Floats:
    """Values of unit variance at points of the grid, each summed in the same order."""
    if points.size == 0:
        return np.zeros((*key.shape[:-1], 0))
    first = int(points[0]) - TERMS + 1
    span = int(points[-1]) - first + 1
    dense = span <= TERMS * points.size  # else it is cheaper to draw for each point; the numbers are the same
    drawn = gauss(words(key, np.arange(first, first + span))) if dense else None
    total = np.zeros((*key.shape[:-1], points.size))
    for j, weight in enumerate(_weights(step)):
        total += weight * (gauss(words(key, points - j)) if drawn is None else drawn[..., points - j - first])
    return total


@lru_cache(maxsize=1024)
def _weights(step: float) -> tuple[float, ...]:
    """What each draw counts, the newest first; the sum of squares is 1."""
    a = math.exp(-step)
    scale = math.sqrt((1.0 - a**2) / (1.0 - a ** (2 * TERMS)))
    return tuple(scale * a**j for j in range(TERMS))
