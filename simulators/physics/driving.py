"""Belts and vehicles."""

import math

from simulators.physics.elementary import Values, ratio


def drum_velocity(diameter: Values, n: Values) -> Values:
    """Velocity at a drum's face in m/s, pi D n / 60000: diameter in mm, turns per minute."""
    return math.pi * diameter * n / 60e3


def slip(belt: Values, drum: Values) -> Values:
    """Slip of a belt, 1 - v_belt / v_drum; 0 while the drum stands."""
    return ratio(drum - belt, drum)


def battery(soc: Values, watts: Values, seconds: Values, watt_hours: Values) -> Values:
    """State of charge in % after a load, SoC - 100 P t / (3600 E): capacity E in W·h; charging is a negative load."""
    return soc - 100.0 * watts * seconds / (3600.0 * watt_hours)
