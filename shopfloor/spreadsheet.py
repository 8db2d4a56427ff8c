"""A spreadsheet that a person saved, as rows of texts: CSV in the dialects of spreadsheet programs, or Excel."""

import csv
import io
import re
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from plant.errors import InputError, did_you_mean, shown

DELIMITERS = ";\t,|"  # of equally good ones the first: a comma may be a decimal comma, a semicolon is nothing else
LOOKED_AT = 50  # rows that tell the delimiter
EXCEL = {".xlsx", ".xlsm", ".xltx"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row.

    Args:
        number: from 1; in a CSV file the line where it begins.
        cells: texts without spaces around them; an empty cell is empty.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spreadsheet:
    """One sheet.

    Args:
        file: as the person named it.
        rows: those with something in them.
        decimal_comma: whether a comma in a number is a decimal one; not if commas separate the cells.
        ragged: whether a row can have more cells than its header only by mistake, as in a CSV file.
    """

    file: str
    rows: tuple[Row, ...]
    decimal_comma: bool
    ragged: bool


def read_spreadsheet(path: Path, sheet: str | None = None) -> Spreadsheet:
    """The rows of a CSV or Excel file.

    Args:
        path: an Excel file if it is called so, else CSV in UTF-8.
        sheet: name of the sheet of an Excel file; none: the first one.

    Raises:
        InputError: it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; allowed: a CSV or Excel file (.xlsx)") from None
    if path.suffix.lower() in EXCEL:
        return _excel(path, content, sheet)
    if sheet is not None:
        raise InputError(f"--sheet: {path} is read as CSV and has no sheets; allowed with an Excel file (.xlsx) only")
    return _csv(path, content)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(path: Path, content: bytes) -> Spreadsheet:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(f"{path}: this is a workbook, not CSV; allowed: CSV, or Excel's own format named .xlsx")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not in UTF-8; allowed: UTF-8 (Excel saves it as 'CSV UTF-8')") from None
    hint = text.partition("\n")[0].strip().lower()  # Excel itself begins a file with sep=; when asked to
    told = hint.removeprefix("sep=") if hint.startswith("sep=") else ""
    try:
        tables = {delimiter: _records(text, delimiter) for delimiter in (told if len(told) == 1 else DELIMITERS)}
    except csv.Error as error:
        raise InputError(f"{path}: no CSV file: {error}; allowed: cells separated by , ; or tab") from None
    delimiter = max(tables, key=lambda one: median([len(row.cells) for row in tables[one][:LOOKED_AT]] or [0]))
    rows = tables[delimiter][1 if told else 0 :]
    return Spreadsheet(file=str(path), rows=rows, decimal_comma=delimiter != ",", ragged=True)


def _records(text: str, delimiter: str) -> tuple[Row, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t")
    rows, begin = [], 1
    for cells in reader:
        rows.append(Row(number=begin, cells=tuple(cell.strip() for cell in cells)))
        begin = reader.line_num + 1
    return tuple(row for row in rows if any(row.cells))


# --- Excel -----------------------------------------------------------------------------------------------------------


def _excel(path: Path, content: bytes, sheet: str | None) -> Spreadsheet:
    from openpyxl import load_workbook  # noqa: PLC0415 a third of a second that CSV does not need

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which nobody looks at here
        try:
            with closing(load_workbook(io.BytesIO(content), read_only=True, data_only=True)) as book:
                rows = _rows(_page(path, book.worksheets, sheet))
        except InputError:
            raise
        except Exception as error:  # a broken workbook makes openpyxl raise whatever it stumbles over
            told = f"no Excel file, or a broken one ({type(error).__name__})"
            raise InputError(f"{path}: {told}; allowed: .xlsx as Excel saves it, or CSV") from error
    return Spreadsheet(file=str(path), rows=rows, decimal_comma=True, ragged=False)


def _page(path: Path, pages: Sequence[Any], sheet: str | None) -> Any:
    """The sheet of that name; without a name the first one that can be seen."""
    if sheet is None:
        return next((page for page in pages if page.sheet_state == "visible"), pages[0])
    names = [page.title for page in pages]
    if sheet not in names:
        hint = did_you_mean(sheet, names)
        told = f"{path}: there is no sheet {shown(sheet)}; allowed: {', '.join(names)}"
        raise InputError(told + (f" ({hint})" if hint else ""))
    return pages[names.index(sheet)]


def _rows(page: Any) -> tuple[Row, ...]:
    page.reset_dimensions()  # programs write wrong ones
    rows = (Row(number=number, cells=tuple(map(_text, cells))) for number, cells in enumerate(page.iter_rows(), 1))
    return tuple(row for row in rows if any(row.cells))


def _text(cell: Any) -> str:
    """A cell as a person sees it: percentages, units and times as such, numbers with the 15 digits that Excel keeps."""
    value = cell.value
    match value:
        case None:
            text = ""
        case int() | float() if not isinstance(value, bool):
            pattern = (cell.number_format or "").partition(";")[0]
            percent = "%" in re.sub(r'"[^"]*"', "", pattern)
            words = ["%"] if percent else re.findall(r'"([^"]*)"', pattern)
            text = " ".join([f"{100 * value if percent else value:.15g}", *map(str.strip, words)]).strip()
        case time():
            text = value.isoformat()
        case timedelta():
            text = f"{value.total_seconds():.15g} s"
        case _:
            text = str(value).strip()
    return text
