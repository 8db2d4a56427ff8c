"""Where parts go from a station: by share, by product, by load, in turn, or along their route."""

from typing import TYPE_CHECKING

from plant.ways import OUT, Choice, Way
from simulators.part import Part
from simulators.streams import Shares

if TYPE_CHECKING:
    from simulators.station import Station



class Ways:
    """The ways out of a station; none stands for the way out of the line.

    Args:
        station: whose they are.
        default: way of all parts that no other takes.
        shares: uniform numbers, one per part.
    """

    __slots__ = ("_default", "_named", "_policy", "_routes", "_shares", "_station", "_turn")

    def __init__(self, station: "Station", default: "Station | None", shares: Shares) -> None:
        line, chosen = station.line, station.described.next
        self._station = station
        self._default = default
        self._shares = shares
        self._turn = 0
        self._policy = chosen.policy if isinstance(chosen, Choice) else ""
        ways = [Way(to=to) for to in chosen.to] if isinstance(chosen, Choice) else list(chosen)
        self._named = [(None if way.to == OUT else line.by_name[way.to], way) for way in ways]
        self._routes = {
            product.name: [line.by_name[name] for name in product.route] for product in line.products if product.route
        }

    def __call__(self, part: Part, k: int) -> "Station | None":
        """The station that a part goes to, chosen now, if by chance then by draw k."""
        route = self._routes.get(part.what)
        if route is not None:
            part.step += 1
            return route[part.step] if part.step < len(route) else None
        if self._policy == "round-robin":
            self._turn += 1
            return self._named[(self._turn - 1) % len(self._named)][0]
        if self._policy:
            return min((to for to, _ in self._named if to is not None), key=_load)
        return self._draw(part, k)

    def _draw(self, part: Part, k: int) -> "Station | None":
        share = self._shares(k) if any(way.share is not None for _, way in self._named) else 0.0
        for to, way in self._named:
            if way.product is not None:
                if way.product == part.what:
                    return to
            elif way.share is None or share < way.share:
                return to
            else:
                share -= way.share
        return self._default


def _load(station: "Station") -> float:
    """Parts at a station and on the way to it, per machine."""
    buffers = station.inputs
    parts = sum(len(buffer.waiting) + len(buffer.coming) + buffer.claimed for buffer in buffers)
    parts += sum(len(buffer.belt.parts) for buffer in buffers if buffer.belt is not None)
    held = sum(machine.phase != "empty" for machine in station.machines)
    return (parts + held) / len(station.machines)
