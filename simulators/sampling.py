"""When tags are read off, what their sensors show then, and what of that is told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plant.machine_types import MachineType
from plant.messages import Scalar
from plant.variables import TagRow
from simulators.functions import FUNCTIONS
from simulators.physics.noise import gauss
from simulators.streams import words
from simulators.stretches import Floats, Ints
from simulators.track import Values

STEP = 0.001
"""Smallest step of a reading if the tag says none."""


def grids(kind: MachineType, sample: int) -> dict[int, list[str]]:
    """Tags that are sampled on a grid, by the time between two samples in µs: whole samples of the plant."""
    found: dict[int, list[str]] = {}
    for name, row in kind.tags.items():
        if row.when is None:
            every = sample if row.every is None else -(-row.every // sample) * sample
            found.setdefault(max(every, sample), []).append(name)
    return found


def analog(row: TagRow, name: str, values: Values, keys: NDArray[np.uint64], times: Ints) -> Floats:
    """What the sensors of a tag have before their range and step, shape (machines, times).

    Args:
        row: the tag.
        name: its name.
        values: the quantities at those instants.
        keys: of the noise of each machine, shape (machines, 2).
        times: µs since the start of the run, shape (times,): noise is a function of the instant.
    """
    true = values.tag(name)
    if row.noise is None:
        return true
    with np.errstate(all="ignore"):
        found: Floats = true + np.asarray(row.noise.of(FUNCTIONS, values)) * gauss(words(keys, times))
    return found


def digital(row: TagRow, true: Floats, sensed: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Readings, and at which instants the quantity itself is beyond the range of the sensor; none: nowhere."""
    low, high = -np.inf if row.min is None else row.min, np.inf if row.max is None else row.max
    beyond = (true < low) | (true > high)
    return rounded(np.clip(sensed, low, high), step_of(row)), beyond if beyond.any() else None


def step_of(row: TagRow) -> float:
    """Smallest step of the readings of a tag."""
    return STEP if row.step is None else row.step


def rounded(values: Floats, step: float) -> Floats:
    """To whole steps, in the middle to the upper one; a step of 0.01 gives numbers with two decimals."""
    found: Floats = np.round(np.floor(values / step + 0.5) * step, 9)
    return found


def told(row: TagRow, values: Floats) -> list[Scalar]:
    """Readings as messages have them, shape (instants,): whole numbers, words, or numbers; what is none is nothing."""
    if row.words is not None:
        last = len(row.words) - 1
        return [row.words[min(max(int(value), 0), last)] for value in np.nan_to_num(values).tolist()]
    whole = row.step is not None and row.step % 1 == 0
    finite = np.isfinite(values)
    if finite.all():
        found: list[Scalar] = (values.astype(np.int64) if whole else values).tolist()
        return found
    return [
        (int(value) if whole else value) if there else None
        for value, there in zip(values.tolist(), finite.tolist(), strict=True)
    ]


def told_by_all(row: TagRow, values: Floats, *, finite: bool) -> list[list[Scalar]]:
    """The same of several machines, shape (machines, instants): at once where every value is a number.

    Args:
        row: the tag.
        values: readings.
        finite: whether all of them are numbers.
    """
    if not finite or row.words is not None:
        return [told(row, own) for own in values]
    whole = row.step is not None and row.step % 1 == 0
    found: list[list[Scalar]] = (values.astype(np.int64) if whole else values).tolist()
    return found


Told = tuple[float, int]
"""What was told last, and when, µs since the start of the run."""


def by_exception(
    row: TagRow, values: Sequence[Scalar], times: Sequence[int], last: Told | None
) -> tuple[list[Scalar], Told | None]:
    """Readings that have moved by the deadband since the last one that was told, or are due; the others are nothing."""
    found: list[Scalar] = []
    for value, time in zip(values, times, strict=True):
        due = last is None or (row.heartbeat is not None and time - last[1] >= row.heartbeat)
        if isinstance(value, int | float) and (due or last is None or abs(value - last[0]) >= (row.deadband or 0)):
            found.append(value)
            last = float(value), time
        else:
            found.append(None)
    return found, last
