"""`shopfloor report`: a file to print from a data folder, or one line that says what is missing."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console
from running import shopfloor

from plant.errors import InputError, StoreError
from plant.loader import load_plant
from shopfloor.keeping import keep_plant, kept_plant
from shopfloor.reporting import ReportSettings, write_report

DAY = "2026-01-05"
PLANT = """\
plant: cells
time_zone: Europe/Berlin
telemetry: {sample: 10 s, block: 1 min}
shifts:
  - {name: early, start: "06:00", end: "07:00", days: mon-fri}
  - {name: late, start: "07:00", end: "23:00", days: mon-fri}
lines:
  - name: cell
    area: machining
    stations:
      - name: A
        cycle_time: normal(50 s, 5 s)
        failures: [{mode: jam, time_to_failure: exponential(10 min), time_to_repair: 7 min}]
      - {name: B, machines: 2, cycle_time: exponential(80 s), buffer: 2, quality: {scrap: 5 %}}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder that a run has filled; the plant file is gone."""
    folder = tmp_path_factory.mktemp("report")
    file = folder / "cells.yaml"
    file.write_text(PLANT)
    done = shopfloor(
        "run", str(file), "--start", "2026-01-05T04:30:00Z", "--backfill", "3h", "--for", "1s", "--speed", "1",
        "--data", str(folder / "data"), "--port", "0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    file.unlink()
    return folder / "data"


def figures(page: str) -> dict[tuple[str, str], str]:
    found = re.findall(r'<data value="([^"]*)" data-path="([^"]*)" data-name="([^"]*)">', page)
    return {(path, name): value for value, path, name in found}


def test_a_shift_and_its_time_give_the_same_figures(data, tmp_path) -> None:
    by_shift, by_time = tmp_path / "shift.html", tmp_path / "time.html"
    done = shopfloor("report", "--data", str(data), "--shift", "early", "--day", "2026-01-05", "--out", str(by_shift))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(by_shift)
    times = ("--from", "2026-01-05T06:00:00+01:00", "--to", "2026-01-05T06:00:00Z")
    done = shopfloor("report", "--data", str(data), *times, "--out", str(by_time))
    assert done.returncode == 0, done.stderr
    told = figures(by_shift.read_text(encoding="utf-8"))
    assert told == figures(by_time.read_text(encoding="utf-8"))
    assert float(told["machining/cell", "oee"]) > 0
    assert float(told["machining/cell", "coverage"]) == 1
    assert {path for path, _ in told} >= {"machining/cell/A", "machining/cell/B", "machining/cell/B/2"}


def test_nothing_in_the_folder_changes(data, tmp_path) -> None:
    def held() -> list:
        with sqlite3.connect(data / "journal.sqlite") as db:
            rows = db.execute("SELECT count(*), max(position) FROM messages").fetchall()
        db.close()
        files = [data / "runs.json", *sorted(file for file in (data / "telemetry").rglob("*") if file.is_file())]
        assert len(files) > 3
        return [rows, *(file.read_bytes() for file in files)]

    before = held()
    asked = ("--data", str(data), "--shift", "early", "--day", "2026-01-05", "--out", str(tmp_path / "x.html"))
    assert shopfloor("report", *asked).returncode == 0
    assert held() == before


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"shift": "erly", "day": DAY}, "there is no shift 'erly'; allowed: early, late (did you mean early?)"),
        ({"shift": "early", "day": "2026-01-04"}, "early does not work on 2026-01-04 (sun)"),
        ({"shift": "early", "day": "monday"}, "--day: 'monday' is no day"),
        ({"shift": "early"}, "--shift NAME and --day"),
        ({}, "--shift NAME and --day"),
        ({"begin": DAY}, "--shift NAME and --day"),
        ({"shift": "early", "day": DAY, "begin": DAY}, "--shift NAME and --day"),
        ({"begin": "soon", "end": DAY}, "--from: 'soon' is not an instant"),
        ({"begin": "2026-01-06", "end": DAY}, "--from: must be before --to"),
        ({"shift": "early", "day": "2026-01-06"}, "nothing is known"),
        ({"shift": "early", "day": DAY, "run": "nope"}, "there is no run 'nope'"),
        ({"shift": "early", "day": DAY, "out": Path("nowhere/at/all.html")}, "--out: nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(data, asked, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        write_report(ReportSettings(data=data, **asked), Console(quiet=True))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--shift", "erly", "--day", DAY), "there is no shift 'erly'"),
        (("--shift", "early"), "--shift NAME and --day"),
    ],
)
def test_an_error_ends_with_status_2(data, asked, words) -> None:
    done = shopfloor("report", "--data", str(data), *asked)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_folder_without_a_run_is_said_to_be_one_and_stays_as_it_is(tmp_path) -> None:
    done = shopfloor("report", "--data", str(tmp_path), "--shift", "early", "--day", "2026-01-05")
    assert done.returncode == 2
    assert "holds no run" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_an_older_version_needs_the_plant_file(data, tmp_path) -> None:
    (file,) = (data / "plants").iterdir()
    asked = ("--data", str(data), "--shift", "early", "--day", "2026-01-05", "--out", str(tmp_path / "x.html"))
    text = file.read_bytes()
    file.unlink()
    try:
        done = shopfloor("report", *asked)
        assert done.returncode == 2
        assert "--plant with the plant file" in done.stderr
        plant = tmp_path / "cells.yaml"
        plant.write_text(PLANT)
        assert shopfloor("report", *asked, "--plant", str(plant)).returncode == 0
    finally:
        file.write_bytes(text)


def test_a_plant_file_of_another_plant_is_noticed(data, tmp_path) -> None:
    file = tmp_path / "others.yaml"
    file.write_text(PLANT.replace("plant: cells", "plant: others"))
    settings = ReportSettings(data=data, shift="early", day=DAY, plant=load_plant(file), out=tmp_path / "x.html")
    with pytest.raises(InputError, match="tells nothing of others"):
        write_report(settings, Console(quiet=True))


def test_a_kept_plant_is_the_same_plant(tmp_path) -> None:
    file = tmp_path / "cells.yaml"
    file.write_text(PLANT)
    plant = load_plant(file)
    keep_plant(tmp_path, "r", plant)
    assert kept_plant(tmp_path, "r") == plant
    assert kept_plant(tmp_path, "r").run_id(1, 0) == plant.run_id(1, 0)


def test_a_plant_whose_times_lie_in_a_file_that_is_gone_asks_for_the_plant_file(tmp_path) -> None:
    times = tmp_path / "times.csv"
    times.write_text("seconds\n4\n5\n")
    file = tmp_path / "cells.yaml"
    file.write_text(PLANT.replace("normal(50 s, 5 s)", '"empirical(times.csv, seconds)"'))
    keep_plant(tmp_path / "data", "r", load_plant(file))
    with pytest.raises(InputError, match="--plant"):
        kept_plant(tmp_path / "data", "r")


def test_a_plant_that_cannot_be_kept_is_an_error_of_the_store(tmp_path) -> None:
    file = tmp_path / "cells.yaml"
    file.write_text(PLANT)
    (tmp_path / "plants").write_text("in the way")
    with pytest.raises(StoreError, match="plants"):
        keep_plant(tmp_path, "r", load_plant(file))


def test_what_is_kept_is_readable(data) -> None:
    (file,) = (data / "plants").iterdir()
    assert json.loads(file.read_text(encoding="utf-8"))["plant"] == "cells"
