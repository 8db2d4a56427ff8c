"""The page about KPIs has every row of the catalogue, as the code has it, and explains every part."""

import re
from pathlib import Path

from twin import CATALOGUE, LINE_CATALOGUE

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "kpis.md").read_text()


def test_every_kpi_has_its_row() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \| `([^|]+)` \| ([^|]+) \| `(\w+)` \|$", PAGE, re.MULTILINE
    )
    told = {
        (id_, "line" if of == "line" else "unit"): (title, formula, unit, missing)
        for id_, title, formula, unit, of, missing in rows
    }
    units = {(row.id, "unit"): row for row in CATALOGUE.values() if row.scope}
    lines = {(row.id, "line"): row for row in LINE_CATALOGUE.values() if row.scope == frozenset({"line"})}
    known = {key: (row.title, row.formula, row.unit, row.missing) for key, row in {**units, **lines}.items()}
    assert told == known


def test_every_part_of_a_formula_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("## Parts") : PAGE.index("## Profile")]))
    used = {name for row in (*CATALOGUE.values(), *LINE_CATALOGUE.values()) if row.scope for name in row.names}
    assert used <= explained
