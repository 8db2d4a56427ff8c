"""Elementary functions of numbers and of arrays of numbers, with their types.

They are NumPy's for single numbers, too: what is computed for one instant agrees with the same instant among many.
For the same reason squares are written as products, and powers as `power`, never as `**`.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = float | Floats
"""A number, or an array of any shape; arrays are taken element by element."""

One: TypeAlias = Callable[[Values], Values]
Two: TypeAlias = Callable[[Values, Values], Values]

exp: One = np.exp
expm1: One = np.expm1
log: One = np.log
sqrt: One = np.sqrt
floor: One = np.floor
sine: One = np.sin
cosine: One = np.cos
tangent: One = np.tan
arccosine: One = np.arccos
absolute: One = np.abs
radians: One = np.deg2rad
degrees: One = np.rad2deg
power: Two = np.power
larger: Two = np.maximum
smaller: Two = np.minimum
remainder: Two = np.mod


def where(condition: bool | NDArray[np.bool_], then: Values, otherwise: Values) -> Values:
    """Element by element one of two values; both are computed."""
    chosen: Values = np.where(condition, then, otherwise)[()]  # a number where all three are
    return chosen


def ratio(numerator: Values, denominator: Values, otherwise: Values = 0.0) -> Values:
    """A quotient that has a value also where the denominator is zero."""
    zero = np.equal(denominator, 0.0)
    return where(zero, otherwise, numerator / where(zero, 1.0, denominator))


def gamma(x: Values) -> Values:
    """The gamma function."""
    values: Values = np.vectorize(math.gamma, otypes=[float])(x)[()]
    return values


def between(x: Values, points: tuple[float, ...], values: tuple[float, ...]) -> Values:
    """A table read off with straight lines between its points, and its ends held beyond them."""
    read: Values = np.interp(x, points, values)
    return read
