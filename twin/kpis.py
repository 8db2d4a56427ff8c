"""The arithmetic of KPIs: additive parts in, one figure with its coverage and bounds out. Pure.

Parts are integers, microseconds and pieces; a quotient is taken once, at the end. Where time is unknown or messages are
missing, the bounds are the extremes over all that may have been.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from plant.time import SECOND
from twin.catalogue import KpiRow
from twin.profile import ISO, Profile
from twin.values import KpiValue

Parts = Mapping[str, int]
"""Additive quantities of a window by name; a name that is not there is unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """What is not known of a window, beside its unknown time.

    Args:
        planned: whether planned stops come from a calendar; else unknown time may have been one.
        missing: parts whose messages may be missing; none when nobody can tell.
        disposed: known good parts that may be scrap by a missing message; none when nobody can tell.
        ideal: planned run time of such a part, in microseconds.
        unsure: parts (of a sum) that may be wrong for a reason of their own.
    """

    planned: bool = False
    missing: int | None = 0
    disposed: int | None = 0
    ideal: int = 0
    unsure: frozenset[str] = frozenset()


SURE = Doubt()

_SPENT: dict[str, tuple[str, ...]] = {
    "APT": ("APT", "AUPT", "AUBT", "APT_ADET"),
    "AUST": ("AUST", "AUPT", "AUBT"),
    "ADET": ("ADET", "AUBT", "APT_ADET"),
    "ADOT": ("ADOT",),
}
"""What grows when unknown time turns out to be one of these."""

_MADE = frozenset({"PQ", "GQ", "RQ", "SQ", "IP", "GP", "PRI_PQ", "PRI_GQ", "shipped", "PRI_shipped"})
"""Parts that missing messages would add to."""

_COUNTED = _MADE | {"cycles", "cycle_sum"}
"""Parts that are counted from part messages of the window."""


def pool(members: Iterable[Parts]) -> dict[str, int]:
    """Parts of several work units together: sums of what all of them have."""
    listed = list(members)
    names = set(listed[0]).intersection(*listed[1:]) if listed else set()
    return {name: sum(member[name] for member in listed) for name in sorted(names)}


def evaluate(row: KpiRow, parts: Parts, doubt: Doubt = SURE, profile: Profile = ISO) -> KpiValue:
    """The KPI of a window.

    Args:
        row: which KPI.
        parts: what is known of the window.
        doubt: what is not.
        profile: how the time elements were made.
    """
    value = lower = upper = None
    reason: str | None = "missing_part"
    coverage = coverage_of(parts)
    if all(name in parts for name in row.names):
        value = _quotient(row, parts)
        reason = row.missing if value is None else None
        lower, upper = bounds(row, parts, doubt)
        if value is None and row.id == "mtbf.usual" and coverage == 1:
            lower = parts["operating_time"] / SECOND  # no failure yet: at least what has been run
    return KpiValue(
        value=value,
        lower=lower,
        upper=upper,
        coverage=coverage,
        parts={name: parts[name] for name in (*row.names, "UNK", "window", f"{row.id}_max") if name in parts},
        unit=row.unit,
        profile=profile.id,
        reason=reason,
        warnings=["above_one"] if row.cornered and row.unit == "1" and value is not None and value > 1 else [],
    )


def bounds(row: KpiRow, parts: Parts, doubt: Doubt = SURE) -> tuple[float | None, float | None]:
    """Between which figures the truth lies; none where it cannot be told.

    A quotient of sums has its extremes where all that is unknown turns out to be one and the same thing, so these
    corners are enough.
    """
    heard = doubt.missing == doubt.disposed == 0 or _COUNTED.isdisjoint(row.names)
    if not doubt.unsure.isdisjoint(row.names):
        return None, None
    if heard and not parts.get("UNK", 0):
        figure = _quotient(row, parts)
        return figure, figure
    if not row.cornered:
        return None, None
    corners = [{**parts, **time, **count} for time in _times(parts, doubt) for count in _counts(parts, doubt)]
    figures = [figure for corner in corners if (figure := _quotient(row, corner)) is not None]
    if not figures:
        return None, None
    endless = any(row.fraction(corner)[1] <= 0 < row.fraction(corner)[0] for corner in corners)
    countless_over = doubt.missing is None and not _MADE.isdisjoint(row.over)
    countless_under = doubt.missing is None and not _MADE.isdisjoint(row.under)
    doubtful = countless_under or (doubt.disposed is None and not _MADE.isdisjoint(row.over))
    return None if doubtful else min(figures), None if endless or countless_over else max(figures)


def coverage_of(parts: Parts) -> float | None:
    """Known share of the window, or of the planned busy time where that is all there is."""
    whole = parts.get("window") or parts.get("PBT")
    return (whole - parts.get("UNK", 0)) / whole if whole else None


def _quotient(row: KpiRow, parts: Parts) -> float | None:
    numerator, denominator = row.fraction(parts)
    return numerator / denominator if denominator > 0 else None


def _times(parts: Parts, doubt: Doubt) -> Iterator[dict[str, int]]:
    """What the unknown time may have been, all of it."""
    unknown = parts.get("UNK", 0)
    if not unknown:
        yield {}
        return
    for grown in _SPENT.values():
        yield {name: parts[name] + unknown for name in grown if name in parts}
    if not doubt.planned:
        line = {"bottleneck_PBT": parts.get("bottleneck_UNK", 0)}
        for shrunk in ({"PBT": unknown, **line}, {"PBT": unknown, "POT": unknown, **line}):  # a planned stop, or off
            yield {name: parts[name] - less for name, less in shrunk.items() if name in parts}


def _counts(parts: Parts, doubt: Doubt) -> Iterator[dict[str, int]]:
    """What the missing messages may have said: nothing much, all good, scrap or rework, or verdicts on known parts."""
    missing, disposed = doubt.missing or 0, doubt.disposed or 0
    made = {"PQ": missing, "PRI_PQ": missing * doubt.ideal}
    good = dict.fromkeys(("GQ", "shipped"), missing) | dict.fromkeys(("PRI_GQ", "PRI_shipped"), missing * doubt.ideal)
    less = {"GQ": -disposed, "GP": -disposed, "PRI_GQ": -disposed * doubt.ideal}
    first, passed = {"IP": missing}, {"IP": missing, "GP": missing}
    told: tuple[dict[str, int], ...] = (
        {}, {**made, **good, **passed}, {**made, **good}, {**made, "SQ": missing, **first}, {**made, "RQ": missing},
        {**less, "SQ": disposed}, {**less, "RQ": disposed},
    )  # fmt: skip
    for more in told:
        yield {name: max(0, parts[name] + by) for name, by in more.items() if name in parts}
