"""What an optimisation may choose from: variables with their choices, and the limits that hold between them.

Every quantity in a limit is a sum over variables of a number per choice. So a limit is a table of numbers, its
smallest and largest value follow at once, and whether all limits can hold together is a small integer program (one
binary number per choice), which HiGHS solves exactly: an impossible space is found before anything runs.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import LinearConstraint, milp

from experiments.study import Setting
from plant.draws import Stream

Point = tuple[int, ...]
"""Number of the choice of each variable, from 0."""

SLACK = 1e-9  # sums of prices are rounded
LARGE = 1e6  # price of giving up a choice that should be held


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A path and what it may be set to; ordered where the choices are numbers, from the smallest."""

    path: str
    choices: tuple[Setting, ...]
    ordered: bool = True


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A quantity that settings alone decide: a constant, and a number for each choice of each variable."""

    table: tuple[tuple[float, ...], ...]
    constant: float = 0.0

    def of(self, point: Point) -> float:
        """Its value."""
        return self.constant + math.fsum(row[choice] for row, choice in zip(self.table, point, strict=True))

    @property
    def least(self) -> float:
        """Its smallest value, whatever else holds."""
        return self.constant + math.fsum(map(min, self.table))

    @property
    def most(self) -> float:
        """Its largest value, whatever else holds."""
        return self.constant + math.fsum(map(max, self.table))


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Between what a tally must lie."""

    text: str
    tally: Tally
    low: float = -math.inf
    high: float = math.inf

    def holds(self, point: Point) -> bool:
        """Whether a point keeps it."""
        value = self.tally.of(point)
        slack = SLACK * max(1.0, abs(value))
        return self.low - slack <= value <= self.high + slack


@dataclass(frozen=True, kw_only=True)
class Space:
    """Variables, and the limits between them."""

    variables: tuple[Variable, ...]
    limits: tuple[Limit, ...] = ()

    def settings(self, point: Point) -> dict[str, Setting]:
        """What a point sets, by path."""
        return {of.path: of.choices[choice] for of, choice in zip(self.variables, point, strict=True)}

    def point(self, settings: Mapping[str, Setting]) -> Point | None:
        """Where these settings are; none if they are not among the choices."""
        try:
            return tuple(of.choices.index(settings[of.path]) for of in self.variables)
        except (KeyError, ValueError):
            return None

    def allows(self, point: Point) -> bool:
        """Whether a point keeps all limits."""
        return all(limit.holds(point) for limit in self.limits)

    @property
    def size(self) -> int:
        """How many points there are, those outside the limits too."""
        return math.prod(len(of.choices) for of in self.variables)

    def nearest(self, point: Point) -> Point | None:
        """A point that keeps all limits, as few steps away as possible; none if there is none."""
        if self.allows(point):
            return point
        return self._solved([
            [float(abs(choice - here)) if of.ordered else float(choice != here) for choice in range(len(of.choices))]
            for of, here in zip(self.variables, point, strict=True)
        ])

    def balanced(self, point: Point, held: Collection[int]) -> Point | None:
        """A point that keeps all limits and some choices of a point; the others give way by little each."""
        return self._solved([
            [
                LARGE * float(choice != here) if i in held else float((choice - here) ** 2)
                for choice in range(len(of.choices))
            ]
            for i, (of, here) in enumerate(zip(self.variables, point, strict=True))
        ], point, held)

    def scattered(self, stream: Stream, k: int) -> Point | None:
        """The k-th of a stream of points that keep all limits: any of the box, then the nearest that is allowed."""
        return self.nearest(tuple(
            stream.word(k * len(self.variables) + i) % len(of.choices) for i, of in enumerate(self.variables)
        ))

    def _solved(
        self, prices: Sequence[Sequence[float]], kept: Point = (), held: Collection[int] = ()
    ) -> Point | None:
        rows, low, high = self._program
        answer = milp(
            np.concatenate(prices),
            integrality=1,
            bounds=(0, 1),
            constraints=LinearConstraint(rows, low, high),
        )
        if answer.x is None:
            return None
        ends = np.cumsum([len(of.choices) for of in self.variables])[:-1]
        found = tuple(int(np.argmax(chosen)) for chosen in np.split(answer.x, ends))
        return None if any(found[i] != kept[i] for i in held) else found

    @cached_property
    def _program(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One choice of each variable, and each limit: rows with their bounds."""
        widths = [len(of.choices) for of in self.variables]
        one = np.repeat(np.eye(len(widths)), widths, axis=1)
        limits = [np.concatenate(limit.tally.table) for limit in self.limits]
        scale = [max(1.0, float(np.abs(row).max())) for row in limits]
        rows = np.vstack([one, *(row / much for row, much in zip(limits, scale, strict=True))])
        constants = [limit.tally.constant for limit in self.limits]
        low = [(limit.low - c) / much for limit, c, much in zip(self.limits, constants, scale, strict=True)]
        high = [(limit.high - c) / much for limit, c, much in zip(self.limits, constants, scale, strict=True)]
        ones = np.ones(len(widths))
        return rows, np.concatenate([ones, low]), np.concatenate([ones, high])
