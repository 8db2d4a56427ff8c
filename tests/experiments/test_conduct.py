"""An experiment gives the same bytes for any number of processes, and after an interruption."""

import csv
import json

import pytest
from experiment_files import EXPERIMENT, LINE, written

from experiments.conduct import conduct
from experiments.intervals import estimate
from experiments.loading import load_experiment
from experiments.pools import Processes
from experiments.progress_file import NAME
from experiments.replications import Window, replicate_once, replication_seed
from experiments.running import Progress
from plant.errors import InputError
from plant.time import DEFAULT_START, SECOND

SEARCH = """experiment: search
plant: line.yaml
run: {for: 300 s, replications: 3}
responses: [throughput_per_s]
sensitivity: 1
optimise:
  maximise: throughput_per_s
  vary: {lines.line.stations.OP20.buffer: 0..2, lines.line.stations.OP30.buffer: 0..2}
  subject_to: [sum <= 3]
  budget: 80
"""


class Stop(Progress):
    """Ctrl-C after some replications."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def add(self, done: int = 1) -> None:
        super().add(done)
        if self.done == self.after:
            raise KeyboardInterrupt


def run(file, folder, jobs: int = 1, progress: Progress | None = None):
    return conduct(load_experiment(file), pool=Processes(jobs), folder=folder, progress=progress)


@pytest.mark.parametrize("text", [EXPERIMENT.replace("warm_up: 60 s", "warm_up: auto"), SEARCH])
def test_an_interrupted_experiment_goes_on_and_gives_the_same_bytes(tmp_path, text) -> None:
    file = written(tmp_path, text)
    whole = Progress()
    run(file, tmp_path / "whole", progress=whole)
    with pytest.raises(KeyboardInterrupt):
        run(file, tmp_path / "halves", progress=Stop(7))
    with (tmp_path / "halves" / NAME).open("a", encoding="utf-8") as half:
        half.write('{"of": "x", "repl')  # killed while it wrote
    rest = Progress()
    run(file, tmp_path / "halves", progress=rest)
    assert rest.done == whole.done - 7
    for name in ("results.csv", "summary.json", "report.html"):
        assert (tmp_path / "halves" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_processes_change_nothing(tmp_path) -> None:
    file = written(tmp_path)
    run(file, tmp_path / "one")
    run(file, tmp_path / "two", jobs=2)
    for name in ("results.csv", "summary.json"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_results_are_those_of_single_runs(tmp_path) -> None:
    file = written(tmp_path)
    study = run(file, tmp_path / "out")
    prepared = load_experiment(file)
    window = Window(warm_up=60 * SECOND, duration=600 * SECOND)
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8") as told:
        rows = list(csv.DictReader(told))
    assert len(rows) == 4 * 4
    plants = {of.name: of.plant for of in prepared.candidates}
    for row in rows:
        seed = replication_seed(1, int(row["replication"]))
        assert row["seed"] == str(seed)
        result = replicate_once(plants[row["configuration"]], window, DEFAULT_START, seed)["line"]
        assert float(row["throughput_per_s"]) == result["throughput_per_s"]
        assert float(row["lead_time_s.mean"]) == result["lead_time_s"]["mean"]
    for of in study.configurations:
        own = [float(row["oee"]) for row in rows if row["configuration"] == of.name]
        answer = of.answers["oee"]
        assert (answer.mean, answer.half_width) == (estimate(own).mean, estimate(own).half_width)
        assert (of is study.baseline) == (answer.difference is None)
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["seed"] == 1


@pytest.mark.parametrize("changed", ["experiment", "plant"])
def test_a_folder_keeps_the_results_of_one_experiment(tmp_path, changed) -> None:
    run(written(tmp_path), tmp_path / "out")
    texts = {"experiment": EXPERIMENT, "plant": LINE}
    texts[changed] = texts[changed].replace("600 s", "700 s").replace("exponential(12 s)", "exponential(11 s)")
    with pytest.raises(InputError, match=f"another {changed} file"):
        run(written(tmp_path, **texts), tmp_path / "out")


def test_replications_go_on_until_the_mean_is_known(tmp_path) -> None:
    rule = "until: {half_width: 10 %, at_most: 30}"
    text = EXPERIMENT.replace("replications: 4", rule).replace("[throughput_per_s, lead_time_s.mean, oee]", "[oee]")
    study = run(written(tmp_path, text), None)
    counts = {len(of.answers["oee"].values) for of in study.configurations}
    assert len(counts) == 1
    (count,) = counts
    assert 10 <= count <= 30
    assert count == 30 or all(
        of.answers["oee"].half_width <= of.answers["oee"].mean * 0.1 / 1.1 for of in study.configurations
    )


def test_a_search_names_its_answer_and_what_it_cost(tmp_path) -> None:
    study = run(written(tmp_path, SEARCH), tmp_path / "out")
    search = study.search
    named = {of.name: of for of in study.configurations}
    assert search.chosen in search.finalists
    assert search.runs <= 80
    assert set(search.evaluations) <= set(named)
    assert sum(named[search.chosen].settings.values()) <= 3
    assert 0 < search.correct <= 1
    assert {effect.kind for effect in study.sensitivity} == {"cycle", "failures", "buffer"}
    assert study.bottleneck.station in {"OP10", "OP20", "OP30"}
