"""A part in the kernel, and queues of parts."""

from typing import TYPE_CHECKING

from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.line import Product
    from simulators.compiled.orders import Ticket
    from simulators.compiled.reservations import Reservations
    from simulators.compiled.station import Station
    from simulators.compiler.language import Row

GOOD, SCRAP, REWORK, BUILT_IN = 0, 1, 2, 3


class Part(Record):
    """A part on its way through a line, as `simulators.part` has it; it stands in one queue at most.

    Attributes:
        next: the part behind it in its queue, or the next one that its machine holds.
        start, finish: -1 while there is none.
        due: when it will be here, if it is on its way.
        came: when it came onto the belt, by the belt's own time.
        of: number of the part that it came out of; 0: of none.
        visits, reworks: by station of its line; none while all are 0.
    """

    number: int = 0
    product: "Product"
    entered: int = 0
    since: int = 0
    enter: int = 0
    machine: int = -1
    operation: int = -1
    start: int = -1
    finish: int = -1
    worked: int = 0
    scrap: bool = False
    target: "Station | None" = None
    bound: bool = False
    visit: int = 1
    visits: "Row[int] | None" = None
    step: int = 0
    lot: int = 0
    ticket: "Ticket | None" = None
    reworks: "Row[int] | None" = None
    defective: bool = False
    goes_back: bool = False
    rides: bool = False
    cycle: int = -1
    held: "Reservations | None" = None
    ahead: "Reservations | None" = None
    due: int = 0
    came: int = 0
    of: int = 0
    next: "Part | None" = None


class Parts(Record):
    """A queue of parts, first come first served."""

    head: "Part | None" = None
    tail: "Part | None" = None
    count: int = 0

    def append(self, part: Part) -> None:
        """A part joins the end."""
        part.next = None
        if self.tail is None:
            self.head = part
        else:
            self.tail.next = part
        self.tail = part
        self.count += 1

    def popleft(self) -> Part:
        """The first one leaves; there must be one."""
        part = self.head
        assert part is not None
        self.head = part.next
        if self.head is None:
            self.tail = None
        part.next = None
        self.count -= 1
        return part

    def remove(self, part: Part) -> None:
        """This one leaves, wherever it stands."""
        before: Part | None = None
        at = self.head
        while at is not None and at is not part:
            before = at
            at = at.next
        if before is None:
            self.head = part.next
        else:
            before.next = part.next
        if self.tail is part:
            self.tail = before
        part.next = None
        self.count -= 1
