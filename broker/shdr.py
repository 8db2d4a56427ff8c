"""Lines of SHDR, the text that MTConnect adapters send: ``time|item|value|item|value…``. Pure.

A line is decided by the categories of its items, since its form alone does not tell: a condition has five fields after
its key (level, native code, native severity, qualifier, text), a message two (code, text), a time series three (count,
rate, values), everything else one. The stamp may end in ``@duration``, in seconds; a field in double quotes may hold
bars behind a backslash; a key may begin with the name of its device and a colon. Assets fill a line or many, lines that
begin with an asterisk are commands, of which ``* device: NAME`` says whose the lines below are.

Nothing here ever fails: what cannot be read is kept with its line and its reason.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from plant.errors import shown
from plant.time import EPOCH

UNAVAILABLE = "UNAVAILABLE"
LATEST = 1 << 53  # microseconds; from here on they are not exact in every reader
LONGEST_LINE = 1 << 20  # characters that are looked at
MULTILINE = "--multiline--"


class Category(StrEnum):
    """What kind of item a key is, as far as the form of its line depends on it."""

    DATA = "data"
    CONDITION = "condition"
    MESSAGE = "message"
    SERIES = "series"


LEVELS = ("NORMAL", "WARNING", "FAULT", UNAVAILABLE)
FIELDS = {Category.DATA: 1, Category.CONDITION: 5, Category.MESSAGE: 2, Category.SERIES: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A value of an item.

    Args:
        line: from 1.
        ts: its stamp, microseconds UTC; digits beyond are cut.
        device: whose item it is; empty where the log does not say.
        item: its key.
        value: as it was sent; none: unavailable.
        duration: microseconds that it covers, where the stamp says so.
    """

    line: int
    ts: int
    device: str
    item: str
    value: str | None
    duration: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A report about a condition: its level (one of `LEVELS`), and the code of the machine that it is about, if any."""

    line: int
    ts: int
    device: str
    item: str
    level: str
    code: str = ""
    severity: str = ""
    qualifier: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A message of a machine to people; no text: unavailable."""

    line: int
    ts: int
    device: str
    item: str
    code: str
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Samples of an item at one rate, the last of them at the stamp.

    Args:
        rate: samples per second; 0: not said.
        values: numbers, oldest first; none: unavailable.
    """

    line: int
    ts: int
    device: str
    item: str
    rate: float
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A document about a tool, a fixture or the like, or that one is changed or gone: `action` stands between the @."""

    line: int
    ts: int
    device: str
    action: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What an adapter tells about itself."""

    line: int
    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A line that could not be used, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.file}:{self.line}: {self.reason}"


Reading: TypeAlias = Observation | Condition | Notice | Series
"""What a log says about an item."""

Entry: TypeAlias = Reading | Asset | Command | Unreadable


class LineError(ValueError):
    """A line that cannot be read; its text is the reason."""


def read_shdr(file: str, content: bytes, categories: Mapping[str, Category]) -> Iterator[Entry]:
    """What a log says, line by line, in its order.

    Args:
        file: its name, for what cannot be read.
        content: its bytes.
        categories: of the items that are no plain data.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    ends = _ends(lines)
    device, number = "", 0
    while number < len(lines):
        raw, number = lines[number], number + 1
        first = number
        try:
            text = raw.decode().rstrip("\r\0 \t")
            if (mark := _multiline(text)) is not None:
                last = next((end for end in ends.get(mark, ()) if end >= number), None)
                if last is None:
                    raise LineError(f"an asset that never ends: {MULTILINE}{mark} does not come again")  # noqa: TRY301
                body = b"\n".join(lines[number:last]).decode()
                text = text.removesuffix(MULTILINE + mark) + _quote(body)
                number = last + 1
            found = read_line(text, categories, line=first, device=device)
        except UnicodeDecodeError as error:
            yield Unreadable(file=file, line=first, reason=f"is not UTF-8 text: {error.reason}")
        except LineError as error:
            yield Unreadable(file=file, line=first, reason=str(error))
        else:
            for entry in found:
                if isinstance(entry, Command) and entry.name.lower() == "device":
                    device = entry.value
            yield from found


def read_line(
    text: str, categories: Mapping[str, Category], *, line: int = 1, device: str = ""
) -> list[Reading | Asset | Command]:
    """What one line says; nothing if it is empty.

    Args:
        text: without its end.
        categories: of the items that are no plain data.
        line: its number.
        device: whose the items are whose keys name no device.

    Raises:
        LineError: it cannot be read.
    """
    if len(text) > LONGEST_LINE:
        raise LineError(f"is longer than {LONGEST_LINE} characters")
    if text.startswith("*"):
        name, _, value = text[1:].partition(":")
        return [Command(line=line, name=name.strip(), value=value.strip())]
    if not text.strip():
        return []
    stamp, *fields = split(text)
    ts, duration = read_stamp(stamp)
    if not fields or not any(fields):
        raise LineError("says nothing after its time")
    if (asset := _ASSET.fullmatch(fields[0])) is not None:
        return [Asset(line=line, ts=ts, device=device, action=asset[1], fields=tuple(fields[1:]))]
    head = _Head(line, ts, duration, device)
    if _must_be_condition(fields, categories):
        return [head.read(Category.CONDITION, fields[0], fields[1:])]
    return list(_readings(head, fields, categories))


def _readings(head: "_Head", fields: Sequence[str], categories: Mapping[str, Category]) -> Iterator[Reading]:
    at = 0
    while at < len(fields):
        key = fields[at]
        if not key and at == len(fields) - 1:  # a last bar, behind which nothing comes
            return
        category = categories.get(_item(key), Category.DATA)
        values = fields[at + 1 : at + 1 + FIELDS[category]]
        yield head.read(category, key, values)
        at += 1 + FIELDS[category]


