"""Axes: where a value stands between two ends, and round numbers along the way."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """From `low` to `high`; places are in per cent, so that a drawing is as wide as its page."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Per cent of the way from low to high; what lies outside stands at the end."""
        return min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0)

    def place(self, value: float) -> str:
        """The same as SVG reads it."""
        return f"{self.at(value):.2f}%"

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Round numbers inside, with the digits that they need.

        >>> Axis(low=0.93, high=2.1).ticks(most=3)
        [(1.0, '1.0'), (1.5, '1.5'), (2.0, '2.0')]
        """
        rough = (self.high - self.low) / most
        size = 10.0 ** floor(log10(rough))
        step = next(of * size for of in STEPS if of * size >= rough * (1 - 1e-9))
        digits = max(0, -floor(log10(step) + 1e-9) + (f"{step / size:g}" == "2.5"))
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [(k * step, f"{k * step:.{digits}f}".replace("-", "−")) for k in range(first, last + 1)]


def around(values: Iterable[float], *, margin: float = 0.05) -> Axis:
    """An axis over all values, with a little room at both ends."""
    known = [value for value in values if isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    room = (high - low) * margin
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = 0.05 * max(abs(low), abs(high)) or 1.0
    return Axis(low=low - room, high=high + room)
