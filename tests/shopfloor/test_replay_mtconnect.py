"""Recordings of a machining cell: the twin reports what a few independent lines compute from the text of the logs."""

import json
import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from running import ROOT, running, shopfloor

CELL = ("examples/turn-mill-cell.yaml", "examples/mappings/turn-mill-cell.yaml")
STATIONS = {"OP10": "op1-turn", "OP20": "op2-hob", "OP30": "op3-transfer"}
ACTIVE_S = {"OP10": 604.96, "OP20": 186.73, "OP30": 16.75}  # as told with the recordings


def pairs(log: Path) -> list[tuple[int, int, str, str]]:
    """Microseconds, line, item and value of all data in a log, from its text alone."""
    found = []
    for number, text in enumerate(log.read_text().split("\n")):
        stamp, *fields = text.strip().split("|")
        if not fields or fields[0] == "system" or fields[0].endswith("_cond"):
            continue
        instant = datetime.fromisoformat(stamp[:26] + "+00:00")  # the seventh digit is cut
        ts = (instant - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(microseconds=1)
        found += [(ts, number, *pair) for pair in zip(fields[::2], fields[1::2], strict=True)]
    return found


def of_item(data: list[tuple], item: str) -> list[tuple[int, str]]:
    return [(ts, value) for ts, _, key, value in data if key == item]


def time_in(changes: list[tuple[int, str]], end: int) -> dict[str, int]:
    """Microseconds in each value of an item."""
    totals: Counter[str] = Counter()
    for (ts, value), (until, _) in zip(changes, [*changes[1:], (end, "")], strict=True):
        totals[value] += until - ts
    return dict(totals)


def backwards(data: list[tuple]) -> tuple[int, int]:
    """How many lines are stamped earlier than the one above, and the largest such step."""
    stamps = list({number: ts for ts, number, *_ in data}.values())
    steps = [before - after for before, after in zip(stamps, stamps[1:], strict=False) if after < before]
    return len(steps), max(steps)


@pytest.fixture(scope="module")
def cell(recordings: Path, tmp_path_factory) -> tuple[dict, dict[str, list], Path]:
    """What the twin reports, the data of each log, and the folder that the replay has filled."""
    logs = [recordings / "mtconnect-okuma" / f"{name}.shdr" for name in STATIONS.values()]
    folder = tmp_path_factory.mktemp("cell")
    plant, mapping = CELL
    done = shopfloor("replay", *map(str, logs), "--plant", plant, "--map", mapping, "--data", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), {name: pairs(log) for name, log in zip(STATIONS, logs, strict=True)}, folder


def test_time_in_each_execution_state_is_that_of_the_log(cell) -> None:
    report, logs, _ = cell
    for station, data in logs.items():
        told = report["machines"][station]["time_us"]
        end = max(ts for ts, *_ in data)
        wanted = time_in(of_item(data, "pexecution"), end)
        assert told == {
            "processing": {"": wanted["ACTIVE"]},
            "waiting": {"start": wanted["READY"], "program completed": wanted["PROGRAM_COMPLETED"]},
        }
        assert told["processing"][""] / 1e6 == pytest.approx(ACTIVE_S[station], abs=0.01)
        assert sum(wanted.values()) == round(report["machines"][station]["recorded_s"] * 1e6)


def test_parts_and_cycles_are_those_of_the_counter(cell) -> None:
    report, logs, _ = cell
    for station, data in logs.items():
        told = report["machines"][station]
        counts = [int(value) for _, value in of_item(data, "ppartcount")]
        rises = sum(max(0, after - before) for before, after in zip(counts, counts[1:], strict=False))
        active = time_in(of_item(data, "pexecution"), 0)["ACTIVE"]
        assert (told["started"], told["finished"], told["cycles"]) == (1, rises, rises) == (1, 1, 1)
        assert told["cycle_s"]["min"] == told["cycle_s"]["max"] == active / 1e6
        assert told["counter_resets"] == 0
        assert told["alarms"] == 0


def test_every_sample_arrives_with_its_value_and_time(cell) -> None:
    """Each signal of the mapping: figures of the twin, and row by row what its store holds."""
    report, logs, folder = cell
    mapping = yaml.safe_load((ROOT / CELL[1]).read_text())
    signals = {control["name"]: control["tags"] for control in mapping["controls"]}
    seen = 0
    (file,) = folder.glob("telemetry/*/raw-*.duckdb")  # all on one day
    with duckdb.connect(str(file), read_only=True) as db:
        for machine in mapping["machines"]:
            station, data = machine["station"], logs[machine["station"]]
            number, kind = db.execute(
                "SELECT id, type FROM shopfloor_machines WHERE path = ?", [f"machining/gear/{station}"]
            ).fetchone()
            for signal in signals[machine["control"]]:
                tag = signal["tag"]
                raw = [(ts, value) for ts, value in of_item(data, signal["item"]) if value != "UNAVAILABLE"]
                wanted = sorted((ts, float(value) * signal.get("factor", 1)) for ts, value in raw)
                stored = db.execute(
                    f'SELECT t, "{tag}" FROM "{kind}" WHERE machine = ? AND "{tag}" IS NOT NULL ORDER BY ALL',  # noqa: S608
                    [number],
                ).fetchall()
                assert stored == wanted, (station, tag)
                values = [value for _, value in wanted]
                told = report["machines"][station]["signals"][tag]
                assert (told["min"], told["max"], told["last"]) == (min(values), max(values), values[-1])
                assert told["mean"] == pytest.approx(math.fsum(values) / len(values), rel=1e-12)
                seen += len(values)
    assert seen > 5_000


def test_steps_of_the_clock_are_counted_and_nothing_is_dropped(cell) -> None:
    report, logs, _ = cell
    shares = []
    for told, data, name in zip(report["logs"], logs.values(), STATIONS.values(), strict=True):
        count, largest = backwards(data)
        assert (told["steps_back"], told["largest_step_s"]) == (count, largest / 1e6)
        assert Path(told["file"]).name == f"{name}.shdr"
        assert told["readings"] == len(data) + 10  # conditions
        assert (told["clock_set_back"], told["lifted"], told["unusable"], told["unheard"]) == (0, 0, 0, [])
        shares.append(count / told["lines"])
    assert max(shares) > 0.1
    assert report["lost_messages"] == 0


def test_the_table_says_it_in_short(cell, recordings: Path) -> None:
    log = str(recordings / "mtconnect-okuma" / "op3-transfer.shdr")
    done = shopfloor("replay", log, "--plant", CELL[0], "--map", CELL[1])
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert "turn-mill/gear" in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("OP30")]
    assert lines[0].split() == ["OP30", "24.8", "s", "1", "1", "16.8", "s", "16.8", "s", "16.8", "s", "0", "16.8", "s"]
    assert rows["op3-transfer.shdr"] == ["op3-transfer.shdr", "111", "288", "3", "0.094", "s", "0", "0"]


