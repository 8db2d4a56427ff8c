"""Production orders in the kernel; see `simulators.orders`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw, uniform
from simulators.compiled.world import ORDERED
from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.line import Line, Product
    from simulators.compiled.world import World


class Ticket(Record):
    """An order on its way through a line.

    Attributes:
        due: when it is due; -1: never.
        place: in the order of release.
        completed: when the last part had left; -1 while it runs.
        stream: position of the stream that it came from, `number` counts within it; -1: it was told.
        next: the one released after it; `behind` the one after it of those with parts outside.
    """

    line: "Line"
    product: "Product"
    quantity: int = 1
    release: int = 0
    due: int = -1
    place: int = 0
    entered: int = 0
    good: int = 0
    scrap: int = 0
    completed: int = -1
    stream: int = -1
    number: int = 0
    next: "Ticket | None" = None
    behind: "Ticket | None" = None


class OrderStream(Record):
    """Orders that come by themselves; without a `due` time they are never due (-1)."""

    world: "World"
    line: "Line"
    index: int = 0
    every: "Draw"
    shares: "Draw"
    product: "Product | None" = None
    quantity: int = 1
    due: int = -1
    count: int = 0

    def wait(self) -> None:
        """Wait for the next one."""
        self.world.after(draw(self.every, self.count), ORDERED, self.index)

    def comes(self) -> None:
        """An order comes."""
        k = self.count
        self.count += 1
        product = self.product
        ticket = Ticket()
        ticket.line = self.line
        ticket.product = self.line.draw_product(uniform(self.shares, k)) if product is None else product
        ticket.quantity = self.quantity
        ticket.release = self.world.time
        ticket.due = -1 if self.due < 0 else self.world.time + self.due
        ticket.stream = self.index
        ticket.number = k + 1
        self.line.release(ticket)
        self.wait()
