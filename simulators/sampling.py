"""When tags are read off, what their sensors show then, and what of that is told."""

from collections.abc import Sequence
from typing import Any

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

EXACT = 1_000_000
"""Below it, the nearest double of a whole number of steps is found without rounding to decimals."""

_PER_UNIT = {1.0 / n: n for n in (2**a * 5**b for a in range(10) for b in range(10)) if 1.0 / n >= 1e-6}
"""Steps in a unit, by steps that are one over a divisor of 10^9."""

FEW = 8
"""Readings of each value on average, from which on it is worth while to make each value once and share it."""


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
        found = gauss(words(keys, times))
        found *= np.asarray(row.noise.of(FUNCTIONS, values))
        found += true
    return found


def digital(row: TagRow, true: Floats, sensed: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Readings, and at which instants the quantity itself is beyond the range of the sensor; none: nowhere."""
    low, high = -np.inf if row.min is None else row.min, np.inf if row.max is None else row.max
    beyond = None
    if row.min is not None or row.max is not None:
        outside = (true < low) | (true > high)
        beyond = outside if outside.any() else None
        sensed = np.clip(sensed, low, high)
    return rounded(sensed, step_of(row)), beyond


def step_of(row: TagRow) -> float:
    """Smallest step of the readings of a tag."""
    return STEP if row.step is None else row.step


def rounded(values: Floats, step: float) -> Floats:
    """To whole steps, in the middle to the upper one; a step of 0.01 gives numbers with two decimals."""
    found = values / step
    found += 0.5
    np.floor(found, out=found)
    per_unit = _PER_UNIT.get(step)
    if per_unit is not None and found.size and max(-found.min(), found.max()) < EXACT * per_unit:
        if per_unit > 1:
            found /= per_unit  # the double next to k / n: what rounding to 9 decimals would find, too
        return found
    found *= step
    return np.round(found, 9)


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


def told_by_all(row: TagRow, values: Floats) -> list[Any]:
    """The same of several machines that all tell numbers: lists in lists, of the shape of the values.

    Args:
        row: the tag, one without words.
        values: readings, all of them finite.
    """
    whole = row.step is not None and row.step % 1 == 0
    step, low = step_of(row), values.min()
    span = (values.max() - low) / step
    if not span < values.size / FEW:
        return (values.astype(np.int64) if whole else values).tolist()  # type: ignore[no-any-return]  # of lists
    number = values - low
    number /= step
    index = np.rint(number, out=number).astype(np.intp)
    each = np.zeros(int(span + 1.5))
    each[index] = values
    objects = np.empty(len(each), dtype=object)
    objects[:] = (each.astype(np.int64) if whole else each).tolist()
    return objects[index].tolist()  # type: ignore[no-any-return]  # of lists


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