# --- a log of our own, for what the recordings do not show, and for machines without them --------------------------

PLANT = """\
plant: shop
lines:
  - name: saws
    stations: [{name: SAW, type: machine, cycle_time: 5 s}]
"""

VALUES = "a value such as ACTIVE, or a list of values"
MAPPING = """\
machines: [{station: SAW, control: saw}]
controls:
  - name: saw
    states:
      - {when: {avail: UNAVAILABLE}, state: off}
      - {when: {system: FAULT}, state: failed, reason: control}
      - {when: {exec: ACTIVE}, state: processing}
      - {state: waiting, reason: start}
    parts: {count: count, ends: {exec: READY}}
    tags: [{tag: drive_load, item: load}]
    alarms: [{items: [system, oil]}]
"""

LOG = """\
* shdrVersion: 1.7
2024-03-01T06:00:00.000Z|avail|AVAILABLE|exec|READY|count|7|load|0
2024-03-01T06:00:00.000Z|system|NORMAL||||
2024-03-01T06:00:05.000Z|exec|ACTIVE
2024-03-01T06:00:06.000Z|load|55.5
2024-03-01T06:00:05.900Z|oil|WARNING|L1|LOW||Oil is low
2024-03-01T06:00:08.000Z|system|FAULT|E7|HIGH||Blade
2024-03-01T06:00:08.100Z|exec|STOPPED
a line that is none
2024-03-01T06:00:18.000Z|system|NORMAL|E7|||
2024-03-01T06:00:18.500Z|exec|ACTIVE
2024-03-01T06:00:20.000Z|load|much
2024-03-01T06:00:20.500Z|exec|READY
2024-03-01T06:00:21.000Z|count|8
2024-03-01T06:00:22.000Z|count|0
2024-03-01T06:00:23.000Z|system|FAULT|E7|||
2024-03-01T06:00:24.000Z|system|NORMAL||||
2024-03-01T06:00:25.000Z|oil|NORMAL||||
2024-03-01T06:00:26.000Z|avail|UNAVAILABLE|exec|UNAVAILABLE|load|UNAVAILABLE
2024-03-01T06:00:30.000Z|avail|AVAILABLE
2024-03-01T05:00:30.000Z|exec|READY
2024-03-01T05:00:34.000Z|exec|READY
"""


