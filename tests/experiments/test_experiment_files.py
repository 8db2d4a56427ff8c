"""Experiment files: everything that is wrong with one is told at once, and where."""

import pytest
from experiment_files import EXPERIMENT, LINE, written

from experiments.description import experiment_schema
from experiments.loading import load_experiment
from plant.errors import PlantError

BAD = """experiment: bad
plant: line.yaml
run: {for: 40 h, warm_up: soon, replications: 0}
factors:
  lines.line.stations.OP20.bufer: [4, 6]
  lines.line.stations.OP30.buffer: [6, -1]
design: latin(3)
responses: []
baseline: {lines.line.stations.OP20.cycle_time: quick}
optimise:
  maximise: throughput_per_s
  vary: {lines.line.stations.*.buffer: 2..12, lines.nowhere.wip_limit: 1..9}
  subject_to: [sum <= 3]
"""


def complaints(file) -> list[str]:
    with pytest.raises(PlantError) as wrong:
        load_experiment(file)
    return [f"{problem.line} {problem.path}: {problem}" for problem in wrong.value.problems]


def test_all_errors_are_told_at_once(tmp_path) -> None:
    told = complaints(written(tmp_path, BAD))
    expected = [
        ("3 run.warm_up", "'soon' is no warm-up"),
        ("3 run.replications", "a whole number from 1"),
        ("5 factors.lines.line.stations.OP20.bufer", "did you mean buffer?"),
        ("6 factors.lines.line.stations.OP30.buffer.#2", "lines.line.stations.OP30.buffer = -1 makes no plant"),
        ("7 design", "'latin(3)' is no design"),
        ("8 responses", "the list is empty"),
        ("9 baseline.lines.line.stations.OP20.cycle_time", "= quick makes no plant"),
        ("12 optimise.vary.lines.nowhere.wip_limit", "there is no 'nowhere' in lines"),
        ("13 optimise.subject_to.#1", "sum <= 3 cannot hold"),
    ]
    assert len(told) == len(expected), told
    assert all(line.startswith(place) and words in line for (place, words), line in zip(expected, told, strict=True))


def test_errors_of_the_plant_are_told_beside_those_of_the_experiment(tmp_path) -> None:
    told = complaints(written(tmp_path, EXPERIMENT.replace("replications: 4", "replications: x"), LINE + "x: 1\n"))
    assert ["experiment.yaml" in line for line in told] == [True, False]


@pytest.mark.parametrize(
    ("was", "made", "words"),
    [
        ("oee", "oe", "did you mean oee?"),
        ("oee", "throughput_per_s", "is there twice"),
        ("oee", "stations.OP21.oee", "did you mean OP20?"),
        ("oee", "stations.OP20.share.blockt", "did you mean share.blocked?"),
        ("plant: line.yaml", "plant: lin.yaml", "there is no file"),
        ("replications: 4", "replications: 4, until: {half_width: 1 %}", "both replications and until are given"),
        ("[2, 6]\nresp", "[2, 2]\nresp", "is there twice"),
        ("responses", "desing: full\nresponses", "did you mean design?"),
        ("responses", "design: [{name: x, set: {}}]\nresponses", "factors beside named scenarios"),
        ("responses", "design: [{name: x, set: {lines.line.y: 2}}]\nresponses", "there is no 'y' in lines.line"),
        ("for: 600 s", "for: 0 s", "too short"),
        ("factors", "baseline: {lines.line.wip_limit: 0}\nfactors", "wip_limit = 0 makes no plant"),
        ("[2, 6]\n  ", "0..4\n  ", None),
        ("oee", "stations.OP20.mtbf.usual", None),
        ("oee", "line.oee", None),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path, was, made, words) -> None:
    assert was in EXPERIMENT
    file = written(tmp_path, EXPERIMENT.replace(was, made, 1))
    if words is None:
        load_experiment(file)
    else:
        assert any(words in line for line in complaints(file))


def test_of_several_lines_the_response_says_which(tmp_path) -> None:
    other = "  - {name: other, stations: [{name: A, cycle_time: 5 s}]}\n"
    two = LINE.replace("operators: [{pool: fitters, count", f"{other}operators: [{{pool: fitters, count")
    assert any("of which line?" in line for line in complaints(written(tmp_path, EXPERIMENT, two)))


def test_settings_that_are_right_alone_must_go_together(tmp_path) -> None:
    together = EXPERIMENT.replace(
        "lines.line.stations.OP30.buffer: [2, 6]", "lines.line.stations.OP20.failures.worn.part: [resume, scrap]"
    ).replace("lines.line.stations.OP20.buffer: [2, 6]", "lines.line.arrivals: [saturated, every 5 s]")
    load_experiment(written(tmp_path, together))
    lost = EXPERIMENT.replace("lines.line.stations.OP20.buffer: [2, 6]", "lines.line.stations.OP20.joins: [OP10]")
    assert complaints(written(tmp_path / "lost", lost))


def test_a_configuration_that_is_the_baseline_is_it(tmp_path) -> None:
    prepared = load_experiment(written(tmp_path))
    assert [of.name for of in prepared.candidates] == [
        "OP20.buffer=2, OP30.buffer=2", "OP20.buffer=2, OP30.buffer=6",
        "OP20.buffer=6, OP30.buffer=2", "OP20.buffer=6, OP30.buffer=6",
    ]  # fmt: skip


def test_the_schema_knows_every_key() -> None:
    schema = experiment_schema()
    assert set(schema["required"]) == {"experiment", "plant", "run", "responses"}
    assert {"factors", "design", "baseline", "sensitivity", "optimise"} <= set(schema["properties"])
