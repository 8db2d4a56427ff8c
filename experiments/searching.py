"""The search of an experiment file: trials on the same pool and in the same place as all other replications."""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.answers import Tried
from experiments.designs import NAMED, label, short_names
from experiments.loading import Prepared
from experiments.optimisation import Task
from experiments.replications import Window
from experiments.responses import Values
from experiments.running import Runs
from experiments.search import Outcome, search
from experiments.study import Search, Setting
from experiments.trials import Trial
from plant.description import Plant
from plant.errors import PlantError


@dataclass(frozen=True, kw_only=True)
class Searching:
    """A search while it runs.

    Args:
        prepared: what is asked.
        task: what is searched.
        runs: where replications come from.
        window: what counts of each.
    """

    prepared: Prepared
    task: Task
    runs: Runs
    window: Window

    def outcome(self) -> Outcome:
        """Search."""
        variables = self.task.space.variables
        self.runs.progress.expect(self.task.budget)
        before = self.runs.progress.total - self.task.budget
        standing = {of.path: self.standing(of.path) for of in variables}
        found = search(self.task, self._evaluate, seed=self.prepared.experiment.seed, start=standing)
        self.runs.progress.expect(before + found.runs - self.runs.progress.total)
        return found

    def standing(self, path: str) -> Setting:
        """What the baseline has at a path."""
        given = self.prepared.candidates[0].settings
        return given[path] if path in given else self.prepared.described.standing(path)

    def _evaluate(self, trials: Sequence[Trial]) -> list[list[Values]]:
        """Answers of trials; settings that are right alone and make no plant together have none."""
        plants = [self._plant(trial) for trial in trials]
        wanted = [(plant, t.replications) for plant, t in zip(plants, trials, strict=True) if plant is not None]
        told = iter(self.runs.answers(self.window, wanted))
        nothing: Values = {response.name: None for response in self.runs.responses}
        return [
            [nothing for _ in trial.replications] if plant is None else next(told)
            for plant, trial in zip(plants, trials, strict=True)
        ]

    def _plant(self, trial: Trial) -> Plant | None:
        try:
            return self.prepared.described.set({**self.prepared.experiment.baseline, **trial.settings})
        except PlantError:
            return None

    def tried(self, outcome: Outcome) -> list[Tried]:
        """Configurations that were tried; those of the final answer with its fresh replications."""
        paths = [of.path for of in self.task.space.variables]
        words, few = short_names(paths), len(paths) <= NAMED
        found = []
        for number, of in enumerate(outcome.tried, start=1):
            point = self.task.space.point(dict(of.settings))
            found.append(
                Tried(
                    name=label(of.settings, words) if few else f"s{number}",
                    settings=of.settings,
                    values={r: dict(values) for r, values in of.answers.items()},
                    counted=of.fresh or None,
                    compared=bool(of.fresh),
                    cost=None if self.task.cost is None or point is None else self.task.cost.of(point),
                )
            )
        return found

    def told(self, outcome: Outcome, tried: Sequence[Tried]) -> Search:
        """How it went."""
        names = [of.name for of in tried]
        return Search(
            goal=", ".join(goal.text for goal in self.task.goals),
            subject_to=self.task.subject_to,
            evaluations=tuple(names),
            runs=outcome.runs,
            finalists=tuple(names[k] for k in outcome.finalists),
            chosen=names[outcome.chosen],
            correct=outcome.correct,
            indifference=outcome.indifference,
            front=tuple(names[k] for k in outcome.front),
        )
