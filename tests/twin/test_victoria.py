"""The same writer against a server that has the write API of InfluxDB 2 itself, a real VictoriaMetrics.

It keeps no texts, no buckets, and whole milliseconds; it knows no InfluxQL, so it is read by its own export.
"""

import asyncio
import random

import pytest
from blocks import block
from victoria import victoria

from plant.description import Plant
from twin.influx_address import InfluxAddress
from twin.influx_historian import InfluxHistorian
from twin.tables import Point

pytestmark = pytest.mark.victoria

BEGIN = 1_767_571_200_000_000
KIND = "machining-center"
PLANT = Plant.model_validate(
    {
        "plant": "works",
        "lines": [
            {"name": "l", "area": "a", "stations": [{"name": "A", "cycle_time": "5 s", "machines": 2, "type": KIND}]}
        ],
    }
)


async def written(server, folder, points, blocks) -> None:
    async with InfluxHistorian(PLANT, InfluxAddress(url=server.url, token="any"), folder) as store:
        await store.record(points)
        for one in blocks:
            await store.append([one])
        await store._write_down()
        async with asyncio.timeout(60):
            while store.health.backlog:
                await asyncio.sleep(0.02)
        rows = sum(len(one.message.t) for one in blocks) + len(points)
        assert store.health == (rows, 0, 0)


def read_back(server, match: str) -> dict:
    """Values by name of the metric, machine and instant."""
    return {
        (one["metric"]["__name__"], one["metric"]["machine"], 1000 * t): value
        for one in server.series(match)
        for t, value in zip(one["timestamps"], one["values"], strict=True)
    }


async def test_every_number_is_read_back(victoria_program, tmp_path) -> None:
    draws = random.Random(2)
    t = range(BEGIN, BEGIN + 3_000_000_000, 1_000_000)
    load, count = [draws.uniform(-1e3, 1e3) for _ in t], [draws.randint(0, 10**9) for _ in t]
    blocks = [
        block(t[n : n + 60], path=f"a/l/A/{k}", type_=KIND, spindle_load=load[n : n + 60], part_count=count[n : n + 60])
        for n in range(0, len(t), 60)
        for k in (1, 2)
    ]
    labels = ("works", "r", "a", "l", "A", "A 1", "none")
    points = [Point("account", at, labels, {"APT": n, "PQ": n % 3}) for n, at in enumerate(t)]
    wanted = {
        **{(f"{KIND}_spindle_load", f"A {k}", at): value for k in (1, 2) for at, value in zip(t, load, strict=True)},
        **{(f"{KIND}_part_count", f"A {k}", at): value for k in (1, 2) for at, value in zip(t, count, strict=True)},
    }
    accounts = {(f"account_{name}", "A 1", point.at): v for point in points for name, v in point.values.items()}
    with victoria(victoria_program, tmp_path / "victoria") as server:
        await written(server, tmp_path / "spool", points, blocks)
        assert read_back(server, f'{{__name__=~"{KIND}_.*"}}') == pytest.approx(wanted, rel=1e-9)
        assert read_back(server, '{__name__=~"account_.*"}') == accounts
