"""The reference pages of plants say what the schema and the tables say. Renew the tables with --renew-golden."""

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest

from plant import shape
from plant.catalogue import CATALOGUE
from plant.distributions import KINDS
from plant.document import read_document
from plant.fault_kinds import SENSOR_KINDS, TRANSPORT_KINDS, WRONG_UNITS, Kind, Parameter
from plant.loader import load_plant, plant_schema
from plant.shape import locate, sections
from plant.time import format_duration

DOCS = Path(__file__).parents[2] / "docs" / "reference"
LAWS = {
    "constant": "always the same",
    "exponential": "memoryless; mean",
    "normal": "mean and standard deviation; redrawn while negative",
    "lognormal": "mean and coefficient of variation",
    "erlang": "sum of k exponential times; k from 1 to 1000 and the mean of the sum",
    "gamma": "mean and coefficient of variation from 0.01",
    "weibull": "shape from 0.05 and scale",
    "triangular": "least, most frequent, greatest",
    "uniform": "least, greatest",
    "geometric": "1, 2, 3 … whole seconds; probability of each further try to succeed",
    "empirical": "one of the values of a column of a CSV file, each equally likely",
}


def keys() -> str:
    schema = plant_schema()
    text = ""
    for title, model in sections().items():
        own = schema["$defs"].get(model.__name__, schema)
        text += f"### {title or 'The plant'}\n\n| key | default | meaning |\n|---|---|---|\n"
        for key, field in shape.keys(model).items():
            name = f"**`{key}`**" if field.is_required() else f"`{key}`"
            about = own["properties"][key]
            text += f"| {name} | {default(about, required=field.is_required())} | {about['description']} |\n"
        text += "\n"
    return text


def default(about: dict, *, required: bool) -> str:
    if required:
        return ""
    value = about.get("default", [])
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "–"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def distributions() -> str:
    rows = "".join(f"| `{kind.signature}` | {LAWS[name]} |\n" for name, kind in KINDS.items())
    return f"| written | means |\n|---|---|\n{rows}\n"


def types() -> str:
    rows = "".join(
        f"| `{name}` | {row.title} | {listed(row.tags)} | {listed(row.faults)} |\n" for name, row in CATALOGUE.items()
    )
    return f"| type | is | signals | faults |\n|---|---|---|---|\n{rows}\n"


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def kinds(rows: dict[str, Kind]) -> str:
    table = "| kind | is | parameters, with their defaults |\n|---|---|---|\n"
    for name, row in rows.items():
        told = (f"`{key}`{plain(key, value)}" for key, value in row.parameters.items())
        table += f"| `{name}` | {row.title} | {', '.join(told) or '–'} |\n"
    return f"{table}\n"


def plain(key: str, value: Parameter) -> str:
    """A default as people write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return f" {str(value).lower()}"
    if key in DURATIONS:
        return f" {format_duration(value)}"
    return f" {100 * value:g} %" if key in {"share", "error"} else f" {value:g}"


DURATIONS = {"tau", "up", "down", "degraded", "ahead", "hold", "median", "p99"}


def sensor_faults() -> str:
    return kinds(SENSOR_KINDS)


def transport_faults() -> str:
    return kinds(TRANSPORT_KINDS)


def wrong_units() -> str:
    rows = "".join(f"| `{name}` | {factor:.6g} | {offset:g} |\n" for name, (factor, offset) in WRONG_UNITS.items())
    return f"| `as` | factor | offset |\n|---|---|---|\n{rows}\n"


TABLES = [keys, distributions, types, sensor_faults, transport_faults, wrong_units]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_the_tables_of_the_page_are_those_of_the_code(request, table):
    page = DOCS / "plant.md"
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {table.__name__} -->\n", f"<!-- /{table.__name__} -->"
    before, rest = text.split(begin)
    told, after = rest.split(end)
    if request.config.getoption("--renew-golden"):
        page.write_text(f"{before}{begin}\n{table()}{end}{after}", encoding="utf-8")
        return
    assert told == f"\n{table()}"


def example() -> str:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "plant.md").read_text(encoding="utf-8"), re.DOTALL)
    return dedent(text)


def test_the_example_of_the_page_is_a_plant_with_all_elements(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(example(), encoding="utf-8")
    assert load_plant(file)
    places = read_document(file).lines
    there = {locate(place).model for place in places if place}
    assert [title for title, model in sections().items() if model not in there] == []


def test_the_rules_that_the_simulator_cites_are_on_the_page():
    page = (DOCS / "line-rules.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\*\*(\d+)\. ", page, re.MULTILINE))
    cited = set()
    for file in (DOCS.parents[1] / "simulators").glob("*.py"):
        for group in re.findall(r"\(rules? ([\d, and]+)\)", file.read_text(encoding="utf-8")):
            cited |= set(re.findall(r"\d+", group))
    assert cited
    assert cited <= known
