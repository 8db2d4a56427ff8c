"""Control charts: does a process vary as it does by chance, or has something happened to it? Pure.

Limits stand three standard deviations from the centre, those of chance alone: from the mean range of subgroups or from
the mean step between neighbours, over d2 (Shewhart 1931; constants as in ASTM E2587). A point is told together with the
rules that it breaks: those of Western Electric (1956) or of Nelson (1984).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from twin.capability import D2

Kind = Literal["individuals", "xbar-r"]

RANGE_DEVIATION = {2: 0.853, 3: 0.888, 4: 0.880, 5: 0.864, 6: 0.848, 7: 0.833, 8: 0.820, 9: 0.808, 10: 0.797}
"""d3: standard deviation of the range of so many normal values, in standard deviations of one."""

Broken = list[int]
"""Points at which a rule is broken: the last one of each pattern."""


# --- rules -----------------------------------------------------------------------------------------------------------


def _beyond(z: Sequence[float], *, need: int, of: int, sigmas: float) -> Broken:
    """`need` of `of` points beyond so many standard deviations, all on the side of the last."""
    found = []
    for i, last in enumerate(z):
        side = math.copysign(1.0, last)
        near = z[max(0, i - of + 1) : i + 1]
        if last * side > sigmas and sum(value * side > sigmas for value in near) >= need:
            found.append(i)
    return found


def _steady(marks: Sequence[object], length: int) -> Broken:
    """Where the same mark, none of them none, has come so often in a row."""
    found, run, before = [], 0, None
    for i, mark in enumerate(marks):
        run = 0 if mark is None else run + 1 if mark == before else 1
        before = mark
        if run >= length:
            found.append(i)
    return found


def _one_side(z: Sequence[float], *, length: int) -> Broken:
    return _steady([None if value == 0 else value > 0 for value in z], length)


def _trend(z: Sequence[float], *, length: int) -> Broken:
    ups = [None if a == b else b > a for a, b in pairwise(z)]
    return [i + 1 for i in _steady(ups, length - 1)]


def _alternating(z: Sequence[float], *, length: int) -> Broken:
    turns = [None if a == b else (b > a) == bool(i % 2) for i, (a, b) in enumerate(pairwise(z))]
    return [i + 1 for i in _steady(turns, length - 1)]


def _within(z: Sequence[float], *, length: int, sigmas: float) -> Broken:
    return _steady([True if abs(value) < sigmas else None for value in z], length)


def _outside(z: Sequence[float], *, length: int, sigmas: float) -> Broken:
    return _steady([True if abs(value) > sigmas else None for value in z], length)


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that chance makes rarely.

    Args:
        id: its name in answers.
        title: what people read.
        points: where it is broken, of points in standard deviations from the centre.
    """

    id: str
    title: str
    points: Callable[[Sequence[float]], Broken]


BEYOND = Rule("beyond-limits", "a point beyond three sigma", partial(_beyond, need=1, of=1, sigmas=3.0))
RUNS = (
    Rule("two-of-three", "two of three beyond two sigma on a side", partial(_beyond, need=2, of=3, sigmas=2.0)),
    Rule("four-of-five", "four of five beyond one sigma on a side", partial(_beyond, need=4, of=5, sigmas=1.0)),
)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "western-electric": (
        BEYOND,
        *RUNS,
        Rule("eight-on-a-side", "eight in a row on one side of the centre", partial(_one_side, length=8)),
    ),
    "nelson": (
        BEYOND,
        Rule("nine-on-a-side", "nine in a row on one side of the centre", partial(_one_side, length=9)),
        Rule("trend", "six in a row that rise, or fall", partial(_trend, length=6)),
        Rule("alternating", "fourteen in a row, up and down by turns", partial(_alternating, length=14)),
        *RUNS,
        Rule("fifteen-within", "fifteen in a row within one sigma", partial(_within, length=15, sigmas=1.0)),
        Rule("eight-outside", "eight in a row beyond one sigma, either side", partial(_outside, length=8, sigmas=1.0)),
    ),
}
"""Sets of rules, a row each."""


# --- charts ----------------------------------------------------------------------------------------------------------


