"""Values per second that machines make, and how many of them get through a broker into the store.

    uv run python benchmarks/telemetry.py [--hours 8] [--values 4000000] [--minutes 0]

Machines with 15 signals each (expressions, a lag, wear, noise) work in a line; everything that a run does counts: the
model of the line, the physics, the sensors, the columns of the messages. CPU time of one process, medians. The figure
to compare with is NumPy drawing as many normal numbers and making lists of them, which is the least that a generator
of telemetry could do. Then the same telemetry goes through a real broker into DuckDB, every value counted there; with
`--minutes` that is repeated for so long while the memory of the process is watched.
"""

import argparse
import asyncio
import importlib.util
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

from broker import find_mosquitto
from plant.description import Plant
from plant.messages import Emission, Telemetry
from plant.time import DEFAULT_START, HOUR, SECOND
from simulators import Simulation

TAGS = 15
CELL = {
    "like": "machine",
    "power": {"ready": "2 kW"},
    "drive": "cut_kw",
    "phases": [{"name": "rapid", "share": "20 %"}, {"name": "cut", "share": "80 %"}],
    "inputs": {"cutting": {"cut": 1}, "speed": {"cut": 1500}},
    "variables": {"cut_kw": {"formula": "6 * cutting * (1 + 0.4 * wear_mm / 0.3) * (1 + 0.03 * deviate)"}},
    "without": ["cycle_time", "ambient_temp", "door", "air_pressure"],
    "tags": {
        "spindle_load": {"formula": "100 * cut_kw / 15", "unit": "%", "step": 1, "noise": 0.5},
        "spindle_speed": {"lag": {"of": "speed", "tau": 0.8}, "unit": "/min", "step": 1, "noise": 2},
        "torque": {"formula": "shaft_torque(cut_kw, speed)", "unit": "N.m", "noise": 0.2},
        "x_load": {"formula": "8 + 30 * cutting", "unit": "%", "noise": 1},
        "y_load": {"formula": "7 + 20 * cutting", "unit": "%", "noise": 1},
        "z_load": {"formula": "38 + 12 * cutting", "unit": "%", "noise": 1},
        "flow": {"lag": {"of": "30 * cutting", "tau": 2}, "unit": "L/min", "noise": 0.1},
        "pressure": {"formula": "0.03 * flow ** 2", "unit": "bar", "noise": 0.05},
        "feed": {"formula": "1200 * cutting", "unit": "mm/min", "step": 1},
    },
}
BUDGET = {"make": 5_000_000, "store": 500_000}


def plant(machines: int, block: int = 100) -> Plant:
    """A line of such machines, sampled every second."""
    stations = [
        {"name": f"M{i}", "type": "cell", "cycle_time": "lognormal(60 s, cv=0.1)", "buffer": 3} for i in range(machines)
    ]
    return Plant.model_validate(
        {
            "plant": "works",
            "telemetry": {"sample": "1 s", "block": f"{block} s"},
            "machine_types": {"cell": CELL},
            "lines": [{"name": "l", "stations": stations}],
        }
    )


def values(emissions: list[Emission]) -> int:
    """How many readings there are in messages."""
    return sum(len(m.t) * len(m.v) for _, m in emissions if isinstance(m, Telemetry))


def made(machines: int, hours: float) -> float:
    """Values per CPU second of a run."""
    simulation = Simulation(plant(machines), keep=False)
    step = min(HOUR / max(1, machines / 20), hours * HOUR)  # about as many values at once
    number, begun = 0, time.process_time()
    for k in range(1, round(hours * HOUR / step) + 1):
        number += values(simulation.advance(DEFAULT_START + round(k * step)))
    return number / (time.process_time() - begun)


def drawn(number: int) -> float:
    """Values per CPU second of NumPy's own normal numbers as lists of 100."""
    generator = np.random.default_rng(1)
    begun = time.process_time()
    for _ in range(number // 100_000):
        generator.standard_normal((1000, 100)).tolist()
    return number // 100_000 * 100_000 / (time.process_time() - begun)


def pipeline():  # noqa: ANN201  # a module
    """The benchmark that sends blocks through a broker into the store."""
    spec = importlib.util.spec_from_file_location("pipeline", Path(__file__).with_name("pipeline.py"))
    assert spec is not None  # noqa: S101
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, "")  # it takes away its own folder
    spec.loader.exec_module(module)
    return module


def rounds(number: int) -> list[list[Emission]]:
    """Telemetry of 20 machines, 100 seconds of each per round."""
    simulation = Simulation(plant(20), keep=False)
    found: list[list[Emission]] = []
    while sum(map(values, found)) < number:
        told = simulation.advance(simulation.now + 100 * SECOND)
        found.append([(node, m) for node, m in told if isinstance(m, Telemetry)])
    return found


def judged(rate: float, budget: str) -> str:
    """Whether a rate is inside its budget."""
    return f"  budget {BUDGET[budget]:,}: {'met' if rate >= BUDGET[budget] else 'MISSED'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--values", type=int, default=4_000_000)
    parser.add_argument("--minutes", type=float, default=0)
    told = parser.parse_args()
    plain = statistics.median(drawn(2_000_000) for _ in range(5))
    print(f"{'machines':>9}  {'values/s':>12}  of NumPy's normal numbers")
    for machines in (10, 20, 50, 200, 1000):
        hours = told.hours * min(1.0, 20 / machines)
        rate = statistics.median(made(machines, hours) for _ in range(3 if machines <= 50 else 1))
        verdict = judged(rate, "make") if machines == 20 else ""
        print(f"{machines:>9}  {rate:>12,.0f}  {rate / plain:.2f} x{verdict}")
    if not find_mosquitto():
        return
    road = pipeline()
    road.MACHINES, road.TAGS, road.SAMPLES = 20, TAGS, 100
    described = plant(20)
    road.plant = lambda: described
    blocks = rounds(told.values)
    road.blocks = lambda _: blocks
    ends = time.monotonic() + 60 * told.minutes
    base = None
    while True:
        for kind in ("memory", "mosquitto"):
            seconds, cpu, sent, stored = asyncio.run(road.measure(kind, told.values))
            rate = sent / seconds
            base = base or rate
            lost = "nothing lost" if sent == stored else f"LOST {sent - stored:,}"
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            told_of = f"{rate / base:.2f} x memory bus  {cpu:5.1f} CPU s  {lost}  {memory:,.0f} MB"
            print(f"{kind:>9}  {rate:>12,.0f}  {told_of}{judged(rate, 'store') if kind == 'mosquitto' else ''}")
        if time.monotonic() >= ends:
            return


if __name__ == "__main__":
    main()
