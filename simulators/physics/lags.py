"""Lags in closed form: what follows an input that is constant, or a ramp, since a known instant.

Nothing here steps: a value at an instant is computed from the last change of the input, so no grid of samples leaves a
trace, and whoever splits a stretch anywhere arrives at the same end. All times have one unit, usually seconds; rates
are per that unit. Textbook solutions of linear differential equations with constant coefficients.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.physics.elementary import (
    Floats,
    Values,
    absolute,
    cosine,
    exp,
    expm1,
    larger,
    log,
    ratio,
    remainder,
    sine,
    sqrt,
    where,
)


def decay(t: Values, tau: Values) -> Values:
    """What is left of a deviation after t, e^(-t/tau); nothing without a time constant."""
    there = np.greater(tau, 0.0)
    return where(there, exp(-t / where(there, tau, 1.0)), 0.0)


def after(x0: Values, u: Values, tau: Values, t: Values) -> Values:
    """First-order lag, tau x' = u - x: its value t after it was x0, with the input u since then."""
    return u + (x0 - u) * decay(t, tau)


def integral(x0: Values, u: Values, tau: Values, t: Values) -> Values:
    """Integral of `after` from 0 to t, in the unit of x times that of t."""
    there = np.greater(tau, 0.0)
    return u * t - (x0 - u) * tau * expm1(-t / where(there, tau, math.inf))


def ramp(x0: Values, u0: Values, rate: Values, tau: Values, t: Values) -> Values:
    """First-order lag after an input that rises evenly, u = u0 + rate t."""
    return u0 + rate * (t - tau) + (x0 - u0 + rate * tau) * decay(t, tau)


def ramp_integral(x0: Values, u0: Values, rate: Values, tau: Values, t: Values) -> Values:
    """Integral of `ramp` from 0 to t."""
    there = np.greater(tau, 0.0)
    lost = (x0 - u0 + rate * tau) * tau * expm1(-t / where(there, tau, math.inf))
    return u0 * t + rate * t * (0.5 * t - tau) - lost


def second_order(
    x0: Values, v0: Values, u: Values, frequency: Values, damping: Values, t: Values
) -> tuple[Values, Values]:
    """Second-order lag, x'' + 2 z w x' + w² x = w² u: value and rate of change t after they were x0 and v0.

    Args:
        x0: value at first.
        v0: its rate of change at first.
        u: constant input.
        frequency: natural angular frequency w, above 0.
        damping: ratio z, at least 0; below 1 it overshoots.
        t: time since then.
    """
    faded, own = damping * frequency, frequency * sqrt(absolute(1.0 - damping * damping))
    swings = np.less(damping, 1.0)
    slow = exp(-where(swings, faded, faded - own) * t)  # the envelope, or the slower of two decays: never overflows
    rest = -expm1(-2.0 * own * t)
    still = np.equal(own, 0.0)
    even = slow * where(swings, cosine(own * t), 1.0 - 0.5 * rest)
    odd = slow * where(still, t, ratio(where(swings, sine(own * t), 0.5 * rest), own))
    away = x0 - u
    x = u + away * even + (v0 + faded * away) * odd
    v = v0 * even - (faded * v0 + frequency * frequency * away) * odd
    return x, v


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoNodes:
    """Two bodies in a row that heat up: heat enters the first, the second gives it to the air.

    C1 T1' = P - G12 (T1 - T2), C2 T2' = G12 (T1 - T2) - G2a (T2 - Ta). Build it with `two_nodes`.

    Args:
        taus: time constants in s, the shorter one first.
        resistances: steady rise of each node per W.
        shares: projections of both time constants, shape (2, 2, 2): constant, node, what it comes from.
    """

    taus: tuple[float, float]
    resistances: tuple[float, float]
    shares: tuple[tuple[tuple[float, float], tuple[float, float]], tuple[tuple[float, float], tuple[float, float]]]

    def gains(self, node: int) -> tuple[float, float]:
        """A node is a sum of two lags behind the heat, one of each time constant: their gains in K/W.

        Args:
            node: 0 for the first, 1 for the second.
        """
        first, second = (
            share[node][0] * self.resistances[0] + share[node][1] * self.resistances[1] for share in self.shares
        )
        return first, second

    def steady(self, p: Values) -> Floats:
        """Where the rises above ambient end with p watts. Shape (2, …)."""
        return np.stack(np.broadcast_arrays(self.resistances[0] * p, self.resistances[1] * p))

    def after(self, x0: tuple[Values, Values] | Floats, p: Values, t: Values) -> Floats:
        """Rises above ambient t seconds after they were x0.

        Args:
            x0: rises of both nodes in K, shape (2, …).
            p: heat in W since then.
            t: seconds.

        Returns:
            Shape (2, …): of x0, p and t together.
        """
        ends = self.resistances[0] * p, self.resistances[1] * p
        away = x0[0] - ends[0], x0[1] - ends[1]
        left = exp(-t / self.taus[0]), exp(-t / self.taus[1])
        nodes = [
            ends[node]
            + (self.shares[0][node][0] * away[0] + self.shares[0][node][1] * away[1]) * left[0]
            + (self.shares[1][node][0] * away[0] + self.shares[1][node][1] * away[1]) * left[1]
            for node in (0, 1)
        ]
        return np.stack(np.broadcast_arrays(*nodes))


