"""Screws: torque, angle and clamp force. Torque in N·m, force in kN, diameter in mm, angles in degrees."""

from simulators.physics.elementary import Values


def nut_torque(k: Values, force: Values, diameter: Values) -> Values:
    """Torque for a clamp force, T = K F d: nut factor K 0.12 to 0.20."""
    return k * force * diameter


def clamp_force(k: Values, torque: Values, diameter: Values) -> Values:
    """Clamp force that a torque gives, F = T / (K d)."""
    return torque / (k * diameter)


def snug_angle(torque: Values, snug: Values, rate: Values) -> Values:
    """Angle after snug, (T - T_snug) / rate: torque rate of the joint in N·m per degree."""
    return (torque - snug) / rate
