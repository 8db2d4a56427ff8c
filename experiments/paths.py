"""Paths into a plant file: what an experiment varies, and the plant that comes of it.

A path goes through keys by their names and through lists by the names of their items (`name`, `mode` of failures,
`pool` of operators; an item without a name by its number: ``#1``), with dots between:
``lines.block-line.stations.OP20.buffer``. A step with a star stands for all items or keys that match it:
``lines.*.stations.OP*.buffer``. A value is put into the file's tree where the path ends, and the file is read with it:
what the schema does not allow there, a path cannot set.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, get_origin

from pydantic import ValidationError

from experiments.study import Setting
from plant.description import Plant
from plant.document import NAMED_BY, Document, Place
from plant.errors import EntryError, did_you_mean, shown
from plant.loader import build_plant
from plant.shape import bare, is_model, keys, locate, marks

MANY = 20  # names that an error lists

Settings = Mapping[str, Setting]
"""Values by path; stars set all that they stand for."""


class Described:
    """A plant file that experiments set values in.

    Args:
        document: the file.

    Raises:
        PlantError: the plant is wrong as it stands, with all its problems.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.plant = build_plant(document)

    def expand(self, pattern: str) -> list[str]:
        """The paths that a pattern stands for, in the order of the file; none if there is no such thing."""
        return [path for path, _ in self._found(pattern)]

    def judge(self, pattern: str) -> None:
        """Say what is wrong with a path.

        Raises:
            EntryError: it leads nowhere.
        """
        if not self._found(pattern):
            raise self._lost(pattern)

    def _found(self, pattern: str) -> list[tuple[str, Place]]:
        steps = pattern.split(".")
        return [(".".join(words), place) for words, place in _ways(self.document.tree, (), steps)]

    def standing(self, pattern: str) -> Setting:
        """The plain value at a path as the plant stands; none if it has none, or several by its stars."""
        found = [self._value(place) for _, place in self._found(pattern)]
        return found[0] if found and all(type(one) is type(found[0]) and one == found[0] for one in found) else None

    def _value(self, place: Place) -> Setting:
        value: Any = self.document.tree
        for step in place:
            value = value[step] if isinstance(step, int) else (value or {}).get(step)
        if value is None:
            field = locate(place).field
            default = None if field is None else field.get_default(call_default_factory=False)
            value = default if type(default) in {str, int, float, bool} and not _has_unit(field) else None
        return value if isinstance(value, str | int | float | bool) else None

    def set(self, settings: Settings) -> Plant:
        """The plant with some values set.

        Raises:
            PlantError: what comes of it is no plant; problems have the line of what is near in the plant file.
        """
        if not settings:
            return self.plant
        tree = self._with(settings)
        try:
            return Plant.model_validate(tree, context={"folder": self.document.folder})
        except ValidationError:
            return build_plant(replace(self.document, tree=tree, lines=dict(self.document.lines)))

    def _with(self, settings: Settings) -> Any:
        tree = copy(self.document.tree)
        opened: set[Place] = {()}
        for pattern, value in settings.items():
            for _, place in self._found(pattern):
                _put(tree, place, value, opened)
        return tree

    def _lost(self, pattern: str) -> EntryError:
        """What of a path is not there."""
        steps = pattern.split(".")
        for end in range(1, len(steps) + 1):
            if not _ways(self.document.tree, (), steps[:end]):
                break
        before = _ways(self.document.tree, (), steps[: end - 1])
        place = before[0][1] if before else ()
        known = [word for word, _ in _inside(self.document.tree, place)]
        where = ".".join(steps[: end - 1])
        found = f"there is no {shown(steps[end - 1])} in {where}" if where else f"there is no {shown(steps[0])}"
        if not known:
            return EntryError(f"{where} has nothing inside", f"a path that ends with {steps[end - 2]}")
        allowed = ", ".join(known[:MANY]) + (", …" if len(known) > MANY else "")
        return EntryError(found, allowed, did_you_mean(steps[end - 1], known))


def _has_unit(field: Any) -> bool:
    """Whether a number of a field is of microseconds, which people don't write so."""
    return field.annotation not in {int, float, str, bool, int | None, float | None, str | None}


Ways = list[tuple[tuple[str, ...], Place]]
"""Names and places."""


def _ways(tree: Any, place: Place, steps: list[str], *, several: bool = False) -> Ways:
    """All that the steps lead to from a place; of several things those that have what is asked for."""
    if not steps:
        return [((), place)]
    first, *rest = steps
    found: Ways = []
    starred = any(mark in first for mark in "*?[")
    for word, step in _inside(tree, place):
        if word != first and not (starred and fnmatchcase(word, first)):
            continue
        here, many = (*place, step), several or starred
        if many and rest and _at(tree, here) is None:
            continue  # a star makes nothing new
        found += [((word, *words), there) for words, there in _ways(tree, here, rest, several=many)]
    return found


def _at(tree: Any, place: Place) -> Any:
    for step in place:
        if isinstance(tree, list) and isinstance(step, int):
            tree = tree[step]
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def _inside(tree: Any, place: Place) -> Iterator[tuple[str, str | int]]:
    """What is or may be inside a place, by the words of paths and the steps of trees."""
    value = _at(tree, place)
    if isinstance(value, list):
        about = locate((*place, 0)).about
        for index, item in enumerate(value):
            yield _name(item, about, index), index
        return
    if value is not None and not isinstance(value, dict):
        return  # a plain value, or a shorthand for more
    for kind in _kinds(locate(place).about if place else Plant):
        if is_model(kind):
            yield from ((key, key) for key in keys(kind))
        elif get_origin(kind) is dict:
            yield from ((str(key), key) for key in value or ())


def _kinds(about: Any) -> list[Any]:
    """What may stand at a place: one type, or its alternatives."""
    return [bare(one)[0] for one in marks(about).values()] or [about]


def _name(item: Any, about: Any, index: int) -> str:
    """What people call an item of a list."""
    if isinstance(item, str):
        return item
    for key in NAMED_BY:
        if isinstance(item, dict) and isinstance(item.get(key), str):
            return str(item[key])
    field = keys(about).get("name") if is_model(about) else None
    if field is not None and isinstance(field.default, str) and index == 0:
        return field.default
    return f"#{index + 1}"


def _put(tree: Any, place: Place, value: Setting, opened: set[Place]) -> None:
    """Put a value into a tree of which only what was opened is one's own."""
    here = tree
    for end, step in enumerate(place[:-1], start=1):
        inner = here[step] if isinstance(step, int) else here.get(step)
        if place[:end] not in opened:
            inner = {} if inner is None else copy(inner)
            opened.add(place[:end])
            here[step] = inner
        here = inner
    here[place[-1]] = value
