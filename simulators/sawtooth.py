"""Saw-teeth from stretch to stretch; within one they are `simulators.physics.lags.sawtooth`."""

import math
from typing import NamedTuple

from plant.variables import Sawtooth
from simulators.stretches import Floats


class Teeth(NamedTuple):
    """A saw-tooth at the begin of stretches, or of those in force at instants: arrays of one shape.

    Args:
        value: where it stands.
        rises: 1 where it rises, 0 where it falls.
        up, down: how fast it does, per second; where that is 0 it stands.
    """

    value: Floats
    rises: Floats
    up: Floats
    down: Floats


def next_tooth(of: Sawtooth, at: tuple[float, bool], rates: tuple[float, float], elapsed: float) -> tuple[float, bool]:
    """Value and whether it rises some seconds later, of one: the same steps as those of many.

    Args:
        of: the saw-tooth.
        at: value and whether it rises.
        rates: up and down.
        elapsed: seconds.
    """
    value, rises = at[0], at[0] <= of.low or (at[1] and at[0] < of.high)
    rate, other = rates if rises else rates[::-1]
    if rate <= 0:
        return value, rises
    to_go = (of.high - value if rises else value - of.low) / rate
    if elapsed < to_go:
        return value + (rate if rises else -rate) * elapsed, rises
    turn, begin = (of.high, of.low) if rises else (of.low, of.high)
    if other <= 0:
        return turn, not rises
    span = of.high - of.low
    since = math.fmod(elapsed - to_go, span / rate + span / other)
    if since < span / other:
        return turn + (-other if rises else other) * since, not rises
    return begin + (rate if rises else -rate) * (since - span / other), rises
