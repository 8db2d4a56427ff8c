"""KPIs of a replication are those that the twin makes of the messages of the same run."""

import asyncio
from contextlib import suppress

import pytest
from generated import whole_plants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker import Numbering
from experiments.kpis import ENERGY_PER_PART, OF_LINE, OF_STATION, Account, needs_energy
from experiments.replications import Model, Window
from plant.errors import SimulationError
from plant.loader import load_plant
from plant.messages import Clock
from plant.time import DEFAULT_START, HOUR, SECOND
from simulators import Simulation
from twin import open_twin


async def judge(plant, seed: int, window: Window, folder, *, energy: bool) -> int:
    """Compare every KPI with the twin's; returns how many have a value."""
    simulation = Simulation(plant, seed=seed, telemetry=energy)
    numberings = {line.node: Numbering(plant.enterprise, plant.plant, run=simulation.run) for line in plant.lines}
    end = DEFAULT_START + window.end
    deliveries = [
        delivery
        for node, message in simulation.advance(end)
        for delivery in numberings[node.parent].number(node, message)
    ]
    for node, numbering in numberings.items():
        clock = Clock(ts=end, now=end, speed=1.0, epoch=DEFAULT_START, running=False, last=numbering.last)
        deliveries += numbering.number(node, clock)
    account = Account(plant, window, Model(plant, window, DEFAULT_START).record(seed, energy=energy))
    span = DEFAULT_START + window.warm_up, end
    told = 0
    async with open_twin(plant, folder, durable=False) as twin:
        await twin.take(deliveries)
        for line in plant.lines:
            said = twin.kpis(line.node.path, *span)
            for row in OF_LINE.values():
                if row is not ENERGY_PER_PART and needs_energy(row) <= energy:
                    assert account.of_line(line, row) == said[row.id].value, row.id
                    told += said[row.id].value is not None
            for station in line.stations:
                said = twin.kpis(f"{line.node.path}/{station.name}", *span)
                for row in OF_STATION.values():
                    if needs_energy(row) <= energy:
                        assert account.of_station(line, station, row) == said[row.id].value, (station.name, row.id)
    return told


@given(
    plant=whole_plants() | whole_plants(booked=True) | whole_plants(loops=True),
    seed=st.integers(0, 2**32),
    warm_up=st.integers(0, 100),
)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_kpis_of_a_replication_are_the_twins(tmp_path_factory, plant, seed, warm_up) -> None:
    window = Window(warm_up=warm_up * SECOND, duration=200 * SECOND)
    with suppress(SimulationError):  # some lines with loops lock
        asyncio.run(judge(plant, seed, window, tmp_path_factory.mktemp("kpis"), energy=False))


def test_energy_is_what_the_meters_of_the_twin_say(tmp_path, pytestconfig: pytest.Config) -> None:
    plant = load_plant(pytestconfig.rootpath / "examples" / "ten-station.yaml")
    assert asyncio.run(judge(plant, 7, Window(warm_up=HOUR // 12, duration=HOUR // 6), tmp_path, energy=True)) > 10
