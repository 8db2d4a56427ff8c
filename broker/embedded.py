"""A broker of our own on the loopback interface: an installed Mosquitto, else the embedded `iotcore`.

A living process proves nothing, so health is a real round trip: connect, subscribe, publish, receive. A broker that
fails it is started again on the same port; who publishes then greets it anew with all that is retained.
"""

import asyncio
import contextlib
import logging
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Protocol

import aiomqtt
from iotcore import Broker as IotCore

from plant.errors import BrokerError

LOOPBACK = "127.0.0.1"
HEALTH_EVERY = 5.0
HEALTH_PATIENCE = 3.0
START_PATIENCE = 10.0
FAILURES_ALLOWED = 3  # a child that lives may just be slow; one that has ended is started again at once

Kind = Literal["mosquitto", "iotcore"]

log = logging.getLogger(__name__)

_MOSQUITTO = """\
listener {port} {host}
allow_anonymous true
persistence false
max_inflight_messages 1000
max_queued_messages 200000
max_packet_size 2097152
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
"""

_IOTCORE = """\
id = 0

[router]
id = 0
max_connections = 200
max_outgoing_packet_count = 200
max_segment_size = 4194304
max_segment_count = 10

[v4.1]
name = "loopback"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 5000
max_payload_size = 2097152
max_inflight_count = 200
dynamic_filters = true
"""


class _Child(Protocol):
    @property
    def alive(self) -> bool: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class _Mosquitto:
    def __init__(self, program: str, port: int, folder: Path) -> None:
        self._program = program
        self._config = folder / "mosquitto.conf"
        self._config.write_text(_MOSQUITTO.format(host=LOOPBACK, port=port), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None
        self._mourner: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            str(self._config),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            start_new_session=True,  # Ctrl-C is for us: the broker has to carry our last words
        )
        self._mourner = await _mourn(self._process.pid)

    async def stop(self) -> None:
        process, self._process = self._process, None
        mourner, self._mourner = self._mourner, None
        if process is not None:
            await _end(process)
        if mourner is not None:
            await _end(mourner)


class _IotCore:
    def __init__(self, port: int, folder: Path) -> None:
        self._config = folder / "iotcore.toml"
        self._config.write_text(_IOTCORE.format(host=LOOPBACK, port=port), encoding="utf-8")
        self._broker: IotCore | None = None

    @property
    def alive(self) -> bool:
        return self._broker is not None and bool(self._broker.is_running)

    async def start(self) -> None:
        broker = IotCore(config_path=str(self._config))
        try:
            await asyncio.to_thread(broker.start, START_PATIENCE)
        except (OSError, RuntimeError) as error:
            raise BrokerError(f"the embedded broker did not start: {error}") from error
        self._broker = broker

    async def stop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await asyncio.to_thread(broker.stop)


class EmbeddedBroker:
    """A broker that runs as a child of this process.

    Attributes:
        url: its address, ``mqtt://127.0.0.1:PORT``.
        kind: ``mosquitto`` or ``iotcore``.
        restarts: how often it had to be started again.
    """

    def __init__(self, kind: Kind, port: int, child: _Child) -> None:
        self.kind = kind
        self.port = port
        self.url = f"mqtt://{LOOPBACK}:{port}"
        self.restarts = 0
        self._child = child

    async def start(self) -> None:
        """Start it and wait until a message makes the round trip.

        Raises:
            BrokerError: it does not in time, or the port is taken.
        """
        if await asyncio.to_thread(_taken, self.port):  # else the round trip would be made through a stranger
            raise BrokerError(f"port {self.port} is taken by another program")
        await self._child.start()
        deadline = asyncio.get_running_loop().time() + START_PATIENCE
        while not (await healthy(self.port, patience=1.0) and self._child.alive):
            if not self._child.alive or asyncio.get_running_loop().time() > deadline:
                await self.stop()
                raise BrokerError(f"the {self.kind} at {self.url} carries no messages")

    async def stop(self) -> None:
        """Stop it."""
        await self._child.stop()

    async def guard(self) -> None:
        """Look after it for ever: start it again when it carries no messages any more."""
        failures = 0
        while True:
            await asyncio.sleep(HEALTH_EVERY if not failures else 0.5)
            failures = 0 if await healthy(self.port, patience=HEALTH_PATIENCE) else failures + 1
            if failures and (failures >= FAILURES_ALLOWED or not self._child.alive):
                log.warning("the %s at %s is dead; starting it again", self.kind, self.url)
                try:
                    await self.stop()
                    await self.start()
                except (BrokerError, OSError) as error:
                    log.warning("it does not start: %s", error)
                else:
                    self.restarts += 1
                    failures = 0


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _mourn(process: int) -> asyncio.subprocess.Process | None:
    """A shell that ends another process of ours when we are gone, even killed: then its input ends."""
    shell = shutil.which("sh")
    if shell is None:
        return None
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        shell,
        "-c",
        'read -r line; kill "$0"',
        str(process),
        stdin=asyncio.subprocess.PIPE,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )


def _taken(port: int) -> bool:
    """Whether somebody answers on a loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


async def healthy(port: int, *, patience: float) -> bool:
    """Whether a message makes the round trip through the broker on this loopback port."""
    topic = f"health/{uuid.uuid4().hex}"
    try:
        async with (
            asyncio.timeout(patience),
            aiomqtt.Client(LOOPBACK, port, identifier=topic.replace("/", "-"), timeout=patience) as client,
        ):
            await client.subscribe(topic, qos=1)
            await client.publish(topic, b"round trip", qos=1)
            async for message in client.messages:
                return message.payload == b"round trip"
    except (aiomqtt.MqttError, TimeoutError, OSError):
        await asyncio.sleep(0.02)
    return False


def find_mosquitto() -> str | None:
    """Path of an installed Mosquitto; Debian keeps it where a user's PATH often does not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def embedded_broker(*, port: int = 0, prefer: Kind | None = None) -> AsyncIterator[EmbeddedBroker]:
    """A broker of our own, carrying messages when it is given, looked after while it is used, stopped at the end.

    Args:
        port: loopback port; 0 takes a free one.
        prefer: which broker; none takes an installed Mosquitto, else ``iotcore``.

    Raises:
        BrokerError: it cannot be started.
    """
    program = find_mosquitto() if prefer != "iotcore" else None
    if prefer == "mosquitto" and program is None:
        raise BrokerError("there is no mosquitto on PATH or in /usr/sbin")
    chosen = port or free_port()
    with tempfile.TemporaryDirectory(prefix="shopfloor-broker-", ignore_cleanup_errors=sys.platform == "win32") as name:
        folder = Path(name)
        child: _Child = _Mosquitto(program, chosen, folder) if program else _IotCore(chosen, folder)
        broker = EmbeddedBroker("mosquitto" if program else "iotcore", chosen, child)
        await broker.start()
        guard = asyncio.create_task(broker.guard(), name="broker guard")
        try:
            yield broker
        finally:
            guard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await guard
            await broker.stop()
