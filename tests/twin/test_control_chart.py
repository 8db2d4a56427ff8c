"""Control charts: published limits, rules against their own words, and what must not change a verdict."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.control_chart import RULES, Value, chart

FLOWRATES = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
"""NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: individuals control charts."""

FACTORS = {
    2: (1.880, 0, 3.267), 3: (1.023, 0, 2.574), 4: (0.729, 0, 2.282), 5: (0.577, 0, 2.114), 6: (0.483, 0, 2.004),
    7: (0.419, 0.076, 1.924), 8: (0.373, 0.136, 1.864), 9: (0.337, 0.184, 1.816), 10: (0.308, 0.223, 1.777),
}  # fmt: skip
"""A2, D3 and D4 by size of the subgroup (ASTM E2587)."""


def values(*numbers: float) -> list[Value]:
    return [Value(i, f"p{i}", number) for i, number in enumerate(numbers)]


def broken(numbers, rule: str, rules: str = "nelson") -> list[int]:
    """Points at which a rule is broken, of numbers in standard deviations."""
    (row,) = (row for row in RULES[rules] if row.id == rule)
    return row.points(list(numbers))


def test_the_individuals_chart_of_the_handbook() -> None:
    made = chart(values(*FLOWRATES), kind="individuals")
    assert made.location is not None
    assert made.location.centre == pytest.approx(50.81)
    assert made.spread is not None
    assert made.spread.centre == pytest.approx(1.8778, abs=5e-5)
    assert made.location.upper == pytest.approx(55.8041, abs=5e-4)
    assert made.location.lower == pytest.approx(45.8159, abs=5e-4)
    assert not any(point.broken or point.spread_beyond for point in made.points)


@pytest.mark.parametrize("size", FACTORS)
def test_limits_of_subgroups_have_the_factors_of_the_tables(size) -> None:
    a2, d3, d4 = FACTORS[size]
    group = [0.0] * (size - 1) + [1.0]
    made = chart(values(*(group * 20)), kind="xbar-r", subgroup=size)
    assert made.location is not None
    assert made.spread is not None
    assert made.location.upper - made.location.centre == pytest.approx(a2, abs=2e-3)
    assert made.spread.lower == pytest.approx(d3, abs=2e-3)
    assert made.spread.upper == pytest.approx(d4, abs=2e-3)


def test_a_subgroup_is_complete_or_left_out() -> None:
    made = chart(values(*range(11)), kind="xbar-r", subgroup=5)
    assert [point.parts for point in made.points] == [[f"p{i}" for i in range(k, k + 5)] for k in (0, 5)]
    assert [point.at for point in made.points] == [4, 9]
    with pytest.raises(ValueError, match="a subgroup of 11; allowed are 2 to 10"):
        chart([], kind="xbar-r", subgroup=11)


@pytest.mark.parametrize("numbers", [(), (1.0,)])
def test_no_limits_where_nothing_tells_of_chance(numbers) -> None:
    made = chart(values(*numbers), kind="individuals")
    assert (made.location, made.spread) == (None, None)
    assert all(not point.broken for point in made.points)


def test_limits_of_a_baseline_judge_what_comes_after() -> None:
    quiet = [0.0, 1.0] * 10
    made = chart(values(*quiet, 9.0), kind="individuals", baseline=20)
    assert made.location == chart(values(*quiet), kind="individuals").location
    assert made.points[-1].broken[0] == "beyond-limits"
    assert made.points[-1].spread_beyond


@pytest.mark.parametrize(
    ("rule", "numbers", "expected"),
    [
        ("beyond-limits", [0, 3.0, 3.1, -3.1], [2, 3]),
        ("nine-on-a-side", [1] * 8 + [0] + [1] * 9, [17]),
        ("nine-on-a-side", [-0.1] * 10, [8, 9]),
        ("trend", [0, 1, 2, 3, 4, 5], [5]),
        ("trend", [5, 4, 3, 2, 1, 1, 0], []),
        ("alternating", [0, 1] * 7, [13]),
        ("alternating", [0, 1] * 6 + [0], []),
        ("two-of-three", [2.1, 0, 2.1, -2.1], [2]),
        ("two-of-three", [2.1, 2.1, 0], [1]),
        ("four-of-five", [1.1, 1.1, 0, 1.1, 1.1, 0], [4]),
        ("fifteen-within", [0.9, -0.9] * 7 + [0], [14]),
        ("eight-outside", [1.1, -1.1] * 4, [7]),
        ("eight-outside", [1.1] * 7 + [1.0], []),
    ],
)
def test_each_rule_is_broken_where_its_pattern_is_complete(rule, numbers, expected) -> None:
    assert broken(numbers, rule) == expected


Z = st.lists(st.integers(-8, 8).map(lambda n: n / 2), max_size=40)

WORDS = {
    "nine-on-a-side": (9, lambda w: all(x > 0 for x in w) or all(x < 0 for x in w)),
    "trend": (6, lambda w: all(a < b for a, b in pairwise(w)) or all(a > b for a, b in pairwise(w))),
    "alternating": (14, lambda w: all((b - a) * (c - b) < 0 for (a, b), (_, c) in pairwise(pairwise(w)))),
    "fifteen-within": (15, lambda w: all(abs(x) < 1 for x in w)),
    "eight-outside": (8, lambda w: all(abs(x) > 1 for x in w)),
}  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(Z, st.sampled_from(sorted(WORDS)))
def test_a_rule_says_what_its_words_say(z, rule) -> None:
    """Each run of so many points is looked at by itself."""
    length, pattern = WORDS[rule]
    assert broken(z, rule) == [i for i in range(length - 1, len(z)) if pattern(z[i - length + 1 : i + 1])]


@given(Z, st.sampled_from(sorted(RULES)))
def test_a_mirrored_process_breaks_the_same_rules(z, rules) -> None:
    for rule in RULES[rules]:
        assert rule.points(z) == rule.points([-value for value in z])


@settings(deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=40),
    st.integers(1, 9),
    st.integers(-100, 100),
    st.sampled_from(["individuals", "xbar-r"]),
)
def test_scale_and_origin_of_the_measure_change_no_verdict(numbers, factor, shift, kind) -> None:
    one = chart(values(*numbers), kind=kind, subgroup=3)
    other = chart(values(*(8 * factor * number + shift for number in numbers)), kind=kind, subgroup=3)
    if one.location is None or any(near(point.value, one.location) for point in one.points):
        return  # on a border the last digit decides
    assert [point.broken for point in one.points] == [point.broken for point in other.points]


def near(value: float, limits) -> bool:
    z = (value - limits.centre) / limits.sigma if limits.sigma else 0.0
    return any(math.isclose(abs(z), border, abs_tol=1e-9) for border in (0, 1, 2, 3))
