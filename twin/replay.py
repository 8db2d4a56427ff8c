"""A run out of the journal: its messages folded again, as if they came now."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from broker import parse
from plant.errors import MessageError
from plant.messages import KINDS, Delivery, Message
from twin.intake import Run
from twin.journal import Journal
from twin.letters import DeadLetters

T = TypeVar("T")

LAST = ("/meta", "/clock", "/remark")
"""Topics whose messages speak of others."""

STRETCH = 20_000  # positions of the journal that are read at once
_LISTS = {kind: msgspec.json.Decoder(list[row.type]) for kind, row in KINDS.items()}  # type: ignore[name-defined]

Groups = list[tuple[str, bool, bytes]]


class Call(Protocol):
    """Runs a function in the journal's thread."""

    def __call__(self, function: Callable[[], T]) -> Awaitable[T]:
        """What it gives."""


class Replay:
    """Folds messages of the journal again.

    Args:
        journal: where they are.
        call: how its functions are called.
        letters: where goes what cannot be folded any more.
    """

    def __init__(self, journal: Journal, call: Call, letters: DeadLetters) -> None:
        self._journal = journal
        self._call = call
        self._letters = letters

    async def stretches(self, run: Run, after: int, upto: int) -> AsyncIterator[int]:
        """Fold what a run has between two positions; in turn all positions up to which that is done.

        Topic by topic, those last that speak of numbers on other topics.
        """
        run.remembering = True
        statuses = await self._call(partial(self._journal.statuses, run.name, after, upto))
        ahead = self._ahead(run.name, after, upto)
        for begin in range(after, upto, STRETCH):
            end = min(begin + STRETCH, upto)
            groups = await ahead
            ahead = self._ahead(run.name, end, upto)  # is read while this is folded
            for topic, retained, payloads in sorted(groups, key=lambda group: group[0].endswith(LAST)):
                if not self._fold(run, topic, payloads, retained=retained):
                    await self._fold_singly(run, topic, begin, end, retained=retained)
                await asyncio.sleep(0)
            while statuses and statuses[0].position <= end:
                stored = statuses.pop(0)
                if not self._fold(run, stored.topic, stored.payload, retained=bool(stored.retained)):
                    self._put_away(stored.topic, stored.payload, "cannot be decoded any more")
            yield end
        await ahead
        run.remembering = False

    def _ahead(self, run: str, after: int, upto: int) -> Awaitable[Groups]:
        """The next stretch of the journal, already on its way."""
        return asyncio.ensure_future(self._call(partial(self._journal.groups, run, after, min(after + STRETCH, upto))))

    async def _fold_singly(self, run: Run, topic: str, after: int, upto: int, *, retained: bool) -> None:
        """Fold a stretch of a topic of which something cannot be decoded: the rest of it can."""
        stored = await self._call(partial(self._journal.payloads, run.name, topic, after, upto))
        for payload in [payload for flag, payload in stored if flag is retained]:
            if not self._fold(run, topic, payload, retained=retained):
                self._put_away(topic, payload, "cannot be decoded any more")

    def _fold(self, run: Run, topic: str, payloads: bytes, *, retained: bool) -> bool:
        """Fold messages of one topic, their payloads joined by commas; false if they cannot be decoded."""
        try:
            sink = run.sinks.get(topic) or run.sink(topic, parse(topic, run.prefix))
            messages: list[Message] = _LISTS[sink.kind].decode(b"[" + payloads + b"]")
        except MessageError as error:  # the plant has changed
            self._put_away(topic, payloads, str(error))
            return True
        except msgspec.MsgspecError:  # the file was touched
            return False
        run.begin(messages[0].ts)
        run.apply(sink, messages, retained=retained)
        run.session = max(run.session, *[m.session for m in messages])
        return True

    def _put_away(self, topic: str, payload: bytes, detail: str) -> None:
        """The journal holds something that cannot be folded."""
        self._letters.add(Delivery(topic=topic, payload=payload), "journal", detail, time.time_ns() // 1000)
