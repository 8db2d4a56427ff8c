"""Heat treatment."""

from simulators.physics.elementary import Values, power, sqrt


def harris(hours: Values, kelvin: Values) -> Values:
    """Case depth in mm by Harris (diffusion at saturation), 802.6 sqrt(t) / 10^(3722 / T)."""
    return 802.6 * sqrt(hours) / power(10.0, 3722.0 / kelvin)