class Value(NamedTuple):
    """A measured value: when, of which part, how much."""

    at: int
    part: str
    value: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Centre line, control limits, and the standard deviation of the points between them."""

    centre: float
    lower: float
    upper: float
    sigma: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A point of a chart.

    Args:
        at: when its last value was measured, microseconds UTC.
        parts: whose values it stands for.
        value: the value, or the mean of the subgroup.
        spread: step from the value before, or range of the subgroup; none for the first value.
        broken: rules that it breaks.
        spread_beyond: whether its spread is beyond the limits of spreads.
    """

    at: int
    parts: list[str]
    value: float
    spread: float | None
    broken: list[str]
    spread_beyond: bool


class ControlChart(msgspec.Struct, frozen=True, kw_only=True):
    """A control chart; without limits where fewer than two points tell of chance.

    Args:
        kind: ``individuals`` with moving ranges, or ``xbar-r``: means and ranges of subgroups.
        subgroup: values in a point.
        rules: the set of rules, by id and title.
        baseline: points of which the limits were made, from the first.
        location: limits of the values or means.
        spread: limits of the moving ranges or ranges.
        points: in the order of time; values that fill no subgroup are left out.
    """

    kind: Kind
    subgroup: int
    rules: dict[str, str]
    baseline: int
    location: Limits | None
    spread: Limits | None
    points: list[Point]


def chart(
    values: Iterable[Value], *, kind: Kind, subgroup: int = 5, rules: str = "nelson", baseline: int | None = None
) -> ControlChart:
    """The control chart of a characteristic.

    Args:
        values: in the order of time.
        kind: which chart.
        subgroup: values in a point of ``xbar-r``, 2 to 10.
        rules: name of a set in `RULES`.
        baseline: how many of the first points make the limits; none: all of them.

    Raises:
        ValueError: a subgroup that no constants are known for.
    """
    size = 1 if kind == "individuals" else subgroup
    if kind == "xbar-r" and size not in RANGE_DEVIATION:
        raise ValueError(f"a subgroup of {size}; allowed are 2 to {max(RANGE_DEVIATION)} values")
    listed = list(values)
    groups = [listed[i : i + size] for i in range(0, len(listed) - size + 1, size)]
    means = [math.fsum(v.value for v in group) / size for group in groups]
    spreads = _spreads(groups, means)
    stable = len(groups) if baseline is None else min(baseline, len(groups))
    location, spread = _limits(means[:stable], [s for s in spreads[:stable] if s is not None], size)
    chosen = RULES[rules]
    broken = {rule.id: set(rule.points(_standardised(means, location))) for rule in chosen} if location else {}
    points = [
        Point(
            at=group[-1].at,
            parts=[v.part for v in group],
            value=mean,
            spread=width,
            broken=[name for name, found in broken.items() if i in found],
            spread_beyond=spread is not None and width is not None and not spread.lower <= width <= spread.upper,
        )
        for i, (group, mean, width) in enumerate(zip(groups, means, spreads, strict=True))
    ]
    return ControlChart(
        kind=kind,
        subgroup=size,
        rules={rule.id: rule.title for rule in chosen},
        baseline=stable,
        location=location,
        spread=spread,
        points=points,
    )


def _spreads(groups: Sequence[Sequence[Value]], means: Sequence[float]) -> list[float | None]:
    """Range of each subgroup; of single values the step from the one before."""
    if groups and len(groups[0]) == 1:
        return [None, *(abs(b - a) for a, b in pairwise(means))]
    return [max(v.value for v in group) - min(v.value for v in group) for group in groups]


def _limits(means: Sequence[float], spreads: Sequence[float], size: int) -> tuple[Limits | None, Limits | None]:
    """Limits of location and spread; none while nothing tells of chance."""
    if len(means) < 2 or not spreads:
        return None, None
    of = max(size, 2)  # a moving range is that of two values
    centre, wide = math.fsum(means) / len(means), math.fsum(spreads) / len(spreads)
    chance = wide / float(D2[of])
    sigma, scatter = chance / math.sqrt(size), RANGE_DEVIATION[of] * chance
    return (
        Limits(centre=centre, lower=centre - 3 * sigma, upper=centre + 3 * sigma, sigma=sigma),
        Limits(centre=wide, lower=max(0.0, wide - 3 * scatter), upper=wide + 3 * scatter, sigma=scatter),
    )


def _standardised(values: Sequence[float], limits: Limits) -> list[float]:
    """Distances from the centre in standard deviations; without chance any distance is beyond all limits."""
    if limits.sigma == 0:
        return [math.copysign(math.inf, v - limits.centre) if v != limits.centre else 0.0 for v in values]
    return [(v - limits.centre) / limits.sigma for v in values]
