"""Searching the best configuration: far, then near, then a fair final.

1. Far: points at random (or simply all, where there are few) with few replications each.
2. Near: from the best of them, one step or one place moved at a time; neighbours that are surely worse on common
   replications are dropped, the others run again until one is clear or the step has cost enough. Where no neighbour is
   better, it starts again some way off the best.
3. The final (`experiments.finals`): fresh replications for the best, and the probability of a correct selection.

Tried in place of the points at random and found no better on lines, at many times the computing of its own: the Parzen
estimator and NSGA-II of Optuna, differential evolution of Nevergrad.

A search asks for trials in batches whose size follows from the task alone. So it makes the same trials for the same
seed, on however many cores they run, and after an interruption too, if those that are kept are answered from there.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from experiments.finals import Verdict, ranked
from experiments.front import front, front_of
from experiments.moves import kicked, moves
from experiments.optimisation import Task
from experiments.space import Point
from experiments.study import Setting
from experiments.trials import Evaluate, Responses, Spent, Trials
from plant.draws import Stream

FAR = 0.3  # share of the budget until the far search ends
NEAR = 0.8  # and until the near one ends; the rest is for the final
QUICK = 2  # replications of a first look
MOST = 64  # of a point in the near search
BATCH = 16  # neighbours that are looked at together
FINALISTS = 6
CLIMBS = 3  # from the best points of the far search
KICKS = 20  # and from points some way off, at most
TOGETHER = 8  # points at random that run together
FEW = 20_000  # points of a space that may be listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """Settings that were tried, and their answers by number of the replication.

    Args:
        settings: by path.
        answers: of all replications.
        fresh: those of the final, which had no part in the choice; empty for what was not in it.
    """

    settings: Mapping[str, Setting]
    answers: Mapping[int, Responses]
    fresh: range = range(0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a search went.

    Args:
        tried: settings in the order of their first trials.
        runs: replications in all.
        finalists: numbers of points that went into the final.
        chosen: number of the answer.
        correct: probability that the answer is the best finalist, or within `indifference` of it; with two goals, that
            no finalist beats any point of the front in both.
        guaranteed: whether that follows from KN; else it is estimated from what the budget allowed.
        indifference: smallest difference that the final was told to find, in the goal's unit.
        feasible: estimated probability that the answer keeps the constraints on responses.
        front: numbers of points that no other finalist beats in both goals; empty with one goal.
    """

    tried: tuple[Tried, ...]
    runs: int
    finalists: tuple[int, ...]
    chosen: int
    correct: float
    guaranteed: bool
    indifference: float
    feasible: float
    front: tuple[int, ...] = ()


