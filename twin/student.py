"""Student's distribution: how far the mean of a few values may be from the truth. Pure.

The libraries that know it take longer to be loaded than all that is asked here. For whole degrees of freedom its
distribution is a finite sum (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
"""

import math
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=10_000)
def quantile(degrees: int, share: float = 0.95) -> float:
    """The distance from 0 within which a share of all values lies.

    Raises:
        ValueError: there is no degree of freedom, or the share is not between 0 and 1.
    """
    if degrees < 1 or not 0 < share < 1:
        raise ValueError(f"{share} of the values at {degrees} degrees of freedom cannot be told")
    low, high = 0.0, math.pi / 2  # of the angle: the distance itself has no bound
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _within(middle, degrees) < share else (low, middle)
    return math.tan(high) * math.sqrt(degrees)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Between which bounds the mean lies of which some values are samples, with a confidence of 95 %.

    None where fewer than two values tell of chance.
    """
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = quantile(n - 1) * deviation / math.sqrt(n)
    return mean - half, mean + half


def _within(angle: float, degrees: int) -> float:
    """Share of the values within √degrees · tan(angle) from 0."""
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for k in range(2 + odd, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (k - 1) / k
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
