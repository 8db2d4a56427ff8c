"""A part on its way through a line."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plant.goods import Product
    from simulators.orders import Ticket
    from simulators.reservations import Reservations
    from simulators.station import Station


class Part:
    """A part: who it is, and where it stands in its visit to the present station. Times in µs since the run's start.

    Attributes:
        number: counts the parts of the line from 1, in order of entering it.
        name: how messages call it.
        product: what it is; `what` is its name.
        entered: when it got a place in the line.
        since: when the first of its pieces did.
        enter: when it got a place in the station.
        machine: number of the machine it is on, -1 while none.
        operation: number of the operation at the station, from 0; -1 before it begins.
        start: when work on it began.
        finish: when work on it ended.
        worked: pure work so far, without stops, load and unload.
        scrap: why it is scrap, or nothing.
        target: station it goes to when done here; none: out of the line.
        bound: whether that was chosen before work began (rule 7).
        visit: counts its visits to the present station, from 1.
        visits: their number at every station so far, where it may come again.
        step: position on its route.
        lot: which lot it belongs to.
        ticket: the production order that it is made for.
        reworks: how often each station has sent it back.
        defective: whether it has a defect, seen or not.
        rides: whether it is on a pallet.
        goes_back: whether it must be worked on again.
        cycle: work time known beforehand; -1: drawn when work begins.
        held, ahead: its reservation at the present, at the next station (rule 7).
    """

    # What most parts never have stands in the class, so that making a part does not cost it.
    scrap = ""
    operation = -1
    worked = 0
    start: int | None = None
    finish: int | None = None
    target: "Station | None" = None
    bound = False
    visit = 1
    visits: dict[str, int] | None = None
    step = 0
    lot = 0
    ticket: "Ticket | None" = None
    reworks: dict[str, int] | None = None
    defective = False
    goes_back = False
    rides = False
    cycle = -1
    held: "Reservations | None" = None
    ahead: "Reservations | None" = None

    def __init__(self, line: str, number: int, entered: int, product: "Product | None") -> None:
        self.number = number
        self.name = f"{line}-{number}" if number else ""
        self.product = product
        self.what = "" if product is None else product.name
        self.entered = self.since = self.enter = entered
        self.machine = -1


NOTHING = Part("", 0, 0, None)
"""What a machine holds that holds no part."""
