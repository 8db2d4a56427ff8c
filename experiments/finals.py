"""The last step of a search: which finalist is the answer, and how sure that is.

The finalists run fresh replications, for a choice among thousands of noisy values picks lucky ones. KN (Kim and Nelson
2001) drops one after the other as soon as it is clear that it is not the best by the indifference zone; common random
numbers make that quick.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.ranking import KimNelson
from experiments.space import Point
from experiments.trials import Responses, Spent, Trials, chance_above, goal_values, mean, violation

FIRST = 10  # replications before the first judgement
BLOCK = 5  # and between the next ones, so that cores have work
LEAST = 1e-300  # an indifference zone for a goal of zero
WORST = -1e150


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the ranking says.

    Args:
        chosen: the answer.
        correct: probability that it is the best finalist, or within the indifference zone of it.
        guaranteed: whether KN came to its end; else `correct` is estimated from what the budget allowed.
        indifference: smallest difference that was to be found, in the goal's unit.
        feasible: estimated probability that it keeps all promises.
        replications: fresh answers by finalist.
        front: points that no other beats in both goals; empty with one goal.
    """

    chosen: Point
    correct: float
    guaranteed: bool
    indifference: float
    feasible: float
    replications: dict[Point, list[Responses]]
    front: tuple[Point, ...] = ()


def ranked(trials: Trials, finalists: Sequence[Point], first: int) -> Verdict:
    """The best of the finalists.

    Args:
        trials: of the search; its budget holds here too.
        finalists: distinct points.
        first: number of the first fresh replication.
    """
    task, goal = trials.task, trials.task.goals[0]
    have: dict[Point, list[Responses]] = {point: [] for point in finalists}
    n = more(trials, have, list(finalists), first, FIRST)
    if n < 2:
        best = min(finalists, key=trials.rank)
        return Verdict(
            chosen=best, correct=0.0, guaranteed=False, indifference=0.0, feasible=feasible(trials, best, have[best]),
            replications=have,
        )  # fmt: skip
    able = [point for point in finalists if not broken(trials, point, have[point])]
    alive = able or [min(finalists, key=lambda point: broken(trials, point, have[point]))]
    values = {point: goal_values(goal, point, have[point]) for point in alive}
    middle = max(mean(values[point]) for point in alive)
    indifference = task.difference * abs(middle) if math.isfinite(middle) else 0.0
    alive = [point for point in alive if np.isfinite(values[point]).all()] or alive[:1]
    if len(alive) > 1:
        alive = _narrowed(trials, have, alive, first, indifference or LEAST)
    values = {point: goal_values(goal, point, have[point]) for point in finalists}
    best = max(alive, key=lambda point: mean(values[point]))
    guaranteed = len(alive) == 1
    correct = task.confidence
    if not guaranteed:
        chances = [chance_above(values[best], values[point], -indifference) for point in able if point != best]
        correct = max(0.0, 1 - math.fsum(1 - chance for chance in chances))
    return Verdict(
        chosen=best, correct=correct, guaranteed=guaranteed, indifference=indifference,
        feasible=feasible(trials, best, have[best]), replications=have,
    )  # fmt: skip


def _narrowed(
    trials: Trials, have: dict[Point, list[Responses]], points: Sequence[Point], first: int, indifference: float
) -> list[Point]:
    """Those that KN leaves: one, or several if the budget ends before."""
    names = {str(k): point for k, point in enumerate(points)}
    start = len(have[points[0]])
    ranking = KimNelson(
        list(names), better="higher", indifference=indifference, first=start, alpha=1 - trials.task.confidence
    )
    ranking.feed({name: _finite(trials, point, have[point]) for name, point in names.items()})
    while ranking.best is None:
        left = [names[name] for name in ranking.survivors]
        got = more(trials, have, left, first, BLOCK)
        if not got:
            break
        ranking.feed({
            name: _finite(trials, names[name], have[names[name]][-got:]) for name in ranking.survivors
        })
    return [names[name] for name in ranking.survivors]


def _finite(trials: Trials, point: Point, answers: Sequence[Responses]) -> list[float]:
    """The goal in each replication; a missing answer is as bad as none that is there could be."""
    return [max(float(value), WORST) for value in goal_values(trials.task.goals[0], point, answers)]


def more(
    trials: Trials, have: dict[Point, list[Responses]], points: Sequence[Point], first: int, count: int
) -> int:
    """Fresh replications for these points, as many as asked or as the budget has left; says how many."""
    count = min(count, (trials.task.budget - trials.runs) // len(points))
    there = first + len(have[points[0]])
    if count <= 0:
        return 0
    try:
        given = trials.fresh(points, range(there, there + count), trials.task.budget)
    except Spent:  # pragma: no cover  # counted above
        return 0
    for point, answers in given.items():
        have[point] += answers
    return count


def broken(trials: Trials, point: Point, answers: Sequence[Responses]) -> float:
    """How far the means are outside what is promised."""
    return sum(violation(promise, point, answers) for promise in trials.task.promises)


def feasible(trials: Trials, point: Point, answers: Sequence[Responses]) -> float:
    """Bonferroni bound on the chance that all promises are kept, from Student's t of each."""
    doubt = 0.0
    for promise in trials.task.promises:
        values = np.array([promise.measure.of(point, one) for one in answers])
        for bound, sign in ((promise.low, 1.0), (promise.high, -1.0)):
            if math.isfinite(bound):
                outside = np.where(np.isnan(values), -np.inf, sign * values)
                doubt += 1 - chance_above(outside, np.full(len(values), sign * bound))
    return max(0.0, 1 - doubt)
