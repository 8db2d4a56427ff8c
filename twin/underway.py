"""Batches on their way into the twin: several at once, and each step in the order of their arrival.

While one is written to disk the next is decoded already. What one has brought is known to those behind it before it is
stored; so when it cannot be stored, neither can they: all of them are given back.
"""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twin.intake import Batch


class Underway:
    """Batches that have arrived and are not yet folded, oldest first."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()

    def add(self) -> Batch:
        """A batch behind those that are there."""
        batch = Batch(self._batches, self._batches[-1] if self._batches else None)
        self._batches.append(batch)
        return batch

    @asynccontextmanager
    async def leaving(self, batch: Batch) -> AsyncIterator[None]:
        """After it a batch is gone, and so are those before it."""
        before = batch.before
        try:
            yield
        finally:
            batch.failed = not batch.stored
            batch.sorted.set()
            try:
                if before is not None:
                    await before.gone.wait()
            finally:
                self._batches.remove(batch)
                batch.close(last=not self._batches)
                batch.gone.set()

    @asynccontextmanager
    async def nothing(self) -> AsyncIterator[None]:
        """Nothing is under way: all that is in the journal is folded, and nothing comes in meanwhile."""
        batch = self.add()
        async with self.leaving(batch):
            batch.stored = True  # it has nothing that could fail
            if batch.before is not None:
                await batch.before.gone.wait()
            yield
