"""From an experiment file to what can be run: its plant, responses, configurations and search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.description import Design, Experiment
from experiments.designs import Named, full, label, latin_hypercube, named, one_at_a_time, short_names
from experiments.optimisation import Task, task_of
from experiments.paths import Described
from experiments.responses import Response, names, parse_response
from experiments.study import Setting
from plant.description import Plant
from plant.document import Document, read_document
from plant.errors import PlantError, Problem
from plant.loader import described

WANTED = "an experiment, beginning with experiment: NAME"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A configuration to run.

    Args:
        name: of the configuration.
        settings: what it sets besides the plant file, baseline included.
        plant: what comes of it.
    """

    name: str
    settings: dict[str, Setting]
    plant: Plant


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """An experiment that can be run.

    Args:
        experiment: as it was written.
        text: the file.
        described: its plant, for settings.
        responses: what is looked at, those of the search's goals included.
        candidates: the baseline, then the design.
        task: the search, if there is one.
    """

    experiment: Experiment
    text: str
    described: Described
    responses: tuple[Response, ...]
    candidates: tuple[Candidate, ...]
    task: Task | None

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that candidates set, in the order of the file."""
        return tuple(dict.fromkeys(path for of in self.candidates for path in of.settings))


def load_experiment(path: str | Path) -> Prepared:
    """The experiment that a file describes.

    Raises:
        PlantError: with all problems of the file and of its plant file.
    """
    return prepare(read_document(path), Path(path).read_text(encoding="utf-8-sig"))


def prepare(document: Document, text: str, plant: Document | None = None) -> Prepared:
    """The same of a document; its plant is the one that it names, unless another is given.

    Raises:
        PlantError: with all problems of the experiment and of its plant.
    """
    known, problems = _plant_of(document) if plant is None else _described(plant)
    try:
        context: dict[str, Any] = {} if known is None else {"described": known}
        experiment = described(document, Experiment, WANTED, **context)
    except PlantError as wrong:
        raise PlantError([*wrong.problems, *problems]) from None
    if known is None:
        raise PlantError(problems)
    task = None
    if experiment.optimise is not None:
        task, _ = task_of(experiment.optimise, known.expand, names(known.plant))
    return Prepared(
        experiment=experiment,
        text=text,
        described=known,
        responses=_responses(experiment, known.plant, task),
        candidates=tuple(_candidates(document, experiment, known)),
        task=task,
    )


def _plant_of(document: Document) -> tuple[Described | None, list[Problem]]:
    tree = document.tree if isinstance(document.tree, dict) else {}
    name = tree.get("plant")
    if not isinstance(name, str) or not name:
        return None, []
    file = document.folder / name
    if not file.is_file():
        problem = document.problem(("plant",), f"there is no file {file}", "a plant file, as seen from this file")
        return None, [problem]
    try:
        return _described(read_document(file))
    except PlantError as wrong:
        return None, list(wrong.problems)


def _described(plant: Document) -> tuple[Described | None, list[Problem]]:
    try:
        return Described(plant), []
    except PlantError as wrong:
        return None, list(wrong.problems)


def _responses(experiment: Experiment, plant: Plant, task: Task | None) -> tuple[Response, ...]:
    wanted = list(experiment.responses)
    if task is not None:
        measures = [*(goal.measure for goal in task.goals), *(promise.measure for promise in task.promises)]
        wanted += [name for measure in measures for name, _ in measure.responses]
    return tuple(parse_response(name, plant) for name in dict.fromkeys(wanted))


def _candidates(document: Document, experiment: Experiment, known: Described) -> list[Candidate]:
    """The baseline first; one of the design that is the same plant is not run again.

    Raises:
        PlantError: settings that are right alone don't go together.
    """
    made, problems = [], []
    design = _design(experiment)
    for of in [Named(name="baseline", settings={}), *design]:
        settings = {**experiment.baseline, **of.settings}
        try:
            made.append(Candidate(name=of.name, settings=settings, plant=known.set(settings)))
        except PlantError as wrong:
            place = ("design",) if experiment.scenarios or "design" in document.tree else ("factors",)
            words = label(settings, short_names(set(settings)))
            problems += [
                document.problem(place, f"{of.name} ({words}): {one.path}: {one.found}", one.allowed, one.hint)
                for one in wrong.problems
            ]
    if problems:
        raise PlantError(problems)
    first, *others = made
    same = next((of for of in others if of.plant == first.plant), None)
    if same is not None:
        first, others = replace(same, plant=first.plant), [of for of in others if of is not same]
    return [first, *others]


def _design(experiment: Experiment) -> Sequence[Named]:
    if experiment.scenarios:
        return [Named(name=of.name, settings=of.settings) for of in experiment.scenarios]
    factors = {path: levels.values for path, levels in experiment.factors.items()}
    design = experiment.design
    if not factors or not isinstance(design, Design):
        return named([])
    if design.kind == "one-at-a-time":
        return one_at_a_time(factors)
    return latin_hypercube(factors, design.points, experiment.seed) if design.points else full(factors)
