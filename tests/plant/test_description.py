"""The description: what follows from it, and when two of them are the same plant."""

import pytest
from pydantic import ValidationError

from plant.description import Plant
from plant.distributions import parse_distribution
from plant.figures import describe
from plant.loader import load_plant
from plant.paths import Node
from plant.stops import Failure
from plant.time import HOUR, MINUTE, SECOND

RUN = "b46209bcf60d"


def plant(**station) -> Plant:
    described = {"name": "OP10", "cycle_time": "90 s"} | station
    return Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": [described]}]})


def test_left_out_keys_have_the_defaults_of_the_reference():
    line = plant().lines[0]
    (station,) = line.stations
    assert (line.area, str(line.arrivals), line.blocking) == ("main", "saturated", "after-service")
    assert (station.type, station.machines, station.buffer, station.failures) == ("machine", 1, None, ())
    assert [str(time) for time in (station.load, station.unload, station.transport)] == ["0 s"] * 3
    assert station.quality.scrap == 0
    assert (plant().enterprise, plant().telemetry.sample, plant().telemetry.block) == ("local", SECOND, SECOND)


@pytest.mark.parametrize(
    ("written", "sample", "block"),
    [
        ({}, SECOND, SECOND),
        ({"sample": "2 s"}, 2 * SECOND, 2 * SECOND),
        ({"sample": "300 ms"}, 300_000, 1_200_000),
        ({"sample": "2 s", "block": "10 s"}, 2 * SECOND, 10 * SECOND),
    ],
)
def test_a_block_holds_whole_samples_and_is_a_second_or_more_unless_said_otherwise(written, sample, block):
    telemetry = Plant.model_validate({**plant().model_dump(exclude_none=True), "telemetry": written}).telemetry
    assert (telemetry.sample, telemetry.block) == (sample, block)


@pytest.mark.parametrize("availability", ["98.5 %", 0.985, "0.985", "98.5%"])
def test_the_time_to_failure_follows_from_availability_and_repair(availability):
    failure = Failure(mode="m", availability=availability, time_to_repair="lognormal(20 min, cv=0.5)")
    assert failure.interval.kind == "exponential"
    assert failure.interval.mean == pytest.approx(20 * MINUTE * 0.985 / 0.015)
    up, down = failure.interval.mean, failure.time_to_repair.mean
    assert up / (up + down) == pytest.approx(0.985)


def test_the_ideal_cycle_is_the_mean_cycle_time_unless_given():
    assert plant(cycle_time="triangular(3 s, 5 s, 8 s)").lines[0].stations[0].planned_cycle == 5_333_333
    assert plant(ideal_cycle="80 s").lines[0].stations[0].planned_cycle == 80 * SECOND


def test_machines_have_numbers_only_where_there_are_several():
    line = plant(machines=2).lines[0]
    assert line.machines(line.stations[0]) == (Node("main", "l", "OP10", 1), Node("main", "l", "OP10", 2))
    line = plant(machines=1).lines[0]
    assert line.machines(line.stations[0]) == (Node("main", "l", "OP10"),)


def test_derived_figures_name_the_bottleneck_and_where_a_figure_comes_from():
    described = Plant.model_validate(
        {
            "plant": "p",
            "lines": [
                {
                    "name": "l",
                    "stations": [
                        {"name": "A", "cycle_time": "100 s", "machines": 2},
                        {
                            "name": "B",
                            "cycle_time": "70 s",
                            "ideal_cycle": "60 s",
                            "failures": [
                                {"mode": "x", "availability": "90 %", "time_to_repair": "1 h"},
                                {"mode": "y", "time_to_failure": "3 h", "time_to_repair": "1 h"},
                            ],
                        },
                        {"name": "C", "cycle_time": "60 s"},
                    ],
                }
            ],
        }
    )
    (line,) = describe(described)
    assert (line.line, line.bottleneck, line.rate_per_h) == ("l", "B", 60.0)
    a, b, _ = line.stations
    assert (a.planned_cycle_us, a.derived, a.rate_per_h) == (100 * SECOND, True, 72.0)
    assert (b.planned_cycle_us, b.derived) == (60 * SECOND, False)
    x, y = b.failures
    assert (x.derived, x.time_to_failure_us) == (True, pytest.approx(9 * HOUR))
    assert (y.derived, y.availability, x.availability) == (False, 0.75, pytest.approx(0.9))


# --- the same plant, the same run ---------------------------------------------------------------------------------


def test_a_run_is_named_by_what_the_plant_means_and_not_by_how_it_is_written():
    run = plant(cycle_time="90 s", quality={"scrap": "1 %"}).run_id(1, 0)
    assert plant(cycle_time="1.5 min", quality={"scrap": 0.01}, machines=1).run_id(1, 0) == run
    assert plant(cycle_time=90, quality={"scrap": 0.01}, load=0).run_id(1, 0) == run
    assert run == plant(cycle_time="90 s", quality={"scrap": "1 %"}).run_id(1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"cycle_time": "90.000001 s"},
        {"cycle_time": "exponential(90 s)"},
        {"name": "OP20"},
        {"machines": 2},
        {"buffer": 0},
        {"quality": {"scrap": 0.001}},
        {"failures": [{"mode": "m", "time_to_failure": "1 h", "time_to_repair": "1 s"}]},
        {"type": "lathe"},
        {"ideal_cycle": "90 s"},
    ],
)
def test_another_plant_is_another_run(change):
    assert plant(**change).run_id(1, 0) != plant().run_id(1, 0)


def test_another_seed_or_start_is_another_run():
    runs = {plant().run_id(seed, start) for seed in (1, 2, 12) for start in (0, 1, 2)}
    assert len(runs) == 9


def test_the_values_of_a_csv_file_are_part_of_the_plant(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(
        "plant: p\nlines:\n  - name: l\n    arrivals: empirical(gaps.csv, s)\n"
        "    stations: [{name: A, cycle_time: '1 s'}, {name: B, cycle_time: 'empirical(times.csv, s)'}]\n",
        encoding="utf-8",
    )

    def run(times: str, gaps: str) -> str:
        (tmp_path / "times.csv").write_text(f"s\n{times}\n", encoding="utf-8")
        (tmp_path / "gaps.csv").write_text(f"s\n{gaps}\n", encoding="utf-8")
        return load_plant(file).run_id(1, 0)

    assert len({run("1\n2", "3"), run("1\n3", "3"), run("1\n2", "4")}) == 3
    assert run("1\n2", "3") == run("1.0\n2.0", "3 s")


def test_a_run_keeps_its_name_over_versions():
    """Recorded once: a folder of data must be found again by the program that comes after this one."""
    assert plant().run_id(1, 0) == RUN


def test_a_description_is_frozen_and_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError):
        plant().lines[0].stations[0].buffer = 3
    with pytest.raises(ValidationError, match="colour"):
        plant(colour="red")


def test_a_distribution_is_taken_as_it_is():
    assert plant(cycle_time=parse_distribution("exponential(3 s)")) == plant(cycle_time="exponential(3 s)")
