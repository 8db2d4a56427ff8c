"""Rolling bearings: defect frequencies per turn of the shaft, life, and what a growing damage does.

Geometry: n balls of diameter d on a pitch circle D, contact angle in degrees. The figures by damage (0 healthy, 1 at
its end) are a model of ours: first the envelope and the kurtosis, then the velocity, last heat, power and scatter.
"""

import math

from simulators.physics.elementary import Values, between, cosine, expm1, gamma, power, radians

DAMAGE = (0.0, 0.4, 0.7, 1.0)
"""Where the stages of damage end."""

NOISE = (1.0, 1.0, 1.6, 4.6)
IMPACTS = (0.0, 1.1, 2.6, 2.2)
"""At these: rms of the high-frequency noise and of the impacts in it, relative to the noise of a healthy bearing."""

VELOCITY = 0.058
GROWTH = 4.3
"""Velocity of a damage relative to a healthy machine, and how it grows: 1.03 times in all at 0.4, then 1.5 and 4.4."""


def _slope(d: Values, pitch: Values, contact: Values) -> Values:
    return d / pitch * cosine(radians(contact))


def bpfo(n: Values, d: Values, pitch: Values, contact: Values = 0.0) -> Values:
    """Passes of a ball over a point of the outer race per turn, n/2 (1 - d/D cos b)."""
    return n / 2.0 * (1.0 - _slope(d, pitch, contact))


def bpfi(n: Values, d: Values, pitch: Values, contact: Values = 0.0) -> Values:
    """Passes of a ball over a point of the inner race per turn, n/2 (1 + d/D cos b)."""
    return n / 2.0 * (1.0 + _slope(d, pitch, contact))


def ftf(d: Values, pitch: Values, contact: Values = 0.0) -> Values:
    """Turns of the cage per turn, (1 - d/D cos b) / 2."""
    return (1.0 - _slope(d, pitch, contact)) / 2.0


def bsf(d: Values, pitch: Values, contact: Values = 0.0) -> Values:
    """Turns of a ball per turn, D/(2d) (1 - (d/D cos b)²); its defects show at twice that."""
    slope = _slope(d, pitch, contact)
    return pitch / (2.0 * d) * (1.0 - slope * slope)


def life_h(capacity: Values, load: Values, n: Values, p: Values = 3.0) -> Values:
    """Hours that 90 % of bearings survive, L10h = (C/P)^p 1e6 / (60 n): p = 3 for balls, 10/3 for rollers."""
    return power(capacity / load, p) * 1e6 / (60.0 * n)


def weibull_scale(l10: Values, shape: Values) -> Values:
    """Scale of the Weibull distribution whose 10 % quantile is l10, l10 / (-ln 0.9)^(1/shape)."""
    return l10 / power(-math.log(0.9), 1.0 / shape)


def weibull_mean(scale: Values, shape: Values) -> Values:
    """Mean of a Weibull distribution, scale Gamma(1 + 1/shape)."""
    return scale * gamma(1.0 + 1.0 / shape)


def bearing_noise(damage: Values) -> Values:
    """High-frequency noise, times that of a healthy bearing."""
    return between(damage, DAMAGE, NOISE)


def bearing_impacts(damage: Values) -> Values:
    """Rms of the impacts in the high-frequency signal, times the noise of a healthy bearing."""
    return between(damage, DAMAGE, IMPACTS)


def bearing_envelope(damage: Values) -> Values:
    """Rms of the envelope, times that of a healthy bearing: 1.5 at 0.4, 3 at 0.7, 5 at 1."""
    return power(
        bearing_noise(damage) * bearing_noise(damage) + bearing_impacts(damage) * bearing_impacts(damage), 0.5
    )


def bearing_velocity(healthy: Values, damage: Values) -> Values:
    """Velocity that a damage adds, v0 (e^(k d) - 1), in the unit of the healthy machine's velocity."""
    return healthy * VELOCITY * expm1(GROWTH * damage)


def bearing_kurtosis(damage: Values) -> Values:
    """Kurtosis of the high-frequency signal: 3 healthy, 5 at 0.4, 7 at 0.7; it falls again as impacts run together."""
    return between(damage, DAMAGE, (3.0, 5.0, 7.0, 3.5))


def bearing_heat(damage: Values) -> Values:
    """Steady temperature rise in K that a damage adds: 2 at 0.7, 14 at 1."""
    return between(damage, DAMAGE, (0.0, 0.0, 2.0, 14.0))


def bearing_drag(damage: Values) -> Values:
    """Idle power, times that of a healthy spindle: 1.1 at 1, unchanged up to 0.7."""
    return between(damage, (0.0, 0.7, 1.0), (1.0, 1.0, 1.1))
