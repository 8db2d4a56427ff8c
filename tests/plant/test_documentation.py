"""The reference pages of plants say what the schema and the tables say. Renew the tables with --renew-golden."""

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import dedent

import pytest

from plant import shape
from plant.catalogue import CATALOGUE
from plant.distributions import KINDS
from plant.document import read_document
from plant.expressions import FUNCTIONS as ORDINARY
from plant.fault_kinds import SENSOR_KINDS, TRANSPORT_KINDS, WRONG_UNITS, Kind, Parameter
from plant.loader import load_plant, plant_schema
from plant.machine_types import CONTINUOUS, LEVELS, STEPWISE, FaultRow
from plant.shape import locate, sections
from plant.time import format_duration
from plant.units import symbol
from plant.variables import TagRow
from simulators.physics import FUNCTIONS

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
    return keys_of(lambda title: not title.startswith("machine_types"))


def type_keys() -> str:
    return keys_of(lambda title: title.startswith("machine_types"))


def keys_of(wanted: Callable[[str], bool]) -> str:
    schema = plant_schema()
    text = ""
    for title, model in sections().items():
        if not wanted(title):
            continue
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
    rows = "".join(f"| [`{name}`](machine-types.md#{name}) | {row.title} |\n" for name, row in CATALOGUE.items())
    return f"| type | is |\n|---|---|\n{rows}\n"


def shipped() -> str:
    """Each type of the catalogue; what it measures like every machine is named only."""
    text, every = "", CATALOGUE["machine"].tags
    for name, row in CATALOGUE.items():
        text += f"### {name}\n\n{row.title}. {power(name)}\n\n"
        text += "| tag | is | unit | range | sampled |\n|---|---|---|---|---|\n"
        same = [tag for tag, of in row.tags.items() if name != "machine" and of == every.get(tag)]
        text += "".join(tag_row(tag, of) for tag, of in row.tags.items() if tag not in same)
        text += f"\nLike every machine: {listed(same)}.\n" if same else ""
        text += f"\nWaveforms: {', '.join(f'`{wave}`' for wave in row.waveforms)}.\n" if row.waveforms else ""
        if row.faults:
            text += "\n| fault | is | shows, in this order | measures |\n|---|---|---|---|\n"
            text += "".join(fault_row(fault, of) for fault, of in row.faults.items())
        text += "\n"
    return text


def power(name: str) -> str:
    levels = CATALOGUE[name].power
    assert levels is not None
    told = f"Off {levels.off:g} kW, standby {levels.standby:g} kW, ready {levels.ready:g} kW"
    return f"{told}, processing " + ("by its drive." if levels.processing is None else f"{levels.processing:g} kW.")


def tag_row(name: str, row: TagRow) -> str:
    about = row.told(name)
    low, high = ("" if end is None else f"{end:g}".replace("-", "−") for end in (row.min, row.max))
    room = ", ".join(f"`{word}`" for word in row.words) if row.words else f"{low} … {high}" if low or high else "–"
    sampled = f"every {format_duration(row.every)}" if row.every else "each `sample`"
    if row.when is not None:
        sampled = {"change": "on change", "cycle": "per operation"}[row.when]
    if row.deadband is not None:
        beat = f", or {format_duration(row.heartbeat)}" if row.heartbeat else ""
        sampled += f", moved by {row.deadband:g}{beat}"
    return f"| `{name}` | {about.title} | {'text' if row.words else symbol(row.unit)} | {room} | {sampled} |\n"


def fault_row(name: str, row: FaultRow) -> str:
    shows = ", ".join(f"`{tag}` {'falls' if sign == '-' else 'rises'}" for tag, sign in map(str.split, row.shows))
    told = [f"{word} {of}" for word, of in (("shift", row.shift), ("spread", row.spread)) if of is not None]
    return f"| `{name}` | {row.title} | {shows or '–'} | {'; '.join(told) or '–'} |\n"


def functions() -> str:
    text = "| function | gives |\n|---|---|\n"
    text += "".join(f"| `{call}` | {PLAIN[call.partition('(')[0]]} |\n" for call in CALLS)
    for name, of in FUNCTIONS.items():
        told = " ".join((inspect.getdoc(of) or "").split("\n\n")[0].split()).replace("|", "\\|")
        text += f"| `{name}({arguments(of)})` | {told} |\n"
    return f"{text}\n"


def arguments(of: Callable[..., object]) -> str:
    """As people write them; those in brackets may be left out."""
    told = []
    for one in inspect.signature(of).parameters.values():
        if one.kind is one.VAR_POSITIONAL:
            told.append("…")
        else:
            told.append(one.name if one.default is one.empty else f"{one.name}={one.default:g}")
    return ", ".join(told)


CALLS = (
    "abs(x)", "ceil(x)", "clip(x, low, high)", "cos(x)", "exp(x)", "floor(x)", "log(x)", "max(x, y, …)", "min(x, y, …)",
    "round(x)", "sin(x)", "sqrt(x)", "tan(x)",
)  # fmt: skip
PLAIN = {
    "abs": "without its sign", "ceil": "the next whole number above", "clip": "x, but not below low nor above high",
    "cos": "cosine of radians", "exp": "e to the power of x", "floor": "the next whole number below",
    "log": "natural logarithm", "max": "the greatest", "min": "the least",
    "round": "the nearest whole number, half to even", "sin": "sine of radians", "sqrt": "square root",
    "tan": "tangent of radians",
}  # fmt: skip


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


TABLES = {
    "plant.md": [keys, distributions, types],
    "machine-types.md": [type_keys, functions, shipped],
    "faults.md": [sensor_faults, transport_faults, wrong_units],
}


@pytest.mark.parametrize(
    ("name", "table"),
    [(name, table) for name, tables in TABLES.items() for table in tables],
    ids=lambda of: getattr(of, "__name__", ""),
)
def test_the_tables_of_the_page_are_those_of_the_code(request, name, table):
    page = DOCS / name
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {table.__name__} -->\n", f"<!-- /{table.__name__} -->"
    before, rest = text.split(begin)
    told, after = rest.split(end)
    if request.config.getoption("--renew-golden"):
        page.write_text(f"{before}{begin}\n{table()}{end}{after}", encoding="utf-8")
        return
    assert told == f"\n{table()}"


def test_the_page_of_machine_types_tells_every_variable_and_function():
    text = (DOCS / "machine-types.md").read_text(encoding="utf-8")
    told = text.split("<!-- everywhere -->")[1].split("<!-- /everywhere -->")[0]
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [*STEPWISE, *LEVELS, *CONTINUOUS]
    assert PLAIN.keys() == ORDINARY.keys() == {call.partition("(")[0] for call in CALLS}


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
