"""The bundled plants: they load, they say what they are and where their figures come from, and they are lively."""

import re
from pathlib import Path

import pytest

from plant.figures import describe
from plant.loader import load_plant
from plant.time import HOUR, SECOND

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
ENGINE_WORKS = FOLDER / "engine-works.yaml"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_loads_and_opens_with_three_sentences_and_one_command(file):
    assert load_plant(file).lines
    text = file.read_text(encoding="utf-8")
    opening, command, *_ = re.split(r"^#\n", text, maxsplit=2, flags=re.MULTILINE)
    lines = opening.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("# ") and line.endswith(".") for line in lines)
    assert re.fullmatch(rf"#   shopfloor \w+ examples/{file.name}( .*)?\n", command)
    assert "ource" in text or "Where the figures come from" in text or "Assumption" in text


def test_the_block_line_has_what_a_first_look_should_show():
    plant = load_plant(ENGINE_WORKS)
    (line,) = plant.lines
    assert (plant.plant, line.area, line.name) == ("engine-works", "machining", "block-line")
    assert plant.telemetry.sample <= 5 * SECOND
    assert plant.telemetry.block <= 60 * SECOND, "signals on the page are not older than a minute"
    assert [station.name for station in line.stations] == [f"OP{n}0" for n in range(1, 13)]
    assert sum(station.machines > 1 for station in line.stations) >= 2
    failures = [failure for station in line.stations for failure in station.failures]
    assert {failure.clock for failure in failures} == {"operating", "calendar"}
    assert {failure.part for failure in failures} == {"resume", "restart", "scrap"}
    assert any(failure.availability for failure in failures)
    assert all(station.ideal_cycle and station.minimum_cycle for station in line.stations)
    assert all(station.minimum_cycle <= station.ideal_cycle <= station.cycle_time.mean for station in line.stations)
    assert all(station.buffer and station.transport.mean for station in line.stations[1:])


def test_the_block_line_has_one_clear_bottleneck_and_a_stop_every_few_minutes():
    plant = load_plant(ENGINE_WORKS)
    (figures,) = describe(plant)
    rates = sorted(station.rate_per_h for station in figures.stations)
    assert figures.bottleneck == "OP80"
    assert rates[1] > 1.03 * rates[0]
    assert 38 < figures.rate_per_h < 43, "a takt of about 95 s with handling"
    machines = {station.name: station.machines for station in plant.lines[0].stations}
    stops = sum(HOUR / f.time_to_failure_us * machines[s.station] for s in figures.stations for f in s.failures)
    assert 3 < stops < 12, "an hour shows some"
