"""Plant files, and others that people write: from YAML to a description, or to all problems at once.

A mistake must not hide another, nor cause a second complaint. So what is wrong is noted and mended, with a neutral
value, in a copy of the file's tree, and the tree is looked at again until nothing is wrong with it. What several values
say together (`plant.contradictions`) is judged then, unless it follows from a value that was mended.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from annotated_types import MinLen
from pydantic import BaseModel, ValidationError

from plant.contradictions import ContradictionError
from plant.description import Plant, Sampling
from plant.distributions import Distribution
from plant.document import Document, Place, read_document
from plant.errors import EntryError, PlantError, Problem, closest, shown
from plant.expressions import Expression
from plant.fault_kinds import UNKNOWN_KIND
from plant.faults import SensorFault, TransportFault
from plant.fields import Amount, Quantity
from plant.machine_types import Phase
from plant.power import Air
from plant.quality import Characteristic, Rework
from plant.shape import KEY, Model, Spot, bare, is_model, keys, locate, marks, sections, words
from plant.shifts import Break, Shift
from plant.stops import Failure, Maintenance, Setup
from plant.variables import Sawtooth
from plant.ways import Supply
from plant.wording import in_words

PASSES = 25  # of looking again; what a list has more of the same kind is told once these are mended

ABSENT = object()
T = TypeVar("T", bound=BaseModel)
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
    return described(document, Plant, "a plant, beginning with plant: NAME")


def described(document: Document, root: type[T], wanted: str, **context: Any) -> T:
    """What a document describes.

    Args:
        document: the file.
        root: the description that it should be.
        wanted: what the file should hold, for people.
        context: what its checks look at besides the file.

    Raises:
        PlantError: with all problems of the document, in order of their lines.
    """
    if not isinstance(document.tree, dict):
        found = f"the file holds {shown(document.tree)}"
        raise PlantError([document.problem((), found, wanted)])
    trial = _Trial(document, root, context, deepcopy(document.tree), dict(document.problems))
    for place in document.problems:
        trial.mend(locate(place, root))
    made = trial.made()
    told = [*trial.problems.values(), *trial.contradictions]
    if told or made is None:
        raise PlantError(sorted(told, key=lambda problem: problem.line))
    return made


@dataclass(slots=True)
class _Trial(Generic[T]):
    """A file's tree while it is mended, and what was wrong with it.

    Args:
        document: the file as it is.
        root: what it should describe.
        context: what the checks look at besides.
        tree: the values as they might be right.
        problems: mistakes in single values, by their places.
        contradictions: mistakes of several values together.
        mended: places that have another value than in the file.
        moved: places that have become another kind of thing since the tree was looked at.
    """

    document: Document
    root: type[T]
    context: dict[str, Any]
    tree: dict[str, Any]
    problems: dict[Place, Problem]
    contradictions: list[Problem] = field(default_factory=list)
    mended: set[Place] = field(default_factory=set)
    moved: set[Place] = field(default_factory=set)

    def made(self) -> T | None:
        """What the tree describes once it is mended; none if it contradicts itself, or is not mended in some passes."""
        context = {"folder": self.document.folder, "mended": self.mended, **self.context}
        for _ in range(PASSES):
            try:
                return self.root.model_validate(self.tree, context=context)
            except ValidationError as error:
                details = sorted(error.errors(include_url=False), key=_unknown_keys_first)
            for wrong in map(_cause, details):
                if isinstance(wrong, ContradictionError):
                    self._contradict(wrong)
                    return None
            self.moved.clear()
            for detail in details:
                self._note(detail)
        return None

    def _note(self, detail: Any) -> None:
        """Note a mistake that pydantic found, unless it follows from one that is noted, and mend it."""
        wrong = _cause(detail)
        spot = locate(detail["loc"], self.root)
        there_now = detail["type"] == "missing" and spot.key in _value(self.tree, spot.owner)
        if _follows(detail) or there_now or (spot.owner in self.moved and detail["type"] == "missing"):
            return  # another mistake says it, a key written wrongly for one
        at: Place = ()
        if isinstance(wrong, EntryError):
            found, allowed, hint, at = wrong.found, wrong.allowed, wrong.hint, wrong.at
        else:
            found, allowed, hint = in_words(spot, detail)
        place, decisive = self._existing(spot.place), self._existing((*spot.place, *at))
        there = decisive if decisive in self.document.lines else place
        if not any(known[: len(decisive)] == decisive for known in self.problems):
            self.problems[decisive] = self.document.problem(there, found, allowed, hint)
        if detail["type"] == "extra_forbidden":
            self._rename(spot)
        else:
            self.mend(locate(decisive, self.root), is_key=detail["loc"][-1:] == (KEY,))

    def _contradict(self, wrong: ContradictionError) -> None:
        for one in wrong.contradictions:
            place = one.place
            if any(place[: len(mended)] == mended for mended in self.mended):
                continue  # nobody wrote it
            while place not in self.document.lines:
                place = place[:-1]
            self.contradictions.append(self.document.problem(place, one.found, one.allowed, one.hint))

    def _existing(self, place: Place) -> Place:
        """The way as far as it leads in the tree, the last step apart: a shorthand has nothing inside."""
        here: Any = self.tree
        for end, step in enumerate(place):
            if not isinstance(here, dict | list):
                return place[:end]
            here = here[step] if isinstance(here, list) else here.get(step)  # type: ignore[index]
        return place

    def _rename(self, spot: Spot) -> None:
        """Take the unknown key for the one that was probably meant, so that its value is judged too; else drop it."""
        parent, key = _value(self.tree, spot.owner), spot.key
        value = parent.pop(key)
        meant = closest(key, words(spot))
        if meant and meant != key and meant not in parent:
            parent[meant] = value
            if meant not in keys(spot.model):
                self.moved.add(spot.owner)
            for place, line in list(self.document.lines.items()):
                if place[: len(spot.place)] == spot.place:
                    self.document.lines[(*spot.owner, meant, *place[len(spot.place) :])] = line

    def mend(self, spot: Spot, *, is_key: bool = False) -> None:
        """Put a neutral value in place of a wrong one, so that what stands beside it can still be judged.

        Args:
            spot: where; a key that need not be given is left out.
            is_key: whether the name itself of an entry of a table is wrong.
        """
        self.mended.add(spot.place)
        parent, key = _value(self.tree, spot.place[:-1]), spot.place[-1]
        if spot.is_key:
            for name, value in _instead(spot.model, spot.key).items():
                parent.pop(name, None)
                if value is not ABSENT:
                    parent[name] = value
        elif is_key:
            parent.pop(key, None)
            fresh = _fresh()
            parent[fresh] = _neutral(spot.about)
            self.mended.add((*spot.place[:-1], fresh))
        elif isinstance(key, int) or key in parent:
            parent[key] = _neutral(spot.about)


def _cause(detail: Any) -> Exception | None:
    """Our own error behind one of pydantic's."""
    cause: Exception | None = detail.get("ctx", {}).get("error")
    return cause


