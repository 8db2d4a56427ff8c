"""A data set is a function of plant, seed and start, byte for byte, and says what the run says and nothing else."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from generated import whole_plants
from hypothesis import HealthCheck, given
from hypothesis import settings as cases
from hypothesis import strategies as st
from rich.console import Console
from running import ROOT, shopfloor

from plant.description import Plant
from plant.errors import InputError, SimulationError, StoreError
from plant.loader import load_plant
from plant.messages import Affected, Meta, Tag, Telemetry, Truth
from plant.paths import Node
from plant.time import DEFAULT_START, HOUR, MINUTE, SECOND
from shopfloor.cli import app
from shopfloor.dataset import write_dataset
from shopfloor.facts import Events, Parts, Window
from shopfloor.labels import Faults, Lives
from shopfloor.samples import Samples, tag_columns
from shopfloor.schema import TABLES
from shopfloor.settings import DatasetSettings
from shopfloor.tags import TagChoice
from simulators import Simulation
from twin import GrowingTables

START = DEFAULT_START
SILENT = Console(quiet=True)

LIVELY = """\
plant: lively
telemetry: {sample: 5 s, block: 10 s}
machine_types:
  mill:  # told on the grid, on a slower one, when it has moved, on change, once per cycle; its load leaves the range
    power: {off: 0.1 kW, standby: 0.8 kW, ready: 3 kW, processing: 9 kW}
    inputs: {open: {load: 1, setup: 1}}
    variables: {warmth: {lag: {of: 20 * working, tau: 600}}}
    tags:
      power: {formula: power_now, unit: kW, min: 0, noise: 0.1}
      load: {formula: 60 * working, unit: "%", min: 5, max: 100, step: 1}
      temperature: {formula: ambient + warmth, unit: Cel, step: 0.1, every: 10 s}
      bed_temp: {formula: ambient + warmth / 4, unit: Cel, step: 0.1, every: 10 s, deadband: 0.3, heartbeat: 5 min}
      door: {formula: open, words: [closed, open], when: change}
      cycle_time: {formula: cycle_s, unit: s, step: 0.01, when: cycle}
  saw:
    power: {ready: 1 kW, processing: 4 kW}
    tags:
      power: {formula: power_now, unit: kW, min: 0}
      temperature: {formula: ambient, unit: Cel, min: -20, max: 60}
      part_count: {formula: parts, min: 0, step: 1}
lines:
  - name: cell
    area: machining
    stations:
      - name: A
        type: mill
        cycle_time: normal(30 s, 2 s)
        load: 2 s
        tool: {life: 40 parts, change: 3 min}
        failures: [{mode: spindle, time_to_failure: exponential(40 min), time_to_repair: exponential(4 min)}]
        quality:
          characteristics: [{name: bore, nominal: 82 mm, lower: 81.99 mm, upper: 82.01 mm, sigma: 0.005 mm}]
      - name: B
        type: saw
        machines: 2
        buffer: 2
        cycle_time: exponential(55 s)
        failures:
          - {mode: jam, clock: calendar, time_to_failure: exponential(30 min), time_to_repair: exponential(2 min)}
        maintenance: [{name: clean, every: 50 min, time: 4 min}]
        quality: {scrap: 5 %}
