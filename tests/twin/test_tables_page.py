"""The page about tables says what `twin.tables` says. Renew it with --renew-golden."""

from pathlib import Path

from plant.states import STATES, number
from plant.units import symbol
from twin.points_of_events import KINDS
from twin.points_of_line import RESPONSES
from twin.tables import CELL, FIXED, Table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "tables.md"
BEGIN, END = "<!-- tables -->\n", "<!-- /tables -->"
ACCOUNTS = {"account", "line_account"}


def unit(of: str) -> str:
    return {"": "–", "ms": "ms", "us": "µs", "mW.h": "mWh", "1": "1"}.get(of) or symbol(of)


def section(table: Table) -> str:
    labels = ", ".join(f"`{label}`" for label in table.labels)
    text = f"### {table.name}\n\n{table.title[0].upper()}{table.title[1:]}.\nLabels: {labels}.\n\n"
    if table.name in ACCOUNTS:
        by: dict[str, list[str]] = {}
        for name, field in table.fields.items():
            by.setdefault(unit(field.unit), []).append(f"`{name}`")
        rows = "".join(f"| {of} | {', '.join(names)} |\n" for of, names in by.items())
        return f"{text}| unit | fields, all whole numbers |\n|---|---|\n{rows}\n"
    fields = table.fields.items()
    rows = "".join(f"| `{name}` | {of.datatype} | {unit(of.unit)} | {of.title} |\n" for name, of in fields)
    return f"{text}| field | datatype | unit | is |\n|---|---|---|---|\n{rows}\n"


def told() -> str:
    return "\n" + "".join(map(section, FIXED.values()))


def test_the_page_has_every_table_as_the_code_has_it(request) -> None:
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    found, after = rest.split(END)
    if request.config.getoption("--renew-golden"):
        PAGE.write_text(f"{before}{BEGIN}{told()}{END}{after}", encoding="utf-8")
        return
    assert found == told()


def test_the_page_names_states_kinds_and_responses() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert ", ".join(f"{number(state)} {state}" for state in STATES) in text
    assert all(f"`{name}`" in text for name in (*KINDS, *RESPONSES))
    assert f"{CELL // 60_000_000} minutes" in text
