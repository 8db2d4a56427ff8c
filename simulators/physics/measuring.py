"""Measuring machines. Lengths in mm, deviations in µm."""

from simulators.physics.elementary import Values
from simulators.physics.heat import STEEL


def permissible_error(a: Values, k: Values, length: Values) -> Values:
    """Largest permissible error, MPE = A + L/K; we take it as two standard deviations of the gauge."""
    return a + length / k


def warm_length(length: Values, celsius: Values, alpha: Values = STEEL) -> Values:
    """Length in mm at a temperature, L20 (1 + alpha (T - 20)): alpha in µm/(m K)."""
    return length * (1.0 + 1e-6 * alpha * (celsius - 20.0))


def warm_deviation(length: Values, celsius: Values, alpha: Values = STEEL) -> Values:
    """Deviation in µm of a length that is measured warm, alpha L (T - 20)."""
    return 1e-3 * alpha * length * (celsius - 20.0)