"""
ANOTHER = """\
  - name: another
    stations: [{name: A, type: lathe, cycle_time: exponential(50 s), failures: [{mode: chips, availability: 95 %, \
time_to_repair: 3 min}]}]
"""


@pytest.fixture(scope="module")
def lively(tmp_path_factory) -> Plant:
    file = tmp_path_factory.mktemp("plant") / "plant.yaml"
    file.write_text(LIVELY, encoding="utf-8")
    return load_plant(file)


def made(plant: Plant, out: Path, **options: Any) -> Path:
    write_dataset(DatasetSettings(plant=plant, out=out, **{"duration": 3 * HOUR, "warm_up": HOUR, **options}), SILENT)
    return out


@pytest.fixture(scope="module")
def written(lively, tmp_path_factory) -> Path:
    """Three hours after an hour of warm-up."""
    return made(lively, tmp_path_factory.mktemp("set") / "a")


def rows(folder: Path, files: str, columns: str = "*", order: str = "") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM read_parquet('{folder / files}', union_by_name = true) {order}"  # noqa: S608
    with duckdb.connect() as db:
        return db.execute(query).fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def told(plant: Plant, until: int = 4 * HOUR) -> list[tuple[Node, Any]]:
    return Simulation(plant).advance(START + until)


# --- bytes -----------------------------------------------------------------------------------------------------------


def test_the_same_plant_and_seed_give_the_same_bytes(lively, written, tmp_path):
    assert contents(made(lively, tmp_path / "b")) == contents(written)


def test_another_seed_gives_another_run(lively, written, tmp_path):
    other, one = contents(made(lively, tmp_path / "b", seed=2)), contents(written)
    assert set(other) == set(one)
    same = {name for name in one if one[name] == other[name]}
    assert same == {"plant.json", "quality.parquet", "truth_values.parquet"} & same
    assert rows(tmp_path / "b", "parts.parquet", "enter") != rows(written, "parts.parquet", "enter")


def test_the_card_names_the_command_that_makes_the_same_bytes_out_of_the_folder_itself(written, tmp_path):
    words = json.loads((written / "card.json").read_text())["command"].split()
    assert words[:3] == ["shopfloor", "dataset", "plant.json"]
    again = tmp_path / "again"
    done = shopfloor("dataset", str(written / "plant.json"), *words[3:-1], str(again))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # quiet in a pipe
    assert contents(again) == contents(written)


# --- independence ----------------------------------------------------------------------------------------------------


def test_a_line_more_changes_no_sample_and_no_label_of_the_others(written, tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(LIVELY + ANOTHER, encoding="utf-8")
    more = made(load_plant(file), tmp_path / "more")
    for files in ("telemetry/mill/*/*.parquet", "telemetry/saw/*/*.parquet"):
        assert rows(more, files, "* EXCLUDE run") == rows(written, files, "* EXCLUDE run")
    for name in TABLES:
        mine = "* EXCLUDE run", "WHERE path LIKE 'machining/%'"
        assert rows(more, f"{name}.parquet", *mine) == rows(written, f"{name}.parquet", *mine)
    line = made(load_plant(file), tmp_path / "line", line="another")
    assert {path for (path,) in rows(line, "*.parquet", "DISTINCT path")} == {"main/another/A", "main/another"}
    assert json.loads((line / "card.json").read_text())["machines"] == ["main/another/A"]


def test_fewer_tags_are_the_same_columns(lively, written, tmp_path):
    few = made(lively, tmp_path / "few", tags="temperature,A.power")
    for kind, columns in (("mill", "ts, power, temperature"), ("saw", "ts, temperature")):
        files = f"telemetry/{kind}/*/*.parquet"
        assert rows(few, files, "* EXCLUDE (run, path, quality)") == rows(written, files, columns)


def test_a_longer_run_begins_with_the_same_rows(lively, written, tmp_path):
    longer = made(lively, tmp_path / "longer", duration=4 * HOUR)
    end = START + 4 * HOUR
    for files in ("telemetry/*/*/*.parquet", "events.parquet", "quality.parquet", "energy.parquet"):
        before = rows(longer, files, "*", f"WHERE ts < {end}")
        assert before == rows(written, files)


# --- agreement with the run ------------------------------------------------------------------------------------------


def journeys_agree(plant: Plant, until: int) -> int:
    simulation = Simulation(plant, telemetry=False)
    parts = Parts(window=Window(begin=START, end=START + until))
    with suppress(SimulationError):  # a line that locks
        for node, message in simulation.advance(START + until):
            if message.kind == "part" and message.ts < START + until:
                parts.part(node, message)
    if simulation.now < START + until:
        return 0
    parts.close()
    names = list(TABLES["parts"].columns)
    found = {}
    for row in parts.rows:
        of = dict(zip(names, row, strict=True))
        found[of["part"], of["station"], of["visit"]] = of
    assert len(found) == len(parts.rows)
    journeys = [j for j in simulation.ledger.journeys() if j.enter < until]
    assert len(found) == len(journeys)
    for j in journeys:
        of = found[j.part, j.station, j.visit]
        last = [None if t is None or t >= until else START + t for t in (j.start, j.finish, j.leave)]
        assert [of["enter"], of["start"], of["finish"], of["leave"]] == [START + j.enter, *last]
        assert (of["line"], of["product"]) == (j.line, j.product)
        if j.start is not None and j.start < until:
            assert of["machine"] == j.machine
        if j.leave is not None and j.leave < until:
            assert of["outcome"] == j.outcome
    return len(found)


@pytest.mark.parametrize("name", ["remanufacturing", "gearbox-assembly", "rework-loop", "paint-shop", "job-shop"])
def test_visits_put_together_from_messages_are_the_journeys_of_the_ledger(name):
    assert journeys_agree(load_plant(ROOT / "examples" / f"{name}.yaml"), 6 * HOUR) > 200


@given(plant=whole_plants(), until=st.integers(20, 200))
@cases(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_visits_are_the_journeys_of_any_plant(plant, until):
    journeys_agree(plant, until * SECOND)


def test_rows_of_parts_are_those_of_simulate(lively, written, tmp_path):
    file = tmp_path / "parts.csv"
    plant = tmp_path / "plant.yaml"
    plant.write_text(LIVELY, encoding="utf-8")
    shopfloor("simulate", str(plant), "--for", "3h", "--warm-up", "1h", "--json", "--parts", str(file))
    times = "enter", "start", "finish", "leave"
    with file.open() as lines:
        done = [of for of in csv.DictReader(lines) if of["leave"]]
    read = [(of["part"], of["station"], *(int(of[key]) for key in ("machine", *times))) for of in done]
    theirs = sorted(row for row in read if HOUR <= row[-1] < 4 * HOUR)
    columns = ", ".join(f"{name} - {START}" for name in times)
    found = rows(written, "parts.parquet", f"part, station, machine, {columns}", "WHERE leave IS NOT NULL")
    assert sorted(found) == theirs
    assert len(theirs) > 200


def test_telemetry_is_what_the_messages_say(lively, written):
    """An instant a row: what each tag was told then, or null, and the worst quality of all."""
    simulation = Simulation(lively)
    births = {node: list(message.tags) for node, message in simulation.births() if message.tags}
    instants: dict[Node, dict[int, tuple[dict[str, Any], int]]] = {}
    for node, message in simulation.advance(START + 4 * HOUR):
        if isinstance(message, Telemetry):
            codes = {tag: code if isinstance(code, list) else repeat(code) for tag, code in (message.q or {}).items()}
            worst = [max(row) for row in zip(repeat(0, len(message.t)), *codes.values(), strict=False)]
            for k, ts in enumerate(message.t):
                assert ts not in instants.setdefault(node, {})
                instants[node][ts] = {tag: column[k] for tag, column in message.v.items()}, worst[k]
    assert len(instants) == 3
    for node, rows_of in instants.items():
        expected = [
            (ts, *(values.get(tag) for tag in births[node]), quality)
            for ts, (values, quality) in sorted(rows_of.items())
            if START + HOUR <= ts < START + 4 * HOUR
        ]
        files = f"telemetry/*/{node.path.replace('/', '.')}/*.parquet"
        assert rows(written, files, "* EXCLUDE (run, path)", "ORDER BY ts") == expected
        assert rows(written, files, "DISTINCT run, path") == [(lively.run_id(1, START), node.path)]
    told = "count(power), count(temperature), count(bed_temp), count(door), count(cycle_time), sum(quality > 0)"
    (every, *some), *_ = rows(written, "telemetry/mill/*/*.parquet", f"count(*), {told}")
    assert all(0 < count < every for count in some)


def test_events_are_what_the_messages_say_after_what_is_in_force(lively, written):
    begin, end = START + HOUR, START + 4 * HOUR
    states: dict[str, list[tuple[Any, ...]]] = {}
    for node, message in told(lively):
        if message.kind == "state" and message.ts < end:
            states.setdefault(node.path, []).append((message.ts, message.since, message.state, message.reason))
    for path, all_of in states.items():
        last = [row for row in all_of if row[0] < begin][-1]
        expected = [(begin, *last[1:]), *(row for row in all_of if row[0] >= begin)]
        where = f"WHERE kind = 'state' AND path = '{path}'"
        assert rows(written, "events.parquet", "ts, since, state, reason", where) == expected
    alarms = [(m.ts, n.path, m.code) for n, m in told(lively) if m.kind == "alarm" and begin <= m.ts < end]
    found = rows(written, "events.parquet", "ts, path, code", f"WHERE kind = 'alarm' AND ts > {begin}")
    assert [row for row in alarms if row[0] > begin] == found
    assert alarms


def test_measurements_and_counters_are_what_the_messages_say(lively, written):
    begin, end = START + HOUR, START + 4 * HOUR
    inside = [(node, message) for node, message in told(lively) if begin <= message.ts < end]
    measured = [(m.part, m.values["bore"].v, m.values["bore"].ok) for _, m in inside if m.kind == "quality"]
    assert rows(written, "quality.parquet", "part, value, ok") == measured
    counters = [(m.ts, n.path, m.kwh, m.by.get("ready", 0.0)) for n, m in inside if m.kind == "energy"]
    assert rows(written, "energy.parquet", "ts, path, total, ready") == counters


# --- labels ----------------------------------------------------------------------------------------------------------


def intervals(plant: Plant, until: int) -> dict[str, list[tuple[str, str, int, int]]]:
    """What the ledger says of each machine."""
    simulation = Simulation(plant, telemetry=False)
    simulation.advance(START + until)
    nodes = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
    return {n.path: [(i.state, i.reason, i.begin, i.end) for i in simulation.ledger.intervals(n)] for n in nodes}


def test_failures_and_tool_changes_are_those_of_the_ledger(lively, written):
    truth = []
    for path, of in intervals(lively, 6 * HOUR).items():
        for state, reason, begin, end in of:
            if (state == "failed" or reason == "tool") and begin < 4 * HOUR and end > HOUR:
                what = "tool-change" if reason == "tool" else reason
                truth.append((START + begin, f"{path}/{what}", START + end if end < 4 * HOUR else None))
    found = rows(written, "truth_faults.parquet", "t_start, path || '/' || what, t_end")
    assert sorted(found, key=lambda row: row[:2]) == sorted(truth, key=lambda row: row[:2])
    assert [row[0] for row in found] == sorted(row[0] for row in found)
    assert {what.rpartition("/")[2] for _, what, _ in truth} == {"spindle", "jam", "tool-change"}
    ids = [name for (name,) in rows(written, "truth_faults.parquet", "id")]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", [None, "block-line"])
def test_remaining_time_is_that_to_the_next_failure_of_the_ledger(lively, name):
    """Of a plant with shifts, too, whose machines stand still by night."""
    plant = lively if name is None else load_plant(ROOT / "examples" / f"{name}.yaml")
    until = 4 * HOUR if name is None else 40 * HOUR
    simulation = Simulation(plant, telemetry=False)
    lives = Lives(window=Window(begin=START, end=START + until), plant=plant)
    struck: dict[tuple[str, str], list[int]] = {}
    for node, message in simulation.advance(START + until - 1):
        if message.kind == "state":
            lives.state(node, message)
        elif message.kind == "alarm":
            lives.alarm(node, message)
            if message.alarm_state != "normal":
                struck.setdefault((node.path, message.code), []).append(message.ts - START)
    worked = intervals(plant, until)

    def work(path: str, begin: int, end: int) -> int:
        return sum(
            max(0, min(e, end) - max(b, begin))
            for state, reason, b, e in worked[path]
            if state == "processing" and reason not in {"load", "unload"}
        )

    found = lives.close()
    assert [row[:3] for row in found] == sorted(row[:3] for row in found)
    for ts, path, mode, clock, _, remaining, operating in found:
        hour = ts - START
        due = min((t for t in struck.get((path, mode), []) if t >= hour), default=None)
        assert remaining == (None if due is None else due - hour)
        assert operating == (None if due is None or clock == "calendar" else work(path, hour, due))
    modes = {(path, mode) for _, path, mode, *_ in found}
    assert len(found) == len(modes) * (until // HOUR)
    assert {row[3] for row in found} == {"operating", "calendar"}
    assert any(row[5] is not None and row[6] is not None and row[6] < row[5] for row in found)


def test_operating_time_to_a_failure_is_what_its_clock_had_left(tmp_path):
    """A clock of 40 minutes and 10 s of work, and a part each minute, from the first one on, that takes half of it."""
    file = tmp_path / "plant.yaml"
    file.write_text(
        "plant: p\nlines:\n  - name: l\n    arrivals: every 1 min\n    stations:\n"
        "      - {name: A, cycle_time: 30 s, failures: [{mode: m, time_to_failure: 2410 s, time_to_repair: 1 s}]}\n",
        encoding="utf-8",
    )
    folder = made(load_plant(file), tmp_path / "set", warm_up=0, duration=3 * HOUR)
    found = rows(folder, "truth_rul.parquet", "remaining, remaining_operating")
    first = 81 * MINUTE + 10 * SECOND
    assert found[0] == (first, 2410 * SECOND)
    assert found[1] == (first - HOUR, (2410 - 59 * 30) * SECOND)


def test_records_of_all_layers_have_a_row_and_the_newest_word_on_each_counts():
    faults = Faults(window=Window(begin=START, end=START + HOUR))
    node = Node("a", "l", "A")
    told = {
        "id": "drift/0", "layer": "sensor", "what": "drift", "path": node.path, "tag": "power", "t_start": START + 1,
        "severity": 0.5, "parameters": {"rate": 0.5, "b": "ä"}, "affected": Affected(), "planned": True,
    }  # fmt: skip
    faults.truth(node, Truth(ts=START + 1, **told))
    faults.truth(node, Truth(ts=START + 9, t_end=START + 9, **told))
    faults.truth(node, Truth(ts=START - 9, **{**told, "id": "before/0", "t_start": START - 9, "t_end": START}))
    faults.truth(node, Truth(ts=START + HOUR, **{**told, "id": "after/0", "t_start": START + HOUR}))
    (shown,) = faults.close({"drift/0": START + 5, "after/0": START + HOUR})
    assert shown[:8] == ("drift/0", "sensor", "drift", node.path, "power", START + 1, START + 9, START + 5)
    (row,) = faults.close({})
    assert len(row) == len(TABLES["truth_faults"].columns)
    assert row[:8] == ("drift/0", "sensor", "drift", node.path, "power", START + 1, START + 9, None)
    assert row[9] == '{"b": "ä", "rate": 0.5}'


def test_a_fault_is_labelled_with_the_first_sample_that_shows_it(tmp_path):
    """Within the data; what never exceeds the noise, or only after their end, shows nowhere."""
    file = tmp_path / "plant.yaml"
    faults = """\
