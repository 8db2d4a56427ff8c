"""MQTT as a bus: the only module that knows the client library.

One connection that comes back by itself, with exponential backoff. QoS 1 messages are acknowledged to the broker only
when the reader says that they are safe: the client library has no public call for that, so its inner client is told.
"""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import aiomqtt

from broker.access import Access, Endpoint, endpoint, hide_password
from broker.bus import UndeliveredError, check_filter, matches
from plant.errors import BrokerError, InputError
from plant.messages import Delivery

FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
STEADY = 5.0  # seconds a connection has to hold before the next loss counts as the first
IN_FLIGHT = 50
KEEPALIVE = 30
PATIENCE = 5.0  # seconds for one acknowledgement
LONG_PATIENCE = 60.0  # seconds for a subscription: iotcore answers only when its window of messages has room
QUEUE_BOUND = 200_000  # messages that may wait between two turns of the loop
BACKLOG = 20_000  # messages of QoS 0 that may wait for a reader; those of QoS 1 are bounded by the broker's window
REFUSED = 0x80

log = logging.getLogger(__name__)


class _Arrival:
    """A message on its way to one or more readers; acknowledged when all of them have it safe."""

    __slots__ = ("client", "message", "owed")

    def __init__(self, client: aiomqtt.Client, message: aiomqtt.Message, owed: int) -> None:
        self.client = client
        self.message = message
        self.owed = owed

    def safe(self) -> bool:
        """One more reader has it; whether it was the last."""
        self.owed -= 1
        return self.owed <= 0


class MqttSubscription:
    """Deliveries of one connection, for one reader that acknowledges what it has safe.

    Attributes:
        dropped: messages of QoS 0 that found the reader too far behind; their numbers tell which.
    """

    def __init__(self, bus: "MqttBus", filters: tuple[str, ...]) -> None:
        self.filters = filters
        self.dropped = 0
        self._bus = bus
        self._unsafe: deque[list[_Arrival]] = deque()  # of each batch that is not acknowledged
        self._queue: asyncio.Queue[_Arrival] = asyncio.Queue()

    def takes(self, topic: str) -> bool:
        """Whether this reader wants the topic."""
        return any(matches(pattern, topic) for pattern in self.filters)

    def offer(self, arrival: _Arrival) -> None:
        """Put one message at the end of what waits."""
        if not arrival.message.qos and self._queue.qsize() >= BACKLOG:
            if not self.dropped:
                log.warning("a reader is too far behind: messages without acknowledgement are dropped")
            self.dropped += 1
            return
        self._queue.put_nowait(arrival)

    async def batch(self) -> list[Delivery]:
        """Everything that has arrived, at least one delivery."""
        arrived = [await self._queue.get()]
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                arrived.append(self._queue.get_nowait())
        self._unsafe.append([arrival for arrival in arrived if arrival.message.qos])
        return [_delivery(arrival.message) for arrival in arrived]

    async def acknowledge(self) -> None:
        """The oldest batch is safe: the broker need not send it again."""
        for arrival in self._unsafe.popleft():
            if arrival.safe():
                self._bus.acknowledge(arrival.client, arrival.message)


def _believing(at: Endpoint, access: Access | None) -> ssl.SSLContext | None:
    """How a broker proves over TLS who it is; none without TLS."""
    file = None if access is None else access.ca_file
    if not at.tls:
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:  # an ssl.SSLError is one, too
        raise InputError(f"{file}: is no file of certificates in PEM that can be read ({error})") from None


def _delivery(message: aiomqtt.Message) -> Delivery:
    payload = message.payload
    return Delivery(
        topic=str(message.topic),
        payload=payload if isinstance(payload, bytes) else bytes(str(payload or ""), "utf-8"),
        qos=message.qos,
        retain=bool(message.retain),
    )


