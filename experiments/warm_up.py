"""Where the beginning of a run ends: MSER-5, on a series averaged over runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BATCH = 5
"""Observations a batch: the 5 of MSER-5."""
FEWEST = 10
"""Batches below which the rule has nothing to go by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """What the rule says of a series.

    Args:
        index: observations to leave out at the beginning, a multiple of 5; 0 if the series was not long enough.
        enough: whether the series was long enough to tell.
    """

    index: int
    enough: bool


def mser5(series: Sequence[float]) -> Cut:
    """Cut that makes the squared standard error of what stays least: MSER-5 (White 1997; White, Cobb and Spratt 2000).

    Of the means Z_1 … Z_k of batches of 5 it takes the d in 0 ≤ d < k/2 with the least
    Σ_{j>d} (Z_j - mean)² / (k - d)², the first one of equals. The rule is for one long series: average over
    replications first, point by point. A minimum at the end of the range says that the series still moved there:
    nothing is cut, and `enough` is false.
    """
    k = len(series) // BATCH
    if k < FEWEST:
        return Cut(index=0, enough=False)
    batches = np.asarray(series[: k * BATCH], dtype=np.float64).reshape(k, BATCH).mean(axis=1)
    around = (batches - batches[-1])[::-1]  # small numbers, so that sums of squares keep their digits
    left = np.arange(1, k + 1)
    squares = np.maximum(np.cumsum(around**2) - np.cumsum(around) ** 2 / left, 0.0)
    last = (k - 1) // 2
    error = (squares / left**2)[::-1][: last + 1]
    best = int(np.argmin(error))
    return Cut(index=0, enough=False) if best == last else Cut(index=best * BATCH, enough=True)
