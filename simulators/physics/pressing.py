"""Presses and hydraulics. Force in kN, pressure in bar."""

import math

from simulators.physics.elementary import Values, cosine, radians


def pressure_force(bar: Values, area: Values) -> Values:
    """Force of a cylinder in kN, F = p A / 100: area in cm²."""
    return bar * area / 100.0


def force_pressure(kn: Values, area: Values) -> Values:
    """Pressure in bar that a force needs, p = 100 F / A."""
    return 100.0 * kn / area


def hydraulic_power(bar: Values, flow: Values, eta: Values = 1.0) -> Values:
    """Power of a pump in kW, p Q / (600 eta): flow in L/min."""
    return bar * flow / (600.0 * eta)


def blanking(length: Values, thickness: Values, strength: Values) -> Values:
    """Blanking force in kN, L t ks with ks = 0.8 Rm: length of cut and thickness in mm, tensile strength in N/mm²."""
    return length * thickness * 0.8 * strength / 1000.0


def crank(stroke: Values, angle: Values) -> Values:
    """Way of a ram from its upper end in mm, stroke/2 (1 - cos): angle of the crank in degrees."""
    return stroke / 2.0 * (1.0 - cosine(radians(angle)))


def press_fit(pressure: Values, friction: Values, diameter: Values, depth: Values) -> Values:
    """Force of a press fit in kN, mu p pi d l / 1000: joint pressure in N/mm², diameter and depth in mm."""
    return friction * pressure * math.pi * diameter * depth / 1000.0
