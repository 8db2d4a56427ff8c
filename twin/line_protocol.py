"""InfluxDB's line protocol, to the letter: a line is a measurement, its tags, its fields, and an instant. Pure.

Whole numbers end in ``i``; floats are written so that they are read back as the same double; texts are quoted. What
the protocol cannot say is left out: nones, floats that are no numbers, whole numbers beyond 64 bits, empty tags.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from plant.messages import Scalar, Telemetry
from twin.tables import Field, FieldValue, Point, Table

LARGEST = 2**63 - 1
MOST_TEXT = 64_000
"""Bytes that a text may have; InfluxDB refuses longer ones."""

_NAME = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\ ", "\r": "\\ ", "\t": "\\ "})
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ ", "\n": "\\ ", "\r": "\\ ", "\t": "\\ "})
_TEXT = str.maketrans({"\\": "\\\\", '"': '\\"'})
_TRAILING = re.compile(r"\\(?=[\\,= \n\r\t]|$)")


def label(value: str) -> str:
    """A label as it is stored.

    No line can say a backslash in front of a separator or at the end, nor a line break: the one becomes ``∖``, which
    looks alike, the other a blank.
    """
    return _TRAILING.sub("∖", value).replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _name(text: str) -> str:
    """Name or value of a tag, or name of a field."""
    return label(text).translate(_NAME)


def head(table: str, labels: Iterable[tuple[str, str]]) -> str:
    """What lines of one measurement and one combination of labels begin with, up to their fields."""
    tags = "".join(f",{_name(key)}={_name(value)}" for key, value in labels if value)
    return f"{label(table).translate(_MEASUREMENT)}{tags} "


def said(value: FieldValue, field: Field) -> str | None:
    """A value of a field; none if it is none of the field's datatype, or cannot be said."""
    if field.datatype == "text":
        return _text(value) if isinstance(value, str) else None
    return None if isinstance(value, str) else _whole(value) if field.datatype == "int" else _float(value)


def _text(value: str) -> str:
    if len(value) > MOST_TEXT // 4 and len(encoded := value.encode()) > MOST_TEXT:
        value = encoded[:MOST_TEXT].decode(errors="ignore")
    return f'"{value.translate(_TEXT)}"'


def _whole(value: float) -> str | None:
    if isinstance(value, float) and not value.is_integer():
        return None
    whole = int(value)
    return f"{whole}i" if -LARGEST - 1 <= whole <= LARGEST else None


def _float(value: float) -> str | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return repr(number) if math.isfinite(number) else None


def _guessed(values: Sequence[Scalar]) -> Field:
    """The field of a signal that no table has: a text if it has one, else a float."""
    text = any(isinstance(value, str) for value in values)
    return Field("text" if text else "float", "", "")


def telemetry_lines(message: Telemetry, table: Table, labels: Sequence[tuple[str, str]]) -> list[bytes]:
    """A line for each instant of a block that has a value.

    Args:
        message: the block.
        table: that of the machine's type; signals that it has not are taken for floats or texts.
        labels: whose it is.
    """
    begin = head(table.name, labels)
    rows: list[list[str]] = [[] for _ in message.t]
    for tag, values in message.v.items():
        field = table.fields.get(tag) or _guessed(values)
        name = _name(tag)
        if not name or "\n" in tag:
            continue
        quick = field.datatype == "float"
        for row, value in zip(rows, values, strict=False):
            if quick and type(value) is float and math.isfinite(value):
                row.append(f"{name}={value!r}")  # most are of this sort
            elif value is not None and (text := said(value, field)) is not None:
                row.append(f"{name}={text}")
    return [f"{begin}{','.join(row)} {t}".encode() for row, t in zip(rows, message.t, strict=True) if row]


def point_line(point: Point, table: Table) -> bytes | None:
    """The line of a point; none if it has no value that can be said.

    Raises:
        ValueError: a field that its table has not.
    """
    if unknown := sorted(point.values.keys() - table.fields.keys()):
        raise ValueError(f"{table.name} has no field {', '.join(unknown)}; it has {', '.join(table.fields)}")
    fields = []
    for name, value in point.values.items():
        if (text := said(value, table.fields[name])) is not None:
            fields.append(f"{_name(name)}={text}")
    if not fields:
        return None
    return f"{head(table.name, zip(table.labels, point.labels, strict=True))}{','.join(fields)} {point.at}".encode()


_WHOLE_LINE = re.compile(rb'(?:\\.|[^\\ ])+ (?:[^"]|"(?:\\.|[^"\\])*")*', re.DOTALL)


def lines_of(body: bytes) -> Iterator[bytes]:
    """The lines of a body again; a text may have line breaks."""
    pending = b""
    for piece in body.split(b"\n"):
        pending = pending + b"\n" + piece if pending else piece
        if pending and _WHOLE_LINE.fullmatch(pending):
            yield pending
            pending = b""
    if pending:
        yield pending


