"""Arc and spot welding."""

import math

from simulators.physics.elementary import Values, ratio


def weld_mag(ampere: Values) -> Values:
    """Arc voltage of MAG welding by convention, U = 14 + 0.05 I."""
    return 14.0 + 0.05 * ampere


def weld_tig(ampere: Values) -> Values:
    """Arc voltage of TIG welding by convention, U = 10 + 0.04 I."""
    return 10.0 + 0.04 * ampere


def heat_input(eta: Values, volt: Values, ampere: Values, speed: Values) -> Values:
    """Energy per length of seam in kJ/mm, eta U I 60 / (1000 v): v in mm/min; eta 0.8 for MAG, 0.6 for TIG."""
    return ratio(eta * volt * ampere * 60.0, 1000.0 * speed)


def current_density(kiloampere: Values, diameter: Values) -> Values:
    """Current density of a spot in A/mm²: diameter of the electrode's face in mm."""
    return 4000.0 * kiloampere / (math.pi * diameter * diameter)
