"""Where parts go from a station of the kernel; see `simulators.way`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import uniform
from simulators.compiled.phase import EMPTY
from simulators.compiler.language import Record, Row

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.part import Part
    from simulators.compiled.station import Station

BY_DRAW, IN_TURN, LEAST_LOADED = 0, 1, 2
REST = -1.0


class Way(Record):
    """A way out of a station.

    Attributes:
        to: where it leads; none: out of the line.
        product: index of the only product that takes it; -1: none is named.
        share: of the parts; `REST`: all that come so far.
    """

    to: "Station | None" = None
    product: int = -1
    share: float = REST


class Ways(Record):
    """The ways out of a station.

    Attributes:
        policy: by draw, in turn, or to the least loaded.
        shared: whether some way has a share.
        ways: in the order of the plant file.
        default: way of all parts that no other takes.
    """

    policy: int = BY_DRAW
    shared: bool = False
    ways: Row[Way]
    default: "Station | None" = None
    shares: "Draw"
    turn: int = 0

    def choose(self, part: "Part", k: int) -> "Station | None":
        """The station that a part goes to, chosen now, if by chance then by draw k."""
        product = part.product
        if len(product.route) > 0:
            part.step += 1
            return product.route[part.step] if part.step < len(product.route) else None
        if self.policy == IN_TURN:
            self.turn += 1
            return self.ways[(self.turn - 1) % len(self.ways)].to
        if self.policy == LEAST_LOADED:
            return self._least_loaded()
        return self._drawn(part, k)

    def _least_loaded(self) -> "Station | None":
        best: Station | None = None
        for way in self.ways:
            to = way.to
            if to is not None and (best is None or lighter(to, best)):
                best = to
        return best

    def _drawn(self, part: "Part", k: int) -> "Station | None":
        share = uniform(self.shares, k) if self.shared else 0.0
        for way in self.ways:
            if way.product >= 0:
                if way.product == part.product.index:
                    return way.to
            elif way.share == REST or share < way.share:
                return way.to
            else:
                share -= way.share
        return self.default


def lighter(station: "Station", other: "Station") -> bool:
    """Whether a station has fewer parts per machine than another, those on the way to it counted."""
    return _load(station) < _load(other)


def _load(station: "Station") -> float:
    parts = 0
    for buffer in station.inputs:
        parts += buffer.waiting.count + buffer.coming.count + buffer.claimed
        if buffer.belt is not None:
            parts += buffer.belt.parts.count
    for machine in station.machines:
        if machine.phase != EMPTY:
            parts += 1
    return parts / len(station.machines)
