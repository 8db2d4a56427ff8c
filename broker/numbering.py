"""Numbers of messages: only the publisher gives them, in the order of the stream.

``seq`` counts per topic, so that a reader of some kinds sees no false gaps; ``n`` counts per node over its counted
kinds, so that messages of one machine have one order. Pure: the same stream gets the same numbers anywhere.
"""

from collections.abc import Mapping

import msgspec

from broker.codec import encode
from broker.topics import PREFIX, build
from plant.messages import KINDS, Alarm, Delivery, Message, Meta
from plant.paths import Node

Last = dict[str, tuple[int, int]]
"""Last [session, seq] of each topic."""


class _Route:
    """Where the messages of one node and kind go, and the next number there."""

    __slots__ = ("counted", "counter", "qos", "retain", "seq", "topic")

    def __init__(self, topic: str, kind: str, counter: list[int]) -> None:
        row = KINDS[kind]
        self.topic = topic
        self.qos = row.qos
        self.retain = row.retain
        self.counted = row.counted
        self.counter = counter
        self.seq = 0


class Numbering:
    """Numbers of one publisher in one session of a run.

    Args:
        enterprise: first level of every topic.
        site: second level, the plant.
        run: id of the run.
        session: counts the starts of the publisher within the run, from 1.
        prefix: what topics begin with.
        previous: last [session, seq] per topic of the session before; births tell it to readers.
    """

    def __init__(
        self,
        enterprise: str,
        site: str,
        *,
        run: str,
        session: int = 1,
        prefix: str = PREFIX,
        previous: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.run = run
        self.session = session
        self._enterprise = enterprise
        self._site = site
        self._prefix = prefix
        self._previous = dict(previous or {})
        self._routes: dict[tuple[Node, type[Message], str | None], _Route] = {}
        self._counters: dict[Node, list[int]] = {}

    def number(self, node: Node, message: Message) -> list[Delivery]:
        """The message with its numbers, ready to be sent; an alarm that is normal again also clears its topic."""
        code = message.code if type(message) is Alarm else None
        route = self._routes.get((node, type(message), code)) or self._open(node, message, code)
        seq = route.seq
        route.seq = seq + 1
        if route.counted:
            n = route.counter[0]
            route.counter[0] = n + 1
        else:
            n = seq
        if self._previous and type(message) is Meta:
            message = msgspec.structs.replace(message, last=self._last_of(node))
        payload = encode(msgspec.structs.replace(message, run=self.run, session=self.session, seq=seq, n=n))
        delivery = Delivery(topic=route.topic, payload=payload, qos=route.qos, retain=route.retain)
        if code is not None and isinstance(message, Alarm) and message.alarm_state == "normal":
            return [delivery, Delivery(topic=route.topic, payload=b"", qos=route.qos, retain=True)]
        return [delivery]

    def topic(self, node: Node, kind: str, code: str | None = None) -> str:
        """Topic of a node's messages of one kind."""
        return build(self._enterprise, self._site, node, kind, code, prefix=self._prefix)

    @property
    def last(self) -> Last:
        """Last [session, seq] of each topic of counted kinds: what a heartbeat confirms."""
        return {route.topic: (self.session, route.seq - 1) for route in self._routes.values() if route.counted}

    def _open(self, node: Node, message: Message, code: str | None) -> _Route:
        counter = self._counters.setdefault(node, [0])
        route = _Route(self.topic(node, message.kind, code), message.kind, counter)
        self._routes[node, type(message), code] = route
        return route

    def _last_of(self, node: Node) -> dict[str, tuple[int, int]] | None:
        stem = self.topic(node, "")
        found = {
            topic.removeprefix(stem): numbers
            for topic, numbers in self._previous.items()
            if topic.startswith(stem) and topic.removeprefix(stem).partition("/")[0] in KINDS
        }
        return found or None
