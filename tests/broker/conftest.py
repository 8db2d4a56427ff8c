"""Real brokers for the tests: the memory bus, iotcore, and Mosquitto where it is installed."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from broker import MemoryBus, MqttBus, embedded_broker, find_mosquitto


def need_mosquitto() -> None:
    if find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have mosquitto")
        pytest.skip("mosquitto is not installed")


@pytest.fixture
def need():
    """Skips, or in CI fails, when a broker is not installed."""
    return lambda kind: need_mosquitto() if kind == "mosquitto" else None


class Buses:
    """Makes connections to one and the same bus."""

    def __init__(self, stack: AsyncExitStack, url: str | None) -> None:
        self._stack = stack
        self._memory = MemoryBus()
        self.url = url

    async def connect(self, name: str, **options):
        if self.url is None:
            return self._memory
        bus = await self._stack.enter_async_context(MqttBus(self.url, identifier=name, **options))
        await bus.wait_connected(10)
        return bus


@asynccontextmanager
async def open_buses(kind: str) -> AsyncIterator[Buses]:
    if kind == "mosquitto":
        need_mosquitto()
    async with AsyncExitStack() as stack:
        url = None
        if kind != "memory":
            broker = await stack.enter_async_context(embedded_broker(prefer=kind))
            assert broker.kind == kind
            url = broker.url
        yield Buses(stack, url)


@pytest.fixture(params=["memory", "iotcore", "mosquitto"])
async def buses(request) -> AsyncIterator[Buses]:
    async with open_buses(request.param) as opened:
        yield opened


@pytest.fixture(params=["iotcore", "mosquitto"])
async def brokers(request) -> AsyncIterator[Buses]:
    async with open_buses(request.param) as opened:
        yield opened
