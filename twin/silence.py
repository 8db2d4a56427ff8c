"""Whether a line's publisher is silent: its time has come to nobody while others' went on. Pure."""

from collections.abc import Iterable

from plant.time import SECOND
from twin.mirror import LineMirror

BEATS = 6
"""Heartbeats that have to be missing."""
BEAT_PLANT, BEAT_WALL = 10 * SECOND, SECOND
"""A publisher's heartbeats are so far apart in plant time and by the wall, whichever is longer."""


def behind_others(line: LineMirror, lines: Iterable[LineMirror]) -> bool:
    """Whether the heartbeats of other lines tell of a time at which this one should have been heard long ago.

    A line that is stopped by its own word is not silent: its time stands still.
    """
    if line.horizon < 0 or (line.clock is not None and not line.clock.running):
        return False
    now = max((other.clock.now for other in lines if other is not line and other.clock), default=line.horizon)
    return now - line.horizon > BEATS * max(BEAT_PLANT, round(BEAT_WALL * _speed(line)))


def behind_wall(line: LineMirror, staleness_us: int) -> bool:
    """Whether nothing has come for so long, by the wall, that heartbeats are missing; for the live view only."""
    return staleness_us > BEATS * max(BEAT_WALL, round(BEAT_PLANT / max(_speed(line), 0.001)))


def _speed(line: LineMirror) -> float:
    return line.clock.speed if line.clock else 1.0
