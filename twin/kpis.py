"""The arithmetic of KPIs: additive parts in, one figure with its coverage and bounds out. Pure.

Parts are integers, microseconds and pieces; a quotient is taken once, at the end. Where time is unknown or messages are
missing, the bounds are the extremes over all that may have been.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod

from plant.time import SECOND
from twin.catalogue import KpiRow
from twin.formula import Parts
from twin.profile import ISO, Profile
from twin.values import KpiValue
from twin.waterfall import SUMS, TIMES


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

PLANNED_TIMES = frozenset({"not_scheduled", "pause", "maintenance"})
"""Times that nobody has to guess where a calendar tells of them."""

_MADE = frozenset({"PQ", "GQ", "RQ", "SQ", "IP", "GP", "PRI_PQ", "PRI_GQ", "shipped", "PRI_shipped"})
"""Parts that missing messages would add to."""

CENSORED = frozenset({"mtbf.usual", "mttf.usual"})
"""KPIs that have a lower bound where nothing has failed."""

_CLASSES = frozenset({"breakdown", "minor_stop"})
"""What a stop is by its length."""

_COUNTED = _MADE | {"cycles", "cycle_sum"}
"""Parts that are counted from part messages of the window."""


def pool(members: Iterable[Parts]) -> dict[str, int]:
    """Parts of several work units together: sums of what all of them have."""
    listed = list(members)
    if len(listed) == 1:
        return dict(listed[0])
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
        lower, upper = (value, value) if _sure(row, parts, doubt) else _corners(row, parts, doubt)
        if value is None and row.id in CENSORED and coverage == 1:
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
        warnings=_warnings(row, value),
    )


def chain(row: KpiRow, members: Mapping[str, tuple[Parts, Doubt]], profile: Profile = ISO) -> KpiValue:
    """The product of a KPI over the operations of a line; one that nothing came to has no say.

    Args:
        row: which KPI.
        members: parts and doubts of each operation, by its name.
        profile: how the time elements were made.
    """
    each = {name: evaluate(row, parts, doubt, profile) for name, (parts, doubt) in members.items()}
    told = [name for name, figure in each.items() if figure.value is not None]
    value = float(prod((_exact(row, members[name][0]) for name in told), start=Fraction(1))) if told else None
    sure = all(doubt.missing == doubt.disposed == 0 for _, doubt in members.values())
    silent = any(doubt.missing != 0 for name, (_, doubt) in members.items() if name not in told)
    lowers, uppers = [each[name].lower for name in told], [each[name].upper for name in told]
    return KpiValue(
        value=value,
        lower=value if sure else _product([*lowers, None] if silent else lowers),
        upper=value if sure else _product(uppers),
        coverage=coverage_of(pool(parts for parts, _ in members.values())),
        parts={f"{part}.{name}": parts[part] for name, (parts, _) in members.items() for part in row.names},
        unit=row.unit,
        profile=profile.id,
        reason=None if told else row.missing,
        warnings=_warnings(row, value),
    )


def _exact(row: KpiRow, parts: Parts) -> Fraction:
    numerator, denominator = row.fraction(parts)
    return Fraction(numerator) / Fraction(denominator)


def _product(bounds: Sequence[float | None]) -> float | None:
    known = [bound for bound in bounds if bound is not None]
    return prod(known) if known and len(known) == len(bounds) else None


def bounds(row: KpiRow, parts: Parts, doubt: Doubt = SURE) -> tuple[float | None, float | None]:
    """Between which figures the truth lies; none where it cannot be told.

    A quotient of sums has its extremes where all that is unknown turns out to be one and the same thing, so these
    corners are enough.
    """
    if _sure(row, parts, doubt):
        figure = _quotient(row, parts)
        return figure, figure
    return _corners(row, parts, doubt)


def _sure(row: KpiRow, parts: Parts, doubt: Doubt) -> bool:
    """Whether nothing that the KPI is made of is in doubt."""
    heard = doubt.missing == doubt.disposed == 0 or _COUNTED.isdisjoint(row.names)
    classed = not parts.get("unclassified", 0) or _CLASSES.isdisjoint(row.names)
    return heard and classed and not parts.get("UNK", 0) and doubt.unsure.isdisjoint(row.names)


def _corners(row: KpiRow, parts: Parts, doubt: Doubt) -> tuple[float | None, float | None]:
    if not row.cornered or not doubt.unsure.isdisjoint(row.names):
        return None, None
    corners = [
        row.fraction({**parts, **time, **count})
        for time in _times(row, parts, doubt)
        for count in _counts(row, parts, doubt)
    ]
    figures = [float(over / under) for over, under in corners if under > 0]
    if not figures:
        return None, None
    endless = any(under <= 0 and over for over, under in corners)  # without end upwards, or of a difference downwards
    countless_over = doubt.missing is None and not _MADE.isdisjoint(row.over)
    countless_under = doubt.missing is None and not _MADE.isdisjoint(row.under)
    doubtful = countless_under or (doubt.disposed is None and not _MADE.isdisjoint(row.over))
    if row.expression.subtracts and (countless_over or doubtful or endless):
        return None, None
    return None if doubtful else min(figures), None if endless or countless_over else max(figures)


def coverage_of(parts: Parts) -> float | None:
    """Known share of the window, or of the planned busy time where that is all there is."""
    whole = parts.get("window") or parts.get("PBT")
    return (whole - parts.get("UNK", 0)) / whole if whole else None


def _warnings(row: KpiRow, value: float | None) -> list[str]:
    return ["above_one"] if row.range.warned and value is not None and value > 1 else []


def _quotient(row: KpiRow, parts: Parts) -> float | None:
    try:
        numerator, denominator = row.fraction(parts)
    except ZeroDivisionError:
        return None
    return float(numerator / denominator) if denominator > 0 else None


@cache
def _moves(names: tuple[str, ...]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Which of some parts grow (1) or shrink (-1) when unknown time turns out to have been spent on something."""
    return {
        spent: tuple(
            (name, by) for name in names if name in SUMS and (by := (spent in SUMS[name]) - ("unknown" in SUMS[name]))
        )
        for spent in TIMES
    }