class MqttBus:
    """A connection to a broker, as a bus.

    Args:
        url: ``mqtt[s]://[user:password@]host[:port]``.
        identifier: client id; with ``persistent`` the broker keeps what arrives while we are away.
        persistent: whether the session outlives the connection.
        will: makes the last will of each connection, before it is opened.
        greet: told after each connection; what it publishes goes before anything else.
        access: user and password where the address has none, and whose certificates are believed.

    Raises:
        InputError: the address is none, or the certificates to believe cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        identifier: str,
        persistent: bool = False,
        will: Callable[[], Delivery] | None = None,
        greet: Callable[["MqttBus"], Awaitable[None]] | None = None,
        access: Access | None = None,
    ) -> None:
        self.url = url
        self._endpoint = endpoint(url, access)
        self._tls = _believing(self._endpoint, access)
        self._identifier = identifier
        self._persistent = persistent
        self._will = will
        self._greet = greet
        self._subscriptions: list[MqttSubscription] = []
        self._early: list[tuple[aiomqtt.Client, aiomqtt.Message]] = []  # came before anybody could want it
        self._trouble = ""
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
        task = self._task
        if task is None:
            return
        while not task.done():  # once is not enough: a wait that ends at the same instant swallows it in Python 3.11
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
        self._raise_what_ended_it()

    @property
    def connected(self) -> bool:
        """Whether the broker is there and greeted."""
        return self._connected.is_set()

    async def wait_connected(self, timeout: float) -> None:  # noqa: ASYNC109 the caller's patience is part of the question
        """Wait until the broker is there.

        Raises:
            BrokerError: it is not there in time.
        """
        waiter = asyncio.create_task(self._connected.wait())
        tasks = {waiter} if self._task is None else {waiter, self._task}
        try:
            await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        self._raise_what_ended_it()
        if not self.connected:
            detail = f": {self._trouble}" if self._trouble else ""
            raise BrokerError(f"no broker answers at {hide_password(self.url)}{detail}")

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Send in order; when it returns, those with QoS 1 are with the broker.

        Raises:
            UndeliveredError: the broker is away; says how many of the first are surely delivered.
        """
        self._raise_what_ended_it()
        client = self.client
        greeted = self.connected or asyncio.current_task() is self._task  # until then only the greeting itself may go
        if client is None or not greeted:
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
        early, self._early = self._early, []
        for client, message in early:
            self._hand_out(client, message)
        asking = None
        if self.client is not None:  # else each connection to come asks for it
            asking = asyncio.create_task(self._ask_at_once(self.client, subscription))
            if not early:  # else the answer may wait until what came before has been read
                await asking
        try:
            yield subscription
        finally:
            if asking is not None:
                asking.cancel()
            self._subscriptions.remove(subscription)
            await self._forget(subscription)

    def acknowledge(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        """Tell the broker; a connection that is gone cannot be told, and there the broker sends again."""
        if message.qos and client is self.client:
            client._client.ack(message.mid, message.qos)  # noqa: SLF001 no public call for it in aiomqtt 2.5

    async def _ask_for(self, client: aiomqtt.Client, subscription: MqttSubscription) -> None:
        asked = [(pattern, 1) for pattern in subscription.filters]
        granted: Sequence[Any] = await client.subscribe(asked, timeout=LONG_PATIENCE)
        for pattern, answer in zip(subscription.filters, granted, strict=True):
            if getattr(answer, "value", answer) >= REFUSED:
                raise BrokerError(f"the broker refuses the subscription to {pattern}")

    async def _ask_at_once(self, client: aiomqtt.Client, subscription: MqttSubscription) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # the connection is gone; the next one asks again
            await self._ask_for(client, subscription)

    async def _forget(self, subscription: MqttSubscription) -> None:
        """Ask for no more of it, unless the session is there to keep what comes while we are away."""
        wanted = {pattern for other in self._subscriptions for pattern in other.filters}
        unwanted = [pattern for pattern in subscription.filters if pattern not in wanted]
        if self.client is not None and unwanted and not self._persistent:
            with contextlib.suppress(aiomqtt.MqttError):
                await self.client.unsubscribe(unwanted)

    def _raise_what_ended_it(self) -> None:
        """A broker that is away is waited for; what ends the task is a mistake of ours and must not stay hidden."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        wait = FIRST_WAIT / 2
        while True:
            begun = loop.time()
            try:
                await self._connection()
            except (aiomqtt.MqttError, BrokerError, OSError) as error:
                self._trouble = str(error)
                log.info("%s: %s", hide_password(self.url), error)
            finally:
                self.client = None
                self._early.clear()
                self._connected.clear()
            wait = FIRST_WAIT if loop.time() - begun > STEADY else min(LONGEST_WAIT, 2 * wait)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _connection(self) -> None:
        will = self._will() if self._will else None
        client = aiomqtt.Client(
            self._endpoint.host,
            self._endpoint.port,
            username=self._endpoint.user,
            password=self._endpoint.password,
            tls_context=self._tls,
            identifier=self._identifier,
            clean_session=not self._persistent,
            keepalive=KEEPALIVE,
            will=None if will is None else aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            max_queued_incoming_messages=QUEUE_BOUND,
            max_inflight_messages=IN_FLIGHT,
            timeout=PATIENCE,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = 10 * IN_FLIGHT
        client._client.manual_ack_set(True)  # noqa: SLF001 no public call for it in aiomqtt 2.5
        async with client:
            self.client = client
            self.connections += 1
            reading = asyncio.create_task(self._read(client))  # at once: a full window holds up every other answer
            try:
                for subscription in list(self._subscriptions):
                    await self._ask_for(client, subscription)
                if self._greet is not None:
                    await self._greet(self)
                self._connected.set()
                await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._hand_out(client, message)
            with contextlib.suppress(asyncio.QueueEmpty):
                while True:  # the iterator costs a task per message, the queue behind it does not
                    self._hand_out(client, client._queue.get_nowait())  # noqa: SLF001

    def _hand_out(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        if self._persistent and not self._subscriptions:  # before the first reader, or after the last
            if message.qos:
                self._early.append((client, message))
            return
        topic = str(message.topic)
        takers = [subscription for subscription in self._subscriptions if subscription.takes(topic)]
        arrival = _Arrival(client, message, len(takers))
        for subscription in takers:
            subscription.offer(arrival)
        if not takers:  # asked for by a session before; nobody wants it any more
            self.acknowledge(client, message)
