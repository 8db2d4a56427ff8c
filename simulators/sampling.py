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

NOT_ACCURATE = 0x40930000
"""UncertainSensorNotAccurate: the sensor is at the end of its range."""

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


def read(
    row: TagRow, name: str, values: Values, keys: NDArray[np.uint64], times: Ints
) -> tuple[Floats, NDArray[np.bool_] | None]:
    """What the sensors of a tag show, and where they are at the end of their range.

    Args:
        row: the tag.
        name: its name.
        values: the quantities, shape (machines, times).
        keys: of the noise of each machine, shape (machines, 2).
        times: instants of the readings, µs since the start of the run, shape (times,).
    """
    true = values.tag(name)
    shown = true
    if row.noise is not None:
        shown = true + np.asarray(row.noise.of(FUNCTIONS, values)) * gauss(words(keys, times))
    low, high = -np.inf if row.min is None else row.min, np.inf if row.max is None else row.max
    beyond = (true < low) | (true > high)
    step = STEP if row.step is None else row.step
    return rounded(np.clip(shown, low, high), step), beyond if beyond.any() else None


def rounded(values: Floats, step: float) -> Floats:
    """To whole steps, to the even one in the middle; a step of 0.01 gives numbers with two decimals."""
    places = -np.log10(step)
    if abs(places - round(places)) < 1e-9 and places > -0.5:
        found: Floats = np.round(values, round(places))
        return found
    return np.round(np.rint(values / step) * step, 9)


def told(row: TagRow, values: Floats) -> list[Scalar]:
    """Readings as messages have them: whole numbers, words, or numbers; what is none is nothing."""
    if row.words is not None:
        last = len(row.words) - 1
        return [row.words[min(max(int(value), 0), last)] for value in np.nan_to_num(values).tolist()]
    if row.step is not None and row.step % 1 == 0:
        if np.isfinite(values).all():
            return values.astype(np.int64).tolist()  # type: ignore[no-any-return]
        return [int(value) if np.isfinite(value) else None for value in values.tolist()]
    if np.isfinite(values).all():
        return values.tolist()  # type: ignore[no-any-return]
    return [value if np.isfinite(value) else None for value in values.tolist()]


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
