"""Recordings of a physical line: the twin reports what a few independent lines compute from the file."""

import csv
import json
import statistics
from pathlib import Path

import pytest
from running import running, shopfloor

SPAN = {"stationary-a.csv": 3954, "stationary-b.csv": 3280, "shift-c.csv": 1804}


def figures(log: Path) -> dict[str, dict]:
    """From the rows alone, in seconds."""
    with log.open() as lines:
        rows = [(int(r["time_ns"]) // 10**9, r["station"], r["part"], r["event"]) for r in csv.DictReader(lines)]
    begin, end = min(r[0] for r in rows), max(r[0] for r in rows)
    found = {}
    for station in ("1", "2"):
        start = {part: t for t, s, part, event in rows if s == station and event == "start"}
        finish = {part: t for t, s, part, event in rows if s == station and event == "finish"}
        service = [finish[part] - start[part] for part in finish if part in start]
        stops = sorted(finish.values())
        found[f"S{station}"] = {
            "started": len(start),
            "finished": len(finish),
            "cycles": len(service),
            "service_s": (
                statistics.fmean(service),
                statistics.median(service),
                statistics.stdev(service),
                min(service),
                max(service),
            ),
            "processing": sum((finish.get(part, end)) - t for part, t in start.items()) / (end - begin),
            "finishes_per_h": 3600 * (len(stops) - 1) / (stops[-1] - stops[0]),
        }
    done = {part: t for t, s, part, event in rows if (s, event) == ("1", "finish")}
    taken = {part: t for t, s, part, event in rows if (s, event) == ("2", "start")}
    stays = [(t, taken.get(part, end)) for part, t in done.items()]
    found["S2"]["queue_mean"] = sum(b - a for a, b in stays) / (end - begin)
    steps = sorted(
        [(a, 1) for a, _ in stays] + [(taken[part], -1) for part in done if part in taken], key=lambda s: (s[0], s[1])
    )
    level = peak = 0
    for _, step in steps:
        level += step
        peak = max(peak, level)
    found["S2"]["queue_max"] = peak
    return found


@pytest.mark.parametrize("name", sorted(SPAN))
def test_the_twin_reports_what_the_file_says(name: str, recordings: Path) -> None:
    log = recordings / "lab-line" / name
    done = shopfloor("replay", str(log), "--plant", "examples/lab-line.yaml", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["span_s"] == SPAN[name]
    for station, wanted in figures(log).items():
        told = report["stations"][station]
        for key in ("started", "finished", "cycles"):
            assert told[key] == wanted[key], (station, key)
        spread = tuple(told["service_s"][key] for key in ("mean", "median", "sd", "min", "max"))
        assert spread == pytest.approx(wanted["service_s"], rel=1e-12)
        assert told["share"]["processing"] == pytest.approx(wanted["processing"], rel=1e-12)
        assert told["share"]["unknown"] == pytest.approx(1 - wanted["processing"], rel=1e-9)
        assert set(told["share"]) == {"processing", "unknown"}
        assert told["finishes_per_h"] == pytest.approx(wanted["finishes_per_h"], rel=1e-12)
    assert report["stations"]["S1"]["queue_mean"] is None
    second, wanted = report["stations"]["S2"], figures(log)["S2"]
    assert second["queue_mean"] == pytest.approx(wanted["queue_mean"], rel=1e-3)
    assert second["queue_max"] == wanted["queue_max"]


def test_a_broken_recording_is_refused_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time_ns,station,part,event\n1000,1,1,start\n2000,9,1,finish\n")
    done = shopfloor("replay", str(log), "--plant", "examples/lab-line.yaml")
    assert done.returncode == 2
    assert f"{log}:3: station: found '9'" in done.stderr


def made_up(folder: Path) -> Path:
    """A log of our own, for machines without recordings: three parts, 10 s of work each, one never finished."""
    log = folder / "made-up.csv"
    rows = [
        (0, 1, 1, "start"),
        (10, 1, 1, "finish"),
        (15, 2, 1, "start"),
        (20, 1, 2, "start"),
        (27, 2, 1, "finish"),
        (32, 1, 2, "finish"),
        (40, 1, 3, "start"),
        (60, 2, 2, "start"),
    ]
    begin = 1_700_000_000
    lines = [f"{(begin + t) * 10**9},{station},{part},{event}" for t, station, part, event in rows]
    log.write_text("\n".join(["time_ns,station,part,event", *lines]) + "\n")
    return log


def test_a_small_log_by_hand(tmp_path: Path) -> None:
    report = json.loads(
        shopfloor("replay", str(made_up(tmp_path)), "--plant", "examples/lab-line.yaml", "--json").stdout
    )
    first, second = report["stations"]["S1"], report["stations"]["S2"]
    assert (first["started"], first["finished"], first["cycles"]) == (3, 2, 2)
    assert first["service_s"]["mean"] == 11
    assert first["share"] == pytest.approx({"processing": 42 / 60, "unknown": 18 / 60})
    assert second["share"] == pytest.approx({"processing": 12 / 60, "unknown": 48 / 60})
    assert second["queue_mean"] == pytest.approx((5 + 28) / 60, rel=1e-6)
    assert second["queue_max"] == 1


async def test_a_replay_can_be_watched_on_the_page(tmp_path: Path) -> None:
    arguments = ("replay", str(made_up(tmp_path)), "--plant", "examples/lab-line.yaml", "--speed", "20", "--port", "0")
    async with running(*arguments) as run:
        await run.until(lambda: run.page)
        await run.until(lambda: any("done" in line for line in run.lines))
        health = await run.ask("health")
        assert health["counters"]["dead_letters"] == {}
        assert health["to"] == (1_700_000_000 + 60) * 1_000_000
