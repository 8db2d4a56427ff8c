"""Heat: what a spindle loses, where it ends, how parts grow. Temperatures in °C or K, power as the name says."""

import math

from simulators.physics.elementary import Values, cosine, power

STEEL = 11.5
ALUMINIUM = 23.0
GREY_IRON = 10.5
"""Thermal expansion in µm per m and K."""


def spindle_loss(k0: Values, n: Values, share: Values, eta: Values, cutting: Values, factor: Values = 1.0) -> Values:
    """Heat into the bearings in the unit of the cutting power, k0 n^1.5 + share (1/eta - 1) Pc kF (ours).

    Args:
        k0: friction at one turn per minute.
        n: turns per minute.
        share: of the drive loss that reaches the bearings, 0.1 to 0.3.
        eta: efficiency of the drive.
        cutting: cutting power of a sharp tool.
        factor: force factor of the wear.
    """
    return k0 * power(n, 1.5) + share * (1.0 / eta - 1.0) * cutting * factor


def steady_rise(watts: Values, conductance: Values) -> Values:
    """Where a single node ends above ambient, P / G in K: G in W/K."""
    return watts / conductance


def time_constant(capacity: Values, conductance: Values) -> Values:
    """Time constant of a single node in s, C / G: C in J/K, G in W/K."""
    return capacity / conductance


def thermal_growth(alpha: Values, length: Values, kelvin: Values) -> Values:
    """Growth in µm, alpha L dT: alpha in µm/(m K), length in m."""
    return alpha * length * kelvin


def daily(amplitude: Values, hour: Values, warmest: Values = 15.0) -> Values:
    """Daily sine of a hall: deviation at an hour of the day, with its maximum at `warmest`."""
    return amplitude * cosine((hour - warmest) * (math.pi / 12.0))