def written(folder: Path) -> tuple[str, ...]:
    """Arguments that replay the log of our own."""
    for name, text in (("plant.yaml", PLANT), ("map.yaml", MAPPING), ("saw.shdr", LOG)):
        (folder / name).write_text(text)
    log, plant, mapping = (str(folder / name) for name in ("saw.shdr", "plant.yaml", "map.yaml"))
    return ("replay", log, "--plant", plant, "--map", mapping)


def raised(text: str) -> int:
    """How often an alarm is raised, from the text alone."""
    count, active = 0, {}
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) == 7 and fields[1] in {"system", "oil"}:
            _, item, level, code, *_ = fields
            if level == "NORMAL":
                active = {key: was for key, was in active.items() if key[0] != item or code not in {"", key[1]}}
            elif active.get((item, code)) != level:
                active[item, code] = level
                count += 1
    return count


def test_a_small_log_by_hand(tmp_path: Path) -> None:
    done = shopfloor(*written(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    saw = report["machines"]["SAW"]
    assert saw["time_us"] == {
        "waiting": {"start": 5_000_000 + 400_000 + 100_000 + 2_500_000 + 1_000_000 * 2 + 4_000_000},
        "processing": {"": 3_000_000 + 2_000_000},
        "failed": {"control": 10_000_000 + 1_000_000},
        "off": {"": 4_000_000},
    }
    assert (saw["started"], saw["finished"], saw["cycle_s"]["mean"], saw["counter_resets"]) == (1, 1, 5, 1)
    assert saw["alarms"] == raised(LOG) == 3
    assert saw["signals"]["drive_load"] == {"min": 0, "mean": 27.75, "max": 55.5, "last": 55.5}
    (log,) = report["logs"]
    assert (log["steps_back"], log["largest_step_s"], log["clock_set_back"]) == (2, 3600, 1)
    assert [line.rpartition("/")[2] for line in log["unusable_lines"]] == [
        "saw.shdr:9: 'a line that is none' is no time; allowed is ISO 8601 such as 2022-08-08T13:37:18.850Z",
        "saw.shdr:12: load: 'much' is no number",
    ]


def test_a_folder_does_not_take_a_recording_twice(tmp_path: Path) -> None:
    """Its parts would count twice, and nobody could tell which states are in force."""
    kept = tmp_path / "kept"
    arguments = (*written(tmp_path), "--data", str(kept))
    assert shopfloor(*arguments).returncode == 0
    again = shopfloor(*arguments)
    assert again.returncode == 2
    assert again.stderr.startswith(f"{kept}: holds this recording already, as run ")


def test_the_table_names_what_could_not_be_used(tmp_path: Path) -> None:
    done = shopfloor(*written(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "saw.shdr:9: 'a line that is none' is no time" in done.stdout
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith("saw.shdr "))
    assert row == ["saw.shdr", "20", "25", "2", "3600.000", "s", "1", "2"]


async def test_machines_can_be_watched_on_the_page(tmp_path: Path) -> None:
    async with running(*written(tmp_path), "--speed", "20", "--port", "0") as run:
        await run.until(lambda: run.page)
        await run.until(lambda: any("done" in line for line in run.lines))
        health = await run.ask("health")
        assert health["counters"]["dead_letters"] == {}
        assert health["counters"]["gaps"] == 0


def test_wrong_input_is_told_in_one_line_each(tmp_path: Path) -> None:
    arguments = written(tmp_path)
    log, plant = arguments[1], arguments[3]
    several = shopfloor("replay", log, log, "--plant", plant)
    assert (several.returncode, several.stderr) == (
        2, f"{log}: a second log needs --map FILE, the mapping of MTConnect logs\n",
    )  # fmt: skip
    mapping = tmp_path / "map.yaml"
    mapping.write_text(MAPPING.replace("SAW", "SAV").replace("ACTIVE", "[]"))
    done = shopfloor(*arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{mapping}:1: machines.SAV.station: there is no station 'SAV'; allowed: SAW (did you mean SAW?)",
        f"{mapping}:7: controls.saw.states.#3.when.exec: a list cannot be compared; allowed: {VALUES}",
    ]
