"""The SimPy model against the textbook line, in CPU time: `uv run python benchmarks/simulate.py`.

Ten exponential stations of 1 s with five places between them. The textbook line is SimPy as its tutorials write it: a
Store between a process per machine, float seconds, the standard library's generator, nothing recorded. Ours draws from
counter-based streams in integer microseconds. With messages off it books states, parts and lead times; with messages it
tells every event and state, with all of them energy and samples too (every second, in blocks of one second: the default
of a plant file).

The engines take turns, so that what else the computer does hits all alike; a ratio is taken within a round.
"""

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable

import simpy

from plant.description import Plant
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation

STATIONS = 10
PLACES = 5
PIECE = 60  # seconds of plant time at a time, as a live plant is advanced
BUDGETS = {"messages off": 1.0, "events and states": None, "all messages": 0.4}


def textbook(seconds: int) -> int:
    """Steps of the textbook line: parts times machines."""
    env = simpy.Environment()
    random_numbers = random.Random(1)
    buffers = [simpy.Store(env, capacity=PLACES) for _ in range(STATIONS - 1)]
    steps = 0

    def machine(index: int) -> simpy.events.ProcessGenerator:
        nonlocal steps
        while True:
            part = (yield buffers[index - 1].get()) if index else object()
            yield env.timeout(random_numbers.expovariate(1.0))
            steps += 1
            if index < STATIONS - 1:
                yield buffers[index].put(part)

    for index in range(STATIONS):
        env.process(machine(index))
    env.run(until=seconds)
    return steps


def plant() -> Plant:
    """The same line as a plant."""
    station = {"cycle_time": "exponential(1 s)"}
    stations = [{"name": f"M{i}", **station, "buffer": PLACES if i else 0} for i in range(STATIONS)]
    return Plant.model_validate({"plant": "benchmark", "lines": [{"name": "line", "stations": stations}]})


def ours(described: Plant, seconds: int, *, messages: bool, telemetry: bool) -> int:
    """Steps of our line."""
    window = None if messages else (0, seconds * SECOND)
    simulation = Simulation(described, messages=messages, telemetry=telemetry, keep=False, window=window)
    for end in range(PIECE, seconds + 1, PIECE):
        simulation.advance(DEFAULT_START + end * SECOND)
    (line,) = simulation.state().lines
    return sum(station.begun for station in line.stations)


def rate(run: Callable[[], int]) -> float:
    """Steps per second of CPU time."""
    begin = time.process_time()
    steps = run()
    return steps / (time.process_time() - begin)


def main() -> None:
    """Run the rounds and print the ratios beside the budgets."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=int, default=6000, help="plant time of each run")
    options = arguments.parse_args()
    described, seconds = plant(), options.seconds // PIECE * PIECE
    engines: dict[str, Callable[[], int]] = {
        "textbook SimPy": lambda: textbook(seconds),
        "messages off": lambda: ours(described, seconds, messages=False, telemetry=False),
        "events and states": lambda: ours(described, seconds, messages=True, telemetry=False),
        "all messages": lambda: ours(described, seconds, messages=True, telemetry=True),
    }
    rounds = [{name: rate(run) for name, run in engines.items()} for _ in range(options.rounds)]
    print(f"{platform.machine()}, Python {platform.python_version()}, SimPy {simpy.__version__}")
    print(f"{options.rounds} rounds of {seconds} s of plant time; medians\n")
    print(f"{'':20}{'steps/CPU-s':>12}{'ratio':>8}{'budget':>8}")
    for name in engines:
        steps = statistics.median(round_[name] for round_ in rounds)
        ratio = statistics.median(round_[name] / round_["textbook SimPy"] for round_ in rounds)
        budget = BUDGETS.get(name)
        print(f"{name:20}{steps:>12,.0f}{ratio:>8.2f}{'' if budget is None else f'≥ {budget:g}':>8}")


if __name__ == "__main__":
    main()
