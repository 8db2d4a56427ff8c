"""Where to look next, far from what is known: proposals of Optuna, which is imported when a search begins."""

import warnings
from collections.abc import Sequence
from typing import Any

from experiments.optimisation import Task
from experiments.space import Point


class Proposals:
    """Asks Optuna for points and tells it what they were worth.

    One goal: the tree-structured Parzen estimator (Bergstra and others 2011), over all variables together. Two: the
    genetic algorithm NSGA-II (Deb and others 2002). What is proposed outside the limits is moved to the nearest point
    inside, and told so.

    Args:
        task: what is searched.
        seed: same seed, same proposals.
    """

    def __init__(self, task: Task, seed: int) -> None:
        import optuna  # noqa: PLC0415  # takes as long as all the rest of a start

        self.optuna = optuna
        self.task = task
        self.distributions: dict[str, Any] = {
            of.path: optuna.distributions.IntDistribution(0, len(of.choices) - 1)
            if of.ordered
            else optuna.distributions.CategoricalDistribution(range(len(of.choices)))
            for of in task.space.variables
        }
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = (
                optuna.samplers.TPESampler(seed=seed % 2**32, multivariate=True, n_startup_trials=10)
                if len(task.goals) == 1
                else optuna.samplers.NSGAIISampler(seed=seed % 2**32, population_size=20)
            )
            self.study = optuna.create_study(directions=["maximize"] * len(task.goals), sampler=sampler)

    def ask(self, count: int) -> list[Point]:
        """Points that keep all limits; fewer than asked where proposals fall together."""
        found: dict[Point, None] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(count):
                trial = self.study.ask(self.distributions)
                self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)
                point = self.task.space.nearest(tuple(int(trial.params[name]) for name in self.distributions))
                if point is not None:
                    found[point] = None
        return list(found)

    def tell(self, points: Sequence[Point], worth: Sequence[Sequence[float]]) -> None:
        """What points were worth, for each goal, the larger the better."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for point, values in zip(points, worth, strict=True):
                params = dict(zip(self.distributions, point, strict=True))
                self.study.add_trial(
                    self.optuna.trial.create_trial(
                        params=params, distributions=self.distributions, values=list(values)
                    )
                )
