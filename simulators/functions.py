"""What the functions and words of expressions compute, over arrays."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from simulators.physics import FUNCTIONS as PHYSICS


def _least(*values: Any) -> Any:
    return reduce(np.minimum, values)


def _greatest(*values: Any) -> Any:
    return reduce(np.maximum, values)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "ceil": np.ceil, "clip": np.clip, "cos": np.cos, "exp": np.exp, "floor": np.floor,
    "log": np.log, "max": _greatest, "min": _least, "round": np.rint, "sin": np.sin,
    "sqrt": np.sqrt, "tan": np.tan,
    **PHYSICS,
    "where": np.where, "both": np.logical_and, "either": np.logical_or, "opposite": np.logical_not,
}  # fmt: skip
