"""The rules of the AI4I 2020 predictive maintenance data (S. Matzka 2020): judge rows, and make tables of our own.

What a row means is published, and the public table follows it without exception for power, heat and overstrain. How
its numbers came about is published in outline only; where the table and the outline differ, `generate` follows the
outline: product types 50/30/20 %, a tool that is changed at a wear drawn evenly from 200 to 240 min and had failed
then in 51 of 120 cases, random failures in 0.1 % of all rows, and a machine failure with any of the five. The relation
of speed and torque is not published; ours is a fit to the table: 1000 + 20 000 / torque per minute with a standard
deviation of 50, and 3000 - 30 torque where that would be above 2700.
"""

import math

import numpy as np
from numpy.typing import NDArray

from plant.draws import Stream
from simulators.physics.cutting import shaft_power
from simulators.physics.elementary import Floats

TYPES = ("L", "M", "H")
SHARES = (0.5, 0.3, 0.2)
"""Product types of low, medium and high quality, and how many of each."""

WEAR_MIN = (2, 3, 5)
"""Wear that a product of each type adds, minutes."""

STRAIN = (11_000.0, 12_000.0, 13_000.0)
"""Wear times torque that a tool bears with each type, min N m."""

CHANGE_MIN = (200.0, 240.0)
FAILED = 51 / 120
"""Wear at which tools are changed, and how many of them had failed then."""

RANDOM = 0.001
"""Share of rows that fail for no reason."""

TYPE, AIR, PROCESS, SPEED, TORQUE, WEAR, FAILURE = (
    "Type",
    "Air temperature [K]",
    "Process temperature [K]",
    "Rotational speed [rpm]",
    "Torque [Nm]",
    "Tool wear [min]",
    "Machine failure",
)
MODES = ("TWF", "HDF", "PWF", "OSF", "RNF")
"""Columns are called as in the public table: of the tool's wear, heat, power, overstrain, and random."""

Bools = NDArray[np.bool_]


def judge(
    *, kind: NDArray[np.str_], air: Floats, process: Floats, speed: Floats, torque: Floats, wear: Floats
) -> dict[str, Bools]:
    """Which rows fail by heat (HDF), power (PWF) and overstrain (OSF).

    Temperatures are subtracted as they are printed, in double precision: differences that print as 8.6 fall on either
    side, and the public table follows that.

    Args:
        kind: product types L, M, H; all arguments have shape (n,).
        air: temperature in K.
        process: temperature in K.
        speed: turns per minute.
        torque: N m.
        wear: of the tool, min.

    Returns:
        A column per mode, shape (n,) each.
    """
    watts = 1000.0 * np.asarray(shaft_power(torque, speed))
    bears = np.select([kind == name for name in TYPES], STRAIN, math.nan)
    return {
        "HDF": (process - air < 8.6) & (speed < 1380.0),
        "PWF": (watts < 3500.0) | (watts > 9000.0),
        "OSF": wear * torque > bears,
    }


def generate(rows: int, seed: int) -> dict[str, NDArray[np.generic]]:
    """A table by these rules.

    Temperatures are random walks, scaled to their published spread over the table: a longer table does not go on from
    a shorter one, and how many rows are short of cooling differs much from table to table.

    Args:
        rows: how many, at least 2.
        seed: of the table.

    Returns:
        Columns by their names in the public table, shape (rows,) each; flags are 0 or 1.

    Raises:
        ValueError: fewer than 2 rows.
    """
    if rows < 2:
        raise ValueError("a table has at least 2 rows")
    kind = np.searchsorted(np.cumsum(SHARES)[:-1], _uniform(seed, "type", rows), side="right")
    air = 300.0 + 2.0 * _walk(seed, "air", rows)
    process = air + 10.0 + _walk(seed, "process", rows)
    torque = np.maximum(np.round(40.0 + 10.0 * _normal(seed, "torque", rows), 1), 0.1)
    speed = _speed(torque, 50.0 * _normal(seed, "speed", rows))
    wear, worn = _wear(np.array(WEAR_MIN)[kind], seed)
    names = np.array(TYPES)[kind]
    columns: dict[str, NDArray[np.generic]] = {
        TYPE: names,
        AIR: np.round(air, 1),
        PROCESS: np.round(process, 1),
        SPEED: speed.astype(np.int64),
        TORQUE: torque,
        WEAR: wear,
    }
    modes = judge(
        kind=names,
        air=np.round(air, 1),
        process=np.round(process, 1),
        speed=speed,
        torque=torque,
        wear=wear.astype(np.float64),
    )
    modes |= {"TWF": worn, "RNF": _uniform(seed, "random", rows) < RANDOM}
    failed = np.any([modes[mode] for mode in MODES], axis=0)
    return columns | {FAILURE: failed.astype(np.int64)} | {mode: modes[mode].astype(np.int64) for mode in MODES}


def _uniform(seed: int, purpose: str, rows: int, j: int = 0) -> Floats:
    return Stream(seed, "ai4i", purpose).uniforms(range(rows), j)


def _normal(seed: int, purpose: str, rows: int) -> Floats:
    """Standard normal numbers (Box and Muller 1958)."""
    first, second = _uniform(seed, purpose, rows), _uniform(seed, purpose, rows, 1)
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * math.pi * second)


def _walk(seed: int, purpose: str, rows: int) -> Floats:
    """A random walk of mean 0 and standard deviation 1 over the table."""
    walk = np.cumsum(_normal(seed, purpose, rows))
    scaled: Floats = (walk - walk.mean()) / walk.std()
    return scaled


def _speed(torque: Floats, noise: Floats) -> Floats:
    """Turns per minute by torque."""
    slow = 1000.0 + 20_000.0 / torque + noise
    speed: Floats = np.rint(np.where(slow > 2700.0, 3000.0 - 30.0 * torque, slow))
    return speed


def _wear(steps: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], Bools]:
    """Wear at the beginning of each row, and in which rows a tool had failed; a change is after its row."""
    before = np.concatenate([[0], np.cumsum(steps)])
    wear, worn = np.zeros(steps.size, dtype=np.int64), np.zeros(steps.size, dtype=np.bool_)
    tools = Stream(seed, "ai4i", "tool")
    begin = tool = 0
    while begin < steps.size:
        limit = CHANGE_MIN[0] + (CHANGE_MIN[1] - CHANGE_MIN[0]) * tools.uniform(tool)
        last = int(np.searchsorted(before, before[begin] + limit))  # the first row that has come so far
        wear[begin : last + 1] = before[begin : last + 1][: steps.size - begin] - before[begin]
        if last < steps.size:
            worn[last] = tools.uniform(tool, 1) < FAILED
        begin, tool = last + 1, tool + 1
    return wear, worn
