"""Whole lines drawn from a seed: every element of the language, in all combinations that it allows."""

import random
from typing import Any

from plant.description import Plant

SHIFTS = [
    {"name": "a", "start": "00:00", "end": "00:10", "breaks": [{"start": "00:04", "for": "1 min"}]},
    {"name": "b", "start": "00:12", "end": "00:30"},
]
TASKS = ["load", "process", "setup", "tool", "repair", "maintain"]


def whole_plant(seed: int) -> Plant:
    """A plant of one or two short, busy lines; some of them lock, as real ones do."""
    r = random.Random(seed)
    shifts = r.random() < 0.4
    described: dict[str, Any] = {
        "plant": "whole",
        "lines": [_line(r, f"l{i}", shifts=shifts) for i in range(r.choice([1, 1, 2]))],
        "operators": [
            {"pool": "p", "count": r.randint(1, 2), "walking": r.choice(["0 s", "2 s"])},
            {"pool": "q", "count": 1},
        ],
        "fleets": [_fleet(r)],
    }
    if r.random() < 0.6:
        described["products"] = [{"name": "A", "share": 0.6, "priority": 2}, {"name": "B", "priority": 1}]
    if shifts:
        described["shifts"] = SHIFTS
    return Plant.model_validate(described)


def _time(r: random.Random, longest: int = 9) -> str:
    k = r.randint(1, longest)
    return r.choice([f"{k} s", f"exponential({k} s)", f"uniform(0 s, {2 * k} s)", f"geometric({1 / k:.3f})"])


def _fleet(r: random.Random) -> dict[str, Any]:
    fleet = {
        "fleet": "agv", "vehicles": r.randint(1, 2), "speed": "1 m/s", "distance": "3 m", "load": "1 s",
        "dispatch": r.choice(["nearest", "longest-waiting"]),
    }  # fmt: skip
    return fleet | ({"charging": {"after": "20 s", "time": "10 s"}} if r.random() < 0.3 else {})


def _line(r: random.Random, name: str, *, shifts: bool) -> dict[str, Any]:
    names = [f"S{j}" for j in range(r.randint(1, 5))]
    stations = [_station(r, i, names, shifts=shifts) for i in range(len(names))]
    line: dict[str, Any] = {
        "name": name,
        "stations": stations,
        "blocking": r.choice(["after-service", "after-service", "before-service"]),
        "arrivals": r.choice(["saturated", "saturated", "every 4 s", "exponential(6 s)"]),
        "lot": r.choice([1, 1, 3]),
    }
    shape = r.random()
    if len(names) >= 3 and shape < 0.25:
        last = stations[-1]
        last.pop("batch", None)
        last.pop("transport", None)
        last["buffer"] = max(2, last["buffer"])
        last["joins"] = [{"from": names[-2], "quantity": r.choice([1, 2])}, {"from": names[-3]}]
    elif len(names) >= 4 and shape < 0.4:
        stations[0]["next"] = [{"to": names[2], "share": 0.3}]
    elif len(names) >= 4 and shape < 0.55:
        stations[0]["next"] = {"policy": r.choice(["round-robin", "least-loaded"]), "to": [names[1], names[2]]}
    elif len(names) >= 4 and shape < 0.65:
        stations[1].pop("batch", None)
        stations[1]["disassembly"] = [{"to": names[2]}, {"to": names[3], "quantity": 2}]
    elif shape < 0.75:
        line["wip_limit"] = r.randint(1, 6)
    elif shape < 0.85:
        line["pallets"] = {"count": r.randint(1, 6), "back": "5 s"}
    if line["blocking"] == "before-service":
        for station in stations:
            for key in ("batch", "disassembly", "joins"):
                station.pop(key, None)
            if isinstance(station.get("transport"), dict):
                del station["transport"]
    return line


def _station(r: random.Random, place: int, names: list[str], *, shifts: bool) -> dict[str, Any]:
    def sometimes(share: float) -> bool:
        return r.random() < share

    station: dict[str, Any] = {
        "name": names[place],
        "cycle_time": _time(r),
        "machines": r.choice([1, 1, 1, 2, 3]),
        "buffer": r.choice([0, 0, 1, 2, 5]),
        "load": r.choice(["0 s", "0 s", "0 s", "1 s"]),
        "unload": r.choice(["0 s", "0 s", "0 s", "uniform(0 s, 2 s)"]),
    }
    if sometimes(0.3):
        station["failures"] = [_failure(r, f"m{j}") for j in range(r.randint(1, 2))]
    if sometimes(0.2):
        station["setup"] = {"when": r.choice(["product changes", "lot changes"]), "time": _time(r, 5)}
    if sometimes(0.2):
        station["tool"] = {"life": r.choice(["5 parts", "20 s", "30 parts"]), "change": _time(r, 5)}
        if sometimes(0.5):
            station["tool"] |= {"breaks": "exponential(30 s)", "part": r.choice(["resume", "restart", "scrap"])}
    tasks = []
    if sometimes(0.2):
        clock, early = r.choice(["operating", "calendar"]), r.choice([0, 0.3])
        every = r.choice(["60 s", "10 parts"])
        tasks.append({"every": every, "clock": clock, "time": _time(r, 8), "opportunistic": early})
    if "failures" in station and sometimes(0.2):
        tasks.append({"name": "renewal", "at_wear": 0.5, "time": "3 s", "renews": ["m0"]})
    if tasks:
        station["maintenance"] = tasks
    if sometimes(0.3):
        pool, tasks_for = r.choice(["p", "q", ["p", "q"]]), r.sample(TASKS, r.randint(1, 3))
        station["operators"] = [{"pool": pool, "for": tasks_for, "priority": r.randint(1, 9)}]
    station["quality"] = {"scrap": r.choice([0, 0, 0.1]), "defects": r.choice([0, 0, 0.2])}
    if sometimes(0.2):
        limit = {"limit": 2} if sometimes(0.7) else {}
        station["quality"]["rework"] = {"share": 0.2, "to": names[r.randint(0, place)], **limit}
    if sometimes(0.15):
        station["inspection"] = {"detects": 0.8, "false_alarm": 0.05}
    if place and sometimes(0.15):
        belt = {"length": "4 m", "speed": "1 m/s", "capacity": 3, "accumulating": r.choice([True, False])}
        station["transport"] = r.choice(["3 s", belt, {"fleet": "agv"}])
    if sometimes(0.15):
        same = {"same": "product"} if sometimes(0.5) else {}
        minimum, wait = r.choice([1, 2]), r.choice(["0 s", "10 s"])
        station["batch"] = {"size": r.choice([2, 4]), "minimum": minimum, "wait": wait, **same}
    if sometimes(0.2):
        station["dispatch"] = r.choice(["fifo", "edd", "spt", "critical-ratio", "priority", "same-setup"])
    if shifts and sometimes(0.5):
        station["shifts"] = r.choice([["a"], ["b"], ["a", "b"]])
        station["at_shift_end"] = r.choice(["finish", "pause"])
        station["repairs"] = r.choice(["in shifts", "always"])
    return station


def _failure(r: random.Random, mode: str) -> dict[str, Any]:
    return {
        "mode": mode,
        "clock": r.choice(["operating", "calendar"]),
        "part": r.choice(["resume", "restart", "scrap"]),
        "gates": r.choice(["work", "all"]),
        "time_to_failure": _time(r, 60),
        "time_to_repair": _time(r, 15),
    }
