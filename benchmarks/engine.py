"""Engines against the textbook line in SimPy, in CPU time: `uv run python benchmarks/engine.py`.

Ten exponential stations of 1 s with five places between them: reliable, with failures by the calendar (100 s up, 10 s
down on average, only work stops), and with operators, setups and rework. The textbook line is SimPy as its tutorials
write it: a Store between a process per machine, interrupts for failures, a Resource for operators, float seconds, the
standard library's generator, nothing recorded. A step is a part on a machine.

The engines take turns, so that what else the computer does hits all alike; a ratio is taken within a round. Beside the
speed stands the throughput: engines that disagree are not worth comparing.

Then by the clock on the wall: the first run after an installation, with an empty cache, and later ones with a full one,
in processes of their own and with all imports; with --replications 1500 so many runs of about 10,000 parts, 30 of each
configuration of the reliable line, in two processes.
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import simpy

from plant.description import Plant
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation, summarise
from simulators.compiled import serial

STATIONS, PLACES = 10, 5
SWITCH, REWORK, CREW = 0.5, 0.05, 8
TRUTH = {"reliable": 0.7634, "failures": 0.5041}
"""Throughput of the long run, reference/validation.md section 6."""
BUDGETS = {"recursion": 300.0, "event kernel": 60.0}
START_BUDGETS = {"first": 3.0, "cached": 0.7}
MANY_BUDGETS = {"recursion": 3.0, "event kernel": 15.0}
"""For 1,500 replications."""
SEEDS, PARTS, CORES = 30, 10_000, 2

Ran = tuple[int, int]
"""Steps and parts out of one run."""


# --- the textbook line ------------------------------------------------------------------------------------------------


@dataclass
class Textbook:
    """What the processes of the textbook line share."""

    env: simpy.Environment
    random: random.Random
    stores: list[simpy.Store]
    crew: simpy.Resource | None
    steps: int = 0
    out: int = 0


class TextbookMachine:
    """A machine: a process that works, and with failures one that breaks it."""

    def __init__(self, line: Textbook, index: int, *, fails: bool) -> None:
        self.line = line
        self.index = index
        self.down: simpy.Event | None = None
        self.working = False
        self.last: object = None
        make = self.general if line.crew is not None else self.failing if fails else self.reliable
        self.process = line.env.process(make())
        if fails:
            line.env.process(self.breaks())

    def take(self) -> simpy.events.ProcessGenerator:
        """A part from the store in front; the first machine always has one."""
        if self.index == 0:
            return self.line.random.random() < 0.5
        return (yield self.line.stores[self.index - 1].get())

    def hand_on(self, part: object) -> simpy.events.ProcessGenerator:
        """The part goes into the next store, or out."""
        self.line.steps += 1
        if self.index < STATIONS - 1:
            yield self.line.stores[self.index].put(part)
        else:
            self.line.out += 1

    def reliable(self) -> simpy.events.ProcessGenerator:
        """Work that nothing stops."""
        line, index = self.line, self.index
        while True:
            part = (yield line.stores[index - 1].get()) if index else object()
            yield line.env.timeout(line.random.expovariate(1.0))
            line.steps += 1
            if index < STATIONS - 1:
                yield line.stores[index].put(part)
            else:
                line.out += 1

    def failing(self) -> simpy.events.ProcessGenerator:
        """Work that is interrupted and goes on after the repair."""
        line, index, env = self.line, self.index, self.line.env
        while True:
            part = (yield line.stores[index - 1].get()) if index else object()
            left = line.random.expovariate(1.0)
            while left > 0:
                if self.down is not None:
                    yield self.down
                begin = env.now
                self.working = True
                try:
                    yield env.timeout(left)
                    left = 0.0
                except simpy.Interrupt:
                    left -= env.now - begin
                self.working = False
            line.steps += 1
            if index < STATIONS - 1:
                yield line.stores[index].put(part)
            else:
                line.out += 1

    def breaks(self) -> simpy.events.ProcessGenerator:
        """Failures by the calendar, counted from the end of the repair."""
        line, env = self.line, self.line.env
        while True:
            yield env.timeout(line.random.expovariate(1 / 100))
            self.down = env.event()
            if self.working:
                self.working = False
                self.process.interrupt()
            yield env.timeout(line.random.expovariate(1 / 10))
            self.down.succeed()
            self.down = None

    def general(self) -> simpy.events.ProcessGenerator:
        """Setups when the product changes, an operator at work, some parts worked on again."""
        line, env = self.line, self.line.env
        assert line.crew is not None  # noqa: S101
        while True:
            part = yield from self.take()
            again = True
            while again:
                if part is not self.last and self.last is not None:
                    yield env.timeout(SWITCH)
                self.last = part
                with line.crew.request() as operator:
                    yield operator
                    yield env.timeout(line.random.expovariate(1.0))
                again = line.random.random() < REWORK
                line.steps += again
            yield from self.hand_on(part)


def textbook(kind: str, seconds: int) -> Ran:
    """A run of the textbook line."""
    env = simpy.Environment()
    stores = [simpy.Store(env, capacity=PLACES) for _ in range(STATIONS - 1)]
    crew = simpy.Resource(env, CREW) if kind == "general" else None
    line = Textbook(env, random.Random(1), stores, crew)
    for index in range(STATIONS):
        TextbookMachine(line, index, fails=kind == "failures")
    env.run(until=seconds)
    return line.steps, line.out


# --- ours -------------------------------------------------------------------------------------------------------------


def plant(kind: str) -> Plant:
    """The same line as a plant."""
    failure = {"mode": "stop", "clock": "calendar"}
    failure |= {"time_to_failure": "exponential(100 s)", "time_to_repair": "exponential(10 s)"}
    more: dict[str, Any] = {"reliable": {}, "failures": {"failures": [failure]}}.get(kind, {})
    if kind == "general":
        setup = {"when": "product changes", "time": f"{SWITCH} s"}
        more = {"setup": setup, "operators": [{"pool": "crew", "for": ["process"]}]}
    stations = []
    for i in range(STATIONS):
        own = {"quality": {"rework": {"share": REWORK, "to": f"M{i}"}}} if kind == "general" else {}
        stations.append({"name": f"M{i}", "cycle_time": "exponential(1 s)", "buffer": PLACES if i else 0} | more | own)
    whole: dict[str, Any] = {"plant": "benchmark", "lines": [{"name": "line", "stations": stations}]}
    if kind == "general":
        whole |= {"operators": [{"pool": "crew", "count": CREW}]}
        whole |= {"products": [{"name": "P", "share": "50 %"}, {"name": "Q"}]}
    return Plant.model_validate(whole)


def model(kind: str, seconds: int) -> Ran:
    """A run of our SimPy model."""
    simulation = Simulation(plant(kind), messages=False, keep=False, window=(0, seconds * SECOND))
    simulation.advance(DEFAULT_START + seconds * SECOND)
    (line,) = simulation._lines  # noqa: SLF001 operations are counted nowhere else
    out = summarise(simulation, 0, seconds * SECOND)["line"]["parts_out"]
    return sum(station.begun for station in line.stations), out


def recursion(kind: str, seconds: int, seed: int = 1) -> Ran:
    """A run of the recursion."""
    of = plant(kind)
    return serial.steps(of, seed, 0, seconds * SECOND)


ENGINES: dict[str, dict[str, Callable[[str, int], Ran]]] = {
    "reliable": {"textbook SimPy": textbook, "our SimPy model": model, "recursion": recursion},
    "failures": {"textbook SimPy": textbook, "our SimPy model": model, "recursion": recursion},
    "general": {"textbook SimPy": textbook, "our SimPy model": model},
}
"""Engines by kind of line. The event kernel belongs into each of the three rows, as `event kernel`, once it exists."""


# --- measured ---------------------------------------------------------------------------------------------------------


def measured(run: Callable[[], Ran]) -> tuple[float, int, int]:
    """Steps per second of CPU time, steps, parts out."""
    begin = time.process_time()
    steps, out = run()
    return steps / (time.process_time() - begin), steps, out


def compare(kind: str, rounds: int, seconds: dict[str, int]) -> None:
    """The table of one kind of line."""
    engines = ENGINES[kind]
    for name, run in engines.items():
        run(kind, max(1, seconds[name] // 100))  # the first run of a process is slower
    found = [
        {name: measured(partial(run, kind, seconds[name])) for name, run in engines.items()} for _ in range(rounds)
    ]
    print(f"\n{kind}: throughput of the long run {TRUTH.get(kind, 'unknown')} per s")
    print(f"{'':18}{'steps/CPU-s':>13}{'× textbook':>12}{'× our SimPy':>13}{'budget':>9}{'parts/s':>9}")
    for name in engines:
        rate = statistics.median(one[name][0] for one in found)
        book = statistics.median(one[name][0] / one["textbook SimPy"][0] for one in found)
        ours = statistics.median(one[name][0] / one["our SimPy model"][0] for one in found)
        budget = f"≥ {BUDGETS[name]:g}" if name in BUDGETS else ""
        out = found[0][name][2] / seconds[name]
        print(f"{name:18}{rate:>13,.0f}{book:>12.2f}{ours:>13.2f}{budget:>9}{out:>9.4f}")


FIRST = "import sys; sys.path.insert(0, 'benchmarks'); import engine; engine.recursion('failures', 10)"


def starts() -> Iterator[tuple[str, float]]:
    """Seconds of the first start with an empty cache, and of later ones; imports included."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"XDG_CACHE_HOME": cache}
        for name in ("first", "cached", "cached"):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", FIRST], check=True, env=environment)
            yield name, time.perf_counter() - begin


