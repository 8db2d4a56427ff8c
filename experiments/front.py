"""The Pareto front of two goals: what no other point beats in both."""

import math
from collections.abc import Mapping, Sequence

from experiments.finals import Verdict, broken, feasible, more
from experiments.optimisation import Task
from experiments.space import Point
from experiments.trials import Responses, Trials, chance_above, goal_values, mean

MOST = 24  # points of a front that run again
FEWEST = 10  # replications of each


def front(trials: Trials) -> list[Point]:
    """Points on the front by what was run so far, from the best in the first goal on; all must keep the promises."""
    return _undominated(trials.task, trials.answers, _able(trials, trials.answers))


def front_of(trials: Trials, first: int) -> Verdict:
    """The front by fresh replications, and how sure it is.

    The answer is the point nearest to what would be best in both goals, each measured by its spread over the front.

    Args:
        trials: of the search; the rest of its budget is used up.
        first: number of the first fresh replication.
    """
    task = trials.task
    candidates = front(trials) or [min(trials.answers, key=trials.rank)]
    left = task.budget - trials.runs
    candidates = _spread(candidates, max(1, min(MOST, left // FEWEST)))
    have: dict[Point, list[Responses]] = {point: [] for point in candidates}
    seen = have if more(trials, have, candidates, first, left // len(candidates)) else trials.answers
    points = _undominated(task, seen, [point for point in candidates if not broken(trials, point, seen[point])])
    points = points or candidates[:1]
    chosen = _middle(task, seen, points)
    return Verdict(
        chosen=chosen, correct=_correct(task, seen, points), guaranteed=False, indifference=0.0,
        feasible=feasible(trials, chosen, seen[chosen]), replications=have, front=tuple(points),
    )  # fmt: skip


def _able(trials: Trials, answers: Mapping[Point, Sequence[Responses]]) -> list[Point]:
    return [point for point, given in answers.items() if not broken(trials, point, given)]


def _means(task: Task, answers: Mapping[Point, Sequence[Responses]], point: Point) -> tuple[float, ...]:
    return tuple(mean(goal_values(goal, point, answers[point])) for goal in task.goals)


def _undominated(task: Task, answers: Mapping[Point, Sequence[Responses]], points: Sequence[Point]) -> list[Point]:
    means = {point: _means(task, answers, point) for point in points}
    order = sorted(points, key=lambda point: means[point], reverse=True)
    found, best = [], -math.inf
    for point in order:  # falling in the first goal: the second must rise
        if means[point][1] > best and math.isfinite(means[point][0]):
            found.append(point)
            best = means[point][1]
    return found


def _spread(points: Sequence[Point], most: int) -> list[Point]:
    """So many of a front, evenly along it, its ends among them."""
    if len(points) <= most:
        return list(points)
    if most == 1:
        return [points[0]]
    return [points[round(k * (len(points) - 1) / (most - 1))] for k in range(most)]


def _middle(task: Task, answers: Mapping[Point, Sequence[Responses]], points: Sequence[Point]) -> Point:
    means = {point: _means(task, answers, point) for point in points}
    best = [max(of) for of in zip(*means.values(), strict=True)]
    spread = [max(of) - min(of) or 1.0 for of in zip(*means.values(), strict=True)]
    return min(points, key=lambda p: math.hypot(*((b - m) / s for b, m, s in zip(best, means[p], spread, strict=True))))


def _correct(task: Task, answers: Mapping[Point, Sequence[Responses]], points: Sequence[Point]) -> float:
    """Bonferroni bound on the chance that no finalist beats a point of the front in both goals."""
    doubt = 0.0
    for point in points:
        for other in answers:
            if other == point or len(answers[other]) < 2 or len(answers[point]) < 2:
                continue
            doubt += min(
                chance_above(goal_values(goal, other, answers[other]), goal_values(goal, point, answers[point]))
                for goal in task.goals
            )
    return max(0.0, 1 - doubt)