def _times(row: KpiRow, parts: Parts, doubt: Doubt) -> Iterator[dict[str, int]]:
    """What the unknown time may have been, all of it, each different for the row; and the class of stops beside it."""
    unknown, line = parts.get("UNK", 0), parts.get("bottleneck_UNK", 0)
    told: set[tuple[tuple[str, int], ...]] = set()
    for spent, moves in _moves(row.names).items():
        if spent == "unknown" or not unknown or (doubt.planned and spent in PLANNED_TIMES):
            moves = ()  # noqa: PLW2901 nothing is unknown, or not this
        if "bottleneck_PBT" in row.names and unknown and not doubt.planned and spent in PLANNED_TIMES:
            moves = (*moves, ("bottleneck_PBT", -1))  # noqa: PLW2901
        told.add(moves)
    unclassified = parts.get("unclassified", 0)
    for moves in told:
        time = {name: parts[name] + by * (line if name == "bottleneck_PBT" else unknown) for name, by in moves}
        yield time
        if unclassified and not _CLASSES.isdisjoint(row.names):
            minor = {"breakdown": -unclassified, "minor_stop": unclassified}
            yield time | {name: time.get(name, parts[name]) + by for name, by in minor.items() if name in row.names}


def _counts(row: KpiRow, parts: Parts, doubt: Doubt) -> list[dict[str, int]]:
    """What the missing messages may have said: nothing much, all good, scrap or rework, or verdicts on known parts."""
    missing, disposed = doubt.missing or 0, doubt.disposed or 0
    if not missing and not disposed:
        return [{}]
    made = {"PQ": missing, "PRI_PQ": missing * doubt.ideal}
    good = dict.fromkeys(("GQ", "shipped"), missing) | dict.fromkeys(("PRI_GQ", "PRI_shipped"), missing * doubt.ideal)
    less = {"GQ": -disposed, "GP": -disposed, "PRI_GQ": -disposed * doubt.ideal}
    first, passed = {"IP": missing}, {"IP": missing, "GP": missing}
    told: tuple[dict[str, int], ...] = (
        {}, {**made, **good, **passed}, {**made, **good}, {**made, "SQ": missing, **first}, {**made, "RQ": missing},
        {**less, "SQ": disposed}, {**less, "RQ": disposed},
    )  # fmt: skip
    different = {
        tuple((name, max(0, parts[name] + by)) for name, by in more.items() if name in row.names) for more in told
    }
    return [dict(more) for more in different]
