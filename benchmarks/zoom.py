"""Does the answer depend on the zoom? Stops of 500 days in hourly windows: `uv run python benchmarks/zoom.py`.

A machine runs 15 minutes between stops on average; stops are log-normal, median 55 s, sigma 1.1. One of less than five
minutes is a minor stop, the others are down time. The down time of a day is asked for at once, and as the sum of its
24 hours: by the twin, which classes a stop by its whole length; by the segment algebra, hours closed with their
neighbours; and naively, as tools do that class what they see of a stop in each hour.
"""

import math
import random
import sys
import time
from collections.abc import Callable, Iterator

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

import numpy as np

from plant.time import DAY, HOUR, MINUTE, SECOND
from twin.closing import beyond, close
from twin.segment import FAILED, Key, Rule, Segment, merge, segment
from twin.stops import Stops

DAYS = 500
LIMIT = 5 * MINUTE
RUNS, MEDIAN, SIGMA = 15 * MINUTE, 55 * SECOND, 1.1

Stretch = tuple[int, int]
Down = list[int]
"""Down time of each day in microseconds."""


def stops() -> Iterator[Stretch]:
    """Begin and end of each stop."""
    draw, at = random.Random(1), 0
    while True:
        begin = at + round(draw.expovariate(1 / RUNS))
        at = begin + round(math.exp(draw.gauss(math.log(MEDIAN), SIGMA)))
        if at >= DAYS * DAY:
            return
        yield begin, at


def naive(found: list[Stretch]) -> Down:
    """Each hour classes what it sees of a stop."""
    down = [0] * DAYS
    for begin, end in found:
        for hour in range(begin // HOUR, (end - 1) // HOUR + 1):
            seen = min(end, (hour + 1) * HOUR) - max(begin, hour * HOUR)
            if seen >= LIMIT:
                down[hour * HOUR // DAY] += seen
    return down


def twin(found: list[Stretch], step: int) -> Down:
    """What the twin's account of stops says of windows of this length, added up by day."""
    begins, ends = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
    all_of = np.ones(len(found), dtype=np.bool_)
    account = Stops(begins, ends, all_of, all_of, LIMIT, open=False)
    down = [sum(end - begin for begin, end in clipped) for clipped in _by_day(found)]
    for begin in range(0, DAYS * DAY, step):
        down[begin // DAY] -= account.window(begin, begin + step, DAYS * DAY).minor
    return down


def algebra(found: list[Stretch]) -> Down:
    """Hourly segments, each closed with its neighbours."""
    hours = [segment("m", list(stretches), window, rule=Rule(limit=LIMIT)) for window, stretches in _hours(found)]
    down = [0] * DAYS
    for i, hour in enumerate(hours):
        before, after = _run_on(hours, i, -1), _run_on(hours, i, 1)
        down[i * HOUR // DAY] += close(hour, beyond(before, after)).time_in(FAILED)
    return down


def _run_on(hours: list[Segment], i: int, way: int) -> Segment | None:
    """The hours on one side that an open run may reach into, as one segment: as far as the first that has another."""
    side: Segment | None = None
    while 0 <= (i := i + way) < len(hours):
        side = hours[i] if side is None else merge(side, hours[i]) if way > 0 else merge(hours[i], side)
        if not hours[i].units["m"].one:
            break
    return side


def _by_day(found: list[Stretch]) -> list[list[Stretch]]:
    days: list[list[Stretch]] = [[] for _ in range(DAYS)]
    for begin, end in found:
        for day in range(begin // DAY, (end - 1) // DAY + 1):
            days[day].append((max(begin, day * DAY), min(end, (day + 1) * DAY)))
    return days


def _hours(found: list[Stretch]) -> Iterator[tuple[Stretch, Iterator[tuple[int, int, Key]]]]:
    """Each hour with all that the machine did in it."""
    inside: list[list[Stretch]] = [[] for _ in range(DAYS * DAY // HOUR)]
    for begin, end in found:
        for hour in range(begin // HOUR, (end - 1) // HOUR + 1):
            inside[hour].append((begin, end))
    for hour, stretches in enumerate(inside):
        yield (hour * HOUR, (hour + 1) * HOUR), _filled(hour * HOUR, (hour + 1) * HOUR, stretches)


def _filled(begin: int, end: int, stretches: list[Stretch]) -> Iterator[tuple[int, int, Key]]:
    at = begin
    for first, last in stretches:
        yield at, first, Key("processing")
        yield first, last, Key(FAILED)
        at = last
    yield at, max(at, end), Key("processing")


def main() -> None:
    """Ask all of them, and count the days on which the sum of the hours is not the day."""
    found = list(stops())
    whole = twin(found, DAY)
    print(f"{DAYS} days, {len(found):,} stops; down time of a day as the sum of its hours, against the day at once")
    print(f"{'':<24}{'days wrong':>11}{'off on these':>15}{'ms a day':>10}")
    rows: dict[str, Callable[[], Down]] = {
        "the twin": lambda: twin(found, HOUR),
        "segments": lambda: algebra(found),
        "naive, hour by hour": lambda: naive(found),
    }
    for name, answer in rows.items():
        begun = time.process_time()
        down = answer()
        spent = (time.process_time() - begun) * 1000 / DAYS
        off = [abs(a - b) / MINUTE for a, b in zip(down, whole, strict=True) if a != b]
        mean = f"{sum(off) / len(off):.1f} min" if off else "-"
        print(f"{name:<24}{len(off):>11}{mean:>15}{spent:>10.2f}")


if __name__ == "__main__":
    main()
