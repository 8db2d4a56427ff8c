"""Leaks and leak tests."""

import math

from simulators.physics.elementary import Values, sqrt

NORMAL_PA = 101_325.0


def leak_flow(millilitres: Values, pascal: Values, seconds: Values) -> Values:
    """Leak in Pa m³/s by pressure decay, V dp/dt."""
    return 1e-6 * millilitres * pascal / seconds


def leak_rate(millilitres: Values, pascal: Values, seconds: Values) -> Values:
    """Leak in mL/min at 1013.25 mbar by pressure decay, V dp/dt."""
    return leak_flow(millilitres, pascal, seconds) * (60e6 / NORMAL_PA)


def pressure_decay(rate: Values, millilitres: Values, seconds: Values) -> Values:
    """Pressure in Pa that a leak in mL/min loses in a volume."""
    return rate * seconds * NORMAL_PA / (60.0 * millilitres)


def thermal_decay(bar: Values, kelvin: Values, temperature: Values) -> Values:
    """Pressure change in Pa that a change of temperature feigns, p dT / T: absolute bar, K, absolute K."""
    return 1e5 * bar * kelvin / temperature


def choked(cd: Values, diameter: Values, bar: Values, kelvin: Values) -> Values:
    """Air in kg/s through a hole at more than twice the outer pressure, 0.0404 Cd A p0 / sqrt(T0).

    Args:
        cd: discharge coefficient, about 0.7.
        diameter: of the hole in mm.
        bar: absolute pressure before it.
        kelvin: absolute temperature before it.
    """
    return 0.0404 * cd * (math.pi / 4e6 * diameter * diameter) * (1e5 * bar) / sqrt(kelvin)


def free_air(kg_s: Values, density: Values = 1.2) -> Values:
    """Mass flow as L/min of free air: density in kg/m³."""
    return kg_s / density * 60e3
