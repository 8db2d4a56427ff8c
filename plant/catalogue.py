"""The machine catalogue: the types that ship, a file each in `plant/machines`, and what a station's machine is like.

Figures are defaults of ours, sized after common machines of the kind. A type is read when it is first asked for.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

from plant.document import values_of
from plant.machine_types import MachineType

_FOLDER = files("plant") / "machines"


class _Catalogue(Mapping[str, MachineType]):
    """Types by name, told in full."""

    def __getitem__(self, name: str) -> MachineType:
        if name not in _names():
            raise KeyError(name)
        return _shipped(name)

    def __contains__(self, name: object) -> bool:
        return name in _names()

    def __iter__(self) -> Iterator[str]:
        return iter(_names())

    def __len__(self) -> int:
        return len(_names())


@cache
def _names() -> tuple[str, ...]:
    found = sorted(file.name.removesuffix(".yaml") for file in _FOLDER.iterdir() if file.name.endswith(".yaml"))
    return ("machine", *(name for name in found if name != "machine"))  # what all others are like comes first


def read_shipped(name: str) -> Any:
    """The file of a type that ships, as a tree of plain values."""
    return values_of((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def _shipped(name: str) -> MachineType:
    own = MachineType.model_validate(read_shipped(name))
    return own if own.like is None else own.onto(_shipped(own.like))


CATALOGUE: Mapping[str, MachineType] = _Catalogue()


def resolved(own: Mapping[str, MachineType]) -> dict[str, MachineType]:
    """The types that a plant file brings along, told in full; without those that are like none that there is."""
    found: dict[str, MachineType] = {}

    def resolve(name: str, below: tuple[str, ...]) -> MachineType:
        if name in below:
            raise KeyError(name)
        if name not in own:
            return CATALOGUE[name]
        if name not in found:
            of = own[name]
            found[name] = of if of.like is None else of.onto(resolve(of.like, (*below, name)))
        return found[name]

    for name in own:
        with suppress(KeyError):  # like one that there is not, or like itself: `plant.contradictions` tells it
            resolve(name, ())
    return found
