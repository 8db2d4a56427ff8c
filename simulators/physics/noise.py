"""Noise as a pure function of the instant: white numbers by counter, and what wanders with a correlation time.

`wander` is an Ornstein-Uhlenbeck process on a grid of its own, a twentieth of the correlation time: each point is a
weighted sum of the last 128 draws, by counter, so the value at an instant never depends on which other instants were
asked for or where a run began. The sum is scaled for the little that it leaves out (e^-12.8 of the variance),
and what lies between two points is scaled for the variance that a straight line loses: the standard deviation is exact
at every instant. The correlation is that of the process within 0.5 % (the end of the sum takes e^-6.4, the lines less).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.physics.elementary import Floats, Values, exp, expm1, sqrt
from simulators.streams import words

GRID = 20
"""Points of the grid within a correlation time."""

TERMS = 128
"""Draws in a value, a power of two."""

AT_ONCE = 1 << 20
"""Draws held in memory for points that lie far apart."""

_EVERY_OTHER = np.uint64(0x0000_FFFF_0000_FFFF)
_SIGMA = math.sqrt(4 * (65536**2 - 1) / 12)


def gauss(of: NDArray[np.uint64]) -> Floats:
    """Nearly normal numbers, mean 0 and standard deviation 1, between -3.5 and 3.5: four 16-bit numbers each, summed.

    Whole numbers up to the last step: equal on every computer.
    """
    halves = (of >> np.uint64(16)) & _EVERY_OTHER
    halves += of & _EVERY_OTHER  # two sums of two numbers each
    halves += halves >> np.uint64(32)
    halves &= np.uint64(0xFFFF_FFFF)
    numbers = halves.astype(np.float64)
    numbers -= 2 * 65535
    numbers /= _SIGMA
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
    """Values of unit variance at points of the grid, in rising order."""
    if points.size == 0:
        return np.zeros((*key.shape[:-1], 0))
    first = int(points[0]) - TERMS + 1
    span = int(points[-1]) - first + 1
    if span <= TERMS * points.size:
        return _sums(gauss(words(key, np.arange(first, first + span))), step)[..., points - points[0]]
    some = max(1, AT_ONCE * key.shape[-1] // (TERMS * key.size))  # far apart: each point draws for itself
    pieces = [points[begin : begin + some] for begin in range(0, points.size, some)]
    return np.concatenate([_alone(key, piece, step) for piece in pieces], axis=-1)


def _sums(drawn: Floats, step: float) -> Floats:
    """Weighted sums of each TERMS draws in a row: of two, then of two of these, and so on.

    Each sum is the same tree of additions over its own draws, whatever stands beside them.
    """
    width = 1
    while width < TERMS:
        drawn = drawn[..., width:] + math.exp(-width * step) * drawn[..., :-width]
        width *= 2
    return _scale(step) * drawn


def _alone(key: NDArray[np.uint64], points: NDArray[np.int64], step: float) -> Floats:
    """The same sums of points that have no draws in common, by the same trees."""
    of = (points[:, np.newaxis] - np.arange(TERMS)).ravel()
    drawn = gauss(words(key, of)).reshape(*key.shape[:-1], points.size, TERMS)
    width = 1
    while width < TERMS:
        drawn = drawn[..., ::2] + math.exp(-width * step) * drawn[..., 1::2]
        width *= 2
    return _scale(step) * drawn[..., 0]


@lru_cache(maxsize=1024)
def _scale(step: float) -> float:
    """What makes the variance of a sum of TERMS draws 1."""
    return math.sqrt(math.expm1(-2.0 * step) / math.expm1(-2.0 * TERMS * step))
