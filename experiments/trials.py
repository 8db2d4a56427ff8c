"""Trials of a search: what was run, in which order, and what it says about points so far.

Replication r of every point uses the same streams, so points are compared replication by replication.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from experiments.optimisation import Goal, Promise, Task
from experiments.space import Point
from experiments.study import Setting

Responses = Mapping[str, float | None]
"""Answers of one replication by response; none where it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Replications that a search asks for: of these settings, those of these numbers."""

    settings: Mapping[str, Setting]
    replications: range


Evaluate = Callable[[Sequence[Trial]], Sequence[Sequence[Responses]]]
"""Runs trials, in any order and on as many cores as one likes; answers in the order of the trials."""


class Spent(Exception):  # noqa: N818  # no error: the search goes on with what it has
    """The budget does not reach for what is asked."""


class Trials:
    """All that was run.

    Args:
        task: what is searched.
        evaluate: runs trials.
        progress: told the replications that are used up.
    """

    def __init__(self, task: Task, evaluate: Evaluate, progress: Callable[[int], None]) -> None:
        self.task = task
        self.evaluate = evaluate
        self.progress = progress
        self.runs = 0
        self.answers: dict[Point, list[Responses]] = {}
        """Replications from 0 of each point, in the order of first trials."""

    def need(self, points: Iterable[Point], replications: int, budget: int) -> None:
        """Have at least so many replications of each point.

        Raises:
            Spent: that would take more runs in all than the budget.
        """
        have = {point: len(self.answers.get(point, ())) for point in dict.fromkeys(points)}
        ranges = {point: range(there, replications) for point, there in have.items() if there < replications}
        self._run(ranges, budget)

    def fresh(self, points: Iterable[Point], replications: range, budget: int) -> dict[Point, list[Responses]]:
        """Replications of their own, which no choice has seen; they are kept apart.

        Raises:
            Spent: that would take more runs in all than the budget.
        """
        return self._asked(dict.fromkeys(points, replications), budget)

    def _run(self, ranges: Mapping[Point, range], budget: int) -> None:
        for point, answers in self._asked(ranges, budget).items():
            self.answers.setdefault(point, []).extend(answers)

    def _asked(self, ranges: Mapping[Point, range], budget: int) -> dict[Point, list[Responses]]:
        runs = sum(map(len, ranges.values()))
        if self.runs + runs > min(budget, self.task.budget):
            raise Spent
        trials = [Trial(settings=self.task.space.settings(point), replications=r) for point, r in ranges.items()]
        answers = self.evaluate(trials) if trials else []
        self.runs += runs
        self.progress(self.runs)
        return {point: list(given) for point, given in zip(ranges, answers, strict=True)}

    def values(self, point: Point, goal: Goal, first: int | None = None) -> NDArray[np.float64]:
        """Of each of the first replications, the larger the better."""
        return goal_values(goal, point, self.answers[point][:first])

    def violation(self, point: Point, first: int | None = None) -> float:
        """How far the means are outside what is promised, as a share of it; zero inside."""
        answers = self.answers[point][:first]
        return sum(violation(promise, point, answers) for promise in self.task.promises)

    def rank(self, point: Point, first: int | None = None) -> tuple[float, float]:
        """The smaller the better: what keeps the promises first, then by the (first) goal."""
        return self.violation(point, first), -mean(self.values(point, self.task.goals[0], first))

    def surely_worse(self, point: Point, than: Point, confidence: float) -> bool:
        """Whether a point is worse on common replications, and not by chance alone (paired t, one-sided)."""
        if (self.violation(point) > 0) != (self.violation(than) > 0):
            return self.violation(point) > 0
        goal = self.task.goals[0]
        return chance_above(self.values(point, goal), self.values(than, goal)) < 1 - confidence


def goal_values(goal: Goal, point: Point, answers: Sequence[Responses]) -> NDArray[np.float64]:
    """A goal in each replication, the larger the better; what has no answer is infinitely bad."""
    values = np.array([goal.sign * goal.measure.of(point, one) for one in answers])
    return np.where(np.isnan(values), -np.inf, values)


def violation(promise: Promise, point: Point, answers: Sequence[Responses]) -> float:
    """How far the mean of a measure lies outside its bounds, as a share of the bound."""
    value = mean(np.array([promise.measure.of(point, one) for one in answers]))
    if math.isnan(value):
        return math.inf
    outside = max(promise.low - value, value - promise.high, 0.0)
    bound = promise.high if value > promise.high else promise.low
    return outside / max(abs(bound), 1e-12) if outside else 0.0


def mean(values: NDArray[np.float64]) -> float:
    """Mean, in an order that does not matter."""
    if not np.isfinite(values).all():
        return float(values.sum())
    return math.fsum(values) / len(values)


def chance_above(one: NDArray[np.float64], other: NDArray[np.float64], by: float = 0.0) -> float:
    """Chance that the mean of one exceeds that of the other by so much, as Student's t of their differences tells it.

    Args:
        one: of replications on common streams.
        other: of the same replications, as far as both go.
        by: how much.
    """
    n = min(len(one), len(other))
    one, other = one[:n], other[:n]
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        lost, more = int(np.isinf(one).sum()), int(np.isinf(other).sum())
        return 0.5 if lost == more else float(lost < more)
    difference = one - other - by
    center, spread = mean(difference), float(difference.std(ddof=1)) if n > 1 else 0.0
    if spread <= 1e-12 * max(abs(center), 1e-300) or n == 1:
        return 0.5 if center == 0 or n == 1 else float(center > 0)
    return float(stdtr(n - 1, center / (spread / math.sqrt(n))))
