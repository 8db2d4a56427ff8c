"""Texts and numbers come back out of a file as they went in."""

import io

import pytest
from openpyxl import load_workbook

from dashboards.sheets import csv_pieces, workbook
from tests.dashboards.carried import from_csv, from_parquet, from_xlsx, roughly
from tests.dashboards.heard import START
from twin import parquet

COLUMNS = {"at": "instant", "text": "text", "value": "float", "count": "int", "ok": "flag"}
NASTY = [
    (START + 1, '=HYPERLINK("x")', 0.1 + 0.2, 2**50, True),
    (None, 'semi;colon, "quotes"\nand a line', None, None, None),
    (START, "ünï ☃ 'x'", 1e-300, -1, False),
]


@pytest.mark.parametrize("rows", [NASTY, []])
def test_texts_and_numbers_come_back_as_they_were(rows, tmp_path) -> None:
    expected = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert from_csv(b"".join(csv_pieces(COLUMNS, rows)), COLUMNS) == expected
    assert from_xlsx(workbook("t", COLUMNS, rows), COLUMNS) == [roughly(row) for row in expected]
    assert from_parquet(parquet(COLUMNS, rows), COLUMNS, tmp_path) == expected


def test_what_a_machine_calls_itself_is_no_formula() -> None:
    sheet = load_workbook(io.BytesIO(workbook("t", COLUMNS, NASTY))).worksheets[0]
    assert sheet["B2"].data_type == "s"
    assert from_xlsx(workbook("t", {"text": "text"}, [("a\x00b\x07\tc",)]), {"text": "text"}) == [
        {"text": "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\tc"}
    ]
