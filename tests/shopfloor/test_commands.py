"""The command line: names and flags of the contract, errors for people, exit statuses."""

import csv
import json
from pathlib import Path

import pytest
from running import ROOT, shopfloor
from typer.testing import CliRunner

from shopfloor.cli import COMMANDS, app

KEYS = {"plant", "run", "seed", "engine", "warm_up_s", "duration_s", "replications", "lines"}
LINE_KEYS = {
    "parts_out", "parts_scrapped", "throughput_per_s", "throughput_half_width", "wip_mean", "lead_time_s", "stations",
}  # fmt: skip

TEN_MISTAKES = """\
plant: engine works
lines:
  - name: l
    arivals: saturated
    blocking: after-servce
    stations:
      - name: A
        cycle_time: exponental(5 s)
        machines: 0
        buffer: -1
      - {name: B, cycle_time: erlang(2, 1 s)}
      - name: C
        cycle_time: 5 parsecs
        quality: {scrap: 140 %}
      - name: D
        cycle_time: 4 s
        type: machining-centre
"""


def test_the_version_and_the_help() -> None:
    assert shopfloor("--version").stdout.startswith("shopfloor ")
    told = shopfloor("--help").stdout
    for command in (*(command.__name__ for command in COMMANDS), "dashboards"):
        assert command in told
        shown = CliRunner().invoke(app, [command, "--help"])
        assert (shown.exit_code, f" {command} [OPTIONS]" in shown.output) == (0, True)


def test_plant_time_counts_from_the_end_of_the_warm_up(tmp_path) -> None:
    """Rule 25: a part each minute, half an hour not counted, ten minutes counted."""
    plant = tmp_path / "plant.yaml"
    stations = "[{name: A, cycle_time: 1 s}]"
    plant.write_text(f"plant: p\nlines: [{{name: l, arrivals: every 1 min, stations: {stations}}}]\n", encoding="utf-8")
    done = shopfloor("simulate", str(plant), "--for", "10min", "--warm-up", "30min", "--json")
    assert json.loads(done.stdout)["lines"]["l"]["parts_out"] == 10


def test_simulate_prints_the_keys_of_the_contract(small) -> None:
    done = shopfloor("simulate", str(small), "--for", "20min", "--warm-up", "5min", "--seed", "3", "--json")
    results = json.loads(done.stdout)
    assert set(results) >= KEYS
    line = results["lines"]["cell"]
    assert set(line) >= LINE_KEYS
    assert set(line["lead_time_s"]) == {"mean", "p50", "p95"}
    assert line["throughput_half_width"] is None
    for station in line["stations"].values():
        assert set(station) >= {"parts_out", "share"}
        assert sum(station["share"].values()) == pytest.approx(1, abs=1e-12)
    assert results["duration_s"] == 1200
    assert line["throughput_per_s"] * 1200 == pytest.approx(line["parts_out"])
    assert done.stderr == ""


def test_replications_give_an_interval_and_the_first_is_the_single_run(small) -> None:
    arguments = ("simulate", str(small), "--for", "20min", "--json", "--seed", "7")
    single = json.loads(shopfloor(*arguments).stdout)
    many = json.loads(shopfloor(*arguments, "--replications", "4").stdout)
    assert many["lines"]["cell"]["throughput_half_width"] > 0
    assert single["run"] == many["run"]
    assert many == json.loads(shopfloor(*arguments, "--replications", "4").stdout)


def test_simulate_for_people_names_every_station(small) -> None:
    told = shopfloor("simulate", str(small), "--for", "20min").stdout
    assert "good parts/h" in told
    for name in ("cell", "A", "B", "C", "busiest"):
        assert name in told


def test_parts_are_rows_of_integer_microseconds(small, tmp_path) -> None:
    file = tmp_path / "parts.csv"
    shopfloor("simulate", str(small), "--for", "10min", "--json", "--parts", str(file))
    with file.open() as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["part", "station", "machine", "enter", "start", "finish", "leave"]
    done = [row for row in rows if row["leave"]]
    assert len(done) > 100
    for row in done:
        times = [int(row[key]) for key in ("enter", "start", "finish", "leave")]
        assert times == sorted(times)


