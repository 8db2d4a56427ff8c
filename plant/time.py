"""Plant time: integer microseconds, and the only conversions to and from what people read.

Inside engines time counts from the start of the run; in messages and stores it is UTC since 1970. No float carries a
time: a duration is parsed as a decimal and rounded once, half to even.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from plant.errors import EntryError, shown

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LONGEST = 1_000_000 * DAY  # far below 2**63 µs, so that sums of durations fit 64 bits

UNITS = {"us": 1, "ms": MILLISECOND, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
DURATIONS_ALLOWED = "a duration such as 90 s, 4 min, 8 h or 2 d (a bare number is seconds)"

DURATION_PATTERN = r"^\s*\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*(us|ms|s|min|h|d|w)?\s*$"  # the same for schemas

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_START = 1_767_571_200 * SECOND  # Monday 2026-01-05T00:00:00Z, where offline runs begin

_DURATION = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*")


def parse_duration(value: object) -> int:
    """Microseconds of a duration as people write it: ``90 s``, ``90s``, ``4 min``, ``8 h``, ``2 d`` or bare seconds.

    Raises:
        EntryError: the text is not a duration, is negative or too long; a ValueError too.
    """
    wrong = EntryError(f"{shown(value)} is not a duration", DURATIONS_ALLOWED)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong
    match = _DURATION.fullmatch(str(value))
    if match is None or (match[2] and match[2] not in UNITS):
        raise wrong
    number, unit = Decimal(match[1]), UNITS[match[2] or "s"]
    if number < 0:
        raise EntryError(f"{shown(value)} is negative", "a duration of zero or more")
    if number > LONGEST // unit:
        raise EntryError(f"{shown(value)} is too long", f"at most {format_duration(LONGEST)}")
    return int((number * unit).to_integral_value(ROUND_HALF_EVEN))


def format_duration(micros: int) -> str:
    """A duration in the largest unit that keeps it whole: ``90 s``, ``4 min``.

    >>> format_duration(90 * SECOND), format_duration(4 * MINUTE), format_duration(1_500_000)
    ('90 s', '4 min', '1.5 s')
    """
    for unit in ("d", "h", "min", "s"):
        if micros and micros % UNITS[unit] == 0:
            return f"{micros // UNITS[unit]} {unit}"
    return f"{Decimal(micros) / SECOND:f} s"


def parse_instant(text: str) -> int:
    """Microseconds UTC since 1970 of an ISO 8601 text; without a zone it is read as UTC.

    Raises:
        EntryError: the text is not an instant; a ValueError too.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        allowed = "ISO 8601 such as 2026-01-05T06:00:00Z (UTC without a zone)"
        raise EntryError(f"{shown(text)} is not an instant", allowed) from error
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def format_instant(micros: int) -> str:
    """ISO 8601 in UTC of an instant in microseconds since 1970, e.g. ``2026-01-05T06:00:00Z``."""
    text = (EPOCH + timedelta(microseconds=micros)).isoformat()
    return text.replace("+00:00", "Z")
