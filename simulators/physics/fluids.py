"""Liquids: filters, baths, pumps. Pressure in bar, flow in L/min."""

from simulators.physics.elementary import Values, exp, power, sqrt


def filter_drop(dp0: Values, q0: Values, q: Values, soil: Values) -> Values:
    """Differential pressure of a filter, dp0 (Q/Q0)² (1 + soil): dp0 is that of the clean filter at Q0."""
    return dp0 * (q / q0) * (q / q0) * (1.0 + soil)


def carry_out(c0: Values, dragged: Values, volume: Values, parts: Values) -> Values:
    """Concentration after so many parts, c0 (1 - v/V)^n: each takes v litres out of V, clean water replaces them."""
    return c0 * power(1.0 - dragged / volume, parts)


def pump_flow(head: Values, most: Values, resistance: Values) -> Values:
    """Flow of a pump into a circuit: head (1 - (Q/most)²) meets resistance Q².

    Args:
        head: pressure at no flow, bar.
        most: flow without any resistance, L/min.
        resistance: of the circuit, bar per (L/min)². More of it lowers the flow and **raises** the pressure.
    """
    return sqrt(head / (resistance + head / (most * most)))


def pump_pressure(head: Values, most: Values, resistance: Values) -> Values:
    """Pressure before the circuit at the flow of `pump_flow`."""
    return resistance * head / (resistance + head / (most * most))


def viscosity(at_40: Values, celsius: Values, per_kelvin: Values = 0.035) -> Values:
    """Viscosity of an oil at a temperature in the unit of that at 40 °C, v40 e^(-k (T - 40)) (ours: halves in 20 K)."""
    return at_40 * exp(-per_kelvin * (celsius - 40.0))
