"""A contradiction, and where its checks look: a line in its plant, the names that are known there."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from plant.document import Place, address
from plant.errors import EntryError, did_you_mean, shown
from plant.ways import Choice, Way

if TYPE_CHECKING:
    from plant.description import Line, Plant, Station
    from plant.goods import Product

MANY = 20  # names that an error lists


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that cannot be true at once.

    Args:
        place: the way to the decisive value from the root.
        found: what was found.
        allowed: what may stand there.
        hint: what was probably meant.
    """

    place: Place
    found: str
    allowed: str
    hint: str = ""


class ContradictionError(EntryError):
    """A description that contradicts itself.

    Attributes:
        contradictions: all of them, in the order of the checks.
    """

    def __init__(self, described: BaseModel, contradictions: tuple[Contradiction, ...]) -> None:
        self.contradictions = contradictions
        first, *others = contradictions
        hints = [first.hint] * bool(first.hint) + [f"and {len(others)} more"] * bool(others)
        where = address(described.model_dump(by_alias=True), first.place)
        super().__init__(f"{where}: {first.found}", first.allowed, ", ".join(hints), at=first.place)


Found = Iterator[Contradiction]


@dataclass(frozen=True, slots=True)
class Here:
    """A line in its plant.

    Args:
        plant: all of it.
        line: the line.
        place: where it stands.
        products: what it makes.
    """

    plant: "Plant"
    line: "Line"
    place: Place
    products: tuple["Product", ...]

    @property
    def names(self) -> list[str]:
        """Its stations."""
        return [station.name for station in self.line.stations]

    def stations(self) -> Iterator[tuple[Place, "Station"]]:
        """Its stations with their places."""
        for index, station in enumerate(self.line.stations):
            yield (*self.place, "stations", index), station

    def place_of(self, name: str) -> Place:
        """Where a station stands."""
        return (*self.place, "stations", self.names.index(name))


def ways_of(station: "Station") -> Iterator[tuple[Place, str, Way | None]]:
    """The ways that next names."""
    if isinstance(station.next, Choice):
        for k, to in enumerate(station.next.to):
            yield ("next", "to", k), to, None
    else:
        for k, way in enumerate(station.next):
            yield ("next", k, "to"), way.to, way


def product_names(plant: "Plant") -> list[str]:
    """Products that the plant declares."""
    return [product.name for product in plant.products]


def unknown(kind: str, name: str, known: Collection[str], place: Place, *, where: str = "") -> Found:
    """A name that nothing has."""
    if name not in known:
        some = [*known][:MANY]
        allowed = ", ".join(some) + (", …" if len(known) > MANY else "")
        yield Contradiction(
            place,
            f"there is no {kind} {shown(name)}{where}",
            allowed or f"a {kind} of the plant; there is none",
            did_you_mean(name, known),
        )


def percent(share: float) -> str:
    """A share as people write it."""
    return f"{100 * share:.6g} %"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names)
