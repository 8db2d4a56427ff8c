"""Electric power, current and energy."""

import math
from collections.abc import Iterable

from simulators.physics.elementary import Values, larger, smaller, sqrt


def phase_current(kw: Values, volt: Values, cos_phi: Values) -> Values:
    """Current of a three-phase load in A, P / (sqrt(3) U cos phi): voltage between phases."""
    return 1000.0 * kw / (math.sqrt(3.0) * volt * cos_phi)


def power_factor(load: Values) -> Values:
    """Cos phi of a drive by its load from 0 to 1: 0.5 at idle, 0.86 at full load (ours)."""
    return 0.5 + 0.36 * smaller(larger(load, 0.0), 1.0)


def reactive_power(kw: Values, cos_phi: Values) -> Values:
    """Reactive power in kvar, P sqrt(1 / cos² phi - 1)."""
    return kw * sqrt(1.0 / (cos_phi * cos_phi) - 1.0)


def energy_kwh(kw: Values, seconds: Values) -> Values:
    """Energy of a constant power."""
    return kw * seconds / 3600.0


def counter_kwh(stretches: Iterable[tuple[Values, Values]]) -> Values:
    """Energy of stretches of constant power (kW, s), the sum of P t / 3600."""
    total: Values = 0.0
    for kw, seconds in stretches:
        total = total + kw * seconds
    return total / 3600.0
