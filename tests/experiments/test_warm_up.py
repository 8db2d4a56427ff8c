import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.warm_up import mser5

SERIES = st.lists(st.floats(-1e3, 1e3), min_size=50, max_size=200)


def by_the_book(series):
    """The formula as it is printed."""
    means = [np.mean(series[5 * j : 5 * j + 5]) for j in range(len(series) // 5)]
    k = len(means)
    return [np.sum((np.array(means[d:]) - np.mean(means[d:])) ** 2) / (k - d) ** 2 for d in range((k + 1) // 2)]


@given(SERIES)
def test_the_cut_is_where_the_printed_formula_is_least(series):
    cut, errors = mser5(series), by_the_book(series)
    found = cut.index // 5 if cut.enough else len(errors) - 1
    assert errors[found] == pytest.approx(min(errors), rel=1e-9, abs=1e-9)


@given(st.integers(0, 20), st.integers(60, 90))
def test_a_step_is_cut_where_it_ends(before, after):
    cut = mser5([0.0] * (5 * before) + [7.3] * (5 * after))
    assert (cut.index, cut.enough) == (5 * before, True)


def test_a_series_that_still_rises_is_not_cut():
    cut = mser5(list(range(200)))
    assert (cut.index, cut.enough) == (0, False)


def test_constants_need_no_cut_and_few_observations_do_not_suffice():
    assert mser5([0.1] * 100) == mser5([5] * 50)
    assert mser5([0.1] * 100).enough
    assert not mser5([0.1] * 49).enough


def test_a_start_far_away_does_not_cost_digits():
    steady = [1e9 + (i % 7) * 1e-3 for i in range(400)]
    assert mser5([0.0] * 10 + steady).index >= 10
