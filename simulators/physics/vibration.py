"""Vibration of machines as single numbers: velocity in mm/s rms, acceleration in m/s² rms."""

import math

from simulators.physics.elementary import Values, log, sqrt


def acceleration(velocity: Values, hertz: Values) -> Values:
    """Acceleration of a single tone, a = 2 pi f v / 1000."""
    return velocity * hertz * (2.0 * math.pi / 1000.0)


def decibels(times: Values) -> Values:
    """Change of a level in dB when an amplitude is so many times as large, 20 log10."""
    return log(times) * (20.0 / math.log(10.0))


def hypot(*parts: Values) -> Values:
    """Rms of independent parts, the root of the sum of their squares, in the order given."""
    total: Values = 0.0
    for part in parts:
        total = total + part * part
    return sqrt(total)


def unbalance(v_ref: Values, n: Values, n_ref: Values, n_resonance: Values) -> Values:
    """Velocity of an unbalance that is v_ref at n_ref: with n³ well below the resonance, with n well above it (ours).

    The peak between them is left out, as machines are not run there.
    """
    x, ref = n / n_resonance, n_ref / n_resonance
    return v_ref * (x * x * x / (1.0 + x * x)) / (ref * ref * ref / (1.0 + ref * ref))


def cutting_vibration(v: Values, kw: Values, factor: Values = 1.0) -> Values:
    """Velocity of cutting, v sqrt(Pc) kF (ours): v at 1 kW with a sharp edge, power Pc in kW, force factor kF."""
    return v * sqrt(kw) * factor
