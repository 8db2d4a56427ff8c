"""Values per second from publisher over a broker into the historian, with nothing lost.

    uv run python benchmarks/pipeline.py [--values 4000000]

Columnar telemetry of 20 machines, 16 signals each, blocks of 100 samples, goes through a real broker on the loopback
interface: the embedded one, and Mosquitto where it is installed. Publisher, twin and DuckDB share one process; every
value is counted in the store at the end. The figure to compare with is the same blocks taken from the memory bus. CPU
seconds are those of this process, all threads: on a busy machine they say more than the rate.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

from broker import Identity, MemoryBus, MqttBus, Numbering, Publisher, Spool, embedded_broker, find_mosquitto
from plant.description import Plant
from plant.messages import Emission, Telemetry
from plant.paths import Node
from plant.time import DEFAULT_START, SECOND
from shopfloor.pacing import listen
from twin import open_twin

MACHINES, TAGS, SAMPLES = 20, 16, 100
BUDGETS = {"memory": None, "iotcore": 200_000, "mosquitto": 500_000}


def plant() -> Plant:
    """A line of machines; what they do does not matter here."""
    stations = [{"name": f"M{i}", "cycle_time": "60 s"} for i in range(MACHINES)]
    return Plant.model_validate({"plant": "pipeline", "lines": [{"name": "l", "stations": stations}]})


def blocks(values: int) -> list[list[Emission]]:
    """Telemetry in rounds: one block of each machine per round."""
    rounds = max(1, values // (MACHINES * TAGS * SAMPLES))
    made = []
    for r in range(rounds):
        begin = DEFAULT_START + r * SAMPLES * SECOND
        t = [begin + (i + 1) * SECOND for i in range(SAMPLES)]
        columns = {f"tag{k}": [round(20 + k + 0.01 * i, 2) for i in range(SAMPLES)] for k in range(TAGS)}
        made.append([(Node("main", "l", f"M{m}"), Telemetry(ts=t[-1], t=t, v=columns)) for m in range(MACHINES)])
    return made


async def measure(kind: str, values: int) -> tuple[float, float, int, int]:
    """Seconds, CPU seconds, values sent, values stored."""
    described, rounds = plant(), blocks(values)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbering = Numbering(described.enterprise, described.plant, run="pipeline")
        speaker = Publisher(
            described.lines[0].node,
            numbering,
            identity=Identity(client="benchmark", version="0"),
            spool=Spool(folder / "spool"),
            epoch=DEFAULT_START,
        )
        async with open_twin(described, folder, durable=True) as twin:
            if kind == "memory":
                bus = MemoryBus()
                await speaker.greet(bus)
                return await run(twin, bus, bus, speaker, rounds)
            async with (
                embedded_broker(prefer=kind) as broker,  # type: ignore[arg-type]
                MqttBus(broker.url, identifier="ears") as ears,
                MqttBus(broker.url, identifier="mouth", will=speaker.will, greet=speaker.greet) as mouth,
            ):
                await ears.wait_connected(10)
                await mouth.wait_connected(10)
                return await run(twin, ears, mouth, speaker, rounds)


async def run(twin, ears, mouth, speaker: Publisher, rounds: list[list[Emission]]) -> tuple[float, float, int, int]:  # noqa: ANN001
    """Send everything and wait until all of it is in the store."""
    sent = sum(len(rounds) and MACHINES * TAGS * SAMPLES for _ in rounds)
    async with ears.subscribe("shopfloor/v1/#") as subscription:
        listening = asyncio.create_task(listen(twin, subscription))
        begun, worked = time.perf_counter(), time.process_time()
        for emissions in rounds:
            await speaker.publish(mouth, emissions, now=emissions[-1][1].ts)
        deadline = time.perf_counter() + 60
        while twin.counters().telemetry_values < sent and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while twin.counters().historian_backlog and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return seconds, cpu, sent, twin.counters().historian_rows * TAGS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=4_000_000)
    values = parser.parse_args().values
    kinds = ["memory", "iotcore", *(["mosquitto"] if find_mosquitto() else [])]
    base = None
    for kind in kinds:
        seconds, cpu, sent, stored = asyncio.run(measure(kind, values))
        rate = sent / seconds
        base = base or rate
        budget = BUDGETS[kind]
        against = "" if budget is None else f"  budget {budget:>9,}: {'met' if rate >= budget else 'MISSED'}"
        lost = "nothing lost" if sent == stored else f"LOST {sent - stored:,}"
        print(f"{kind:>9}  {rate:>12,.0f} values/s  {rate / base:5.2f} x memory bus  {cpu:5.1f} CPU s  {lost}{against}")


if __name__ == "__main__":
    main()
