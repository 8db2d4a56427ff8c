"""What cannot be true of a plant at once, though each value alone is right."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plant.document import Place, address
from plant.errors import EntryError

if TYPE_CHECKING:
    from plant.description import Plant


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradiction:
    """Values that cannot be true at once.

    Args:
        place: the way to the decisive value from the plant.
        found: what was found.
        allowed: what may stand there.
        hint: what was probably meant.
    """

    place: Place
    found: str
    allowed: str
    hint: str = ""


class ContradictionError(EntryError):
    """A plant that contradicts itself.

    Attributes:
        contradictions: all of them, in the order of the description.
    """

    def __init__(self, plant: "Plant", contradictions: tuple[Contradiction, ...]) -> None:
        self.contradictions = contradictions
        first, *others = contradictions
        more = f" (and {len(others)} more)" if others else ""
        where = address(plant.model_dump(by_alias=True), first.place)
        super().__init__(f"{where}: {first.found}", first.allowed, f"{first.hint}{more}".strip(), at=first.place)


def contradictions(plant: "Plant", mended: Collection[Place] = ()) -> tuple[Contradiction, ...]:  # noqa: ARG001
    """All contradictions of a plant."""
    return ()