faults:
  - {sensor: bias, on: cell/A, tag: power, at: 90 min, for: 20 min, offset: 1.0}
  - {sensor: bias, on: cell/A, tag: power, at: 120 min, for: 20 min, offset: 0.1}
  - {sensor: drift, on: cell/A, tag: temperature, at: 100 min, rate: 0.06}
  - {sensor: stuck, on: cell/B/2, tag: part_count, at: 30 min}
"""
    file.write_text(LIVELY + faults, encoding="utf-8")
    out = made(load_plant(file), tmp_path / "labelled", duration=2 * HOUR)
    found = rows(out, "truth_faults.parquet", "what, t_start, t_detectable", "WHERE layer = 'sensor'")
    far, faint, drift, stuck = (
        (what, (begin - START) / MINUTE, shown and (shown - START) / MINUTE)
        for what, begin, shown in sorted(found, key=lambda row: (row[0] == "stuck", row[0] == "drift", row[1]))
    )
    assert far == ("bias", 90, 90)
    assert faint == ("bias", 120, None)
    assert drift[:2] == ("drift", 100)
    assert 100 < drift[2] < 180, "a reading without noise is another by a step"
    assert stuck[:2] == ("stuck", 30)
    assert 30 < stuck[2] < 40, "as soon as a part more is counted"


# --- samples ---------------------------------------------------------------------------------------------------------


def block(ts: int, t: list[int], v: dict[str, list[Any]], q: dict[str, Any] | None) -> Telemetry:
    return Telemetry(ts=START + ts, t=[START + instant for instant in t], v=v, q=q)


def test_what_was_not_sampled_is_null_and_blocks_of_several_rates_share_rows(tmp_path):
    node = Node("a", "l", "A")
    tags = {
        "fast": Tag(unit="kW"),
        "slow": Tag(unit="Cel", datatype="int"),
        "Ts": Tag(unit="", datatype="str"),
        "on": Tag(unit="", datatype="bool"),
    }
    messages = [
        block(4, [1, 2, 3, 4], {"fast": [1.0, None, 3.0, 4.5]}, {"fast": [0, 7, 0, 0]}),
        block(4, [2, 5], {"slow": [20, 21], "Ts": ["x", None], "on": [True, False]}, {"slow": 3}),
        block(9, [9], {"fast": [9.0], "slow": [2**60]}, None),
    ]
    with GrowingTables(tmp_path / "waiting") as tables:
        window = Window(begin=START + 2, end=START + 10)
        samples = Samples(tables, tmp_path, "run", window, {node: ("kind", tags)})
        for message in messages:
            samples.telemetry(node, message)
            if message.ts == START + 9:
                samples.settle()
        samples.close()
    assert tag_columns(tags) == {"fast": "fast", "slow": "slow", "Ts": "Ts_", "on": "on"}
    columns = f'ts - {START}, fast, slow, Ts_, "on", quality'
    assert rows(tmp_path, "telemetry/kind/a.l.A/2026-01-05.parquet", columns) == [
        (2, None, 20, "x", True, 7),
        (3, 3.0, None, None, None, 0),
        (4, 4.5, None, None, None, 0),
        (5, None, 21, None, False, 3),
        (9, 9.0, 2**60, None, None, 0),
    ]
    assert samples.rows == {"kind": 5}


def test_a_file_holds_a_day_of_a_machine(lively, tmp_path):
    folder = made(lively, tmp_path / "set", warm_up=23 * HOUR, duration=2 * HOUR)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*A/*.parquet"))
    days = ("2026-01-05", "2026-01-06")
    assert files == [f"telemetry/mill/machining.cell.A/{day}.parquet" for day in days]
    for name, first in zip(files, (START + 23 * HOUR, START + 24 * HOUR), strict=True):
        found = [ts for (ts,) in rows(folder, name, "ts")]
        assert [ts for ts in found if ts % (5 * SECOND) == 0] == list(range(first, first + HOUR, 5 * SECOND))
        assert found == sorted(set(found))
        assert len(found) > 720  # what the cycles tell between the instants of the grid
        assert found[-1] < first + HOUR


def test_times_that_fit_no_grid_lose_nothing(lively, tmp_path):
    odd = {"start": START + 1_234_567, "warm_up": 1_000_001, "duration": 100 * SECOND + 7}
    folder = made(lively, tmp_path / "set", **odd)
    begin, end = odd["start"] + odd["warm_up"], odd["start"] + odd["warm_up"] + odd["duration"]
    expected = [t for t in range(START, end, 5 * SECOND) if t >= begin]
    found = rows(folder, "telemetry/mill/*/*.parquet", "ts, power")
    assert [ts for ts, power in found if power is not None] == expected
    assert all(begin <= ts < end for ts, _ in found)
    assert len(found) > len(expected)
    (first,), *_ = rows(folder, "events.parquet", "ts", "ORDER BY ts")
    assert first == begin


@given(st.lists(st.lists(st.floats(allow_nan=False) | st.none(), min_size=1, max_size=5), max_size=4))
@cases(max_examples=10, deadline=None)
def test_numbers_come_back_as_they_went_in_whatever_the_pieces(pieces):
    with tempfile.TemporaryDirectory() as name, GrowingTables(Path(name) / "waiting") as tables:
        tables.begin("t", {"x": "float"})
        for piece in pieces:
            tables.append("t", [(value,) for value in piece])
        written = tables.store("t", Path(name) / "t.parquet", {"it's": "a'b"})
        found = rows(Path(name), "t.parquet")
    assert found == [("a'b", value) for piece in pieces for value in piece]
    assert written == len(found)


def test_rows_that_have_to_wait_on_the_disk_are_the_same_bytes(tmp_path, monkeypatch):
    written, waited = [], []
    for limit in ("256MB", "16MB"):
        monkeypatch.setattr(sys.modules["twin.parquet"], "MEMORY", limit)
        waiting = tmp_path / "waiting"
        with GrowingTables(waiting) as tables:
            tables.begin("t", {"x": "float", "n": "int"})
            draws = np.random.default_rng(1)
            for _ in range(20):
                tables.append_columns("t", [draws.normal(size=50_000), draws.integers(0, 1 << 60, 50_000)])
            waited.append(waiting.exists() and any(waiting.iterdir()))
            assert tables.store("t", tmp_path / "t.parquet", {}) == 1_000_000
        written.append((tmp_path / "t.parquet").read_bytes())
    assert waited == [False, True]
    assert written[0] == written[1]


# --- the card --------------------------------------------------------------------------------------------------------


def test_the_card_counts_describes_and_hashes_what_is_there(written):
    card = json.loads((written / "card.json").read_text())
    for name, table in card["tables"].items():
        found = rows(written, table["files"], "count(*)")[0][0] if list(written.glob(table["files"])) else 0
        assert found == table["rows"], name
        with duckdb.connect() as db:
            query = f"SELECT * FROM read_parquet('{written / table['files']}', union_by_name = true) LIMIT 0"  # noqa: S608
            described = db.execute(query).description
        assert [column["name"] for column in table["columns"]] == [column[0] for column in described]
        kinds = {"text": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "flag": "BOOLEAN"}
        assert [kinds[column["type"]] for column in table["columns"]] == [str(column[1]) for column in described]
        assert all(column["about"] for column in table["columns"])
    for file in card["files"]:
        content = (written / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        if file["name"].endswith(".parquet"):
            assert rows(written, file["name"], "count(*)") == [(file["rows"],)]
    assert {file["name"] for file in card["files"]} == set(contents(written)) - {"card.json"}


def test_the_card_tells_how_the_labels_are_spread(written):
    labels = json.loads((written / "card.json").read_text())["labels"]
    assert sum(state["us"] for state in labels["machine_time"].values()) == 3 * 3 * HOUR
    assert labels["parts"] == dict(rows(written, "parts.parquet", "outcome, count(*)", "GROUP BY outcome"))
    counted = Counter(what for (what,) in rows(written, "truth_faults.parquet", "what"))
    assert {of["what"]: of["count"] for of in labels["truth_faults"]} == counted
    lives, soon = labels["truth_rul"], "count(*) FILTER (remaining IS NULL), count(*) FILTER (remaining <= 3600000000)"
    total, (ended, within) = lives["rows"], rows(written, "truth_rul.parquet", soon)[0]
    assert (lives["without_next_failure"], lives["failure_within"]["1h"]) == (ended, within)
    assert total == 3 * 3


def test_the_page_of_the_card_has_the_facts_that_a_reader_needs(written, lively):
    page = (written / "card.md").read_text(encoding="utf-8")
    for words in (lively.run_id(1, START), "2026-01-05T01:00:00Z to 2026-01-05T04:00:00Z", "make_timestamp(ts)", "CC0"):
        assert words in page
    for name, table in TABLES.items():
        assert f"### {name}" in page
        for column in table.columns:
            assert f"`{column}`" in page
    assert str(written) not in page  # and nothing of where or when it was made


# --- when it cannot be -----------------------------------------------------------------------------------------------


def test_a_folder_in_use_is_refused_and_only_a_data_set_is_replaced(lively, small, tmp_path):
    out = tmp_path / "set"
    made(lively, out, duration=MINUTE)
    mine = out / "notes.txt"
    mine.write_text("mine")
    arguments = ("dataset", str(small), "--for", "30s", "--out", str(out))
    refused = shopfloor(*arguments)
    told = f"--out: {out} is not empty; allowed: a new or empty folder, or --force, which replaces a data set\n"
    assert (refused.returncode, refused.stderr) == (2, told)
    app([*arguments, "--force"], standalone_mode=False)
    assert mine.read_text() == "mine"
    assert json.loads((out / "card.json").read_text())["plant"] == "small"
    assert not list(out.rglob("machining.cell.B/*"))  # of the data set before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("nowhere.yaml", "--for", "1h"), "nowhere.yaml"),
        (("PLANT", "--for", "soon"), "--for: 'soon'"),
        (("PLANT", "--for", "0s"), "above 0"),
        (("PLANT", "--for", "1h", "--warm-up", "-1h"), "--warm-up"),
        (("PLANT", "--for", "1h", "--start", "yesterday"), "--start"),
        (("PLANT", "--for", "1h", "--line", "sell"), "did you mean cell?"),
        (("PLANT", "--for", "1h", "--tags", "powr"), "did you mean power?"),
        (("PLANT", "--for", "1h", "--tags", "X.power"), "there is no machine 'X'"),
        (("PLANT", "--for", "1h", "--tags", "B.spindle_load"), "at B"),
    ],
)
def test_mistakes_are_one_line_and_leave_no_folder(small, tmp_path, options, words):
    out = tmp_path / "set"
    arguments = [str(small) if word == "PLANT" else word for word in options]
    with pytest.raises(InputError) as wrong:
        app(["dataset", *arguments, "--out", str(out)], standalone_mode=False)
    assert words in str(wrong.value)
    assert len(str(wrong.value).splitlines()) == 1
    assert not out.exists()


def test_a_file_is_no_folder(small, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="is a file; allowed is a folder"):
        app(["dataset", str(small), "--for", "1min", "--out", str(file)], standalone_mode=False)


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError, OSError])
def test_whatever_stops_it_leaves_nothing_behind(lively, tmp_path, monkeypatch, error):
    """As Ctrl-C does in the third hour, or a full disk."""
    calls = []

    def advance(self, to, real=Simulation.advance):
        calls.append(to)
        if len(calls) == 3:
            raise error
        return real(self, to)

    monkeypatch.setattr(Simulation, "advance", advance)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError if error is OSError else error):
        made(lively, tmp_path, force=True)
    assert list(contents(tmp_path)) == ["notes.txt"]


def test_a_full_disk_is_a_clear_error(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if not shutil.which("mount"):
        pytest.skip("no mount here")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = shopfloor("dataset", "examples/engine-works.yaml", "--for", "2h", "--out", str(place / "set"))
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "space" in done.stderr.lower()
        assert not contents(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_tags_are_chosen_by_what_people_call_machines():
    births = {
        Node("area", "l", "A", 1): Meta(ts=0, schema="", type="", tags={"x": Tag(unit="1"), "y": Tag(unit="1")}),
        Node("area", "l", "A", 2): Meta(ts=0, schema="", type="", tags={"x": Tag(unit="1"), "y": Tag(unit="1")}),
        Node("area", "m", "A"): Meta(ts=0, schema="", type="", tags={"x": Tag(unit="1")}),
    }

    def chosen(text: str | None) -> list[int]:
        choice = TagChoice.read(text, births)
        return [len(choice.of(node, meta)) for node, meta in births.items()]

    assert chosen(None) == [2, 2, 1]
    assert chosen("x") == [1, 1, 1]
    assert chosen("A/2.x, y") == [1, 2, 0]
    assert chosen("l/A.x") == chosen("area/l/A.x") == chosen("l.x") == [1, 1, 0]
    assert chosen("area/l/A/1.y,m/A.x") == [1, 0, 1]


def test_a_window_that_begins_with_the_run_tells_of_every_state(lively):
    simulation = Simulation(lively, telemetry=False)
    events = Events(window=Window(begin=START, end=START + HOUR))
    count = 0
    for node, message in simulation.advance(START + HOUR - 1):
        if message.kind == "state":
            events.state(node, message)
            count += 1
    events.close()
    assert len(events.rows) == count
    assert sum(events.share.values()) == 3 * HOUR


def test_counts_are_whole_numbers(written):
    assert all(isinstance(n, int) for (n,) in rows(written, "telemetry/saw/*/*.parquet", "part_count"))
    assert np.isfinite([p for (p,) in rows(written, "telemetry/saw/*/*.parquet", "power")]).all()
