"""Saw-teeth: what rises to a limit, then falls to another, in closed form between events."""

import math
from typing import NamedTuple

import numpy as np

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


def after(of: Sawtooth, teeth: Teeth, elapsed: Floats) -> Floats:
    """The values some seconds later. Shape: that of all arrays."""
    value, up, down = teeth.value, np.where(teeth.up > 0, teeth.up, 1.0), np.where(teeth.down > 0, teeth.down, 1.0)
    rises = teeth.rises > 0
    span = of.high - of.low
    up_s, down_s = span / up, span / down
    to_go = np.where(rises, (of.high - value) / up, (value - of.low) / down)
    straight = value + np.where(rises, up, -down) * np.minimum(elapsed, to_go)
    since = np.mod(np.maximum(elapsed - to_go, 0.0), up_s + down_s)  # of the turn, in a period the other way round
    after_rise = np.where(since < down_s, of.high - down * since, of.low + up * (since - down_s))
    after_fall = np.where(since < up_s, of.low + up * since, of.high - down * (since - up_s))
    runs = np.where(rises, teeth.up, teeth.down) > 0
    turns = np.where(rises, teeth.down, teeth.up) > 0
    turned = turns & (elapsed >= to_go)
    found: Floats = np.where(runs, np.where(turned, np.where(rises, after_rise, after_fall), straight), value)
    return np.clip(found, of.low, of.high)


def next_tooth(of: Sawtooth, at: tuple[float, bool], rates: tuple[float, float], elapsed: float) -> tuple[float, bool]:
    """Value and whether it rises some seconds later, of one: the same steps.

    Args:
        of: the saw-tooth.
        at: value and whether it rises.
        rates: up and down.
        elapsed: seconds.
    """
    value, rises = at
    rate, other = rates if rises else rates[::-1]
    if rate <= 0:
        return at
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
