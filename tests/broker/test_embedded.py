"""A broker of our own carries messages when it is given, comes back when it dies, and never outlives us."""

import asyncio
import os
import signal
import sys
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broker import embedded_broker
from broker.embedded import _taken, free_port, healthy
from plant.errors import BrokerError

ROOT = Path(__file__).parents[2]
KINDS = ["iotcore", "mosquitto"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are those of POSIX")


@pytest.fixture(params=KINDS)
def kind(request, need) -> str:
    need(request.param)
    return request.param


def process_of(broker) -> int:
    child = broker._child
    return child._process.pid if broker.kind == "mosquitto" else child._broker._process.pid


async def until(condition, patience: float = 20.0) -> None:
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def holder(kind: str, script: str):
    """Another Python, leader of its own process group, that runs a script with a broker in its hands."""
    program = textwrap.dedent("""
        import asyncio, os, signal
        from broker import embedded_broker
        from broker.embedded import healthy
        async def main():
            async with embedded_broker(prefer=KIND) as broker:
                stop = asyncio.Event()
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
                print(broker.port, flush=True)
        SCRIPT
        asyncio.run(main())
    """)
    program = program.replace("KIND", repr(kind)).replace("SCRIPT", textwrap.indent(textwrap.dedent(script), " " * 8))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_carries_messages_when_it_is_given_and_is_gone_afterwards(kind) -> None:
    async with embedded_broker(prefer=kind) as broker:
        assert broker.kind == kind
        assert broker.url == f"mqtt://127.0.0.1:{broker.port}"
        assert await healthy(broker.port, patience=5)
    assert not _taken(broker.port)


async def test_a_broker_that_dies_comes_back_on_the_same_port(kind, monkeypatch) -> None:
    monkeypatch.setattr("broker.embedded.HEALTH_EVERY", 0.1)
    async with embedded_broker(prefer=kind) as broker:
        first = process_of(broker)
        os.kill(first, signal.SIGKILL)
        await until(lambda: broker.restarts == 1)
        assert process_of(broker) != first
        assert await healthy(broker.port, patience=5)


async def test_a_port_of_somebody_else_is_refused(kind) -> None:
    async with embedded_broker(prefer="iotcore") as stranger:
        with pytest.raises(BrokerError, match=f"port {stranger.port} is taken"):
            async with embedded_broker(prefer=kind, port=stranger.port):
                pass


async def test_it_ends_with_us_even_if_we_are_killed(kind) -> None:
    async with holder(kind, "await stop.wait()") as (process, port):
        assert _taken(port)
        process.kill()
        await process.wait()
        await until(lambda: not _taken(port))


async def test_a_ctrl_c_is_for_us_and_not_for_the_broker(kind) -> None:
    script = """
        await stop.wait()
        await asyncio.sleep(0.3)  # a broker that took the signal too would be gone by now
        print("alive" if await healthy(broker.port, patience=3) else "dead", flush=True)
    """
    async with holder(kind, script) as (process, _):
        os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(20):
            assert (await process.stdout.readline()).strip() == b"alive"
            assert await process.wait() == 0


async def test_without_mosquitto_asking_for_it_is_an_error_and_not_asking_gives_the_other(monkeypatch) -> None:
    monkeypatch.setattr("broker.embedded.find_mosquitto", lambda: None)
    with pytest.raises(BrokerError, match="there is no mosquitto"):
        async with embedded_broker(prefer="mosquitto"):
            pass
    async with embedded_broker(port=free_port()) as broker:
        assert broker.kind == "iotcore"
