"""Tools that wear: life, wear land, and what it does to force, size and surface.

Wear land VB in mm, feed f and radius r in mm, cutting speed in m/min, life in minutes of cutting, deviations in µm.
"""

from simulators.physics.elementary import Values, larger, power, radians, sqrt, tangent

WORN_MM = 0.3
"""Wear land at the end of a tool's life."""


def taylor(c: Values, n: Values, vc: Values) -> Values:
    """Tool life in min, T = (C / vc)^(1/n) (Taylor); the lower n, the faster it falls with speed."""
    return power(c / vc, 1.0 / n)


def taylor_extended(c: Values, n: Values, vc: Values, f: Values, a: Values, ap: Values, b: Values) -> Values:
    """Tool life in min with feed and depth, vc T^n f^a ap^b = C."""
    return power(c / (vc * power(f, a) * power(ap, b)), 1.0 / n)


def wear_land(x: Values, end: Values = WORN_MM, a: Values = 0.45) -> Values:
    """Wear land over the used share x of a life, end (a sqrt(x) + (1 - a) x³): break-in, steady, accelerated (ours)."""
    return end * (a * sqrt(x) + (1.0 - a) * x * x * x)


def force_factor(vb: Values, c: Values = 0.4) -> Values:
    """How a worn edge raises the cutting force, kF = 1 + c VB / 0.3 (ours: c = 0.3 to 0.5)."""
    return 1.0 + c * vb / WORN_MM


def wear_drift(vb: Values, clearance: Values) -> Values:
    """Change of a diameter in µm by wear, 2000 VB tan(alpha): outside ones grow, bores shrink; alpha in degrees."""
    return 2000.0 * vb * tangent(radians(clearance))


def roughness(f: Values, r: Values) -> Values:
    """Ra in µm that feed f and nose radius r leave, 1000 f² / (32 r)."""
    return 1000.0 * f * f / (32.0 * r)


def roughness_depth(f: Values, r: Values) -> Values:
    """Rz in µm that feed f and nose radius r leave, 1000 f² / (8 r)."""
    return 1000.0 * f * f / (8.0 * r)


def worn_roughness(ra: Values, vb: Values, c: Values = 1.0) -> Values:
    """Ra in µm of a worn edge, Ra (1 + c VB), never below 0.3 µm (ours); c per mm."""
    return larger(ra * (1.0 + c * vb), 0.3)


def scatter(sigma0: Values, vb: Values, c: Values) -> Values:
    """Standard deviation of a characteristic, sigma0 (1 + c VB / 0.3) (ours)."""
    return sigma0 * (1.0 + c * vb / WORN_MM)
