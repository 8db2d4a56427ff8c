"""Cutting: chip thickness, specific force, force, power, speeds, chatter. Textbook formulas of turning and milling.

Lengths in mm, angles in degrees, cutting speed in m/min, turns per minute, forces in N, specific forces in N/mm²,
torque in N·m, power in kW.
"""

import math
from dataclasses import dataclass

from simulators.physics.elementary import Values, arccosine, degrees, power, radians, ratio, sine, sqrt

KW_PER_TORQUE = 9549.0
"""Torque in N·m of 1 kW at 1 turn per minute, as data sheets round it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Specific cutting force by Kienzle: kc1 at a chip of 1 mm² (N/mm²), and how it falls with the thickness."""

    kc1: float
    mc: float


MATERIALS = {
    "turning mild steel": Material(kc1=1988, mc=0.263),
    "turning medium steel": Material(kc1=2113, mc=0.161),
    "turning Cr-Mo steel": Material(kc1=2497, mc=0.261),
    "turning grey iron": Material(kc1=1139, mc=0.271),
    "milling mild steel": Material(kc1=1442, mc=0.186),
    "milling medium steel": Material(kc1=1449, mc=0.135),
    "milling hard steel": Material(kc1=1556, mc=0.212),
    "milling Cr-Mo steel": Material(kc1=1671, mc=0.186),
    "milling Ni-Cr-Mo steel": Material(kc1=1382, mc=0.162),
    "milling austenitic stainless": Material(kc1=1642, mc=0.100),
    "milling grey iron": Material(kc1=803, mc=0.341),
    "milling Al-Si alloy": Material(kc1=332, mc=0.336),
}
"""Fitted to public tables of kc over feed per turn or per tooth, 0.1 to 0.6 mm; at most 5.1 % off."""


def chip(f: Values, kappa: Values) -> Values:
    """Chip thickness in turning, h = f sin(kappa): feed per turn f, cutting edge angle kappa."""
    return f * sine(radians(kappa))


def small_chip(fz: Values, ae: Values, diameter: Values) -> Values:
    """Mean chip thickness in milling at a small engagement (ae/D up to 0.2), hm = fz sqrt(ae/D)."""
    return fz * sqrt(ae / diameter)


def engagement(ae: Values, diameter: Values) -> Values:
    """Angle over which a tooth cuts, cos phi = 1 - 2 ae/D, where it begins or ends at the tooth's zero."""
    return degrees(arccosine(1.0 - 2.0 * ae / diameter))


def mean_chip(fz: Values, ae: Values, diameter: Values, kappa: Values = 90.0) -> Values:
    """Exact mean chip thickness in milling, hm = 360 fz ae sin(kappa) / (pi D phi)."""
    return 360.0 * fz * ae * sine(radians(kappa)) / (math.pi * diameter * engagement(ae, diameter))


def kienzle(kc1: Values, mc: Values, h: Values) -> Values:
    """Specific cutting force, kc = kc1 h^-mc (Kienzle)."""
    return kc1 * power(h, -mc)


def cutting_force(kc: Values, ap: Values, f: Values) -> Values:
    """Cutting force in N, Fc = kc ap f: depth of cut ap, feed f."""
    return kc * ap * f


def turning_power(ap: Values, f: Values, vc: Values, kc: Values) -> Values:
    """Power at the edge in kW, Pc = ap f vc kc / 60000."""
    return ap * f * vc * kc / 60e3


def milling_power(ap: Values, ae: Values, vf: Values, kc: Values) -> Values:
    """Power at the teeth in kW, Pc = ap ae vf kc / 60e6: width ae, table feed vf in mm/min."""
    return ap * ae * vf * kc / 60e6


def cutting_torque(force: Values, diameter: Values) -> Values:
    """Torque of a cutting force, M = Fc D / 2000."""
    return force * diameter / 2000.0


def turning_speed(vc: Values, diameter: Values) -> Values:
    """Turns per minute for a cutting speed, n = 1000 vc / (pi D)."""
    return 1000.0 * vc / (math.pi * diameter)


def cutting_speed(n: Values, diameter: Values) -> Values:
    """Cutting speed in m/min, vc = pi D n / 1000."""
    return math.pi * diameter * n / 1000.0


def shaft_torque(kw: Values, n: Values) -> Values:
    """Torque of a shaft, M = 9549 P / n; 0 while it stands."""
    return ratio(KW_PER_TORQUE * kw, n)


def shaft_power(torque: Values, n: Values) -> Values:
    """Power of a shaft in kW, P = M omega with omega = 2 pi n / 60."""
    return torque * n * (math.pi / 30e3)


def table_feed(n: Values, teeth: Values, fz: Values) -> Values:
    """Table feed in mm/min, vf = n z fz."""
    return n * teeth * fz


def tooth_frequency(n: Values, teeth: Values) -> Values:
    """Passes of a tooth in Hz, n z / 60."""
    return n * teeth / 60.0


def idle_power(n: Values, p1: Values, p2: Values) -> Values:
    """Power of a spindle that cuts nothing, p1 n + p2 n² (our model): kW per turn per minute, and per its square."""
    return n * (p1 + p2 * n)


def drive_power(idle: Values, cutting: Values, factor: Values, eta: Values) -> Values:
    """Power that a spindle drive takes in kW, idle + Pc kF / eta: force factor of the wear kF, efficiency eta."""
    return idle + cutting * factor / eta


def chatter_limit(stiffness: Values, damping: Values, kf: Values) -> Values:
    """Depth in mm beyond which a cut chatters at any speed, 2000 k zeta (1 + zeta) / Kf: k in N/m, Kf in N/m²."""
    return 2000.0 * stiffness * damping * (1.0 + damping) / kf


def stable_speed(chatter_hz: Values, teeth: Values, lobe: Values) -> Values:
    """Turns per minute of a stable pocket, n = 60 fc / (z N): the lobes N count from 1."""
    return 60.0 * chatter_hz / (teeth * lobe)
