"""What the functions and words of expressions compute, over arrays, and functions that a program adds to them."""

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

import numpy as np

from plant.expressions import REGISTERED
from simulators.physics import FUNCTIONS as PHYSICS
from simulators.physics import arity

Function = TypeVar("Function", bound=Callable[..., Any])


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


def register(function: Function) -> Function:
    """Let expressions of machine types call a function by its name, in this process and from now on.

    A plant that calls it must be loaded afterwards. The function says what it is given element by element: arrays of
    one shape in (or numbers), an array of that shape out; it depends on nothing else, neither on the clock nor on
    what it was asked before, and changes nothing. Otherwise a run is no longer a function of plant, seed and start.

    Args:
        function: with positional arguments; it may stand below `@register`.

    Returns:
        The function itself.

    Raises:
        ValueError: its name is no word, or means another function already.

    Example:
        >>> @register
        ... def saturated(flow, most):
        ...     return most * np.tanh(flow / most)
        >>> from plant.expressions import Expression
        >>> Expression("saturated(pump, 40)").of(FUNCTIONS, {"pump": np.array([0.0, 40.0, 400.0])}).round(2)
        array([ 0.  , 30.46, 40.  ])
    """
    name = function.__name__
    if not name.isidentifier():
        raise ValueError(f"{name} is no name: write a function with def")
    if FUNCTIONS.get(name, function) is not function:
        raise ValueError(f"{name} is the name of another function already")
    REGISTERED[name] = arity(function)
    FUNCTIONS[name] = function
    return function
