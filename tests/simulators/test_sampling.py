"""Readings: the quick ways to round them and to make lists of them give what the plain ways give, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plant.variables import TagRow
from simulators.physics.noise import gauss
from simulators.sampling import rounded, told, told_by_all

STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0, 10.0, 3.5)
NUMBERS = st.floats(-2e6, 2e6) | st.floats(-50, 50) | st.floats(-1e15, 1e15)


def plainly(values, step):
    return np.round(np.floor(values / step + 0.5) * step, 9)


@given(arrays(np.float64, st.integers(0, 40), elements=NUMBERS), st.sampled_from(STEPS))
def test_rounding_finds_the_double_next_to_each_decimal(values, step) -> None:
    assert rounded(values, step).tobytes() == plainly(values, step).tobytes()


@pytest.mark.parametrize("step", STEPS)
def test_rounding_finds_the_double_next_to_each_decimal_in_wide_ranges(step) -> None:
    generator = np.random.default_rng(1)
    for scale in (1, 30, 5000, 900_000, 1_100_000, 1e9):
        values = generator.normal(0, scale, 20_000)
        assert rounded(values, step).tobytes() == plainly(values, step).tobytes()


def test_what_is_no_number_stays_none() -> None:
    values = np.array([1.26, np.nan, -0.04])
    assert rounded(values, 0.1).tolist()[::2] == [1.3, 0.0]
    assert np.isnan(rounded(values, 0.1)[1])


@given(
    arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 60)), elements=st.floats(-4, 4)),
    st.sampled_from((None, 0.1, 1.0, 5.0)),
    st.floats(-1000, 1000),
)
def test_values_that_are_shared_are_those_that_are_not(values, step, middle) -> None:
    row = TagRow.model_validate({"formula": "1", "unit": "1"} | ({} if step is None else {"step": step}))
    readings = rounded(values + middle, step or 0.001)
    alone = [told(row, own) for own in readings]
    assert repr(told_by_all(row, readings)) == repr(alone)  # 1 is no 1.0
    cut = told_by_all(row, readings.reshape(len(values), 1, -1))
    assert repr(cut) == repr([[own] for own in alone])


def test_many_equal_readings_are_one_object_each() -> None:
    row = TagRow.model_validate({"formula": "1", "unit": "bar", "step": 0.5})
    found = told_by_all(row, np.full((2, 1000), 7.5))
    assert {id(value) for own in found for value in own} == {id(found[0][0])}


def test_gaussian_numbers_are_sums_of_four_quarters() -> None:
    words = np.random.default_rng(1).integers(0, 2**64, size=(3, 500), dtype=np.uint64)
    words[0, :2] = 0, 2**64 - 1
    sums = sum(((words >> np.uint64(16 * k)) & np.uint64(0xFFFF)).astype(np.int64) for k in range(4))
    assert gauss(words).tolist() == ((sums - 2 * 65535) / np.sqrt(4 * (65536**2 - 1) / 12)).tolist()
