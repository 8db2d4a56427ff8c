"""Server-sent events: what is journaled, and the live picture, each to any number of watchers."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import msgspec

from twin import Twin

PICTURE_EVERY = 1.0
COMMENT_EVERY = 15.0
MOST_READY = 1 << 18  # bytes that wait for one watcher
COMMENT = b": still here\n\n"


def frame(event: str, data: Any, position: int | None = None) -> bytes:
    """One event as bytes on the wire (WHATWG HTML, server-sent events)."""
    head = b"" if position is None else b"id: %d\n" % position
    return head + b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


class Frames:
    """Frames that are ready for one watcher; whoever makes them waits when too many are, so a slow one is noticed."""

    def __init__(self) -> None:
        self._ready = bytearray()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def put(self, data: bytes) -> None:
        """Add one, as soon as there is room."""
        await self._room.wait()
        self._ready += data
        self._arrived.set()
        if len(self._ready) >= MOST_READY:
            self._room.clear()

    async def take(self) -> bytes:
        """All that are ready, at least one."""
        await self._arrived.wait()
        return self.rest()

    def rest(self) -> bytes:
        """All that are ready, perhaps none."""
        data = bytes(self._ready)
        self._ready.clear()
        self._arrived.clear()
        self._room.set()
        return data


class Stream:
    """The events of one twin.

    Args:
        twin: whose events.
        picture: makes the live picture.
    """

    def __init__(self, twin: Twin, picture: Callable[[], dict[str, Any]]) -> None:
        self._twin = twin
        self._picture = picture
        self._latest = b""
        self._made = -PICTURE_EVERY
        self.stopping = asyncio.Event()

    async def pictures(self) -> AsyncIterator[bytes]:
        """The live picture, now and then once a second; made once for all watchers."""
        while not self.stopping.is_set():
            now = asyncio.get_running_loop().time()
            if now - self._made >= 0.9 * PICTURE_EVERY:
                self._latest, self._made = frame("picture", self._picture()), now
            yield self._latest
            try:
                async with asyncio.timeout(PICTURE_EVERY):
                    await self.stopping.wait()
            except TimeoutError:
                continue

    async def journal(self, after: int | None) -> AsyncIterator[bytes]:
        """Journaled messages after a position, then as they come; `reset` where the watcher has to begin anew.

        What is ready goes out together: one message at a time would be slower than a busy plant.
        """
        frames = Frames()
        pump = asyncio.create_task(self._pump(after, frames), name="events of a watcher")
        tasks: list[asyncio.Task[Any]] = [pump, asyncio.create_task(self.stopping.wait()), pump]
        try:
            while not pump.done():
                tasks[-1] = taking = asyncio.create_task(frames.take())
                await asyncio.wait(tasks, timeout=COMMENT_EVERY, return_when=FIRST_COMPLETED)
                if self.stopping.is_set():
                    return
                if taking.done():
                    yield taking.result()
                elif not pump.done():
                    yield COMMENT
                taking.cancel()
            if rest := frames.rest():
                yield rest
            pump.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, after: int | None, frames: Frames) -> None:
        events = self._twin.events(after)
        try:
            async for event in events:
                await frames.put(frame("reset" if event.kind == "reset" else "message", event, event.position))
        finally:
            if isinstance(events, AsyncGenerator):  # the twin keeps a place for each reader: give it back now
                await events.aclose()