def _unknown_keys_first(detail: Any) -> bool:
    """A key written wrongly is one mistake: it must not be called unknown and missing."""
    return bool(detail["type"] != "extra_forbidden")


def _follows(detail: Any) -> bool:
    """Whether a mistake only follows from others: a list is too short for its wrong items, a default for its source."""
    if detail["type"] == "too_short":
        return bool(len(detail["input"]) >= detail["ctx"]["min_length"])
    return bool(detail["type"] == "default_factory_not_called")


def _value(tree: Any, place: Place) -> Any:
    for step in place:
        tree = tree[step]
    return tree


# --- neutral values ------------------------------------------------------------------------------------------------

_MAINTAINED = {"every": "1 h", "at_wear": ABSENT, "renews": ABSENT}
_SUPPLIED = {"cards": 1, "stock": ABSENT, "reorder_at": ABSENT}
_MEASURED = {"nominal": 0, "sigma": 0, "lower": ABSENT, "upper": ABSENT, "drift": ABSENT}

NEUTRAL: dict[tuple[Model, str], dict[str, Any]] = {
    (Sampling, "sample"): {"sample": ABSENT, "block": ABSENT},
    (Sampling, "block"): {"sample": ABSENT, "block": ABSENT},
    (Failure, "availability"): {"availability": ABSENT, "time_to_failure": "1 h"},
    (Failure, "time_to_failure"): {"time_to_failure": "1 h"},
    (Setup, "time"): {"time": "1 s"},
    (Setup, "matrix"): {"matrix": ABSENT, "time": "1 s"},
    **{(Maintenance, key): _MAINTAINED for key in _MAINTAINED},
    **{(Supply, key): _SUPPLIED for key in _SUPPLIED},
    **{(Characteristic, key): _MEASURED for key in ("nominal", "sigma")},
    (Rework, "share"): {"share": 0},
    (Shift, "start"): {"start": "06:00"},
    (Shift, "end"): {"end": "14:00"},
    (Break, "start"): {"start": "06:00"},
    (Air, "processing"): {"processing": 1},
    (Phase, "name"): {"name": "work"},
    (Sawtooth, "low"): {"low": 0, "high": 1},
    (Sawtooth, "high"): {"low": 0, "high": 1},
    (SensorFault, "sensor"): {"sensor": UNKNOWN_KIND},
    (TransportFault, "transport"): {"transport": UNKNOWN_KIND},
    **{(SensorFault, key): {key: ABSENT, "sensor": UNKNOWN_KIND} for key in ("low", "high")},
    **{(TransportFault, key): {"median": ABSENT, "p99": ABSENT} for key in ("median", "p99")},
}
"""Where keys go together, or a neutral value does not follow from the type."""

