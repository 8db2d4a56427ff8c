"""MQTT as a bus: the only module that knows the client library.

One connection that comes back by itself, with exponential backoff. QoS 1 messages are acknowledged to the broker only
when the reader says that they are safe: the client library has no public call for that, so its inner client is told.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import unquote, urlsplit

import aiomqtt

from broker.bus import UndeliveredError, check_filter, matches
from plant.errors import BrokerError, InputError
from plant.messages import Delivery

FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
IN_FLIGHT = 50
KEEPALIVE = 30
PATIENCE = 5.0  # seconds for one acknowledgement
QUEUE_BOUND = 200_000  # deliveries of QoS 0 that may wait here; QoS 1 is bounded by the broker's window

log = logging.getLogger(__name__)


def parse_url(url: str) -> tuple[str, int, str | None, str | None]:
    """Host, port, user and password of ``mqtt://[user:password@]host[:port]``.

    Raises:
        InputError: the text is no such URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 1883
    except ValueError as error:
        raise InputError(f"{url!r} is not a broker address such as mqtt://localhost:1883 ({error})") from None
    if parts.scheme != "mqtt" or not parts.hostname:
        raise InputError(f"{url!r} is not a broker address such as mqtt://localhost:1883")
    user = unquote(parts.username) if parts.username else None
    return parts.hostname, port, user, unquote(parts.password) if parts.password else None


class MqttSubscription:
    """Deliveries of this connection, for one reader that acknowledges what it has safe."""

    def __init__(self, bus: "MqttBus", filters: tuple[str, ...]) -> None:
        self.filters = filters
        self._bus = bus
        self._unsafe: list[tuple[aiomqtt.Client, int, int]] = []
        self.queue: asyncio.Queue[tuple[aiomqtt.Client, aiomqtt.Message]] = asyncio.Queue()

    async def batch(self) -> list[Delivery]:
        """Everything that has arrived, at least one delivery."""
        arrived = [await self.queue.get()]
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                arrived.append(self.queue.get_nowait())
        deliveries = []
        for client, message in arrived:
            if message.qos:
                self._unsafe.append((client, message.mid, message.qos))
            payload = message.payload
            deliveries.append(
                Delivery(
                    topic=str(message.topic),
                    payload=payload if isinstance(payload, bytes) else bytes(str(payload or ""), "utf-8"),
                    qos=message.qos,
                    retain=bool(message.retain),
                )
            )
        return deliveries

    async def acknowledge(self) -> None:
        """The last batches are safe: the broker need not send them again."""
        for client, mid, qos in self._unsafe:
            if client is self._bus.client:  # a connection that is gone cannot be told; the broker sends again
                client._client.ack(mid, qos)  # noqa: SLF001 no public call for it in aiomqtt 2.5
        self._unsafe.clear()


class MqttBus:
    """A connection to a broker, as a bus.

    Args:
        url: ``mqtt://[user:password@]host[:port]``.
        identifier: client id; with ``persistent`` the broker keeps what arrives while we are away.
        persistent: whether the session outlives the connection.
        will: makes the last will of each connection, before it is opened.
        greet: told after each connection, before anything else is sent.
    """

    def __init__(
        self,
        url: str,
        *,
        identifier: str,
        persistent: bool = False,
        will: Callable[[], Delivery] | None = None,
        greet: Callable[["MqttBus"], Awaitable[None]] | None = None,
    ) -> None:
        self.url = url
        self._host, self._port, self._user, self._password = parse_url(url)
        self._identifier = identifier
        self._persistent = persistent
        self._will = will
        self._greet = greet
        self._subscriptions: list[MqttSubscription] = []
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.client: aiomqtt.Client | None = None
        self.connections = 0

    async def __aenter__(self) -> Self:
        """Start to connect; doesn't wait for it."""
        self._task = asyncio.create_task(self._stay_connected(), name=f"mqtt {self._identifier}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def connected(self) -> bool:
        """Whether the broker is there and greeted."""
        return self._connected.is_set()

    async def wait_connected(self, timeout: float) -> None:  # noqa: ASYNC109 the caller's patience is part of the question
        """Wait until the broker is there.

        Raises:
            BrokerError: it is not there in time.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._connected.wait()
        except TimeoutError:
            raise BrokerError(f"no broker answers at {self.url}") from None

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Send in order; when it returns, those with QoS 1 are with the broker.

        Raises:
            UndeliveredError: the broker is away; says how many of the first are surely delivered.
        """
        client = self.client
        if client is None:
            raise UndeliveredError(0, "not connected")
        for first in range(0, len(deliveries), IN_FLIGHT):
            window = deliveries[first : first + IN_FLIGHT]
            sent = await asyncio.gather(
                *(client.publish(d.topic, d.payload, qos=d.qos, retain=d.retain) for d in window),
                return_exceptions=True,
            )
            for i, outcome in enumerate(sent):
                if isinstance(outcome, aiomqtt.MqttError):
                    raise UndeliveredError(first + i, str(outcome)) from outcome
                if isinstance(outcome, BaseException):
                    raise outcome

    @asynccontextmanager
    async def subscribe(self, *filters: str) -> AsyncIterator[MqttSubscription]:
        """Deliveries whose topic matches one of the filters, retained ones first; also after a reconnect."""
        subscription = MqttSubscription(self, tuple(check_filter(pattern) for pattern in filters))
        self._subscriptions.append(subscription)
        if self.client is not None and self.connected:
            await self._ask_for(self.client, subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    async def _ask_for(self, client: aiomqtt.Client, subscription: MqttSubscription) -> None:
        try:
            await client.subscribe([(pattern, 1) for pattern in subscription.filters])
        except aiomqtt.MqttError as error:
            raise UndeliveredError(0, str(error)) from error

    async def _stay_connected(self) -> None:
        wait = FIRST_WAIT
        while True:
            before = self.connections
            try:
                await self._connection()
            except (aiomqtt.MqttError, BrokerError, OSError) as error:
                log.info("%s: %s", self.url, error)
            finally:
                self.client = None
                self._connected.clear()
            wait = FIRST_WAIT if self.connections > before else min(LONGEST_WAIT, 2 * wait)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _connection(self) -> None:
        will = self._will() if self._will else None
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._user,
            password=self._password,
            identifier=self._identifier,
            clean_session=not self._persistent,
            keepalive=KEEPALIVE,
            will=None if will is None else aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            max_queued_incoming_messages=QUEUE_BOUND,
            max_inflight_messages=IN_FLIGHT,
            timeout=PATIENCE,
        )
        client.pending_calls_threshold = 10 * IN_FLIGHT
        client._client.manual_ack_set(True)  # noqa: SLF001 no public call for it in aiomqtt 2.5
        async with client:
            self.client = client
            self.connections += 1
            for subscription in list(self._subscriptions):
                await self._ask_for(client, subscription)
            if self._greet is not None:
                await self._greet(self)
            self._connected.set()
            async for message in client.messages:
                self._hand_out(client, message)
                with contextlib.suppress(asyncio.QueueEmpty):
                    while True:  # the iterator costs a task per message, the queue behind it does not
                        self._hand_out(client, client._queue.get_nowait())  # noqa: SLF001

    def _hand_out(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        topic = str(message.topic)
        taken = False
        for subscription in self._subscriptions:
            if any(matches(pattern, topic) for pattern in subscription.filters):
                subscription.queue.put_nowait((client, message))
                taken = True
        if not taken and message.qos:  # nobody wants it any more
            client._client.ack(message.mid, message.qos)  # noqa: SLF001
