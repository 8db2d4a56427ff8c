"""Rows per second into DuckDB and into InfluxDB, and how long the panels of a dashboard wait for either.

    uv run python benchmarks/historian.py [--hours 24] [--machines 20] [--asks 20]

Machines with 15 signals each, sampled every second, and their accounts every five minutes go through the two historians
as a twin uses them, until all is stored. Then each panel is asked again and again, over windows of the whole time that
differ by some seconds, so that no answer can be remembered. InfluxDB is an influxd 1.6 of one's own (Debian: influxdb)
behind the proxy of the tests, a Python process on the same machine, which costs some of its speed at writing.
"""

import argparse
import asyncio
import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from influx_process import influxd
from write_shim import write_shim

from plant.description import Plant
from plant.messages import Telemetry
from plant.time import DEFAULT_START, HOUR, MINUTE, SECOND
from twin import DuckDbHistorian
from twin.historian import Block
from twin.influx_address import InfluxAddress
from twin.influx_historian import InfluxHistorian
from twin.select import Column, Condition, Scope, Select
from twin.tables import CELL, Point, tables_of

KIND = "machining-center"
TAGS = 15
PIECE = 100  # samples of a block
BUDGET = 100.0  # milliseconds: p95 of a panel on DuckDB


def plant(machines: int) -> Plant:
    """A line of such machines."""
    stations = [{"name": f"M{i}", "type": KIND, "cycle_time": "60 s"} for i in range(machines)]
    return Plant.model_validate({"plant": "works", "lines": [{"name": "l", "area": "a", "stations": stations}]})


def tags(described: Plant) -> list[str]:
    """Some signals of theirs."""
    fields = tables_of(described)[KIND].fields
    return [name for name, field in fields.items() if field.datatype == "float"][:TAGS]


def telemetry(machines: int, hours: float, names: list[str]) -> Iterator[list[Block]]:
    """What they send, block by block: loads that wander, in steps as sensors have them."""
    draws = np.random.default_rng(1)
    for first in range(0, round(hours * 3600), PIECE):
        t = [DEFAULT_START + n * SECOND for n in range(first, first + PIECE)]
        found = []
        for machine in range(machines):
            wander = np.round(50 + np.cumsum(draws.standard_normal((TAGS, PIECE)), axis=1), 2)
            values = dict(zip(names, wander.tolist(), strict=True))
            message = Telemetry(run="r", session=1, seq=0, n=0, ts=t[-1], t=t, v=values)
            found.append(Block("r", f"a/l/M{machine}", KIND, message))
        yield found


def accounts(machines: int, hours: float) -> list[Point]:
    """Their accounts."""
    draws = np.random.default_rng(2)
    found = []
    for at in range(DEFAULT_START, DEFAULT_START + round(hours * HOUR), CELL):
        for machine in range(machines):
            run = int(draws.integers(0, CELL))
            labels = ("works", "r", "a", "l", f"M{machine}", f"M{machine}", "early")
            found.append(Point("account", at, labels, {"APT": run, "PBT": CELL, "PQ": 5, "GQ": 5}))
    return found


def panels(names: list[str]) -> dict[str, Select]:
    """What dashboards ask."""
    mean, high = (Column(name=each, formula=names[0], each=each) for each in ("mean", "max"))
    share = Column(name="share", formula="APT / PBT", scale=(100, 1))
    one = (Condition(name="machine", value="M3"),)
    return {
        "a signal of one machine, minutes": Select(table=KIND, columns=(mean, high), bucket=MINUTE, where=one),
        "five signals of one machine": Select(
            table=KIND, bucket=MINUTE, where=one,
            columns=tuple(Column(name=name, formula=name, each="mean") for name in names[:5]),
        ),
        "a signal of all machines": Select(table=KIND, columns=(mean,), by=("machine",), bucket=5 * MINUTE),
        "last value of all machines": Select(
            table=KIND, columns=(Column(name="last", formula=names[1], each="last"),), by=("machine",)
        ),
        "a KPI of each machine": Select(table="account", columns=(share,), by=("machine",)),
        "a KPI by the hour": Select(table="account", columns=(share,), bucket=HOUR),
        "its accounts": Select(table="account", columns=(Column(name="APT", formula="APT", each="raw"),), where=one),
    }  # fmt: skip


