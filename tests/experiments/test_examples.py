"""The experiment files that ship can be run."""

from pathlib import Path

import pytest

from experiments.loading import load_experiment

FILES = sorted((Path(__file__).parents[2] / "examples" / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_says_what_it_asks_and_how_to_run_it(file) -> None:
    prepared = load_experiment(file)
    assert prepared.experiment.experiment == file.stem
    assert prepared.experiment.title.endswith("?")
    assert f"#   shopfloor experiment examples/experiments/{file.name}\n" in file.read_text(encoding="utf-8")
