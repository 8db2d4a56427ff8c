"""A twin that is killed again and again under load is the twin that was never disturbed."""

import asyncio
import random
import sys
from pathlib import Path
from typing import Self

import pytest
from hearing import SMALL, NoHistorian, simulated
from mortal import TICK, Mortal, account

from broker import MqttBus, embedded_broker
from plant.messages import Delivery
from plant.time import HOUR
from twin import Journal, Twin

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")

AHEAD = 120
"""Messages that may be under way to the twin: less than any broker's window, and more than one batch."""
MOST = 100
"""Messages that a life lasts for at the most."""
PIECE = 20
"""Messages that are sent at once."""
EARLY = 0.25
"""Share of the kills that come while the twin is still starting."""


class Undisturbed:
    """A twin in memory that hears the same stream and is never killed."""

    def __init__(self, stream: list[Delivery]) -> None:
        self._stream = stream
        self._twin = Twin(SMALL, journal=Journal(None), historian=NoHistorian())
        self._heard = 0

    async def __aenter__(self) -> Self:
        await self._twin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._twin.close()

    async def account(self, position: int) -> dict:
        """What it makes of the first messages."""
        assert position >= self._heard, "what was in the journal once stays there"
        await self._twin.take(self._stream[self._heard : position])
        self._heard = position
        return account(self._twin)


class Load:
    """Sends a stream with QoS 1, not too far ahead of the twin; knows what the broker has confirmed."""

    def __init__(self, stream: list[Delivery], bus: MqttBus) -> None:
        self._stream = stream
        self._bus = bus
        self._task: asyncio.Task[None] | None = None
        self.confirmed = 0
        self.reached = 0

    @property
    def done(self) -> bool:
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Begin to send, unless that was done already."""
        if self._task is None:
            self._task = asyncio.create_task(self._send(), name="load")

    async def finish(self) -> None:
        """Wait until the broker has confirmed the last message: the twin may have it before."""
        await self._task

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send(self) -> None:
        while self.confirmed < len(self._stream):
            room = self.reached + AHEAD - self.confirmed
            if room > 0:
                piece = self._stream[self.confirmed : self.confirmed + min(room, PIECE)]
                await self._bus.publish(piece)
                self.confirmed += len(piece)
            else:
                await asyncio.sleep(TICK)


async def survive(kind: str, file: Path, *, kills: int, seed: int = 1) -> int:
    """Kill a twin so many times, compare it with an undisturbed one after each restart; the kills under load."""
    dice = random.Random(seed)
    stream = simulated(until=2 * HOUR)[: MOST * (kills + 2)]
    async with (
        asyncio.timeout(280),
        embedded_broker(prefer=kind) as broker,
        MqttBus(broker.url, identifier="load") as mouth,
        Undisturbed(stream) as undisturbed,
    ):
        await mouth.wait_connected(10)
        load = Load(stream, mouth)
        try:
            under_load = 0
            for life in range(kills):
                early = life > 0 and dice.random() < EARLY
                goal = load.reached + dice.randint(1, MOST)
                delay = dice.uniform(0, 0.1 if early else 0.01)
                known = await spend(Mortal(broker.url, file), load, goal=None if early else goal, delay=delay)
                if known is not None:
                    assert known == await undisturbed.account(known["position"])
                under_load += not load.done
            await spend(Mortal(broker.url, file), load, goal=len(stream), delay=0)
            await load.finish()
        finally:
            await load.stop()
        expected = await undisturbed.account(len(stream))
    with Journal(file) as journal:
        stored = [row.payload for row in journal.page(0, 10**9, upto=10**9)]
    assert load.confirmed == len(stream)
    assert stored == [delivery.payload for delivery in stream], "all that was confirmed, once, and in its order"
    async with Twin(SMALL, journal=Journal(file), historian=NoHistorian()) as twin:
        counters = twin.counters()
        assert (counters.gaps, counters.late, counters.dead_letters) == (0, 0, {})
        assert account(twin) == expected
    return under_load


async def spend(mortal: Mortal, load: Load, *, goal: int | None, delay: float) -> dict | None:
    """One life: up to a position, if one is given, and a moment more; what it made of the journal at its start."""
    try:
        while goal is not None and mortal.position < goal:
            assert mortal.alive
            await asyncio.sleep(TICK)
            mortal.hear()
            load.reached = max(load.reached, mortal.position)
            if mortal.listening:  # a first subscription has to be there before the load
                load.start()
        await asyncio.sleep(delay)
    finally:
        mortal.kill()
    load.reached = max(load.reached, mortal.position)
    return mortal.account


@pytest.mark.parametrize("kind", ["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
async def test_a_twin_that_is_killed_a_few_times_is_the_twin_that_was_never_disturbed(kind, tmp_path, request) -> None:
    """The fast version of the test below."""
    if kind == "mosquitto":
        request.getfixturevalue("mosquitto")
    assert await survive(kind, tmp_path / "journal.sqlite", kills=6) == 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
async def test_a_twin_that_is_killed_a_hundred_times_is_the_twin_that_was_never_disturbed(
    kind, tmp_path, request
) -> None:
    """Kill -9 at random points under load, 100 times on each broker.

    The process under test is the twin alone, with its journal and its connection (QoS 1, persistent session), fed by
    a publisher in the test. What is killed is what makes the promise: receive, append, acknowledge, fold. A whole
    `shopfloor run` takes seconds to start and would make its own messages again from the seed, which hides a loss;
    here a message exists once, so one that the broker has confirmed and the journal does not get is missing for ever.
    A quarter of the kills come while the twin starts, the others between two messages of the load. After each restart
    the state hash and the parts of all KPIs are those of a twin that was never killed and heard the same messages.
    """
    if kind == "mosquitto":
        request.getfixturevalue("mosquitto")
    assert await survive(kind, tmp_path / "journal.sqlite", kills=100) == 100