async def written(store: DuckDbHistorian | InfluxHistorian, machines: int, hours: float, names: list[str]) -> float:
    """Rows per second until all is stored."""
    begun, rows = time.perf_counter(), 0
    for blocks in telemetry(machines, hours, names):
        await store.append(blocks)
        rows += sum(len(block.message.t) for block in blocks)
    points = accounts(machines, hours)
    await store.record(points)
    while store.health.backlog:  # noqa: ASYNC110 a historian tells nobody when it is done
        await asyncio.sleep(0.01)
    stored, _, dropped = store.health
    if dropped or stored < rows + len(points):
        sys.exit(f"{rows + len(points) - stored} rows are missing, {dropped} were dropped")
    return (rows + len(points)) / (time.perf_counter() - begun)


async def asked(store: DuckDbHistorian | InfluxHistorian, select: Select, hours: float, asks: int) -> list[float]:
    """Milliseconds of each answer."""
    found = []
    for n in range(asks):
        begin, end = DEFAULT_START + n * SECOND, DEFAULT_START + round(hours * HOUR)
        begun = time.perf_counter()
        frames = await store.query(select, Scope(begin=begin, end=end, step=MINUTE))
        found.append(1000 * (time.perf_counter() - begun))
        if not frames:
            sys.exit(f"no answer to {select}")
    return found


def p95(times: list[float]) -> float:
    """The time that 95 of 100 answers do not exceed: of 20 answers the second longest."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


async def measure(
    store: DuckDbHistorian | InfluxHistorian, told: argparse.Namespace, names: list[str]
) -> tuple[float, dict[str, list[float]]]:
    """Rows per second, and the times of each panel."""
    async with store:
        rate = await written(store, told.machines, told.hours, names)
        times = {name: await asked(store, select, told.hours, told.asks) for name, select in panels(names).items()}
        return rate, times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--asks", type=int, default=20)
    told = parser.parse_args()
    described = plant(told.machines)
    names = tags(described)
    program = shutil.which("influxd")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rate, times = asyncio.run(measure(DuckDbHistorian(place / "duckdb", plant=described), told, names))
        print(f"{told.machines} machines, {told.hours:g} h, {TAGS} signals a second")
        print(f"DuckDB    {rate:>10,.0f} rows/s {rate * TAGS:>12,.0f} values/s", flush=True)
        other, theirs = 0.0, {name: [float("nan")] for name in times}
        if program:
            with (
                influxd(program, place / "influxd", "shopfloor", "shopfloor_raw") as server,
                write_shim(server.url) as shim,
            ):
                store = InfluxHistorian(described, InfluxAddress(url=shim.url), place / "spool", patience=60)
                other, theirs = asyncio.run(measure(store, told, names))
            ratio = f"{other / rate:.2f} x DuckDB"
            print(f"InfluxDB  {other:>10,.0f} rows/s {other * TAGS:>12,.0f} values/s  {ratio}", flush=True)
        print("milliseconds of a panel               DuckDB p50     p95     max  InfluxDB p50     p95     p50")
        for name, mine in times.items():
            half, others = statistics.median(mine), statistics.median(theirs[name])
            ours, its = f"{half:>10.1f}{p95(mine):>8.1f}{max(mine):>8.1f}", f"{others:>14.1f}{p95(theirs[name]):>8.1f}"
            print(f"{name:<38}{ours}{its}{others / half:>7.1f} x")
        worst = max(map(p95, times.values()))
        print(f"worst p95 on DuckDB {worst:.0f} ms; budget {BUDGET:.0f} ms: {'met' if worst < BUDGET else 'MISSED'}")


if __name__ == "__main__":
    main()
