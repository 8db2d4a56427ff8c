"""The gallery and the modelling guide: every plant runs, gives its golden summary, and together they show everything.

Renew the summaries with --renew-golden.
"""

import csv
import json
import math
import re
import shlex
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from experiments import Window, pool, replicate
from plant.description import Plant
from plant.errors import SimulationError
from plant.loader import load_plant
from plant.scenarios import load_scenario
from plant.time import DEFAULT_START, HOUR, MINUTE, SECOND
from shopfloor.cli import app
from simulators import Simulation

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "gallery"
GUIDE = ROOT / "docs" / "guides" / "modelling.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
SCENARIOS = sorted((ROOT / "examples" / "scenarios").glob("*.yaml"))

HOURS = {"block-line": 24, "gear-cell": 36, "job-shop": 48, "lab-line": 2, "supply-chain": 60, "ten-station": 1}
"""Plant time of a summary where 8 h would show too little, or more than enough."""

ELEMENTS = re.findall(
    r"\w+",
    """
    joins quantity disassembly product supply cards reorder_at stock pallets until back wip_limit next policy share
    machines load unload buffer transport fleet charging distances length speed capacity accumulating
    batch minimum wait same setup matrix tool breaks life failures availability clock part maintenance at_wear renews
    opportunistic operators skills walking priority count shifts breaks time_zone quality scrap rework limit defects
    characteristics drift inspection every detects false_alarm products cycle_times route sequence lot orders due
    release dispatch arrivals lead_time ideal_cycle minimum_cycle power air ramp
""",
)
GUIDE_ONLY = {"until"}
"""Elements that a plant of the gallery would only have for their own sake."""


def summary(plant: Plant, hours: int) -> dict[str, Any]:
    """What `simulate --json` says of the lines after an hour of warm-up, seed 1, to six digits."""
    window = Window(warm_up=HOUR, duration=hours * HOUR)
    lines = pool(replicate(plant, window, start=DEFAULT_START, seed=1, replications=1))
    return {"plant": plant.plant, "hours": hours, "lines": rounded(lines)}


def rounded(value: Any) -> Any:
    """A tree of plain values with six digits of each number."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value


# --- the gallery ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_plant_gives_its_golden_summary(file, request):
    told = json.dumps(summary(load_plant(file), HOURS.get(file.stem, 8)), indent=2) + "\n"
    golden = GOLDEN / f"{file.stem}.json"
    if request.config.getoption("--renew-golden"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(told, encoding="utf-8", newline="\n")
    assert told == golden.read_text(encoding="utf-8")


def test_every_summary_belongs_to_a_plant():
    assert sorted(file.stem for file in GOLDEN.glob("*.json")) == [file.stem for file in EXAMPLES]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_summary_is_one_of_a_living_line(file):
    """Each line makes parts, every station works, and the shares of its time are all of it."""
    for line in json.loads((GOLDEN / f"{file.stem}.json").read_text(encoding="utf-8"))["lines"].values():
        assert line["parts_out"] > 0
        for station in line["stations"].values():
            assert station["share"]["processing"] > 0
            assert sum(station["share"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_command_to_try_exists_with_its_options(file):
    command = next(line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#   shopfloor"))
    result = CliRunner().invoke(app, [*shlex.split(command)[2:], "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_scenario_befalls_the_plant_of_its_command(file):
    command = next(line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#   shopfloor"))
    words = shlex.split(command)[2:]
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert words[words.index("--scenario") + 1] == file.relative_to(ROOT).as_posix()
    plant = load_plant(ROOT / words[1])
    assert len(load_scenario(file, plant).faults) > len(plant.faults)


def test_the_page_of_the_gallery_has_every_plant_and_no_other():
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[[\w-]+\]\(([\w-]+)\.yaml\)", page, re.MULTILINE)) == [f.stem for f in EXAMPLES]


def keys(tree: Any) -> Iterator[str]:
    """All keys of a tree of plain values."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from keys(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from keys(item)


def test_the_gallery_shows_every_element():
    shown: set[str] = set()
    for file in EXAMPLES:
        shown |= set(keys(load_plant(file).model_dump(mode="json", by_alias=True, exclude_defaults=True)))
    assert [element for element in ELEMENTS if element not in shown | GUIDE_ONLY] == []


