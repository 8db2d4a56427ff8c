"""Compressed air. Flow of free air in m³/min."""

from simulators.physics.elementary import Values, power, ratio

KAPPA = 1.4
NORMAL_BAR = 1.01325


def isentropic(flow: Values, p1: Values, p2: Values, eta: Values = 1.0) -> Values:
    """Power of a compressor in kW, p1 Q g/(g-1) ((p2/p1)^((g-1)/g) - 1) / eta: absolute pressures in bar."""
    share = (KAPPA - 1.0) / KAPPA
    return p1 * (100.0 / 60.0) * flow / share * (power(p2 / p1, share) - 1.0) / eta


def receiver(inflow: Values, outflow: Values, volume: Values) -> Values:
    """Change of pressure of a receiver in bar/min, (Qin - Qout) p_atm / V: volume in m³."""
    return (inflow - outflow) * NORMAL_BAR / volume


def specific_power(kw: Values, flow: Values) -> Values:
    """Power per flow in kW per m³/min; 0 without flow."""
    return ratio(kw, flow)
