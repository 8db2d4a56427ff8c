"""Plant files: from YAML to a `Plant`, or to all problems at once.

A mistake must not hide another, nor cause a second complaint. So what is wrong is noted and mended, with a neutral
value, in a copy of the file's tree, and the tree is looked at again until nothing is wrong with it.
"""

from copy import deepcopy
from itertools import count
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from plant.description import Plant
from plant.document import Document, Place, read_document
from plant.errors import EntryError, PlantError, Problem, closest, did_you_mean, shown
from plant.time import format_duration

PASSES = 25  # of looking again; what a list has more of the same kind is told once these are mended

EXAMPLES: dict[str, str] = {
    "plant": "plant: engine-works",
    "lines": "lines: with one item per line of the plant",
    "name": "name: OP10",
    "stations": "stations: with one item per station",
    "cycle_time": "cycle_time: 90 s",
    "mode": "mode: spindle",
    "time_to_repair": "time_to_repair: 20 min",
}
"""Keys that must be given."""

ABSENT = object()
_numbers = count(1)


def load_plant(path: str | Path) -> Plant:
    """The plant that a file describes.

    Args:
        path: a YAML file; the CSV files it names are looked for beside it.

    Raises:
        PlantError: with all problems of the file, in order of their lines.
    """
    return build_plant(read_document(path))


def build_plant(document: Document) -> Plant:
    """The plant that a document describes.

    Raises:
        PlantError: with all problems of the document, in order of their lines.
    """
    problems = dict(document.problems)
    tree = deepcopy(document.tree)
    if not isinstance(tree, dict):
        raise PlantError([document.problem((), f"the file holds {shown(tree)}", "a plant, beginning with plant: NAME")])
    for place in problems:
        _mend(tree, place)
    plant = None
    for _ in range(PASSES):
        try:
            plant = Plant.model_validate(tree, context={"folder": document.folder})
        except ValidationError as error:
            for detail in sorted(error.errors(include_url=False), key=_unknown_keys_first):
                _note(document, problems, tree, detail)
        else:
            break
    if problems or plant is None:
        raise PlantError(sorted(problems.values(), key=lambda problem: problem.line))
    return plant


def _unknown_keys_first(detail: Any) -> bool:
    """A key written wrongly is one mistake: it must not be called unknown and missing."""
    return bool(detail["type"] != "extra_forbidden")


def _note(document: Document, problems: dict[Place, Problem], tree: dict[str, Any], detail: Any) -> None:
    """Note a mistake that pydantic found, unless its place has one already, and mend it."""
    place: Place = detail["loc"]
    if detail["type"] == "too_short" and detail["input"]:
        return  # its items are wrong, and each of them has said so
    if detail["type"] == "missing" and place[-1] in _at(tree, place[:-1]):
        return  # it was there, written wrongly
    wrong = detail.get("ctx", {}).get("error")
    if isinstance(wrong, EntryError):
        decisive = (*place, *wrong.at)
        there = decisive if decisive in document.lines else place
        found, allowed, hint = wrong.found, wrong.allowed, wrong.hint
    else:
        decisive = there = place
        found, allowed, hint = _in_words(place, detail)
    if there not in problems:
        problems[there] = document.problem(there, found, allowed, hint)
    if detail["type"] == "extra_forbidden":
        _rename(document, tree, place)
    else:
        _mend(tree, decisive)


# --- mending: neutral values, so that what stands beside a mistake can still be judged -----------------------------


def _at(tree: Any, place: Place) -> Any:
    for step in place:
        tree = tree[step]
    return tree


def _mend(tree: dict[str, Any], place: Place) -> None:
    parent, key = _at(tree, place[:-1]), place[-1]
    if isinstance(key, int):
        parent[key] = _neutral(str(place[-2]))[0]
        return
    partners: dict[str, tuple[str, ...]] = {
        "availability": ("availability", "time_to_failure"),
        "sample": ("sample", "block"),
        "block": ("sample", "block"),
    }
    for name in partners.get(key, (key,)):
        value = _neutral(name)
        if value is ABSENT:
            parent.pop(name, None)
        else:
            parent[name] = value


def _rename(document: Document, tree: dict[str, Any], place: Place) -> None:
    """Take the unknown key for the one that was probably meant, so that its value is judged too; else drop it."""
    parent, key = _at(tree, place[:-1]), str(place[-1])
    value = parent.pop(key)
    meant = closest(key, _model_at(place[:-1]).model_fields)
    if meant and meant not in parent:
        parent[meant] = value
        document.lines[(*place[:-1], meant)] = document.lines[place]


