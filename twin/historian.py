"""The historian port: where telemetry is kept, by run, machine, tag and plant time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from plant.messages import Scalar, Telemetry
from twin.select import Frame, Scope, Select
from twin.tables import Point
from twin.values import Series

LONGEST = 100_000
"""Steps that one series may have."""


class Block(NamedTuple):
    """A telemetry message and whose it is."""

    run: str
    path: str
    type: str  # machine type: machines of one type have the same signals
    message: Telemetry


class Health(NamedTuple):
    """How a historian is doing, in rows: a row is one instant of one machine."""

    stored: int = 0
    backlog: int = 0
    dropped: int = 0


@runtime_checkable
class PointStore(Protocol):
    """Keeps the points of the tables of `twin.tables`, and answers questions about tables, those of telemetry too."""

    async def record(self, points: Sequence[Point]) -> None:
        """Take points over; they are stored a little later, in order.

        One with the labels and the instant of an older one takes its place. Waits while too much is waiting to be
        stored; what is given up while the store is away is counted.
        """
        ...

    async def query(self, select: Select, scope: Scope) -> list[Frame]:
        """The answer to a question, in order of the labels; sees all that was recorded or appended before.

        Raises:
            ValueError: there is no such table, or it cannot answer that.
            StoreError: the store cannot be read.
        """
        ...

    async def recorded(self, run: str) -> int | None:
        """Instant of the newest point of a line's account that the store has of a run; none without one.

        Raises:
            StoreError: the store cannot be read.
        """
        ...


class Historian(Protocol):
    """Keeps telemetry. What is appended twice is stored once; reads see all that was appended before."""

    async def append(self, blocks: Sequence[Block]) -> None:
        """Take blocks over; they are stored a little later. Waits while too much is waiting to be stored.

        While the store is away the newest are kept, up to a bound; what is given up is counted.
        """
        ...

    async def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value of a tag per step: `span` holds the first instant of each.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    async def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag and its instant.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def stored(self, run: str) -> Mapping[str, int]:
        """Instant of the newest sample in the store by path, as of the last write."""
        ...

    @property
    def health(self) -> Health:
        """How it is doing."""
        ...


def steps(begin: int, end: int, step: int) -> range:
    """First instants of the steps of a window.

    Raises:
        ValueError: the window is empty, or has too many steps.
    """
    if step <= 0 or end <= begin:
        raise ValueError("a series needs a window and a step above 0")
    span = range(begin, end, step)
    if len(span) > LONGEST:
        raise ValueError(f"{len(span)} steps are too many; at most {LONGEST} are given")
    return span
