import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from experiments.comparison import paired, subset

NUMBERS = st.floats(-1e3, 1e3)
SAMPLES = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=12)


@given(SAMPLES)
def test_paired_interval_is_that_of_a_paired_t_test(pairs):
    values, baseline = zip(*pairs, strict=True)
    found = paired(values, baseline)
    if found.half_width < 1e-6:
        return
    interval = ttest_rel(values, baseline).confidence_interval(0.95)
    assert found.mean - found.half_width == pytest.approx(interval.low, abs=1e-7, rel=1e-7)
    assert found.mean + found.half_width == pytest.approx(interval.high, abs=1e-7, rel=1e-7)


@given(SAMPLES, st.integers(2, 50))
def test_more_comparisons_widen_the_interval_and_nothing_else(pairs, comparisons):
    values, baseline = zip(*pairs, strict=True)
    one, many = paired(values, baseline), paired(values, baseline, comparisons)
    assert many.mean == one.mean
    assert many.half_width >= one.half_width
    assert one.distinct or not many.distinct


@given(SAMPLES)
def test_changing_sides_changes_the_sign(pairs):
    values, baseline = zip(*pairs, strict=True)
    there, back = paired(values, baseline), paired(baseline, values)
    assert (there.mean, there.half_width, there.distinct) == (-back.mean, pytest.approx(back.half_width), back.distinct)


def test_bonferroni_of_five_comparisons_with_four_degrees_of_freedom_takes_the_quantile_of_99_percent():
    found = paired([1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5, comparisons=5)
    assert found.half_width == pytest.approx(4.604095 * math.sqrt(2.5 / 5), rel=1e-6)


def test_same_numbers_are_not_distinct_and_perfectly_correlated():
    found = paired([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    assert (found.mean, found.half_width, found.distinct) == (0.0, 0.0, False)
    assert found.correlation == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[1.0], [1.0, 3.0], [2.0, 2.0, 2.0]])
def test_correlation_is_none_where_it_has_no_meaning(values):
    assert paired(values, [0.0, 1.0, 5.0][: len(values)]).correlation is None


def test_unequal_replications_cannot_be_paired():
    with pytest.raises(ValueError, match="3 replications cannot be paired with 2"):
        paired([1.0, 2.0, 3.0], [1.0, 2.0])


GROUPS = st.dictionaries(st.sampled_from("abcdef"), st.lists(NUMBERS, min_size=2, max_size=6), min_size=1)


@given(GROUPS)
def test_the_best_mean_always_survives_and_less_is_more_with_the_sign_changed(samples):
    kept = subset(samples, "higher")
    means = {name: math.fsum(values) / len(values) for name, values in samples.items()}
    assert max(means, key=means.__getitem__) in kept
    assert kept == subset({name: [-value for value in values] for name, values in samples.items()}, "lower")


def test_screening_keeps_who_is_within_the_room_and_drops_who_is_not():
    # variances 1, n = 9, k = 2: W = t(.95; 8) √(2/9) = 1.859548 · .471405 = .876599
    spread = [-1.0, 0.0, 1.0] * 3
    scale = math.sqrt(8 / 6)
    sample = [scale * step for step in spread]
    assert subset({"a": sample, "b": [value + 0.8765 for value in sample]}, "higher") == {"a", "b"}
    assert subset({"a": sample, "b": [value + 0.8767 for value in sample]}, "higher") == {"b"}


def test_single_replications_leave_nobody_out():
    assert subset({"a": [1.0], "b": [100.0]}, "lower") == {"a", "b"}


def test_another_direction_and_a_name_without_replications_are_refused():
    with pytest.raises(ValueError, match="allowed: higher, lower"):
        subset({"a": [1.0]}, "more")
    with pytest.raises(ValueError, match="no replications of a, b"):
        subset({"b": [], "a": []}, "lower")


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 12))
def test_what_all_share_leaves_no_doubt(seed: int, k: int, n: int) -> None:
    """A copy that is shifted is behind for sure, an equal one never is."""
    luck = np.random.default_rng(seed).normal(size=n)
    samples = {f"c{i}": list(luck + (1.0 if i < 2 else 0.0)) for i in range(k)}
    assert subset(samples, "higher", common=True) == {"c0", "c1"}


def test_common_streams_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="as many"):
        subset({"a": [1.0, 2.0], "b": [1.0]}, "higher", common=True)
