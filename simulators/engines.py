"""Which engine runs a plant, and why: both give the same sample path."""

from dataclasses import dataclass
from typing import Literal

from plant.description import Plant
from plant.errors import EntryError
from simulators.compiled.coverage import uncovered

Engine = Literal["simpy", "compiled"]
WANTED = ("simpy", "compiled", "auto")


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and what kept the faster one from being it; nothing, as a rule."""

    engine: Engine
    why: str = ""


def choose(plant: Plant, wanted: str) -> Choice:
    """The engine that is wanted, or, for auto, the fastest one that can express the plant.

    Raises:
        EntryError: there is no such engine, or it cannot express the plant.
    """
    if wanted not in WANTED:
        raise EntryError(f"{wanted!r} is no engine", ", ".join(WANTED))
    if wanted == "simpy":
        return Choice("simpy")
    reasons = "; ".join(uncovered(plant))
    if not reasons:
        return Choice("compiled")
    if wanted == "compiled":
        raise EntryError(f"the compiled engine cannot express this plant: {reasons}", "simpy or auto")
    return Choice("simpy", reasons)
