"""Contradictions about the types of machines."""

from typing import TYPE_CHECKING

from plant.catalogue import CATALOGUE
from plant.contradictions.contradiction import Contradiction, Found, unknown
from plant.errors import EntryError

if TYPE_CHECKING:
    from plant.description import Plant


def types_named(plant: "Plant") -> Found:
    """Every station has a type that there is."""
    known = [*plant.machine_types, *(name for name in CATALOGUE if name not in plant.machine_types)]
    for i, line in enumerate(plant.lines):
        for k, station in enumerate(line.stations):
            yield from unknown("machine type", station.type, known, ("lines", i, "stations", k, "type"))


def types_fit(plant: "Plant") -> Found:
    """Every type of the plant is like one that there is, and everything in it fits together."""
    whole = True
    for name, of in plant.machine_types.items():
        seen, like = [name], of.like
        while like is not None:
            if like in seen:
                found = f"{name} is like itself by way of {', '.join(seen[1:]) or like}"
                yield Contradiction(("machine_types", name, "like"), found, "another type")
                whole = False
                break
            if like not in plant.machine_types:
                wrong = list(unknown("machine type", like, list(CATALOGUE), ("machine_types", name, "like")))
                if wrong and len(seen) == 1:
                    yield from wrong
                whole = whole and not wrong
                break
            seen.append(like)
            like = plant.machine_types[like].like
    if not whole:
        return
    for name, of in plant.own_types.items():
        try:
            of.check()
        except EntryError as wrong:
            yield Contradiction(_told(plant, name, wrong.at), wrong.found, wrong.allowed, wrong.hint)


def _told(plant: "Plant", name: str, at: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where the file says it: as far as the type itself does, what it is like being told elsewhere."""
    tree: object = plant.machine_types[name].model_dump(by_alias=True, exclude_unset=True)
    place: tuple[str | int, ...] = ("machine_types", name)
    for step in at:
        if not isinstance(tree, dict) or step not in tree:
            break
        tree, place = tree[step], (*place, step)
    return place


def figures_named(plant: "Plant") -> Found:
    """The figures that a station has of its own are figures of its type."""
    for i, line in enumerate(plant.lines):
        for k, station in enumerate(line.stations):
            if not station.figures or not plant.has_type(station.type):
                continue
            known = plant.kind(station.model_copy(update={"figures": {}})).figures
            for name in station.figures:
                place = ("lines", i, "stations", k, "figures", name)
                yield from unknown("figure", name, list(known), place, where=f" of a {station.type}")
