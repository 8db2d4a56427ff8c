"""What a twin hears: streams of simulated plants as bytes, and the ways in which a network spoils them."""

import random
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from broker import Numbering
from plant.description import Plant
from plant.messages import Clock, Delivery, Message, StateChange
from plant.paths import Node
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation
from twin import Journal, Twin
from twin.historian import Health
from twin.recovery import Pace

START = DEFAULT_START
LINE = Node("main", "line")
A, B = Node("main", "line", "A"), Node("main", "line", "B")

SMALL = Plant.model_validate(
    {
        "plant": "site",
        "telemetry": {"sample": "5 s", "block": "20 s"},
        "lines": [
            {
                "name": "line",
                "stations": [
                    {
                        "name": "A",
                        "cycle_time": "exponential(5 s)",
                        "failures": [{"mode": "jam", "time_to_failure": "30 s", "time_to_repair": "exponential(9 s)"}],
                    },
                    {
                        "name": "B",
                        "cycle_time": "exponential(9 s)",
                        "minimum_cycle": "1 ms",
                        "machines": 2,
                        "buffer": 2,
                        "transport": "2 s",
                        "quality": {"scrap": "20 %"},
                    },
                    {"name": "C", "cycle_time": "uniform(2 s, 8 s)", "minimum_cycle": "2 s", "buffer": 3},
                ],
            }
        ],
    }
)
"""A line with all that this version has, small enough to be simulated in an example of a property test."""


class Wire:
    """Numbers messages and makes bytes of them, one numbering per line; they arrive live, as from a bus."""

    def __init__(self, plant: Plant = SMALL, *, run: str = "r1", session: int = 1, previous=None) -> None:
        self.numberings = {
            line.node: Numbering(plant.enterprise, plant.plant, run=run, session=session, previous=previous)
            for line in plant.lines
        }

    def send(self, *emissions: tuple[Node, Message]) -> list[Delivery]:
        numbered = (d for node, message in emissions for d in self.numberings[node.parent].number(node, message))
        return [replace(d, retain=False) for d in numbered]

    def heartbeat(self, now: int, *, speed: float = 1.0, running: bool = True) -> list[Delivery]:
        """The clock of every line, which confirms the last numbers."""
        return self.send(
            *(
                (node, Clock(ts=now, now=now, speed=speed, epoch=START, running=running, last=numbering.last))
                for node, numbering in self.numberings.items()
            )
        )


def simulated(
    plant: Plant = SMALL, *, seed: int = 1, until: int = 60 * SECOND, beat: int = 10 * SECOND, telemetry: bool = False
) -> list[Delivery]:
    """A run from its first message to the heartbeat of a clean stop."""
    simulation = Simulation(plant, seed=seed, telemetry=telemetry)
    wire = Wire(plant, run=simulation.run)
    deliveries = []
    for now in [*range(beat, until, beat), until]:
        deliveries += wire.send(*simulation.advance(START + now))
        deliveries += wire.heartbeat(START + now, running=now < until)
    return [delivery for delivery in deliveries if delivery.payload]


def spoiled(deliveries: Sequence[Delivery], seed: int, *, loss: float = 0.0, twice: float = 0.0, far: int = 0):
    """Deliveries with some lost (never a heartbeat), some repeated, and each moved by at most `far` places."""
    dice = random.Random(seed)
    kept = [d for d in deliveries if d.topic.endswith("/clock") or dice.random() >= loss]
    lost = len(deliveries) - len(kept)
    repeated = [d for d in kept if dice.random() < twice]
    mixed = sorted([*enumerate(kept), *((dice.randrange(len(kept)), d) for d in repeated)], key=lambda pair: pair[0])
    order = sorted(range(len(mixed)), key=lambda i: i + dice.uniform(0, far))
    return [mixed[i][1] for i in order], lost, len(repeated)


class NoHistorian:
    """Keeps neither telemetry nor points: for tests that have none."""

    health = Health()

    async def append(self, blocks) -> None:
        pass

    async def record(self, points) -> None:
        pass

    async def recorded(self, _: str) -> None:
        return None

    def stored(self, _: str) -> dict[str, int]:
        return {}


@asynccontextmanager
async def twin_of(plant: Plant = SMALL, folder: Path | None = None, **more):
    """A twin in memory, or in a folder; without telemetry, and without waiting for the disk."""
    journal = Journal(folder and folder / "journal.sqlite", durable=False)
    async with Twin(plant, journal=journal, historian=NoHistorian(), **more) as twin:
        yield twin


OFTEN = Pace(messages=40, seconds=1e9)
"""Snapshots after so few messages that a short stream makes a chain of them."""


@asynccontextmanager
async def twin_at(folder: Path, plant: Plant = SMALL, pace: Pace | None = OFTEN):
    """A twin in a folder, with snapshots."""
    journal = Journal(folder / "journal.sqlite", durable=False)
    async with Twin(plant, journal=journal, historian=NoHistorian(), pace=pace) as twin:
        yield twin


async def stored(twin: Twin) -> None:
    """Wait until all snapshots that were taken are stored."""
    if twin._recovery._storing is not None:
        await twin._recovery._storing


async def hear(twin: Twin, deliveries: Iterable[Delivery], size: int = 100) -> None:
    """Give a twin deliveries in batches."""
    listed = list(deliveries)
    for first in range(0, len(listed), size):
        await twin.take(listed[first : first + size])


def state(ts: int, name: str, reason: str = "", *, since: int | None = None, part: str | None = None) -> StateChange:
    since = ts if since is None else since
    return StateChange(ts=START + ts, state=name, reason=reason, since=START + since, part=part)