def replicated(number: int) -> Ran:
    """A replication of one of many configurations: their buffers differ."""
    configuration, seed = divmod(number, SEEDS)
    buffers = [3 + (configuration + i) % 5 for i in range(STATIONS)]
    described = plant("reliable").model_dump(by_alias=True)
    for station, buffer in zip(described["lines"][0]["stations"][1:], buffers[1:], strict=True):
        station["buffer"] = buffer
    return serial.steps(Plant.model_validate(described), seed, 0, round(PARTS / TRUTH["reliable"] * SECOND))


def many(number: int) -> tuple[float, float]:
    """Seconds for so many replications, and parts of one on average."""
    begin = time.perf_counter()
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        ran = list(pool.map(replicated, range(number), chunksize=SEEDS))
    return time.perf_counter() - begin, statistics.mean(out for _, out in ran)


def main() -> None:
    """Run the rounds and print ratios beside the budgets."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=4000, help="plant time of a run of SimPy")
    arguments.add_argument("--longer", type=int, default=1, help="so many times longer for compiled engines")
    arguments.add_argument("--replications", type=int, default=0, help="so many; the budget is for 1500")
    options = arguments.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, SimPy {simpy.__version__}")
    print(f"{options.rounds} rounds of {options.seconds} s of plant time; medians")
    seconds = {"textbook SimPy": options.seconds, "our SimPy model": options.seconds}
    seconds |= dict.fromkeys(BUDGETS, options.seconds * options.longer)
    for kind in ENGINES:
        compare(kind, options.rounds, seconds)
    print("\nstart of the recursion in a process of its own, s on the wall")
    for name, took in starts():
        print(f"{name:18}{took:>13.2f}{f'< {START_BUDGETS[name]:g}':>12}")
    if options.replications:
        took, parts = many(options.replications)
        budget = f"< {MANY_BUDGETS['recursion']:g}"
        print(f"\n{options.replications} replications of {parts:,.0f} parts, s on the wall, starts of processes too")
        print(f"{'recursion':18}{took:>13.2f}{budget:>12}")


if __name__ == "__main__":
    main()
