"""Plant time of readings whose clock steps back. Pure.

Groups of items are stamped by different readers of one adapter, so that a line may be stamped a little earlier than the
line above it. The stamp is the time of the fact and is kept: readings are put in order of it, those of one instant stay
in the order of the log. Two rules guard this order. An item never steps back: a reading that is stamped earlier than
the one of the same item above it gets the time of that one. And a line that is further back than `LATE` is no slow
reader but a clock that was set back: from there on the stamps are shifted, so that time goes on from where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from broker.shdr import Reading
from plant.time import DAY, SECOND

LATE = 2 * SECOND
"""How far a line may be behind the newest one, as a twin takes it of late messages."""

FAR = 365 * DAY
"""How far a stamp may be from the middle one of its log: further away it is no time but a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """How the clock of a log stepped back.

    Args:
        lines: lines with a stamp and readings.
        back: lines that are stamped earlier than the one above.
        largest: microseconds of the largest such step.
        set_back: how often the clock was set back, so that stamps were shifted.
        lifted: readings that got the time of the one of their item above.
    """

    lines: int = 0
    back: int = 0
    largest: int = 0
    set_back: int = 0
    lifted: int = 0

    def __add__(self, other: Self) -> "Steps":
        return Steps(
            lines=self.lines + other.lines,
            back=self.back + other.back,
            largest=max(self.largest, other.largest),
            set_back=self.set_back + other.set_back,
            lifted=self.lifted + other.lifted,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """Readings in order of plant time.

    Args:
        readings: pairs of plant time in microseconds UTC and reading.
        steps: what was made of the clock.
        astray: readings that are too far away to have a time.
    """

    readings: tuple[tuple[int, Reading], ...] = ()
    steps: Steps = field(default_factory=Steps)
    astray: tuple[Reading, ...] = ()


def play(readings: Sequence[Reading]) -> Played:
    """Give the readings of a log their plant time, and put them in order of it.

    Args:
        readings: in the order of the log.
    """
    if not readings:
        return Played()
    middle = sorted(reading.ts for reading in readings)[len(readings) // 2]
    lines = back = largest = set_back = lifted = 0
    newest = before = shift = 0
    line = -1
    at: dict[tuple[str, str], int] = {}
    timed, astray = [], []
    for reading in readings:
        if abs(reading.ts - middle) > FAR:
            astray.append(reading)
            continue
        if reading.line != line:
            step = before - reading.ts
            lines, line, before = lines + 1, reading.line, reading.ts
            if step > 0:
                back, largest = back + 1, max(largest, step)
        ts = reading.ts + shift
        if ts < newest - LATE:
            shift += newest - ts
            set_back, ts = set_back + 1, newest
        newest = max(newest, ts)
        key = (reading.device, reading.item)
        if ts < at.get(key, ts):
            lifted, ts = lifted + 1, at[key]
        at[key] = ts
        timed.append((ts, reading))
    timed.sort(key=_ts)  # stable
    steps = Steps(lines=lines, back=back, largest=largest, set_back=set_back, lifted=lifted)
    return Played(readings=tuple(timed), steps=steps, astray=tuple(astray))


def _ts(timed: tuple[int, Reading]) -> int:
    return timed[0]