def test_ten_mistakes_are_ten_lines_and_no_traceback(tmp_path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(TEN_MISTAKES)
    done = shopfloor("check", str(file))
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(lines) == 10, done.stderr
    assert [int(line.split(":")[1]) for line in lines] == [1, 4, 5, 8, 9, 10, 11, 13, 14, 17]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("check", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("simulate", "examples/engine-works.yaml", "--for", "soon"), 2, "--for: 'soon'"),
        (("simulate", "examples/engine-works.yaml", "--for", "0s"), 2, "above 0"),
        (("simulate", "examples/engine-works.yaml", "--for", "1h", "--engine", "numba"), 2, "simpy, compiled, auto"),
        (("run", "examples/engine-works.yaml", "--broker", "http://x"), 2, "mqtt://localhost:1883"),
        (("run", "examples/engine-works.yaml", "--start", "yesterday"), 2, "--start"),
        (("run", "examples/engine-works.yaml", "--historian", "papyrus:x"), 2, "duckdb:DIR"),
        (("run", "examples/engine-works.yaml", "--data-limit", "20"), 2, "MB, GB or TB"),
        (("run", "examples/engine-works.yaml", "--keep-raw", "3h"), 2, "1 d or more"),
        (("demo", "--data-limit", "1MB"), 2, "10MB or more"),
        (
            ("run", "examples/engine-works.yaml", "--broker", "mqtt://127.0.0.1:9", "--for", "1s"),
            1,
            "no broker answers",
        ),
        (("replay", "nowhere.csv", "--plant", "examples/lab-line.yaml"), 2, "nowhere.csv"),
        (("dance",), 2, "dance"),
    ],
)
def test_errors_say_what_and_where_without_a_traceback(arguments, status, words) -> None:
    done = shopfloor(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in shopfloor("check", "nowhere.yaml", "--debug").stderr


def test_the_schema_is_json_and_names_the_keys_of_a_station() -> None:
    schema = json.loads(shopfloor("schema").stdout)
    assert {"name", "cycle_time", "buffer", "failures", "transport"} <= set(schema["$defs"]["Station"]["properties"])


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.yaml")))
def test_every_example_passes_check(example: str) -> None:
    done = shopfloor("check", str(Path("examples") / example))
    assert done.returncode == 0, done.stderr
    assert "the description is valid" in done.stdout


def test_a_scenario_is_checked_and_what_its_transport_faults_do_is_in_the_messages(tmp_path):
    plant, scenario, file = tmp_path / "plant.yaml", tmp_path / "scenario.yaml", tmp_path / "messages.txt"
    plant.write_text("plant: p\nlines: [{name: l, stations: [{name: A, cycle_time: 9 s}]}]\n")
    scenario.write_text("scenario: s\nfaults: [{transport: loss, on: l/B}]\n")
    told = shopfloor("check", str(plant), "--scenario", str(scenario))
    assert (told.returncode, told.stdout) == (2, "")
    assert "scenario.yaml:2: faults.loss.on: there is no station 'B' in l" in told.stderr
    scenario.write_text("scenario: s\nfaults: [{transport: loss, on: l/A, share: 50 %, at: 10 s}]\n")
    arguments = ("simulate", str(plant), "--for", "5min", "--messages", str(file))
    counts = []
    for more in ((), ("--scenario", str(scenario))):
        assert shopfloor(*arguments, *more).returncode == 0
        counts.append(sum("/telemetry\t" in line for line in file.read_text().splitlines()))
    assert counts[0] == 300
    assert abs(counts[1] - 155) < 35  # 10 and half of 290, binomial: 4 standard deviations are 34


def test_the_demo_takes_a_scenario(tmp_path):
    """One that does not fit its plant is refused before anything starts."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("scenario: s\nfaults: [{process: bearing, on: block-line/NOWHERE}]\n")
    told = shopfloor("demo", "--no-browser", "--for", "1s", "--scenario", str(scenario))
    assert told.returncode == 2
    assert "there is no station 'NOWHERE' in block-line" in told.stderr


def test_there_is_a_schema_of_scenarios():
    assert json.loads(shopfloor("schema", "--scenario").stdout)["title"] == "Shopfloor scenario"
