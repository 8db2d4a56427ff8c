"""Plunge grinding: removal, power, what spark-out leaves, the speed of a wheel that gets smaller. Textbook formulas."""

import math

from simulators.physics.elementary import Values, ratio
from simulators.physics.lags import decay


def removal(diameter: Values, width: Values, infeed: Values) -> Values:
    """Removal rate in mm³/s, Qw = pi dw b vf: diameter and width in mm, infeed in mm/s."""
    return math.pi * diameter * width * infeed


def grinding_power(energy: Values, rate: Values) -> Values:
    """Power in kW, P = u Qw / 1000: specific energy u in J/mm³ (20 to 60), removal rate in mm³/s."""
    return energy * rate / 1000.0


def sparkout(infeed: Values, tau: Values, seconds: Values, sparkout_s: Values) -> Values:
    """Infeed in µm still missing after spark-out, 1000 vf tau (1 - e^(-t1/tau)) e^(-t2/tau).

    Args:
        infeed: mm/s.
        tau: time constant of machine and wheel in s.
        seconds: how long it fed.
        sparkout_s: how long it sparked out since.
    """
    return 1000.0 * infeed * tau * (1.0 - decay(seconds, tau)) * decay(sparkout_s, tau)


def wheel_turns(speed: Values, diameter: Values) -> Values:
    """Turns per minute that keep a wheel of a diameter in mm at a peripheral speed in m/s."""
    return ratio(60e3 * speed, math.pi * diameter)


def dulled(energy: Values, parts: Values, interval: Values, rise: Values = 0.5) -> Values:
    """Specific energy after so many parts since dressing, u (1 + rise parts / interval) (ours: rise 0.3 to 0.8)."""
    return energy * (1.0 + rise * parts / interval)