@dataclass(frozen=True, slots=True)
class _Head:
    """What all readings of a line have in common."""

    line: int
    ts: int
    duration: int | None
    device: str

    def read(self, category: Category, key: str, values: Sequence[str]) -> Reading:
        """One reading."""
        item = _item(key)
        if not item:
            raise LineError("an item has no name")
        if not values:
            raise LineError(f"the item {shown(item)} has no value")
        device = key.partition(":")[0] if ":" in key else self.device
        line, ts, first = self.line, self.ts, values[0]
        match category:
            case Category.DATA:
                value = None if _unavailable(first) else first
                return Observation(line=line, ts=ts, device=device, item=item, value=value, duration=self.duration)
            case Category.CONDITION:
                level = first.upper()
                if level not in LEVELS:
                    raise LineError(f"{shown(first)} is no level of the condition {shown(item)}: {', '.join(LEVELS)}")
                code, severity, qualifier, text = (*values[1:], "", "", "", "")[:4]
                return Condition(
                    line=line, ts=ts, device=device, item=item, level=level, code=code, severity=severity,
                    qualifier=qualifier.upper(), text=text,
                )  # fmt: skip
            case Category.MESSAGE:
                text = values[1] if len(values) > 1 else ""
                told = None if _unavailable(text) or (_unavailable(first) and not text) else text
                return Notice(line=line, ts=ts, device=device, item=item, code=first, text=told)
            case Category.SERIES:
                rate, numbers = _series(item, values)
                return Series(line=line, ts=ts, device=device, item=item, rate=rate, values=numbers)


def _must_be_condition(fields: Sequence[str], categories: Mapping[str, Category]) -> bool:
    """Whether a line of an item that nobody named is a condition: as pairs it would have an item without a name."""
    level = len(fields) == 1 + FIELDS[Category.CONDITION] and fields[1].upper() in LEVELS
    return level and not all(fields[::2]) and _item(fields[0]) not in categories


def _item(key: str) -> str:
    return key.partition(":")[2] if ":" in key else key


def _unavailable(value: str) -> bool:
    return value.upper() == UNAVAILABLE


def _series(item: str, values: Sequence[str]) -> tuple[float, tuple[float, ...]]:
    if any(map(_unavailable, values)):
        return 0.0, ()
    if len(values) < FIELDS[Category.SERIES]:
        raise LineError(f"the time series {shown(item)} lacks its count, rate or values")
    try:
        count, rate = int(values[0] or 0), float(values[1] or 0)
        numbers = tuple(map(float, values[2].split()))
    except ValueError:
        raise LineError(f"the time series {shown(item)} holds something that is no number") from None
    if not 0 <= rate < float("inf"):
        raise LineError(f"the time series {shown(item)} has the rate {values[1]}")
    if count != len(numbers):
        raise LineError(f"the time series {shown(item)} tells of {count} values and has {len(numbers)}")
    return rate, numbers


# --- fields, stamps, assets ----------------------------------------------------------------------------------------


_QUOTED = re.compile(r'\s*"((?:[^"\\|]|\\.)*)"\s*(?:\||\Z)', re.DOTALL)


def split(text: str) -> list[str]:
    """The fields of a line without spaces around them, and without double quotes around a whole one."""
    if '"' not in text:
        return [field.strip() for field in text.split("|")]
    fields, at = [], 0
    while at <= len(text):
        if (match := _QUOTED.match(text, at)) is not None:
            fields.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL).strip())
            if not match[0].endswith("|"):
                return fields
            at = match.end()
            continue
        end = text.find("|", at)
        end = len(text) if end < 0 else end
        fields.append(text[at:end].strip())
        at = end + 1
    return fields


def _quote(body: str) -> str:
    return '"' + re.sub(r'([\\"|])', r"\\\1", body) + '"'


_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d*))?(Z|[+-]\d\d:?\d\d)?(?:@(\d{1,9}(?:\.\d{1,9})?))?", re.ASCII
)


def read_stamp(stamp: str) -> tuple[int, int | None]:
    """Microseconds UTC of a stamp, those of its digits beyond cut, and of the duration behind its @.

    Raises:
        LineError: it is no such time, or before 1970.
    """
    match = _STAMP.fullmatch(stamp)
    if match is None:
        what = "has no time" if not stamp else f"{shown(stamp)} is no time"
        raise LineError(f"{what}; allowed is ISO 8601 such as 2022-08-08T13:37:18.850Z")
    day, clock, fraction, zone, duration = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').replace('Z', '+00:00')}")
    except ValueError as error:
        raise LineError(f"{shown(stamp)} is no time: {error}") from None
    ts = (whole - EPOCH) // timedelta(microseconds=1) + int(f"{fraction or '':0<6}"[:6])
    if not 0 <= ts < LATEST:
        raise LineError(f"{shown(stamp)} is not between 1970 and 2255")
    return ts, None if duration is None else round(float(duration) * 1_000_000)


_ASSET = re.compile(r"@([A-Z_]+)@")


def _multiline(text: str) -> str | None:
    """The mark that ends an asset of many lines, where such a one begins."""
    *_, last = text.rsplit("|", 1)
    begins = last.startswith(MULTILINE) and "|@" in text.replace(" ", "")
    return last.removeprefix(MULTILINE) if begins else None


def _ends(lines: Iterable[bytes]) -> dict[str, list[int]]:
    """Where lines stand that hold nothing but the mark of an end, by their marks."""
    ends: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if line.startswith(MULTILINE.encode()):
            mark = line.decode(errors="replace").rstrip("\r\0 \t").removeprefix(MULTILINE)
            ends.setdefault(mark, []).append(number)
    return ends
