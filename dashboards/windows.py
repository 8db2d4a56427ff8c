"""KPIs of a window, whole or cut into hours, shifts or days of the plant."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from dashboards.questions import Refused, Span
from plant.periods import PERIODS, Period
from plant.time import DAY
from twin import KpiValue, Twin

MOST_WINDOWS = 10_000

Cut = TypeVar("Cut", Span, Period, Span | Period)


def figures(
    twin: Twin, path: str, window: Span | Period, names: list[str] | None, run: str | None
) -> Mapping[str, KpiValue]:
    """KPIs of a node, those asked for or all that it has."""
    try:
        return twin.kpis(path, window.begin, window.end, names=names, run=run)
    except KeyError as error:
        raise Refused("kpi", f"there is no KPI {error.args[0]!r} for {path}", 404) from None


def cuts(twin: Twin, window: Span, by: str) -> list[Period]:
    """The hours, shifts or days of a window; the first and the last as much of them as the window has."""
    if by not in PERIODS:
        raise Refused("by", f"{by!r} is not available; allowed is {', '.join(PERIODS)}")
    calendar = twin.plant.calendar
    if by == "shift" and not calendar.shifts:
        raise Refused("by", f"{twin.plant.plant} has no shifts; allowed is hour or day")
    many = Refused("by", f"more than {MOST_WINDOWS} windows; ask for a shorter time")
    if window.end - window.begin > MOST_WINDOWS * DAY:
        raise many
    found = list(islice(PERIODS[by](calendar, window.begin, window.end), MOST_WINDOWS + 1))
    if len(found) > MOST_WINDOWS:
        raise many
    return [replace(one, begin=max(one.begin, window.begin), end=min(one.end, window.end)) for one in found]


async def figures_by(
    twin: Twin, path: str, windows: Sequence[Cut], names: list[str] | None, run: str | None
) -> AsyncIterator[tuple[Cut, Mapping[str, KpiValue]]]:
    """KPIs of each of some windows."""
    for window in windows:
        yield window, figures(twin, path, window, names, run)
        await asyncio.sleep(0)  # thousands of windows must not hold up what is live