LEAST = {
    int: 1, float: 1, bool: False, Distribution: "1 s", Amount: "1 h", Quantity: 0, Expression: "1", date: "2026-01-01",
    dict: {},
}  # fmt: skip
"""Neutral values of other types than texts, lists and descriptions; types of other rooms say theirs in `neutral`."""


def _fresh() -> str:
    return f"unnamed-{next(_numbers)}"


def _instead(model: Model, key: str) -> dict[str, Any]:
    """Keys and neutral values that take the place of a key with a wrong value."""
    field = keys(model).get(key)
    usual = ABSENT if field is None or not field.is_required() else _neutral(Annotated[field.annotation, field])
    return NEUTRAL.get((model, key), {key: usual})


def _neutral(annotation: Any) -> Any:
    """The least that a value may be; names differ from all others."""
    about, bounds = bare(annotation)
    if alternatives := marks(about):
        return _neutral(next(iter(alternatives.values())))
    if is_model(about):
        values = {name: value for key in keys(about) for name, value in _instead(about, key).items()}
        return {name: value for name, value in values.items() if value is not ABSENT}
    kind, inner = get_origin(about) or about, get_args(about)
    if kind is Literal:
        return inner[0]
    if kind is tuple:
        least = next((bound.min_length for bound in bounds if isinstance(bound, MinLen)), 1)
        return [_neutral(inner[0]) for _ in range(least)]
    if kind is str:
        return _fresh()
    return LEAST[kind] if kind in LEAST else getattr(kind, "neutral", LEAST[int])


def plant_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of plant files, for editors."""
    return schema_of(Plant, "Shopfloor plant")


def schema_of(root: Model, title: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of files that describe something."""
    schema = root.model_json_schema(mode="validation")
    for model in sections(root).values():
        own = schema if model is root else schema["$defs"][model.__name__]
        for key, default in _defaults(model).items():
            own["properties"][key]["default"] = default
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_for_editors(schema),
        "title": title,
    }


def _defaults(model: Model) -> dict[str, Any]:
    """Defaults as people write them: plain values, of keys that don't follow from others."""
    fields = {key: field for key, field in keys(model).items() if not field.default_factory_takes_validated_data}
    written = model.model_construct().model_dump(mode="json", by_alias=True)
    return {
        key: written[key]
        for key, field in fields.items()
        if not field.is_required() and isinstance(written[key], str | bool | int | float)
    }


def _for_editors(tree: Any) -> Any:
    """The schema as people write plants: titles everywhere, no null, one word for alternatives."""
    if isinstance(tree, list):
        return [_for_editors(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {key: _for_editors(value) for key, value in tree.items() if not (key == "default" and value is None)}
    for key, about in tree.get("properties", {}).items():
        about.setdefault("title", key.replace("_", " ").capitalize())
    if "patternProperties" in tree:  # a table: its keys are names, and nothing else
        tree["additionalProperties"] = False
    alternatives = [*tree.pop("anyOf", []), *tree.pop("oneOf", [])]
    choices = [choice for choice in alternatives if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **tree}
    return {**tree, "anyOf": choices} if choices else tree
