"""KPIs of a window, whole or cut into hours, shifts or days of the plant, or shared among orders or products."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import get_args

from dashboards.questions import Refused, Span
from plant.periods import PERIODS, Period
from plant.time import DAY
from twin import By, KpiValue, Twin

MOST_WINDOWS = 10_000
SHARES: tuple[By, ...] = get_args(By)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared(Span):
    """A window that is to be shared among orders or products."""

    by: By


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion(Span):
    """The share of an order or product of a window; without a name what belongs to none, or the whole window."""

    name: str | None
    day: None = None


Told = Period | Portion
Cut = Told | Shared


def figures(
    twin: Twin, path: str, window: Span | Told, names: list[str] | None, run: str | None
) -> Mapping[str, KpiValue]:
    """KPIs of a node, an area or the site: those asked for or all that it has."""
    try:
        return twin.kpis(path, window.begin, window.end, names=names, run=run)
    except KeyError as error:
        raise _unknown(error, path) from None


def cuts(twin: Twin, window: Span, by: str) -> Sequence[Period | Shared]:
    """The hours, shifts or days of a window; the first and the last as much of them as the window has.

    What is shared among orders or products is the whole window.
    """
    if by in SHARES:
        return [Shared(begin=window.begin, end=window.end, by=by)]
    if by not in PERIODS:
        raise Refused("by", f"{by!r} is not available; allowed is {', '.join((*PERIODS, *SHARES))}")
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
) -> AsyncIterator[tuple[Told, Mapping[str, KpiValue]]]:
    """KPIs of each of some windows, or of each share of them."""
    for window in windows:
        if isinstance(window, Shared):
            for portion in _portions(twin, path, window, names, run):
                yield portion
        else:
            yield window, figures(twin, path, window, names, run)
        await asyncio.sleep(0)  # thousands of windows must not hold up what is live


def _portions(
    twin: Twin, path: str, window: Shared, names: list[str] | None, run: str | None
) -> Iterator[tuple[Portion, Mapping[str, KpiValue]]]:
    try:
        shares = twin.kpis_by(path, window.begin, window.end, window.by, names=names, run=run)
    except KeyError as error:
        raise _unknown(error, path) from None
    for name, kpis in shares.items():
        yield Portion(begin=window.begin, end=window.end, name=name), kpis


def _unknown(error: KeyError, path: str) -> Refused:
    return Refused("kpi", f"there is no KPI {error.args[0]!r} for {path or 'this plant'}", 404)