def search(
    task: Task,
    evaluate: Evaluate,
    *,
    seed: int,
    start: dict[str, Setting] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Search the best settings.

    Args:
        task: goals, space, budget.
        evaluate: runs trials; replication r of all settings should use the same streams.
        seed: of proposals; same seed, same trials.
        start: settings to begin with, such as those of the plant as it stands.
        progress: told the number of replications that are used up.
    """
    trials = Trials(task, evaluate, progress)
    begin = task.space.point(start) if start else None
    _far(trials, seed, begin)
    if len(task.goals) == 2:
        _along(trials)
        return _outcome(trials, front_of(trials, _first_fresh(trials)))
    _near(trials, Stream(seed, "", "search"))
    return _outcome(trials, ranked(trials, _finalists(trials), _first_fresh(trials)))


def _far(trials: Trials, seed: int, begin: Point | None) -> None:
    task, budget = trials.task, int(FAR * trials.task.budget)
    every = _every(task, budget // QUICK)
    if every:
        trials.need(every, QUICK, budget)
        return
    stream = Stream(seed, "", "far")
    found = [task.space.nearest(begin)] if begin else []
    found += [task.space.nearest(tuple(len(of.choices) // 2 for of in task.space.variables))]
    with suppress(Spent):
        for k in range(0, budget, TOGETHER):  # ends before: what is new is run, and what is known ends it
            fresh = [point for point in dict.fromkeys(found) if point is not None and point not in trials.answers]
            if k and not fresh:
                return
            trials.need(fresh, QUICK, budget)
            found = [task.space.scattered(stream, k + j) for j in range(TOGETHER)]


def _every(task: Task, most: int) -> list[Point]:
    """All points inside the limits, if they are few; else none."""
    if task.space.size > FEW:
        return []
    box = itertools.product(*(range(len(of.choices)) for of in task.space.variables))
    inside = list(itertools.islice(filter(task.space.allows, box), most + 1))
    return inside if len(inside) <= most else []


def _near(trials: Trials, stream: Stream) -> None:
    """Climb from the best points, then again from points some way off the best, until the budget's share is used up."""
    budget, seen, space = int(NEAR * trials.task.budget), set[Point](), trials.task.space
    with suppress(Spent):
        for k in range(CLIMBS + KICKS):
            best = sorted(trials.answers, key=trials.rank)[: 2 * CLIMBS]
            starts = [point for point in best if point not in seen][:CLIMBS]
            if k >= CLIMBS or not starts:
                kicks = (kicked(space, best[0], stream, k * KICKS + j) for j in range(CLIMBS))
                starts = list(dict.fromkeys(point for point in kicks if point is not None and point not in seen))
            if starts:
                trials.need(starts, 4 * QUICK, budget)
                _climb(trials, min(starts, key=trials.rank), seen, stream, budget)


def _climb(trials: Trials, center: Point, seen: set[Point], stream: Stream, budget: int) -> None:
    while center not in seen:
        seen.add(center)
        around = [point for point in moves(trials.task.space, center) if point not in seen]
        order = sorted(range(len(around)), key=lambda k: stream.word(k, len(seen)))
        for k in range(0, len(order), BATCH):
            best = _race(trials, center, [around[i] for i in order[k : k + BATCH]], budget)
            if best != center:
                center = best
                break


def _race(trials: Trials, center: Point, around: Sequence[Point], budget: int) -> Point:
    """The best neighbour, or the centre itself: the better half runs twice as often, and so on until it is clear."""
    alive, n, most = list(around), QUICK, max(8 * QUICK, min(MOST, budget // 30))
    while True:
        trials.need([center, *alive], n, budget)
        best = min(alive, key=lambda point: trials.rank(point, n))
        alive = [
            point for point in alive
            if not trials.surely_worse(point, center, 0.8) and not trials.surely_worse(point, best, 0.95)
        ]  # fmt: skip
        if not alive:
            return center
        alive = sorted(alive, key=lambda point: trials.rank(point, n))[: max(2, len(around) * QUICK // n)]
        best = alive[0]
        if trials.surely_worse(center, best, 0.95):
            return best
        if n >= most:
            return best if trials.rank(best, n) < trials.rank(center, n) else center
        n = min(2 * n, most)


def _finalists(trials: Trials) -> list[Point]:
    """The best points, without those that are surely worse on common replications."""
    promising = sorted(trials.answers, key=trials.rank)[: 2 * FINALISTS]
    with suppress(Spent):
        trials.need(promising, 8 * QUICK, int((1 + NEAR) / 2 * trials.task.budget))
    best = min(promising, key=trials.rank)
    rest = [point for point in promising if point != best and not trials.surely_worse(point, best, 0.99)]
    return [best, *rest][:FINALISTS]


def _along(trials: Trials) -> None:
    """Look around every point of the front so far, until the share of the budget is used up."""
    budget, seen = int(NEAR * trials.task.budget), set[Point]()
    with suppress(Spent):
        while around := [point for point in front(trials) if point not in seen]:
            center = around[0]
            seen.add(center)
            fresh = [point for point in moves(trials.task.space, center) if point not in trials.answers]
            for k in range(0, len(fresh), BATCH):
                trials.need(fresh[k : k + BATCH], QUICK, budget)


def _first_fresh(trials: Trials) -> int:
    return max(map(len, trials.answers.values()))


def _outcome(trials: Trials, verdict: Verdict) -> Outcome:
    first = _first_fresh(trials)
    number = {point: k for k, point in enumerate(trials.answers)}
    return Outcome(
        tried=tuple(_tried(trials, point, first, verdict.replications.get(point, [])) for point in number),
        runs=trials.runs,
        finalists=tuple(number[point] for point in verdict.replications),
        chosen=number[verdict.chosen],
        correct=verdict.correct,
        guaranteed=verdict.guaranteed,
        indifference=verdict.indifference,
        feasible=verdict.feasible,
        front=tuple(number[point] for point in verdict.front),
    )


def _tried(trials: Trials, point: Point, first: int, fresh: Sequence[Responses]) -> Tried:
    answers = dict(enumerate(trials.answers[point])) | dict(enumerate(fresh, start=first))
    settings = trials.task.space.settings(point)
    return Tried(settings=settings, answers=answers, fresh=range(first, first + len(fresh)))