def _neutral(key: str) -> Any:
    fresh = f"unnamed-{next(_numbers)}"
    station = {"name": fresh, "cycle_time": "1 s"}
    return {
        "plant": fresh,
        "name": fresh,
        "mode": fresh,
        "cycle_time": "1 s",
        "time_to_failure": "1 h",
        "time_to_repair": "1 s",
        "failures": [{"mode": fresh, "time_to_failure": "1 h", "time_to_repair": "1 s"}],
        "stations": [station],
        "lines": [{"name": fresh, "stations": [station]}],
    }.get(key, ABSENT)


# --- pydantic's findings in our words ------------------------------------------------------------------------------


def _in_words(place: Place, detail: Any) -> tuple[str, str, str]:
    """What was found, what is allowed, and a hint."""
    value, kind = detail["input"], detail["type"]
    hint = ""
    match kind:
        case "extra_forbidden":
            return _unknown(str(place[-1]), _model_at(place[:-1]))
        case "missing":
            found, allowed = f"{place[-1]} is missing", EXAMPLES[str(place[-1])]
        case "literal_error":
            words = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            found, allowed, hint = f"{shown(value)} is not known", ", ".join(words), did_you_mean(value, words)
        case "int_type" | "greater_than_equal" | "less_than_equal":
            found, allowed = f"{shown(value)} cannot be used", _whole_number(place)
            hint = "without quotes" if isinstance(value, str) and value.strip().isdigit() else ""
        case "tuple_type":
            found, allowed = f"{shown(value)} is not a list", "items that begin with a dash: - …"
        case "too_short":
            found, allowed = "the list is empty", "at least one item"
        case "model_type":
            found, allowed = f"{shown(value)} is not a mapping", f"the keys {', '.join(_model_at(place).model_fields)}"
        case _:
            found, allowed = f"{shown(value)} cannot be used", _field_at(place).description or "another value"
    return found, allowed, hint


def _unknown(key: str, model: type[BaseModel]) -> tuple[str, str, str]:
    hint = did_you_mean(key, model.model_fields)
    if not hint:
        homes = [name for name, other in _models(Plant, "plant").items() if key in other.model_fields]
        hint = f"it belongs to {' or '.join(homes)}" if homes else ""
    return f"unknown key {shown(key)}", ", ".join(model.model_fields), hint


def _whole_number(place: Place) -> str:
    bounds = {type(bound).__name__: getattr(bound, type(bound).__name__.lower(), None) for bound in _metadata(place)}
    least, most = bounds.get("Ge"), bounds.get("Le")
    return "a whole number" + (f" from {least}" if least is not None else "") + (f" to {most}" if most else "")


def _metadata(place: Place) -> list[Any]:
    return _field_at(place).metadata


def _field_at(place: Place) -> FieldInfo:
    steps = [step for step in place if isinstance(step, str)]
    return _model_at(place[: len(place) - 1 - place[::-1].index(steps[-1])]).model_fields[steps[-1]]


def _model_at(place: Place) -> type[BaseModel]:
    model: type[BaseModel] = Plant
    for step in place:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is about: `tuple[Station, ...]` → `Station`."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    inner = get_args(annotation) if get_origin(annotation) in {tuple, UnionType} else ()
    return next((model for model in map(_model_in, inner) if model is not None), None)


def _models(model: type[BaseModel], name: str) -> dict[str, type[BaseModel]]:
    """All models by the key under which they stand."""
    found = {name: model}
    for key, about in model.model_fields.items():
        if (inner := _model_in(about.annotation)) is not None:
            found |= _models(inner, key)
    return found


def plant_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of plant files, for editors."""
    schema = _for_editors(Plant.model_json_schema(mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Shopfloor plant"}


def _for_editors(tree: Any) -> Any:
    """The schema as people write plants: titles everywhere, durations with units, no null where a key is left out."""
    if isinstance(tree, list):
        return [_for_editors(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {key: _for_editors(value) for key, value in tree.items() if not (key == "default" and value is None)}
    for key, about in tree.get("properties", {}).items():
        about.setdefault("title", key.replace("_", " ").capitalize())
        if key in {"sample", "block"} and "default" in about:
            about["default"] = format_duration(about["default"])
    choices = [choice for choice in tree.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **tree}
    return {**tree, "anyOf": choices} if choices else tree
