"""Production orders of a line as its messages tell of them. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from plant.messages import Order
from twin.kept import Kept, Stored
from twin.stays import Canonical
from twin.values import OrderView


def _key(m: Order) -> tuple[int, int, int]:
    return m.ts, m.session, m.n


class Completed(NamedTuple):
    """An order that is complete: its parts, good and scrap, and from when to when it ran, in microseconds UTC."""

    order: str
    product: str
    parts: int
    began: int
    ended: int


class Orders(Kept):
    """What was told of each order, in the order of the stream."""

    __slots__ = ("told",)
    stored = Stored(lists={"told": Order})

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, list[Order]] = {}

    def extend(self, messages: Sequence[Order]) -> None:
        """Take in progress of orders."""
        for m in messages:
            told = self.told.setdefault(m.order, [])
            row = bisect_right(told, _key(m), key=_key)
            told.insert(row, m)
            self.grew("told", m.order, row)

    def at(self, at: int) -> list[Order]:
        """The last word on each order at an instant, the one that is due first before the others."""
        last = [told[row - 1] for told in self.told.values() if (row := bisect_right(told, at, key=lambda m: m.ts))]
        return sorted(last, key=lambda m: (m.due is None, m.due, m.order))

    def between(self, begin: int, end: int) -> list[OrderView]:
        """Orders that were open in [begin, end), as they were told of before its end; in the order of `at`."""
        last = [m for m in self.at(end - 1) if m.event != "completed" or m.ts >= begin]
        return [self._view(m, end) for m in last]

    def _view(self, last: Order, end: int) -> OrderView:
        first: dict[str, int] = {}
        for m in self.told[last.order]:
            if m.ts < end:
                first.setdefault(m.event, m.ts)
        return OrderView(
            order=last.order,
            product=last.product,
            quantity=last.quantity,
            good=last.good,
            scrap=last.scrap,
            due=last.due,
            event=last.event,
            released=first.get("released"),
            started=first.get("started"),
            completed=first.get("completed"),
        )

    def due(self, begin: int, end: int) -> list[Order]:
        """The last word on each order that is due in [begin, end)."""
        last = [told[-1] for told in self.told.values()]
        return [m for m in last if m.due is not None and begin <= m.due < end]

    def completed(self, begin: int, end: int) -> list[Completed]:
        """Orders that were completed in [begin, end); one whose start was not told is left out."""
        found = []
        for name, told in self.told.items():
            last, started = told[-1], next((m.ts for m in told if m.event == "started"), None)
            if last.event == "completed" and begin <= last.ts < end and started is not None:
                found.append(Completed(name, last.product, last.good + last.scrap, started, last.ts))
        return found

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        return [[(*_key(m), m.order, m.good, m.scrap, m.event) for m in self.told[name]] for name in sorted(self.told)]


def on_time(last: Order) -> bool:
    """Whether an order was completed by its due date, by the last word on it; without one it cannot be."""
    return last.event == "completed" and last.due is not None and last.ts <= last.due
