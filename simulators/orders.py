"""Production orders: when they come, how far they are, whether they are in time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from plant.goods import Order, OrderStream
from simulators.agenda import Agenda
from simulators.streams import Shares, Streams

if TYPE_CHECKING:
    from plant.goods import Product
    from plant.messages import OrderEvent
    from simulators.line import Line


class Ticket:
    """An order on its way through a line. Times in µs since the start of the run.

    Attributes:
        name: of the order.
        product: what it is for.
        quantity: parts to let in.
        release, due: when it was released, when it is due.
        place: in the order of release.
        entered, good, scrap: parts let in, shipped and lost so far.
        completed: when the last part had left; none while it runs.
    """

    __slots__ = ("completed", "due", "entered", "good", "name", "place", "product", "quantity", "release", "scrap")

    def __init__(self, name: str, product: "Product", quantity: int, release: int, due: int | None) -> None:
        self.name = name
        self.product = product
        self.quantity = quantity
        self.release = release
        self.due = due
        self.entered = self.good = self.scrap = 0
        self.completed: int | None = None
        self.place = 0

    @property
    def on_time(self) -> bool:
        """Whether it was completed by its due date."""
        return self.completed is not None and (self.due is None or self.completed <= self.due)


class OrderBook:
    """The orders of a line.

    Attributes:
        tickets: all that were released, in order of release.
        ended: whether one has been completed in this instant.
    """

    __slots__ = ("_env", "_line", "_release", "ended", "tickets")

    def __init__(self, env: Agenda, line: "Line", release: Callable[[Ticket], None]) -> None:
        self._env = env
        self._line = line
        self._release = release
        self.tickets: list[Ticket] = []
        self.ended = False

    def expect(self, orders: "tuple[Order | OrderStream, ...]", streams: Streams) -> None:
        """Let orders come when their time has come; those of one instant in the order of the plant file."""
        for order in orders:
            if isinstance(order, OrderStream):
                _Stream(self._env, self._line, order, streams, self.release)
                continue
            product = self._line.product(order.product) if order.product else self._line.products[0]
            ticket = Ticket(order.order, product, order.quantity, order.release, order.due)
            self._env.after(order.release, lambda _, ticket=ticket: self.release(ticket))  # type: ignore[misc]

    def release(self, ticket: Ticket) -> None:
        """An order is released."""
        ticket.place = len(self.tickets)
        self.tickets.append(ticket)
        self._tell(ticket, "released")
        self._release(ticket)

    def enter(self, ticket: Ticket) -> None:
        """A part of an order comes into the line."""
        ticket.entered += 1
        if ticket.entered == 1:
            self._tell(ticket, "started")

    def leave(self, ticket: Ticket, *, good: bool) -> None:
        """A part of an order has left the line."""
        if good:
            ticket.good += 1
        else:
            ticket.scrap += 1
        if ticket.good + ticket.scrap == ticket.quantity:
            ticket.completed = self._env.time
            self.ended = True
            self._tell(ticket, "completed")
        else:
            self._tell(ticket, "progress")

    def _tell(self, ticket: Ticket, event: "OrderEvent") -> None:
        if self._line.report is not None:
            self._line.report.order(self._line, ticket, event)


class _Stream:
    """Orders that come by themselves."""

    def __init__(
        self, env: Agenda, line: "Line", of: OrderStream, streams: Streams, release: Callable[[Ticket], None]
    ) -> None:
        path = f"orders/{of.order}"
        self._env, self._line, self._of, self._release = env, line, of, release
        self._every = streams.draws(path, "order", of.every)
        self._shares: Shares = streams.shares(path, "order.product")
        self._count = 0
        self._wait()

    def _wait(self) -> None:
        self._env.after(self._every(self._count), lambda _: self._comes())

    def _comes(self) -> None:
        of, k, now = self._of, self._count, self._env.time
        self._count += 1
        product = self._line.product(of.product) if of.product else self._line.draw_product(self._shares(k))
        due = None if of.due is None else now + of.due
        self._release(Ticket(f"{of.order}-{k + 1}", product, of.quantity, now, due))
        self._wait()
