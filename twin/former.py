"""What was known of a run earlier: runs as they were at a position of the journal."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Self

from twin.intake import Run

MOST = 4  # of such runs are kept: each is as large as a run was then


class Former(str):
    """The name of a run that stands for what was known of it at a position: all questions take it as a name."""

    __slots__ = ("known", "position")

    def __new__(cls, known: Run, position: int) -> Self:
        """Of a run as it was then."""
        name = super().__new__(cls, known.name)
        name.known, name.position = known, position
        return name

    known: Run
    position: int


class Formers:
    """The runs that were asked for last.

    Args:
        make: makes a run as it was known at a position.
    """

    def __init__(self, make: Callable[[str, int], Awaitable[Run]]) -> None:
        self._make = make
        self._kept: OrderedDict[tuple[str, int], Former] = OrderedDict()
        self._making = asyncio.Lock()

    async def of(self, run: str, position: int) -> Former:
        """A run as it was known at a position.

        Raises:
            StoreError: the journal cannot be read.
        """
        key = run, position
        async with self._making:  # one at a time: each takes as much memory as a run
            if key not in self._kept:
                self._kept[key] = Former(await self._make(run, position), position)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return self._kept[key]
