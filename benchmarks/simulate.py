"""The SimPy model against the textbook line, in CPU time: `uv run python benchmarks/simulate.py`.

Ten exponential stations of 1 s with five places between them. The textbook line is SimPy as its tutorials write it: a
Store between a process per machine, float seconds, the standard library's generator, nothing recorded. Ours draws from
counter-based streams in integer microseconds. With messages off it books states, parts and lead times; with messages it
tells every event and state, with all of them energy and samples too (every second, in blocks of one second: the default
of a plant file).

With --scale it shows instead that the cost of a step does not grow: lines of 5 to 200 stations, runs of ten thousand to
ten million parts, and the memory that the process has needed until then.

The engines take turns, so that what else the computer does hits all alike; a ratio is taken within a round.
"""

import argparse
import platform
import random
import resource
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


def plant(count: int = STATIONS) -> Plant:
    """The same line as a plant."""
    station = {"cycle_time": "exponential(1 s)"}
    stations = [{"name": f"M{i}", **station, "buffer": PLACES if i else 0} for i in range(count)]
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


SIZES = ((5, 10_000), (10, 10_000), (50, 10_000), (200, 10_000), (5, 100_000), (5, 1_000_000), (5, 10_000_000))
"""Stations and parts: first longer lines, then longer runs."""
RATE = 0.7  # parts per second that such lines give at least, about


def scale(most: int) -> None:
    """The table of sizes, up to so many parts."""
    print(f"{'stations':>8}{'parts':>12}{'steps':>14}{'µs CPU/step':>13}{'against first':>15}{'MB so far':>11}")
    ours(plant(), 10 * PIECE, messages=False, telemetry=False)  # the first run of a process is slower
    first = 0.0
    for stations, parts in SIZES:
        if parts > most:
            continue
        described, seconds = plant(stations), round(parts / RATE) // PIECE * PIECE
        begin = time.process_time()
        steps = ours(described, seconds, messages=False, telemetry=False)
        cost = (time.process_time() - begin) / steps
        first = first or cost
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{stations:>8}{parts:>12,}{steps:>14,}{1e6 * cost:>13.2f}{cost / first:>15.2f}{memory:>11,.0f}")


def main() -> None:
    """Run the rounds and print the ratios beside the budgets."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=int, default=6000, help="plant time of each run")
    arguments.add_argument("--scale", action="store_true", help="show how the cost of a step grows with the size")
    arguments.add_argument("--most", type=int, default=1_000_000, help="parts of the longest run with --scale")
    options = arguments.parse_args()
    if options.scale:
        scale(options.most)
        return
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
