"""Which engine runs a plant, and why: both give the same sample path."""

from dataclasses import dataclass
from typing import Literal

from plant.description import Plant
from plant.errors import EntryError
from simulators.compiled.coverage import uncovered
from simulators.compiled.engine import CompiledRun
from simulators.compiled.serial import SerialRun, expressible

Engine = Literal["simpy", "compiled"]
WANTED = ("simpy", "compiled", "auto")


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine.

    Args:
        engine: its name.
        kernel: of the compiled one: ``recursion`` for serial lines, ``events`` for all others.
        why: what kept a faster one from being it; nothing, if there is none.
    """

    engine: Engine
    kernel: str = ""
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
        stated = expressible(plant)
        return Choice("compiled", "events" if stated else "recursion", stated or "")
    if wanted == "compiled":
        raise EntryError(f"the compiled engine cannot express this plant: {reasons}", "simpy or auto")
    return Choice("simpy", why=reasons)


Run = CompiledRun | SerialRun
"""A run of the compiled engine, by either kernel."""


def compiled_run(
    plant: Plant, until: int, *, seed: int, start: int, window: tuple[int, int] | None = None, keep: bool = False
) -> Run:
    """A run of a plant by the faster kernel that can express it, up to and including `until`, µs since its start.

    Args:
        plant: the description.
        until: when it ends.
        seed: seed of all draws.
        start: first instant, microseconds UTC.
        window: what will be counted; left out: all.
        keep: whether every visit is kept.

    Raises:
        SimulationError: the run cannot go on.
    """
    kernel = SerialRun if expressible(plant) is None and (window is None or window[1] == until) else CompiledRun
    return kernel(plant, until, seed=seed, start=start, window=window, keep=keep)
