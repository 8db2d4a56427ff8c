import pytest

from experiments.stopping import enough, reached

SPREAD = [9.0, 11.0] * 5
"""Mean 10, variance 10/9: the half width is 2.262157 · 1/3 = .754052, of the mean .0754052."""


def test_the_bound_is_corrected_for_the_unknown_mean():
    # .0754052 = γ/(1 + γ) at γ = .081555
    assert enough(SPREAD, 0.0816)
    assert not enough(SPREAD, 0.0815)
    assert reached(SPREAD) == pytest.approx(0.0754052, rel=1e-6)


def test_nine_replications_are_never_enough():
    assert not enough([10.0] * 9, 0.5)
    assert enough([10.0] * 10, 0.5)


def test_a_mean_of_zero_is_reached_by_equal_values_only():
    assert not enough([-1.0, 1.0] * 5, 0.5)
    assert enough([0.0] * 10, 0.5)
    assert reached([0.0] * 10) is None


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        enough(SPREAD, 0)
