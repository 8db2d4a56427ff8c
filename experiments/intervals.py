"""Confidence intervals of means over independent replications."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean over replications with the half width of its 95 % interval (none for a single replication)."""

    mean: float
    half_width: float | None


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean and half width t(1 - α/2, n - 1) s / √n of independent values (Student 1908).

    Raises:
        ValueError: there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("an estimate needs at least one value")
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(mean=mean, half_width=None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    quantile = float(stdtrit(n - 1, 0.5 + confidence / 2))
    return Estimate(mean=mean, half_width=quantile * math.sqrt(variance / n))