# --- the lab line against its recordings -----------------------------------------------------------------------------

WORK = {"stationary-a": "triangular(3 s, 5 s, 8 s)", "stationary-b": "triangular(1 s, 3 s, 4 s)"}
"""Work time of station 2 in the recordings; that of station 1 was the same in both."""


def lab_line(recording: str, folder: Path) -> Plant:
    """The lab line as it was set when it was recorded."""
    text = (ROOT / "examples" / "lab-line.yaml").read_text(encoding="utf-8")
    head, station_2 = text.split("- name: S2")
    file = folder / "lab-line.yaml"
    file.write_text(f"{head}- name: S2{station_2.replace(WORK['stationary-a'], WORK[recording])}", encoding="utf-8")
    return load_plant(file)


def recorded(log: Path, station: str) -> tuple[list[float], list[float]]:
    """Seconds between two finishes, and from start to finish, of a station."""
    started: dict[str, int] = {}
    finishes, services = [], []
    with log.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            time = int(row["time_ns"])
            if row["station"] != station:
                continue
            if row["event"] == "start":
                started[row["part"]] = time
                continue
            finishes.append(time / 1e9)
            if row["part"] in started:
                services.append((time - started[row["part"]]) / 1e9)
    return [later - earlier for earlier, later in zip(finishes, finishes[1:], strict=False)], services


def simulated(plant: Plant, station: str) -> tuple[list[float], list[float]]:
    """The same of the simulation, ten hours after the first five minutes; a service begins as its part comes in."""
    simulation = Simulation(plant, seed=1, messages=False, telemetry=False)
    simulation.advance(DEFAULT_START + 10 * HOUR)
    journeys = [j for j in simulation.ledger.journeys() if j.station == station and j.finish is not None]
    free, cycles, services = 0, [], []
    for before, after in zip(journeys, journeys[1:], strict=False):
        free = before.leave
        if after.leave is not None and after.finish > 5 * MINUTE:
            cycles.append((after.finish - before.finish) / SECOND)
            services.append((after.finish - max(after.enter, free)) / SECOND)
    return cycles, services


@pytest.mark.parametrize("station", ["1", "2"])
@pytest.mark.parametrize("recording", sorted(WORK))
def test_the_lab_line_agrees_with_the_physical_one(recording, station, recordings, tmp_path):
    """Mean cycle, whose inverse is the throughput, and mean service lie within three of their standard errors."""
    real = recorded(recordings / "lab-line" / f"{recording}.csv", station)
    model = simulated(lab_line(recording, tmp_path), f"S{station}")
    for measured, made in zip(real, model, strict=True):
        error = math.hypot(*(statistics.stdev(times) / math.sqrt(len(times)) for times in (measured, made)))
        assert abs(statistics.fmean(measured) - statistics.fmean(made)) < 3 * error


# --- the guide -------------------------------------------------------------------------------------------------------


def sections() -> dict[str, str]:
    """Text of each section of the guide by its title."""
    _, *parts = re.split(r"^## ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.partition("\n")[0]: part for part in parts}


@pytest.mark.parametrize("title", sections())
def test_a_section_has_a_picture_a_plant_that_runs_and_something_to_look_at(title, tmp_path):
    section = sections()[title]
    (picture,) = re.findall(r"^!\[[^\]]+\]\(\.\./(images/modelling/[\w-]+\.svg)\)$", section, re.MULTILINE)
    assert (ROOT / "docs" / picture).is_file()
    assert re.search(r"^\*\*(Look at|What helps)\*\*", section, re.MULTILINE)
    (snippet,) = re.findall(r"^```yaml.*?\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    file = tmp_path / "plant.yaml"
    file.write_text(snippet, encoding="utf-8")
    plant = load_plant(file)
    if title == "Deadlock":
        with pytest.raises(SimulationError, match="is locked at"):
            summary(plant, 8)
    else:
        lines = summary(plant, 8)["lines"]
        assert all(line["parts_out"] > 0 for line in lines.values())


def test_the_commands_of_the_gallery_page_exist():
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    known = set(typer.main.get_command(app).commands)
    commands = re.findall(r"^shopfloor (\w+) examples/([\w-]+\.yaml)", page, re.MULTILINE)
    assert commands
    assert all(name in known and (ROOT / "examples" / file).is_file() for name, file in commands)
