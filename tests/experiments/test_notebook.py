"""Experiments from Python say the same as those from files."""

import doctest
from dataclasses import replace

import numpy as np
import pytest
from experiment_files import written

from experiments import designs, experiment, notebook, simulate
from experiments.conduct import conduct
from experiments.loading import load_experiment
from experiments.pools import Processes
from plant.errors import PlantError


@pytest.mark.parametrize("module", [designs, notebook])
def test_examples_in_the_code_run(module) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_study_is_that_of_the_file(tmp_path) -> None:
    file = written(tmp_path)
    told = experiment(file, jobs=1)
    assert told == conduct(load_experiment(file), pool=Processes(1))
    tree = {
        "experiment": "buffers",
        "run": {"for": "600 s", "warm_up": "60 s", "replications": 4},
        "factors": {f"lines.line.stations.{name}.buffer": [2, 6] for name in ("OP20", "OP30")},
        "responses": ["throughput_per_s", "lead_time_s.mean", "oee"],
    }
    again = experiment(tree, plant=tmp_path / "line.yaml", jobs=1)
    assert replace(again, file=told.file) == told


def test_arrays_hold_every_visit(tmp_path) -> None:
    written(tmp_path)
    found = simulate(tmp_path / "line.yaml", 600, warm_up="60 s", replications=3, jobs=1)
    assert np.isclose(found.array("throughput_per_s").mean(), found.figures["line"]["throughput_per_s"])
    assert found.array("oee").shape == (3,)
    parts = found.parts()
    gone = parts[(parts["station"] == "OP30") & (parts["leave"] >= 60e6) & (parts["leave"] < 660e6)]
    assert len(gone) == found.results[0]["line"]["parts_out"]
    done = parts[parts["finish"] >= 0]
    assert (done["enter"] <= done["start"]).all()
    assert (done["start"] <= done["finish"]).all()


def test_mistakes_are_told_without_a_file() -> None:
    with pytest.raises(PlantError) as wrong:
        experiment({"experiment": "x", "run": {"for": 60, "replications": 0}, "responses": []}, plant={"plant": "p"})
    assert [problem.path for problem in wrong.value.problems] == ["run.replications", "responses", "lines"]
