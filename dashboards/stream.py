"""Server-sent events: what is journaled, and the live picture, each to any number of watchers."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import msgspec

from twin import Twin

PICTURE_EVERY = 1.0
COMMENT_EVERY = 15.0
COMMENT = b": still here\n\n"


def frame(event: str, data: Any, position: int | None = None) -> bytes:
    """One event as bytes on the wire (WHATWG HTML, server-sent events)."""
    head = b"" if position is None else b"id: %d\n" % position
    return head + b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


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
        """Journaled messages after a position, then as they come; `reset` where the watcher has to begin anew."""
        async with aclosing(self._twin.events(after)) as events:
            coming = asyncio.ensure_future(anext(events))
            stop = asyncio.ensure_future(self.stopping.wait())
            try:
                while True:
                    done, _ = await asyncio.wait((coming, stop), timeout=COMMENT_EVERY, return_when=FIRST_COMPLETED)
                    if stop in done:
                        return
                    if not done:
                        yield COMMENT
                        continue
                    event = coming.result()
                    yield frame("reset" if event.kind == "reset" else "message", event, event.position)
                    coming = asyncio.ensure_future(anext(events))
            except StopAsyncIteration:
                return
            finally:
                coming.cancel()
                stop.cancel()
                await asyncio.gather(coming, stop, return_exceptions=True)
