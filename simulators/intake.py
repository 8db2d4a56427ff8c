"""What a free machine takes in where that is not simply the head of one queue: by rule, in batches, in sets."""

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from plant import description
from plant.goods import Dispatch
from simulators.agenda import Timer
from simulators.buffer import Buffer
from simulators.part import Part
from simulators.several import build_in

if TYPE_CHECKING:
    from simulators.machine import Machine
    from simulators.station import Station

Load = list[Part]
"""Parts that a machine works on together; the first one speaks for them."""

Rank = Callable[["Machine", Part], tuple[object, ...] | int | float | Fraction]
NEVER = float("inf")


def _due(part: Part) -> float:
    return NEVER if part.ticket is None or part.ticket.due is None else part.ticket.due


def _critical_ratio(machine: "Machine", part: Part) -> Fraction | float:
    """Time to the due date over the work that is left."""
    due = _due(part)
    work = machine.station.line.work_left(machine.station, part)
    return due if due == NEVER else Fraction(int(due) - machine.env.time, max(1, work))


RANKS: dict[Dispatch, Rank] = {
    "edd": lambda _, part: _due(part),
    "spt": lambda _, part: part.cycle,
    "critical-ratio": _critical_ratio,
    "priority": lambda _, part: 0 if part.product is None else part.product.priority,
    "same-setup": lambda machine, part: machine.needs_setup(part),
}
"""Rank of a waiting part for a machine, lowest first; among equals the first to come. `fifo` has none."""


class Intake(Protocol):
    """How a station fills its machines."""

    def comes(self, part: Part) -> None:
        """A part is about to join the queue."""

    def next(self, machine: "Machine") -> Load | None:
        """What a free machine takes in now, out of the queue; none if it must wait."""


class Dispatching:
    """One part, the first by a dispatch rule."""

    __slots__ = ("_rank", "_station", "came", "cycles")

    def __init__(self, station: "Station", rule: Dispatch) -> None:
        self._station = station
        self._rank = RANKS.get(rule)
        self.cycles = rule == "spt"
        self.came = 0

    def comes(self, part: Part) -> None:
        """With `spt` its work time is known from now on."""
        if self.cycles:
            part.cycle = self._station.cycle_of(part)(self.came)
            self.came += 1

    def next(self, machine: "Machine") -> Load | None:
        """The part of the lowest rank."""
        waiting = self._station.buffer.waiting
        if not waiting:
            return None
        rank = self._rank
        if rank is None:
            return [waiting.popleft()]
        part = min(waiting, key=lambda part: rank(machine, part))
        waiting.remove(part)
        return [part]


class Batching:
    """As many parts as fit together, in the order in which they came."""

    __slots__ = ("_of", "_station")

    def __init__(self, station: "Station", of: description.Batch) -> None:
        self._station = station
        self._of = of

    def comes(self, _: Part) -> None:
        """It may complete a batch, or begin one that will not be complete in time."""
        if self._of.wait and self._of.fewest < self._of.size:
            self._station.buffer.env.after(self._of.wait, self._no_longer)

    def _no_longer(self, _: Timer) -> None:
        self._station.draw_in()

    def _kind(self, part: Part) -> object:
        if self._of.same == "order":
            return part.ticket.name if part.ticket is not None else part.lot
        return part.what if self._of.same == "product" else None

    def next(self, _: "Machine") -> Load | None:
        """The first full batch, else the first that need not wait for more."""
        groups: dict[object, Load] = {}
        for part in self._station.buffer.waiting:
            groups.setdefault(self._kind(part), []).append(part)
        of, now = self._of, self._station.buffer.env.time
        full = (group for group in groups.values() if len(group) >= of.size)
        ripe = (group for group in groups.values() if len(group) >= of.fewest and now - group[0].enter >= of.wait)
        batch = next(full, None) or next(ripe, None)
        if batch is None:
            return None
        batch = batch[: of.size]
        for part in batch:
            self._station.buffer.waiting.remove(part)
        return batch


class Assembling:
    """A set: so many parts of each input, at the instant at which all are there (rule 11).

    A part that is blocked for a place here, and has no way to go, counts as there. Products that come back to be worked
    on again go first.

    Attributes:
        returns: these products.
    """

    __slots__ = ("_quantities", "_station", "returns")

    def __init__(self, station: "Station", quantities: list[int], returns: Buffer) -> None:
        self._station = station
        self._quantities = quantities
        self.returns = returns

    def comes(self, _: Part) -> None:
        """It may complete a set."""

    def next(self, machine: "Machine") -> Load | None:
        """A set as one part: the first one of the first input, made of the others."""
        if self.returns.waiting:
            return [self.returns.waiting.popleft()]
        inputs = self._station.joins
        for buffer, quantity in zip(inputs, self._quantities, strict=True):
            ready = sum(not giver.gated for giver in buffer.givers) if buffer.at_once else 0
            if len(buffer.waiting) + ready < quantity:
                return None
        givers: deque[Machine] = deque()
        pieces: Load = []
        for buffer, quantity in zip(inputs, self._quantities, strict=True):
            while len(buffer.waiting) < quantity and (giver := buffer.next_giver()) is not None:
                giver.let_go()
                givers.append(giver)
            pieces += [buffer.waiting.popleft() for _ in range(quantity)]
        product = pieces[0]
        for piece in pieces[1:]:
            build_in(machine, piece, product)
        self._station.freed.extend(givers)
        return [product]


def intake(station: "Station", described: description.Station, rule: Dispatch, returns: Buffer) -> Intake | None:
    """How a station takes parts in; none if it is the head of its queue."""
    if described.joins:
        return Assembling(station, [join.quantity for join in described.joins], returns)
    if described.batch is not None:
        return Batching(station, described.batch)
    return None if rule == "fifo" else Dispatching(station, rule)


