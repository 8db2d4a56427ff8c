"""Process and sensor faults of machines: when they are there, and how strong. Pure functions of time.

Nothing depends on the instants at which anybody asks, nor on other machines: each machine has draws of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from plant.description import Plant
from plant.faults import AnyFault, ProcessFault, SensorFault
from plant.occurrences import Interval, Occurrences, ordinals, purpose

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Befalling:
    """An entry at one machine, and the times at which it is there.

    Args:
        entry: its place among the faults of the plant, from 0.
        fault: what the plant says.
        path: the machine, ``block-line/OP10/2``.
        occurrences: when it is there.
    """

    entry: int
    fault: AnyFault
    path: str
    occurrences: Occurrences


def befalling(plant: Plant, line: str, station: str, machine: int, seed: int) -> tuple[Befalling, ...]:
    """Process and sensor faults of a machine, in the order of the plant file.

    Args:
        plant: the description.
        line: its name.
        station: its name.
        machine: its number, from 1.
        seed: seed of the run.
    """
    path = f"{line}/{station}/{machine}"
    own = [
        (entry, fault)
        for entry, fault in enumerate(plant.faults)
        if isinstance(fault, ProcessFault | SensorFault) and fault.covers(line, station, machine)
    ]
    numbers = ordinals([fault for _, fault in own])
    return tuple(
        Befalling(entry, fault, path, Occurrences(fault, seed, path, purpose(fault, number)))
        for (entry, fault), number in zip(own, numbers, strict=True)
    )


class Course:
    """How strong one process fault is at one machine: of several entries of the same name the strongest counts.

    Args:
        entries: entries of that name at that machine.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Sequence[Befalling]) -> None:
        self._entries = entries

    def severity(self, times: Ints) -> Floats:
        """From 0, healthy, to 1. Shape: that of times, µs since the start of the run."""
        strongest = np.zeros(times.shape)
        for one in self._entries:
            strongest = np.maximum(strongest, _severity(one, times))
        return strongest

    def at(self, time: int) -> float:
        """The same at one instant."""
        return float(self.severity(np.array([time], dtype=np.int64))[0])

    def changes(self, after: int) -> Iterator[int]:
        """Instants after a given one at which it jumps, or begins or ceases to grow, in order."""
        each = (_kinks(one, after) for one in self._entries)
        return (instant for instant, _ in groupby(merge(*each)))


def courses(befalling: Iterable[Befalling]) -> dict[str, Course]:
    """The process faults of a machine by name."""
    by_name: dict[str, list[Befalling]] = {}
    for one in befalling:
        if isinstance(one.fault, ProcessFault):
            by_name.setdefault(one.fault.process, []).append(one)
    return {name: Course(entries) for name, entries in by_name.items()}


def announced(used: float, onset: float) -> float:
    """Severity of the fault that announces a failure.

    Args:
        used: share of the time to failure that has passed on the mode's clock; 1: it fails.
        onset: share of it, the last one, in which the fault grows.
    """
    return min(1.0, max(0.0, (used - (1.0 - onset)) / onset))


def _severity(one: Befalling, times: Ints) -> Floats:
    fault = one.fault
    k = one.occurrences.index(times)
    there = k >= 0
    if not isinstance(fault, ProcessFault) or not there.any():
        return np.zeros(times.shape)
    if fault.growth == 0:
        return np.where(there, fault.severity, 0.0)
    begins = np.array([begin for begin, _ in one.occurrences.before(int(times.max()) + 1)], dtype=np.int64)
    grown = np.minimum((times - begins[k]) / fault.growth, 1.0)
    severity: Floats = np.where(there, fault.severity * grown, 0.0)
    return severity


def _kinks(one: Befalling, after: int) -> Iterator[int]:
    growth = one.fault.growth if isinstance(one.fault, ProcessFault) else 0
    for instant in one.occurrences.changes(after - growth):
        interval: Interval | None = one.occurrences.at(instant)
        if instant > after:
            yield instant
        if growth and interval is not None and after < instant + growth < interval[1]:
            yield instant + growth
