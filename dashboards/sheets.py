"""Rows as files that other programs read: CSV piece by piece, a workbook as a whole."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from plant.time import format_instant
from twin import ColumnKind

PIECE = 2000  # rows that are made text of at once
LONGEST_CELL = 32_767
"""Characters that a cell of Excel holds; openpyxl cuts what is longer without a word."""


class TooLongError(ValueError):
    """A text that does not fit a cell."""


def csv_pieces(columns: Mapping[str, ColumnKind], rows: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """CSV in UTF-8 as RFC 4180 has it: a header, instants in ISO 8601 UTC, nothing where there is no value."""
    yield _csv([list(columns)])
    for begin in range(0, len(rows), PIECE):
        yield _csv([_told(value) for value in row] for row in _readable(columns, rows[begin : begin + PIECE]))


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _told(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def workbook(title: str, columns: Mapping[str, ColumnKind], rows: Sequence[Sequence[Any]]) -> bytes:
    """An Excel workbook of one sheet, numbers with 16 digits. Takes its time: not for the event loop.

    Args:
        title: of the sheet.
        columns: names and what is in them, in order.
        rows: values in that order.

    Raises:
        TooLongError: a text does not fit a cell.
    """
    from openpyxl import Workbook  # noqa: PLC0415 a third of a second that only a workbook is worth
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    longest = max((len(value) for row in rows for value in row if isinstance(value, str)), default=0)
    if longest > LONGEST_CELL:
        raise TooLongError(f"a text of {longest} characters does not fit a cell, which holds {LONGEST_CELL}")
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, (name, kind) in enumerate(columns.items(), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = 28 if kind == "instant" else max(12, len(name) + 2)
    heads = [WriteOnlyCell(sheet, name) for name in columns]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        value = _printable(value)
        if not value.startswith("="):
            return value
        text = WriteOnlyCell(sheet, value)
        text.data_type = "s"  # what a machine calls itself is no formula
        return text

    for row in _readable(columns, rows):
        sheet.append([cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _printable(text: str) -> str:
    """A text without the control characters that XML cannot hold."""
    if text.isprintable():
        return text
    return "".join(one if one >= " " or one in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for one in text)


def _readable(columns: Mapping[str, ColumnKind], rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """Rows with instants as people read them."""
    at = [column for column, kind in enumerate(columns.values()) if kind == "instant"]
    for row in rows:
        values = list(row)
        for column in at:
            if values[column] is not None:
                values[column] = format_instant(values[column])
        yield values
