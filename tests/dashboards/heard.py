"""What the tests of this folder hear: a small plant of two lines, two hours of it as bytes."""

from functools import lru_cache

from broker import Numbering
from plant.description import Plant
from plant.messages import Clock, Delivery
from plant.time import DEFAULT_START, HOUR, MINUTE
from simulators import Simulation
from twin import Twin

START = DEFAULT_START
PAST = 2 * HOUR
END = START + PAST
BATCH = 2000

PLANT = Plant.model_validate(
    {
        "plant": "works",
        "telemetry": {"sample": "2 s", "block": "10 s"},
        "machine_types": {
            "washer": {
                "title": "Washer",
                "like": "washing-machine",
                "inputs": {"gate": {"load": 1}},
                "tags": {
                    "gate_state": {"formula": "gate + working", "words": ["shut", "open", "locked"], "when": "change"},
                    "rinse_temp": {"formula": "ambient + 30", "unit": "Cel", "every": "10 s"},
                },
            }
        },
        "lines": [
            {
                "name": "block",
                "area": "machining",
                "stations": [
                    {
                        "name": "OP10",
                        "type": "machining-center",
                        "machines": 2,
                        "cycle_time": "normal(120 s, 4 s)",
                        "ideal_cycle": "115 s",
                        "failures": [
                            {"mode": "spindle", "time_to_failure": "exponential(40 min)", "time_to_repair": "5 min"}
                        ],
                    },
                    {"name": "WASH", "type": "washer", "cycle_time": "50 s", "buffer": 4, "transport": "15 s"},
                    {
                        "name": "OP20",
                        "type": "grinder",
                        "cycle_time": "triangular(50 s, 58 s, 80 s)",
                        "buffer": 3,
                        "quality": {
                            "scrap": "5 %",
                            "characteristics": [{"name": "bore", "nominal": "82 mm", "sigma": "0.004 mm"}],
                        },
                        "failures": [
                            {"mode": "coolant", "clock": "calendar", "availability": "93 %", "time_to_repair": "4 min"}
                        ],
                    },
                ],
            },
            {"name": "caps", "stations": [{"name": "PRESS", "type": "press", "cycle_time": "9 s"}]},
        ],
    }
)

BLOCK = "machining/block"
CAPS = "main/caps"
MACHINES = (f"{BLOCK}/OP10/1", f"{BLOCK}/OP10/2", f"{BLOCK}/WASH", f"{BLOCK}/OP20", f"{CAPS}/PRESS")

Stream = tuple[Delivery, ...]


def record(plant: Plant, past: int, seed: int = 1, start: int = START) -> tuple[Simulation, Stream]:
    """A run as bytes, with the heartbeat of every line at its end."""
    simulation = Simulation(plant, seed=seed, start=start)
    numberings = {line.node: Numbering(plant.enterprise, plant.plant, run=simulation.run) for line in plant.lines}
    deliveries: list[Delivery] = []
    while simulation.now < start + past:
        for node, message in simulation.advance(min(simulation.now + 30 * MINUTE, start + past)):
            deliveries += numberings[node.parent].number(node, message)
    for node, numbering in numberings.items():
        now = simulation.now
        clock = Clock(ts=now, now=now, speed=1.0, epoch=start, running=True, last=numbering.last)
        deliveries += numbering.number(node, clock)
    return simulation, tuple(deliveries)


@lru_cache(maxsize=1)
def recorded() -> tuple[Simulation, Stream]:
    return record(PLANT, PAST)


async def feed(twin: Twin, deliveries: Stream) -> None:
    for first in range(0, len(deliveries), BATCH):
        await twin.take(deliveries[first : first + BATCH])
