"""Cases without chance: shifts, setups, tools, the laws of factory physics, OEE."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from plant.description import Plant
from plant.time import DAY, SECOND
from simulators import summarise
from tests.simulators import cases
from tests.simulators.cases import CASES
from tests.simulators.measures import effectiveness, ran

CERTAIN = {
    name: case
    for name, case in CASES.items()
    if case["feature"] in {"shift calendar", "setups: capacity against lot size", "tool life"}
    or name in {"FP1", "OEE1"}
}
WEEKDAYS = [
    {"name": name, "start": f"{start:02}:00", "end": f"{start + 8:02}:00", "days": "mon-fri"}
    | {"breaks": [{"start": f"{start + 4}:00", "for": "30 min"}]}
    for name, start in (("early", 6), ("late", 14))
]


def named(feature: str) -> Sequence[str]:
    found = [name for name, case in CERTAIN.items() if case["feature"] == feature]
    assert found
    return found


def figures(plant: Plant, warm_up: int, until: int) -> dict[str, Any]:
    """Figures of the line over [warm_up, until) seconds."""
    window = (warm_up * SECOND, until * SECOND)
    simpy, compiled = (
        summarise(ran(plant, until, 0, engine, keep=False, window=window), *window)["l"]
        for engine in ("simpy", "compiled")
    )
    assert simpy == compiled
    found: dict[str, Any] = simpy
    return found


@pytest.mark.parametrize("name", named("shift calendar"))
def test_shift_calendar(name: str) -> None:
    model, expected = CASES[name]["model"], CASES[name]["expected"]
    at_end = "pause" if model["at_a_stop"] == "resume" else "finish"
    station = {"name": "M", "cycle_time": f"{model['cycle_time']} s", "at_shift_end": at_end}
    plant = cases.one_line([station], {"shifts": WEEKDAYS})
    week = 7 * DAY // SECOND
    assert figures(plant, 0, week)["parts_out"] == expected["parts_per_week"]
    if "long_run_mean" in expected:
        weeks = model["cycle_time"] // math.gcd(model["cycle_time"], 10)  # then a part ends with the week
        assert figures(plant, 0, weeks * week)["parts_out"] / weeks == pytest.approx(
            expected["long_run_mean"], rel=1e-9
        )


@pytest.mark.parametrize("name", named("setups: capacity against lot size"))
def test_setups(name: str) -> None:
    """Lots of two products in turn; the window is a whole number of lots, each with its setup."""
    model = CASES[name]["model"]
    lot = model["lot"]
    station = {"name": "M", "cycle_time": f"{model['time_per_part']} s", "setup": {"time": f"{model['setup']} s"}}
    plant = cases.one_line([station], {"products": [{"name": "A"}, {"name": "B"}]}, sequence=["A", "B"], lot=lot)
    each = lot * model["time_per_part"] + model["setup"]
    found = figures(plant, each, 51 * each)
    assert found["parts_out"] == 50 * lot
    assert found["throughput_per_s"] == pytest.approx(CASES[name]["expected"]["rate"], rel=1e-9)


@pytest.mark.parametrize("name", named("tool life"))
def test_tool_life(name: str) -> None:
    """The window is a whole number of lives."""
    model = CASES[name]["model"]
    tool = {"life": f"{model['life_parts']} parts", "change": f"{model['change']} s"}
    plant = cases.one_line([{"name": "M", "cycle_time": f"{model['cycle_time']} s", "tool": tool}])
    life = round(model["life_parts"] * model["cycle_time"]) + model["change"]
    found = figures(plant, life, 21 * life)
    assert found["parts_out"] == 20 * model["life_parts"]
    assert found["throughput_per_s"] == pytest.approx(CASES[name]["expected"]["rate"], rel=1e-9)


ROWS = CASES["FP1"]["expected"]["rows"]


@pytest.mark.parametrize("row", ROWS, ids=[str(row["w"]) for row in ROWS])
def test_factory_physics_best(row: dict[str, Any]) -> None:
    """Constant cycles: parts queue only where the bottleneck makes them."""
    model = CASES["FP1"]["model"]
    cycle = round(1 / model["rb"])
    warm_up, until = 100 * model["T0"], 1100 * model["T0"]
    found = figures(cases.conwip_plant([f"{cycle} s"] * model["W0"], row["w"]), warm_up, until)
    assert found["parts_out"] == row["TH_best"] * (until - warm_up)
    assert found["lead_time_s"]["mean"] == pytest.approx(row["CT_best"], rel=1e-9)


@pytest.mark.parametrize("row", ROWS, ids=[str(row["w"]) for row in ROWS])
def test_factory_physics_worst(row: dict[str, Any]) -> None:
    """All parts move together: one batch, as long at a station as its parts one after the other."""
    model, w = CASES["FP1"]["model"], row["w"]
    cycle = round(1 / model["rb"])
    stations = [
        {"name": f"M{i}", "cycle_time": f"{cycle * w} s", "buffer": w, "batch": {"size": w}}
        for i in range(1, model["W0"] + 1)
    ]
    round_trip = cycle * w * model["W0"]
    found = figures(cases.one_line(stations, wip_limit=w), 1, 20 * round_trip + 1)
    assert found["throughput_per_s"] == pytest.approx(row["TH_worst"], rel=1e-9)
    assert found["lead_time_s"]["mean"] == pytest.approx(row["CT_worst"], rel=1e-9)


def test_oee() -> None:
    """Availability and performance of the textbook's shift; its quality is up to chance (see the cases of lines)."""
    model, expected = CASES["OEE1"]["model"], CASES["OEE1"]["expected"]
    found = effectiveness(cases.oee_plant(model), 6 * 3600, 14 * 3600, 0)
    assert found["total"] == model["total"]
    assert found["availability"] == pytest.approx(expected["availability"], rel=1e-9)
    assert found["performance"] == pytest.approx(expected["performance"], rel=1e-9)