def two_nodes(c1: float, c2: float, g12: float, g2a: float) -> TwoNodes:
    """The closed form of two bodies, by the eigenvalues of a two-by-two matrix.

    Args:
        c1: heat capacity of the first body, J/K.
        c2: heat capacity of the second, J/K.
        g12: conductance between them, W/K.
        g2a: conductance from the second to the air, W/K.

    Raises:
        ValueError: one of them is not above 0.
    """
    if min(c1, c2, g12, g2a) <= 0:
        raise ValueError("capacities and conductances of two nodes must be above 0")
    a, b, c, d = -g12 / c1, g12 / c1, g12 / c2, -(g12 + g2a) / c2
    middle, half = (a + d) / 2, math.hypot((a - d) / 2, math.sqrt(b * c))  # b c > 0: the two never meet
    fast, slow = middle - half, (g12 * g2a) / (c1 * c2) / (middle - half)  # product of both = determinant
    gap = fast - slow
    return TwoNodes(
        taus=(-1 / fast, -1 / slow),
        resistances=(1 / g12 + 1 / g2a, 1 / g2a),
        shares=(
            (((a - slow) / gap, b / gap), (c / gap, (d - slow) / gap)),
            (((fast - a) / gap, -b / gap), (-c / gap, (fast - d) / gap)),
        ),
    )


def sawtooth(
    position0: Values, rising0: bool | NDArray[np.bool_], up: Values, down: Values, low: Values, high: Values, t: Values
) -> tuple[Values, NDArray[np.bool_]]:
    """What a two-point controller makes of two constant rates: up to a limit, down to another, and so on.

    Receiver of a compressor, accumulator of a pump, tank of a chiller, heater with hysteresis. Beyond a limit it turns
    at once; a leg that does not lead to its limit (a rate of 0 or of the other sign) never ends.

    Args:
        position0: value at first.
        rising0: whether it rises then.
        up: rate while rising.
        down: rate while falling, as a positive number.
        low: limit at which it turns up.
        high: limit at which it turns down, above low.
        t: time since then.

    Returns:
        Value and whether it rises: the state to go on from.
    """
    rising0 = _rises(position0, rising0, low, high)
    first = where(rising0, _leg(high - position0, up), _leg(position0 - low, down))
    second, third = _leg(high - low, where(rising0, down, up)), _leg(high - low, where(rising0, up, down))
    turned, rising, since = _legs(rising0, first, second, third, t)
    start = where(turned, where(rising, low, high), position0)
    return start + where(rising, up, -down) * since, rising


def thermostat(
    x0: Values, rising0: bool | NDArray[np.bool_], warm: Values, cool: Values, tau: Values, low: Values, high: Values,
    t: Values,
) -> tuple[Values, NDArray[np.bool_]]:  # fmt: skip
    """What a two-point controller makes of a first-order lag: bath with a heater, tank with a chiller.

    Beyond a limit it turns at once; where an input does not lead past a limit, the value ends at that input.

    Args:
        x0: value at first.
        rising0: whether the input is the upper one then.
        warm: input while rising, where the value would end.
        cool: input while falling.
        tau: time constant, above 0.
        low: limit at which it turns up.
        high: limit at which it turns down, above low.
        t: time since then.

    Returns:
        Value and whether it rises: the state to go on from.
    """
    rising0 = _rises(x0, rising0, low, high)
    up, down = _bent_leg(low, high, warm, tau), _bent_leg(-high, -low, -cool, tau)
    first = where(rising0, _bent_leg(x0, high, warm, tau), _bent_leg(-x0, -low, -cool, tau))
    turned, rising, since = _legs(rising0, first, where(rising0, down, up), where(rising0, up, down), t)
    start = where(turned, where(rising, low, high), x0)
    return after(start, where(rising, warm, cool), tau, since), rising


def duty(up: Values, down: Values) -> Values:
    """Share of the time that a saw-tooth rises, over whole periods: down / (up + down)."""
    return down / (up + down)


def thermostat_duty(warm: Values, cool: Values, low: Values, high: Values) -> Values:
    """Share of the time that a thermostat heats, over whole periods; 1 or 0 where it never turns."""
    up, down = _bent_leg(low, high, warm, 1.0), _bent_leg(-high, -low, -cool, 1.0)
    ever = np.isinf(up)
    share = where(ever, 1.0, up) / (where(ever, 1.0, up) + where(ever, 1.0, down))
    return where(ever, 1.0, share)


def _rises(x: Values, rising: bool | NDArray[np.bool_], low: Values, high: Values) -> NDArray[np.bool_]:
    """Which way it goes: on between the limits, back beyond them."""
    way: NDArray[np.bool_] = np.less_equal(x, low) | (np.asarray(rising, dtype=bool) & np.less(x, high))
    return way


def _legs(
    rising0: NDArray[np.bool_], first: Values, second: Values, third: Values, t: Values
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Values]:
    """Where in its way up and down it is: after its first leg, the second and the third take turns.

    Returns:
        Whether it has turned yet, whether it rises, and how long it has been on its leg.
    """
    turned = np.greater_equal(t, first)
    past = remainder(where(turned, t - where(turned, first, 0.0), 0.0), second + third)
    on_third = np.greater_equal(past, second)
    rising: NDArray[np.bool_] = np.where(turned & ~on_third, ~rising0, rising0)[()]
    return turned, rising, where(turned, past - where(on_third, second, 0.0), t)


def _leg(way: Values, rate: Values) -> Values:
    """How long a way takes; for ever at a rate that does not lead there."""
    leads = np.greater(rate, 0.0)
    return where(leads, way / where(leads, rate, 1.0), math.inf)


def _bent_leg(begin: Values, end: Values, u: Values, tau: Values) -> Values:
    """How long a lag takes upwards from one value to another; for ever if its input is not above that."""
    leads = np.greater(u, end)
    gap = where(leads, u - end, 1.0)
    return where(leads, tau * log(larger(1.0, (gap + end - begin) / gap)), math.inf)
