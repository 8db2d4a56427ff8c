"""Student's distribution as scipy has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from twin.student import interval, quantile


@given(degrees=st.integers(1, 2000), share=st.floats(0.01, 0.999))
def test_quantiles_are_those_of_a_library(degrees, share) -> None:
    assert quantile(degrees, share) == pytest.approx(stdtrit(degrees, 0.5 + share / 2), rel=1e-9)


def test_an_interval_by_hand() -> None:
    """Mean 12, standard deviation 2, three values: 12 ± 4.302653 · 2 / √3."""
    assert interval([10.0, 12.0, 14.0]) == pytest.approx((12 - 4.968275, 12 + 4.968275), abs=1e-6)
    assert interval([5.0, 5.0]) == (5.0, 5.0)
    assert interval([5.0]) is None


@pytest.mark.parametrize(("degrees", "share"), [(0, 0.95), (1, 0.0), (1, 1.0)])
def test_what_cannot_be_told_is_an_error(degrees, share) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        quantile(degrees, share)
