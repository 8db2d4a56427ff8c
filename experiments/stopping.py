"""When replications are enough: a relative half width."""

from collections.abc import Sequence

from experiments.intervals import estimate

FEWEST = 10
"""Replications below which no rule may stop: a variance of fewer is a guess."""


def reached(values: Sequence[float]) -> float | None:
    """Half width of the 95 % interval by the size of the mean; none for one replication or a mean of zero."""
    found = estimate(values)
    if found.half_width is None or found.mean == 0:
        return None
    return found.half_width / abs(found.mean)


def enough(values: Sequence[float], relative: float) -> bool:
    """Whether n ≥ 10 replications know their mean to a share `relative` of it: h/|mean| ≤ γ/(1 + γ).

    The share is meant of the true mean, which nobody knows; the correction γ/(1 + γ) allows for that (Law 2015, section
    9.4.1). Looking after each replication costs a little coverage while there are few of them.

    Raises:
        ValueError: the share is not above 0.
    """
    if not relative > 0:
        raise ValueError(f"a relative half width must be above 0, not {relative}")
    if len(values) < FEWEST:
        return False
    found = estimate(values)
    return found.half_width is not None and found.half_width <= abs(found.mean) * relative / (1 + relative)
