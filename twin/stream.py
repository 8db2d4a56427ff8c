"""Readers of journaled messages as they come: each has a bounded queue, and a slow one is told to look anew."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from plant.messages import Message
from twin.values import Event

BOUND = 10_000


class Fact(NamedTuple):
    """A journaled message and its place in the journal."""

    position: int
    path: str
    kind: str
    message: Message

    @property
    def event(self) -> Event:
        """As readers get it."""
        return Event(
            position=self.position, path=self.path, kind=self.kind, message=msgspec.to_builtins(self.message)
        )


class Reader:
    """What waits for one reader."""

    def __init__(self, position: int) -> None:
        self._waiting: deque[Fact] = deque()
        self._arrived = asyncio.Event()
        self._missed = False
        self._position = position

    def put(self, facts: Sequence[Fact]) -> bool:
        """Hand over facts; false if the reader is too slow and has lost what waited."""
        self._position = facts[-1].position
        self._arrived.set()
        if self._missed or len(self._waiting) + len(facts) > BOUND:
            overrun = not self._missed
            self._missed = True
            self._waiting.clear()
            return not overrun
        self._waiting.extend(facts)
        return True

    async def batch(self) -> list[Event]:
        """What has come, at least one event; a single ``reset`` after an overrun."""
        await self._arrived.wait()
        self._arrived.clear()
        facts, self._waiting = self._waiting, deque()
        if self._missed:
            self._missed = False
            return [reset(self._position)]
        return [fact.event for fact in facts]


class Broadcast:
    """All readers."""

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self.overruns = 0

    def put(self, facts: Sequence[Fact]) -> None:
        """Hand facts to every reader; waits for none."""
        if facts:
            self.overruns += sum(not reader.put(facts) for reader in self.readers)


def reset(position: int) -> Event:
    """Tells a reader that it missed events up to a position."""
    return Event(position=position, path="", kind="reset", message={})
