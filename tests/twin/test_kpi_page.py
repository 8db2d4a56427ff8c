"""The page about KPIs has every row of the catalogue, as the code has it, and explains every part."""

import re
from pathlib import Path

from twin import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.catalogue import LINE, TERMS
from twin.waterfall import BUCKETS, FAMILIES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "kpis.md").read_text()
CELLS = r"^\| (\d*) ?\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \| `([^|]+)` \| ([^|]+) \| ([^|]+) \| ?([↑↓]?) \| `(\w+)` \|$"
TREND = {"higher": "↑", "lower": "↓", "none": ""}


def told_of(row: KpiRow) -> str:
    return ", ".join(kind for kind in ("machine", "station", "line") if kind in row.scope) or "none yet"


def cells(row: KpiRow) -> tuple[str, ...]:
    number = "" if row.number is None else str(row.number)
    of, trend = told_of(row), TREND[row.trend]
    return number, row.id, row.title, row.formula, row.unit, of, row.range.text, trend, row.missing


def test_every_kpi_has_its_row() -> None:
    lines = [row for row in LINE_CATALOGUE.values() if row.scope == LINE]
    assert set(re.findall(CELLS, PAGE, re.MULTILINE)) == {cells(row) for row in (*CATALOGUE.values(), *lines)}


def test_every_part_of_a_formula_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("## Parts") : PAGE.index("## Profile")]))
    used = {name for row in (*CATALOGUE.values(), *LINE_CATALOGUE.values()) for name in row.names}
    assert used <= explained


def test_abbreviations_buckets_and_families_are_told_and_what_is_unverified_is_called_so() -> None:
    text = " ".join(PAGE.split())
    assert all(f"{name} = {formula}" in text for name, formula in TERMS.items())
    waterfall = PAGE[PAGE.index("## The loss waterfall") : PAGE.index("## Minor stops")]
    assert set(BUCKETS) <= set(re.findall(r"`([a-z_]+)`", waterfall))
    unverified = [family.title for family in FAMILIES.values() if not family.verified] + ["VDI 3423"]
    for norm in {" ".join(title.split()[:2]) for title in unverified}:
        assert f"{norm} (*unverified*)" in waterfall
