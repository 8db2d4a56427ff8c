"""The JSON Schema says what the loader does, as far as a schema can say it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from plant.catalogue import CATALOGUE
from plant.description import Plant
from plant.errors import PlantError
from plant.loader import load_plant, plant_schema
from plant.shape import keys, sections

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
SCHEMA = plant_schema()
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def complaints(value, schema, place="$") -> list[str]:
    """The keywords of draft 2020-12 that our schema has; anything else in it fails the test."""
    told: list[str] = []
    for keyword, rule in schema.items():
        match keyword:
            case "$ref":
                told += complaints(value, SCHEMA["$defs"][rule.removeprefix("#/$defs/")], place)
            case "type":
                kinds = TYPES[rule]
                fits = isinstance(value, kinds) and isinstance(value, bool) == (rule == "boolean")
                told += [] if fits else [f"{place}: not {rule}"]
            case "anyOf":
                told += [] if any(not complaints(value, s, place) for s in rule) else [f"{place}: none of {len(rule)}"]
            case "enum":
                told += [] if value in rule else [f"{place}: not in {rule}"]
            case "pattern" if isinstance(value, str):
                told += [] if re.search(rule, value) else [f"{place}: not {rule}"]
            case "minimum" if isinstance(value, int | float):
                told += [] if value >= rule else [f"{place}: below {rule}"]
            case "maximum" if isinstance(value, int | float):
                told += [] if value <= rule else [f"{place}: above {rule}"]
            case "required" if isinstance(value, dict):
                told += [f"{place}: lacks {key}" for key in rule if key not in value]
            case "patternProperties" if isinstance(value, dict):
                for pattern, inner in rule.items():
                    fitting = [key for key in value if re.search(pattern, key)]
                    told += [t for key in fitting for t in complaints(value[key], inner, f"{place}.{key}")]
            case "patternProperties" if isinstance(value, dict):
                for pattern, inner in rule.items():
                    named = [key for key in value if re.search(pattern, key)]
                    told += [t for key in named for t in complaints(value[key], inner, f"{place}.{key}")]
            case "additionalProperties" if isinstance(value, dict) and rule is not False:
                told += [t for key, item in value.items() for t in complaints(item, rule, f"{place}.{key}")]
            case "additionalProperties" if isinstance(value, dict):
                patterns = schema.get("patternProperties", ())
                known = [key for key in value if key in schema.get("properties", ())]
                known += [key for key in value if any(re.search(pattern, key) for pattern in patterns)]
                told += [f"{place}: unknown {key}" for key in value if key not in known]
            case "properties" if isinstance(value, dict):
                for key in rule.keys() & value.keys():
                    told += complaints(value[key], rule[key], f"{place}.{key}")
            case "items" if isinstance(value, list):
                told += [t for i, item in enumerate(value) for t in complaints(item, rule, f"{place}[{i}]")]
            case "minItems" if isinstance(value, list):
                told += [] if len(value) >= rule else [f"{place}: too short"]
            case "pattern" | "minimum" | "maximum" | "required" | "additionalProperties" | "properties" | "items":
                pass  # says something about another type
            case "exclusiveMinimum" if isinstance(value, int | float):
                told += [] if value > rule else [f"{place}: not above {rule}"]
            case "const":
                told += [] if value == rule else [f"{place}: not {rule}"]
            case "propertyNames" | "patternProperties" | "minItems" | "exclusiveMinimum":
                pass
            case "maxLength" if isinstance(value, str):
                told += [] if len(value) <= rule else [f"{place}: too long"]
            case "title" | "description" | "default" | "examples" | "maxLength" | "$schema" | "$defs":
                pass
            case _:
                pytest.fail(f"the schema has the keyword {keyword}, which this test does not know")
    return told


OBJECTS = [(title, model, SCHEMA["$defs"].get(model.__name__, SCHEMA)) for title, model in sections().items()]


def example(name: str = "engine-works") -> dict:
    return yaml.safe_load(next(e for e in EXAMPLES if e.stem == name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_valid(file):
    assert complaints(yaml.safe_load(file.read_text(encoding="utf-8")), SCHEMA) == []


def test_it_is_json_of_draft_2020_12():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert '"null"' not in json.dumps(SCHEMA), "a key that may be left out is not offered with null"


@pytest.mark.parametrize(("name", "model", "schema"), OBJECTS, ids=[name for name, *_ in OBJECTS])
def test_every_key_is_there_with_title_and_description(name, model, schema):
    assert list(schema["properties"]) == list(keys(model)), name
    assert schema["additionalProperties"] is False
    assert sorted(schema.get("required", [])) == sorted(k for k, f in keys(model).items() if f.is_required())
    for key, about in schema["properties"].items():
        assert about["title"], key
        assert len(about["description"]) > 10, key
        assert "default" not in about or complaints(about["default"], about) == [], key


def test_machine_types_are_those_of_the_catalogue():
    assert SCHEMA["$defs"]["Station"]["properties"]["type"]["examples"] == list(CATALOGUE)


STATION = ("lines", 0, "stations", 1)
FAILURE = (*STATION, "failures", 0)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("colour",), "red"),
        (("lines", 0, "wip_limit"), 0),
        ((*STATION, "cycletime"), 3),
        ((*FAILURE, "mttr"), "3 s"),
        ((*STATION, "quality", "rework"), 0.1),
        (("telemetry", "rate"), 1),
        (("plant",), "engine works"),
        (("lines",), []),
        (("lines", 0, "blocking"), "never"),
        (("lines", 0, "arrivals"), "often"),
        ((*STATION, "name"), "-x"),
        ((*STATION, "machines"), 0),
        ((*STATION, "machines"), 2.5),
        ((*STATION, "buffer"), -1),
        ((*STATION, "cycle_time"), "nomal(1 s, 2 s)"),
        ((*STATION, "cycle_time"), -3),
        ((*STATION, "cycle_time"), "3 parsecs"),
        ((*STATION, "ideal_cycle"), "exponential(3 s)"),
        ((*STATION, "quality", "scrap"), 4),
        ((*STATION, "quality", "scrap"), "some"),
        ((*FAILURE, "clock"), "operatng"),
        ((*FAILURE, "part"), "lose"),
    ],
    ids=str,
)
def test_what_the_schema_refuses_the_loader_refuses_too(tmp_path, place, value):
    tree = example()
    parent = tree
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    assert len(complaints(tree, SCHEMA)) == 1
    file = tmp_path / "plant.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    with pytest.raises(PlantError) as caught:
        load_plant(file)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cycle_time", 3),
        ("cycle_time", 0.5),
        ("cycle_time", "  90s "),
        ("cycle_time", "1e3 ms"),
        ("cycle_time", "normal( 92 s , sigma=3 s )"),
        ("cycle_time", "geometric(0.1)"),
        ("ideal_cycle", ".5 h"),
        ("ideal_cycle", 90),
        ("quality", {"scrap": "0.4 %"}),
        ("quality", {"scrap": "4%"}),
        ("quality", {"scrap": 0.004}),
        ("buffer", 0),
    ],
    ids=str,
)
def test_what_the_loader_takes_the_schema_takes_too(tmp_path, key, value):
    tree = example("ten-station")
    tree["lines"][0]["stations"][3][key] = value
    file = tmp_path / "plant.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    assert load_plant(file)
    assert complaints(tree, SCHEMA) == []


@pytest.mark.parametrize("arrivals", ["saturated", "every 95 s", "exponential(95 s)", 95, "95 s"])
def test_ways_to_arrive(arrivals):
    tree = example("ten-station")
    tree["lines"][0]["arrivals"] = arrivals
    assert complaints(tree, SCHEMA) == []
    assert Plant.model_validate(tree).lines[0].arrivals
