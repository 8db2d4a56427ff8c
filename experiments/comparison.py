"""Comparing configurations: paired differences to a baseline, and the set that may hold the best."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from experiments.intervals import estimate
from experiments.study import Difference

ALPHA = 0.05
DIRECTIONS: Mapping[str, float] = {"higher": 1.0, "lower": -1.0}
"""What makes more of a response better, by the words of an experiment file."""


def paired(values: Sequence[float], baseline: Sequence[float], comparisons: int = 1) -> Difference:
    """Student interval of value minus baseline, replication by replication, that shares 95 % with others.

    With common random numbers the two go up and down together, and their differences vary less than either. Of k
    comparisons each has the confidence 1 - α/k (Bonferroni), so that all of them hold at once with 95 %.

    Args:
        values: of the configuration, by replication.
        baseline: of the same replications.
        comparisons: intervals that share the 95 %.

    Raises:
        ValueError: the lengths differ, there are no values, or there is less than one comparison.
    """
    if len(values) != len(baseline):
        raise ValueError(f"{len(values)} replications cannot be paired with {len(baseline)}")
    if comparisons < 1:
        raise ValueError(f"there must be at least one comparison, not {comparisons}")
    differences = [value - other for value, other in zip(values, baseline, strict=True)]
    found = estimate(differences, 1 - ALPHA / comparisons)
    return Difference(
        mean=found.mean,
        half_width=found.half_width,
        correlation=_correlation(values, baseline),
        distinct=found.half_width is not None and abs(found.mean) > found.half_width,
    )


def subset(samples: Mapping[str, Sequence[float]], better: str, *, common: bool = False) -> frozenset[str]:
    """Names among which the best one is with 95 %: screening to the best (Nelson, Swann, Goldsman and Song 2001).

    A name stays unless another one is ahead of it by more than W_ij = √(t_i² S_i²/n_i + t_j² S_j²/n_j), t of the order
    (1 - α)^(1/(k - 1)); with as many replications of each this is their formula, else that of Boesel, Nelson and Kim
    2003. It is made for independent streams. With common random numbers W_ij = t S_ij / √n, S_ij of the paired
    differences and t of the order 1 - α/(k - 1), by Bonferroni (Nelson and Matejcik 1995): sharper by as much as pairs
    agree. While a name has a single replication nothing is left out for or against it.

    Args:
        samples: replications by name.
        better: ``higher`` or ``lower``.
        common: whether replication r of every name saw the same draws; all have as many then.

    Raises:
        ValueError: a name has no replications, common ones are not as many, or the direction is another word.
    """
    sign = direction(better)
    if bare := sorted(name for name, values in samples.items() if not values):
        raise ValueError(f"no replications of {', '.join(bare)}")
    if len(samples) < 2:
        return frozenset(samples)
    means = np.array([sign * math.fsum(values) / len(values) for values in samples.values()])
    room: NDArray[np.float64]
    if common:
        room = _paired_room(samples)
    else:
        order = (1 - ALPHA) ** (1 / (len(samples) - 1))
        widths = np.array([_width(values, order) for values in samples.values()])
        room = np.sqrt(widths[:, None] + widths[None, :])
    np.fill_diagonal(room, 0.0)
    stays = np.all(means[:, None] >= means[None, :] - room, axis=1).tolist()
    return frozenset(name for name, kept in zip(samples, stays, strict=True) if kept)


def _paired_room(samples: Mapping[str, Sequence[float]]) -> NDArray[np.float64]:
    """How far ahead one name must be of another, shape (k, k), from paired differences."""
    counts = {len(values) for values in samples.values()}
    if len(counts) > 1:
        raise ValueError(f"common replications are as many of each, not {', '.join(map(str, sorted(counts)))}")
    (n,) = counts
    if n == 1:
        return np.full((len(samples), len(samples)), np.inf)
    table = np.array(list(samples.values()), dtype=np.float64)
    covariance = np.atleast_2d(np.cov(table))
    variance = np.diag(covariance)
    spread = np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 0.0)
    return float(stdtrit(n - 1, 1 - ALPHA / (len(samples) - 1))) * np.sqrt(spread / n)


def direction(better: str) -> float:
    """1 if more is better, -1 if less is.

    Raises:
        ValueError: it is another word.
    """
    if better not in DIRECTIONS:
        raise ValueError(f"better is {better!r}; allowed: {', '.join(DIRECTIONS)}")
    return DIRECTIONS[better]


def _width(values: Sequence[float], order: float) -> float:
    n = len(values)
    if n == 1:
        return math.inf
    return float(stdtrit(n - 1, order)) ** 2 * float(np.var(values, ddof=1)) / n


def _correlation(values: Sequence[float], baseline: Sequence[float]) -> float | None:
    if len(values) < 3:  # of two points it is 1 or -1, whatever they are
        return None
    one, other = (np.asarray(of, dtype=np.float64) - of[0] for of in (values, baseline))
    one, other = one - one.mean(), other - other.mean()
    size = math.sqrt(float(one @ one) * float(other @ other))
    return max(-1.0, min(1.0, float(one @ other) / size)) if size > 0 else None
