"""From a plant description to a world of the kernel: the same as `simulators.building`, in flat records.

What follows from the description is put together here, in plain Python; what takes draws, `start` does, compiled.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from plant import people, ways
from plant.description import Plant
from plant.distributions import Distribution, constant
from plant.goods import Order, OrderStream
from plant.shifts import at, changes
from simulators.compiled import phase
from simulators.compiled.crew import Crews, Need, Needs, Operator, Pool
from simulators.compiled.draws import Draw, made
from simulators.compiled.fleet import Fleet, Vehicle
from simulators.compiled.line import Line
from simulators.compiled.orders import OrderStream as Stream
from simulators.compiled.orders import Ticket
from simulators.compiled.records import log
from simulators.compiled.timetable import Attending, Timetable
from simulators.compiled.wiring import Wiring
from simulators.compiled.world import World

if TYPE_CHECKING:
    from simulators.compiled.buffer import Belt, Buffer
    from simulators.compiled.failure import Mode
    from simulators.compiled.job import Job
    from simulators.compiled.machine import Machine
    from simulators.compiled.source import Source, Stock
    from simulators.compiled.station import Station

KINDS = {"work": 0, "pause": phase.PAUSE, "off": phase.OFF}


class Names:
    """Numbers for words, 0 for none: what reasons of conditions are called."""

    def __init__(self) -> None:
        self.words = [""]

    def __call__(self, word: str) -> int:
        """The number of a word."""
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)


class Built:
    """A world that is ready to start, and how to read it.

    Attributes:
        world: its root.
        draws: every stream with its path and purpose, for the keys that a seed gives them.
        words: reasons by number.
        plant: what it was built from.
        nodes, mode_names: of all machines, in the order of the plant.
        told, streams: names of the orders that the plant tells, and of those that come by themselves.
    """

    def __init__(self, plant: Plant, start: int, until: int) -> None:
        self.plant = plant
        self.start = start
        self.until = until
        self.draws: list[tuple[Draw, str, str]] = []
        self.nodes = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
        self.mode_names: list[list[str]] = []
        self.told: list[str] = []
        self.streams: list[str] = []
        self.names = Names()
        self.spots = Names()
        self.modes: list[Mode] = []
        self.jobs: list[Job] = []
        self.buffers: list[Buffer] = []
        self.belts: list[Belt] = []
        self.machines: list[Machine] = []
        self.stations: list[Station] = []
        self.sources: list[Source] = []
        self.stocks: list[Stock] = []
        self._tickets: list[Ticket] = []
        self._streams: list[Stream] = []
        self._timetables: dict[tuple[str, ...], Timetable] = {}
        self._needs: dict[str, Needs] = {}
        self.world = World()
        self._build()

    @property
    def words(self) -> list[str]:
        """Reasons by number."""
        return self.names.words

    # --- streams -------------------------------------------------------------------------------------------------

    def times(self, path: str, purpose: str, distribution: Distribution) -> Draw:
        """Times of a thing."""
        drawn = made(distribution)
        self.draws.append((drawn, path, purpose))
        return drawn

    def some(self, path: str, purpose: str, distribution: Distribution) -> Draw | None:
        """Times of a thing that may be none at all."""
        none_at_all = distribution.constant and distribution.mean == 0
        return None if none_at_all else self.times(path, purpose, distribution)

    def share(self, path: str, purpose: str) -> Draw:
        """Uniform numbers of a thing."""
        return self.times(path, purpose, constant(0))

    # --- the plant -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        world, plant = self.world, self.plant
        world.heap = [0] * 96
        world.stays, world.visits, world.passages = log(), log(), log()
        self._people()
        world.fleets = [self._fleet(place, of) for place, of in enumerate(plant.fleets)]
        world.vehicles = [vehicle for fleet in world.fleets for vehicle in fleet.vehicles]
        for place, vehicle in enumerate(world.vehicles):
            vehicle.index = place
        self.fleets = {of.fleet: fleet for of, fleet in zip(plant.fleets, world.fleets, strict=True)}
        world.lines = [Wiring(self, index, of).line for index, of in enumerate(plant.lines)]
        for line, described in zip(world.lines, plant.lines, strict=True):
            mine = [order for order in plant.orders if (order.line or _only(plant)) == described.name]
            for order in mine:
                self._order(line, order)
        world.machines, world.modes, world.jobs = self.machines, self.modes, self.jobs
        world.stations, world.buffers, world.belts = self.stations, self.buffers, self.belts
        world.sources, world.stocks = self.sources, self.stocks
        world.told, world.order_streams = self._tickets, self._streams
        world.timetables = list(self._timetables.values())
        world.booked = any(line.orders for line in world.lines)
        for of in world.timetables:
            for attending in of.pools:
                attending.by_shift += [0] * (len(self.words) - len(attending.by_shift)) if attending.by_shift else []
        world.touched, world.machine_stack = [world.machines[0]] * 8, [world.machines[0]] * 8
        world.ring = [world.machines[0]] * len(world.machines)
        world.stack = [world.buffers[0]] * 16

    def _people(self) -> None:
        crews = self.world.crews = Crews()
        crews.world = self.world
        crews.slots = [None] * 4
        crews.pools = []
        self._pools = {}
        for of in self.plant.operators:
            pool = self._pools[of.pool] = Pool()
            pool.operators = [Operator() for _ in range(of.most)]
            pool.present = of.most
            pool.walking = self.some(f"operators/{of.pool}", "walking", of.walking)
            crews.pools.append(pool)
        for of in self.plant.operators:
            self._attend(of)

    def _attend(self, of: people.Pool) -> None:
        by_shift = of.count if isinstance(of.count, dict) else None
        timetable = self.timetable(of.shifts if by_shift is None else tuple(by_shift))
        if timetable is None:
            return
        attending = Attending()
        attending.pool = self._pools[of.pool]
        attending.most = of.most
        attending.by_shift = []
        if by_shift is not None:
            numbers = {self.names(shift): number for shift, number in by_shift.items()}
            attending.by_shift = [numbers.get(word, 0) for word in range(max(numbers) + 1)]
        timetable.pools.append(attending)

    def timetable(self, names: Collection[str] | None) -> Timetable | None:
        """The timetable of these shifts; none if the plant declares no shifts."""
        if not self.plant.shifts:
            return None
        declared = [shift.name for shift in self.plant.shifts]
        key = tuple(name for name in declared if names is None or name in names)
        if key not in self._timetables:
            self._timetables[key] = self._open(key)
        return self._timetables[key]

    def _open(self, names: tuple[str, ...]) -> Timetable:
        of = Timetable()
        of.world, of.index = self.world, len(self._timetables)
        kind, shift = at(self.plant.calendar, names, self.start)
        of.kind, of.shift = KINDS[kind], self.names(shift)
        of.times, of.kinds, of.shifts, of.pools, of.machines = [], [], [], [], []
        for instant, to, shift in changes(self.plant.calendar, names, self.start):
            of.times.append(instant - self.start)
            of.kinds.append(KINDS[to])
            of.shifts.append(self.names(shift))
            if instant - self.start > self.until:
                break
        return of

    def needs(self, needs: Sequence[people.Need]) -> Needs | None:
        """What one task needs; none if it needs nobody."""
        if not needs:
            return None
        of = Needs()
        of.needs = []
        for need in needs:
            one = Need()
            one.pools = [self._pools[name] for name in need.pool]
            one.count = need.count
            of.needs.append(one)
        of.priority = min(need.priority for need in needs)
        of.reason = self.names("+".join(need.pool[0] for need in needs))
        return of

    def _fleet(self, place: int, of: ways.Fleet) -> Fleet:
        path = f"fleets/{of.fleet}"
        ride = ways.Ride(fleet=of.fleet)
        users = [line for line in self.plant.lines if any(station.transport == ride for station in line.stations)]
        home = (users or self.plant.lines)[0].stations[0].name
        fleet = Fleet()
        fleet.world, fleet.index, fleet.word = self.world, place, self.names(of.fleet)
        fleet.longest_waiting = of.dispatch == "longest-waiting"
        fleet.load = self.some(path, "vehicle_load", of.load)
        fleet.unload = self.some(path, "vehicle_unload", of.unload)
        if of.charging is not None:
            fleet.charges, fleet.charge_after, fleet.charge_time = True, of.charging.after, of.charging.time
        spots = [self.spots(station.name) for line in self.plant.lines for station in line.stations]
        times = {(self.spots(way.to), self.spots(way.start)): of.drive(way) for way in of.distances}
        times |= {(self.spots(way.start), self.spots(way.to)): of.drive(way) for way in of.distances}
        number = len(self.spots.words)
        usual = of.drive()
        fleet.times = [
            [0 if a == b else times.get((a, b), usual) for b in range(number)] for a in range(number)
        ]
        fleet.vehicles = []
        for _ in range(of.vehicles):
            vehicle = Vehicle()
            vehicle.fleet, vehicle.at = fleet, self.spots(home)
            fleet.vehicles.append(vehicle)
        assert spots
        return fleet

    def _order(self, line: Line, order: Order | OrderStream) -> None:
        named = [product.name for product in self.plant.products_of(self.plant.lines[line.index])]
        if isinstance(order, OrderStream):
            path = f"orders/{order.order}"
            stream = Stream()
            stream.world, stream.line, stream.index = self.world, line, len(self._streams)
            stream.every = self.times(path, "order", order.every)
            stream.shares = self.share(path, "order.product")
            stream.product = line.products[named.index(order.product)] if order.product else None
            stream.quantity = order.quantity
            stream.due = -1 if order.due is None else order.due
            self._streams.append(stream)
            self.streams.append(order.order)
            line.expected.append(-len(self._streams))
            return
        ticket = Ticket()
        ticket.line = line
        ticket.product = line.products[named.index(order.product) if order.product else 0]
        ticket.quantity, ticket.release = order.quantity, order.release
        ticket.due = -1 if order.due is None else order.due
        self._tickets.append(ticket)
        self.told.append(order.order)
        line.expected.append(len(self._tickets))


def _only(plant: Plant) -> str:
    return next((line.name for line in plant.lines if line.arrivals.orders), "")
