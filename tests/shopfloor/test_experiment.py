"""The `experiment` command."""

import csv

import pytest
from experiment_files import EXPERIMENT, written
from typer.testing import CliRunner

from plant.errors import InputError, PlantError
from shopfloor.cli import app


def command(*arguments: str):
    return CliRunner().invoke(app, ["experiment", *arguments])


def test_the_answer_is_in_the_folder_and_on_the_terminal(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = command(str(written(tmp_path)), "--jobs", "1")
    assert result.exit_code == 0, result.output
    assert "throughput_per_s in 1/s" in result.output
    assert "OP20.buffer=6, OP30.buffer=6" in result.output
    assert "baseline" in result.output
    assert "seed 1, engine" in result.output
    folder = tmp_path / "buffers-results"
    with (folder / "results.csv").open(encoding="utf-8") as told:
        assert len(list(csv.reader(told))) == 1 + 4 * 4
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--engine", "fast"), "--engine: 'fast' is no engine"),
        (("--on", "tcp://x"), "is no cluster"),
        (("--on", "ray://x:1", "--jobs", "2"), "--on or --jobs"),
    ],
)
def test_a_wrong_flag_is_told(tmp_path, arguments, words) -> None:
    result = command(str(written(tmp_path)), *arguments)
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)


def test_a_bad_file_runs_nothing(tmp_path) -> None:
    result = command(str(written(tmp_path, EXPERIMENT.replace("[2, 6]", "[2, -6]"))), "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, PlantError)
    assert len(result.exception.problems) == 2
    assert not (tmp_path / "out").exists()
