"""Transport faults: the twin counts exactly what the link did, and no value is another."""

import asyncio
from collections import Counter
from itertools import islice

import msgspec
import pytest
from generated import plants, whole_plants
from hearing import START, hear, simulated, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import Link, decode, encode, parse
from plant.description import Plant
from plant.errors import MessageError
from plant.messages import KINDS
from plant.time import SECOND
from simulators import Simulation

UNTIL = 60 * SECOND
KINDS_OF_FAULTS = {
    "loss": [{"share": "30 %"}, {"up": "10 s", "degraded": "5 s", "down": "3 s", "share": "20 %"}],
    "duplicate": [{"share": "40 %"}],
    "delay": [{"median": "500 ms", "p99": "9 s"}, {}],
    "reorder": [{"share": "30 %", "others": 30}],
    "disconnect": [{"keep": True}, {"keep": False}, {"keep": True, "buffer": 9}, {"keep": True, "pace": 20}],
    "malformed": [{"share": "20 %"}],
}


@st.composite
def faults(draw, plant: Plant):
    """Transport faults at places of a plant; births pass, so that readers know where numbers begin."""
    line = draw(st.sampled_from(plant.lines))
    station = draw(st.sampled_from(line.stations))
    kind = draw(st.sampled_from(sorted(KINDS_OF_FAULTS)))
    on = draw(st.sampled_from([line.name, f"{line.name}/{station.name}", f"{line.name}/{station.name}/1"]))
    fault = {"transport": kind, "on": on} | draw(st.sampled_from(KINDS_OF_FAULTS[kind]))
    fault |= draw(st.sampled_from([{"at": "1 s"}, {"at": "20 s"}, {"every": "9 s"}]))
    return fault | draw(st.sampled_from([{}, {"for": "15 s"}, {"for": "uniform(1 s, 9 s)"}]))


@st.composite
def troubled(draw, some=None):
    """A plant, and the same with transport faults, of each kind at most one."""
    plant = draw(plants() if some is None else some)
    told = draw(st.lists(faults(plant), min_size=1, max_size=4, unique_by=lambda fault: fault["transport"]))
    entries = Plant.model_validate({"plant": "site", "faults": told, "lines": places(plant)}).faults
    return plant, plant.with_faults(entries)


def places(plant: Plant):
    return [
        {
            "name": of.name,
            "stations": [{"name": at.name, "cycle_time": "1 s", "machines": at.machines} for at in of.stations],
        }
        for of in plant.lines
    ]


def carried(link: Link, deliveries, size: int):
    """What arrives when so many set out at a time."""
    arriving = []
    coming = iter(deliveries)
    while batch := list(islice(coming, size)):
        arriving += link.carry(batch)
    return arriving + link.close()


async def heard(plant: Plant, deliveries):
    """The counters of a twin that takes heartbeats one by one, as it hears them from a slow plant."""
    async with twin_of(plant) as twin:
        batch = []
        for one in deliveries:
            if one.topic.endswith("/clock"):
                await hear(twin, batch)
                await hear(twin, [one])
                batch = []
            else:
                batch.append(one)
        await hear(twin, batch)
        return twin.counters()


def counted(one) -> bool:
    return bool(one.payload) and KINDS[parse(one.topic).kind].counted


def check(plant: Plant, faulty: Plant, seed: int, size: int) -> None:
    """The law of issue 5, item 4."""
    deliveries = simulated(plant, seed=seed, until=UNTIL, telemetry=True)
    link = Link(faulty, seed=seed, start=START)
    arriving = carried(link, deliveries, size)
    counters = asyncio.run(heard(plant, arriving))
    total = link.total
    assert total.generated == sum(map(counted, deliveries))
    assert (counters.gaps, counters.duplicates, counters.late) == (total.missing, total.duplicated, total.late)
    assert sum(counters.dead_letters.values()) == total.malformed
    for path, kinds in link.account.items():
        for kind, effects in kinds.items():
            tally = counters.nodes[path][kind]
            assert (tally.gaps, tally.duplicates, tally.late) == (effects.missing, effects.duplicated, effects.late)
            assert tally.received == effects.generated - effects.missing
    values_unchanged(deliveries, arriving, total.malformed)


def values_unchanged(deliveries, arriving, malformed: int) -> None:
    """What can be read is what was sent, but for the mark of what was kept."""
    sent = {(one.topic, one.payload) for one in deliveries}
    unreadable = 0
    for one in arriving:
        if (one.topic, one.payload) in sent:
            continue
        try:
            _, message = decode(one.topic, one.payload)
        except MessageError:
            unreadable += 1
        else:
            assert message.hist
            assert (one.topic, encode(msgspec.structs.replace(message, hist=None))) in sent
    assert unreadable == malformed


@given(both=troubled(), seed=st.integers(1, 99), size=st.sampled_from([1, 7, 500]))
@settings(max_examples=25)
def test_the_counters_of_the_twin_are_the_account_of_the_link(both, seed, size) -> None:
    check(*both, seed, size)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(both=troubled(whole_plants()), seed=st.integers(1, 10**6), size=st.sampled_from([1, 7, 500]))
@settings(max_examples=250)
def test_they_are_for_whole_plants_in_hundreds_of_cases(both, seed, size) -> None:
    check(*both, seed, size)


@given(both=troubled(), seed=st.integers(1, 99))
@settings(max_examples=8)
def test_pieces_and_repeated_runs_make_no_difference(both, seed) -> None:
    plant, faulty = both
    deliveries = simulated(plant, seed=seed, until=UNTIL)
    whole = carried(Link(faulty, seed=seed, start=START), deliveries, 10**6)
    assert carried(Link(faulty, seed=seed, start=START), deliveries, 1) == whole


@given(both=troubled(), seed=st.integers(1, 99))
@settings(max_examples=6)
def test_readings_and_parts_are_the_same_with_transport_faults(both, seed) -> None:
    """The simulator does not know of them: the same messages, but for the name of the run."""
    plain, faulty = (Simulation(one, seed=seed).advance(START + UNTIL) for one in both)
    assert plain == faulty


def test_a_plant_without_faults_lets_everything_pass() -> None:
    deliveries = simulated(seed=1, until=UNTIL)
    plant = Plant.model_validate(
        {"plant": "site", "lines": [{"name": "line", "stations": [{"name": "A", "cycle_time": "1 s"}]}]}
    )
    link = Link(plant, seed=1, start=START)
    assert carried(link, deliveries, 10) == deliveries
    assert Counter(link.befallen) == Counter()
