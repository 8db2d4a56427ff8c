"""The shape of files that people write: which description stands where, and what its keys are called there.

Read off the models, those of `plant.description` unless another root is given, so that errors, the schema and the
reference page follow them by themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

from plant.description import Plant
from plant.document import Place

Model = type[BaseModel]

KEY = "[key]"
"""The step after a key of a table that is wrong itself, in the places of pydantic."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, and what stands there.

    Args:
        place: the way there as people see it, without the marks of alternatives.
        model: the innermost description around it.
        key: the key of that description under which it stands; empty for the root itself.
        owner: where that description stands.
        about: its type; none for a key that nobody knows.
        bounds: what else its value must fulfil.
        root: what the file as a whole describes.
    """

    place: Place
    model: Model
    key: str
    owner: Place
    about: Any
    bounds: tuple[Any, ...]
    root: Model = Plant

    @property
    def is_key(self) -> bool:
        """Whether it stands directly under a key of its description, not in a list or table there."""
        return self.place == (*self.owner, self.key)

    @property
    def field(self) -> FieldInfo | None:
        """What the description says about its key."""
        return keys(self.model).get(self.key)


def keys(model: Model) -> dict[str, FieldInfo]:
    """The fields of a description by the keys that people write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def words(spot: Spot) -> dict[str, FieldInfo]:
    """The keys that may stand beside a key: those of its description, and of all that might stand in its place."""
    owner = locate(spot.owner, spot.root)
    alternatives = [about for about, _ in map(bare, marks(owner.about).values()) if is_model(about)]
    return {key: field for model in (spot.model, *alternatives) for key, field in keys(model).items()}


def locate(place: Place, root: Model = Plant) -> Spot:
    """What stands at a place; marks of alternatives as pydantic puts them (``<conveyor>``) may be in it or left out."""
    spot = Spot((), root, "", (), root, (), root)
    for step in place:
        if step == KEY:
            continue
        alternatives = marks(spot.about)
        if step in alternatives:
            spot = _stand(spot, spot.place, alternatives[str(step)])
            continue
        about = _fitting(list(alternatives.values()), step) if alternatives else spot.about
        here = (*spot.place, step)
        if is_model(about):
            field = keys(about).get(str(step))
            inner = Spot(here, about, str(step), spot.place, None, (), root)
            spot = inner if field is None else _stand(inner, here, Annotated[field.annotation, field])
        else:
            items = get_args(about)
            value = items[1 if get_origin(about) is dict else 0] if items else None
            spot = _stand(spot, here, value)
    return spot


def sections(root: Model = Plant) -> dict[str, Model]:
    """All descriptions in reading order, by the keys under which they stand: ``lines / stations / failures``."""
    return dict(_sections("", root))


def _sections(title: str, model: Model) -> Iterator[tuple[str, Model]]:
    yield title, model
    for key, field in keys(model).items():
        inner = dict(_models(field.annotation))
        for mark, about in inner.items():
            here = f"{title} / {key}" if title else key
            yield from _sections(f"{here} ({mark.strip('<>')})" if len(inner) > 1 else here, about)


def _models(annotation: Any, mark: str = "") -> Iterator[tuple[str, Model]]:
    """The descriptions that a value may be or hold, by their marks."""
    about, _ = bare(annotation)
    if is_model(about):
        yield mark, about
    elif alternatives := marks(about):
        for name, alternative in alternatives.items():
            yield from _models(alternative, name)
    else:
        for inner in get_args(about):
            yield from _models(inner, mark)


def _stand(spot: Spot, place: Place, annotation: Any) -> Spot:
    about, bounds = bare(annotation)
    return Spot(place, spot.model, spot.key, spot.owner, about, bounds, spot.root)


def is_model(about: Any) -> bool:
    """Whether a type is a description."""
    return isinstance(about, type) and get_origin(about) is None and issubclass(about, BaseModel)


def bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without what is said about it, and that; ``X | None`` is X, since keys are left out and not null."""
    if get_origin(annotation) is Annotated:
        inner, *said = get_args(annotation)
        about, bounds = bare(inner)
        told = (one for item in said for one in (item.metadata if isinstance(item, FieldInfo) else [item]))
        return about, (*bounds, *told)
    if get_origin(annotation) in {Union, UnionType}:
        some = [one for one in get_args(annotation) if one is not type(None)]
        if len(some) == 1:
            return bare(some[0])
    return annotation, ()


def marks(about: Any) -> Mapping[str, Any]:
    """The alternatives of a field by the marks that tell them apart."""
    if get_origin(about) not in {Union, UnionType}:
        return {}
    tagged = ((said, one) for one in get_args(about) if get_origin(one) is Annotated for said in get_args(one)[1:])
    return {said.tag: one for said, one in tagged if isinstance(said, Tag)}


def _fitting(alternatives: list[Any], step: str | int) -> Any:
    """The alternative that has such a step."""
    for annotation in alternatives:
        about, _ = bare(annotation)
        if is_model(about):
            fits = step in keys(about)
        else:
            fits = get_origin(about) is (tuple if isinstance(step, int) else dict)
        if fits:
            return about
    return bare(alternatives[0])[0]
