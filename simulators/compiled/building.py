"""From a plant description to a world of the kernel: the same wiring as `simulators.building`, in flat records.

What follows from the description is put together here, in plain Python; what takes draws, `start` does, compiled.
"""

import math
from collections.abc import Collection, Sequence

from plant import description, people, stops, ways
from plant.description import Plant
from plant.distributions import Distribution, constant
from plant.goods import Order, OrderStream
from plant.shifts import at, changes
from plant.time import SECOND
from plant.ways import OUT
from simulators.compiled import breakdown, phase, station as stations, ways as flow
from simulators.compiled.buffer import UNLIMITED, Belt, Buffer
from simulators.compiled.crew import Crews, Need, Needs, Operator, Pool
from simulators.compiled.draws import Draw, give_key, made
from simulators.compiled.failure import Mode
from simulators.compiled.fleet import Fleet, Vehicle
from simulators.compiled.job import Job
from simulators.compiled.line import Line, Product
from simulators.compiled.machine import Machine
from simulators.compiled.orders import OrderStream as Stream
from simulators.compiled.orders import Ticket
from simulators.compiled.part import Parts
from simulators.compiled.phase import STATES
from simulators.compiled.records import Log
from simulators.compiled.reservations import Reservations
from simulators.compiled.source import Mix, Source, Stock
from simulators.compiled.station import Piece, Station
from simulators.compiled.timetable import Attending, Timetable
from simulators.compiled.verdict import Gauge, Verdict
from simulators.compiled.ways import Way, Ways
from simulators.compiled.world import World
from simulators.line import leads, places, returns, shares

PARTS = {"resume": breakdown.RESUME, "restart": breakdown.RESTART, "scrap": breakdown.SCRAP}
KINDS = {"work": 0, "pause": phase.PAUSE, "off": phase.OFF}
RULES = {
    "fifo": stations.FIFO, "edd": stations.EDD, "spt": stations.SPT, "critical-ratio": stations.CRITICAL_RATIO,
    "priority": stations.PRIORITY, "same-setup": stations.SAME_SETUP,
}  # fmt: skip
CHANGES = {
    "product changes": stations.PRODUCT_CHANGES, "order changes": stations.ORDER_CHANGES,
    "lot changes": stations.LOT_CHANGES,
}  # fmt: skip
SAME = {None: stations.ANYTHING, "product": stations.SAME_PRODUCT, "order": stations.SAME_ORDER}
POLICIES = {"round-robin": flow.IN_TURN, "least-loaded": flow.LEAST_LOADED}
MOST_MODES = 50
"""Failure modes of a machine that a condition has bits for."""


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
        self._names = Names()
        self._spots = Names()
        self._modes: list[Mode] = []
        self._jobs: list[Job] = []
        self._buffers: list[Buffer] = []
        self._belts: list[Belt] = []
        self._machines: list[Machine] = []
        self._stations: list[Station] = []
        self._sources: list[Source] = []
        self._stocks: list[Stock] = []
        self._tickets: list[Ticket] = []
        self._streams: list[Stream] = []
        self._timetables: dict[tuple[str, ...], Timetable] = {}
        self._needs: dict[str, Needs] = {}
        self.world = World()
        self._build()

    @property
    def words(self) -> list[str]:
        """Reasons by number."""
        return self._names.words

    def key(self, seed: int) -> None:
        """Give every stream the key of a seed."""
        for drawn, path, purpose in self.draws:
            give_key(drawn, seed, path, purpose)

    # --- streams -------------------------------------------------------------------------------------------------

    def _times(self, path: str, purpose: str, distribution: Distribution) -> Draw:
        drawn = made(distribution)
        self.draws.append((drawn, path, purpose))
        return drawn

    def _some(self, path: str, purpose: str, distribution: Distribution) -> Draw | None:
        none_at_all = distribution.constant and distribution.mean == 0
        return None if none_at_all else self._times(path, purpose, distribution)

    def _share(self, path: str, purpose: str) -> Draw:
        return self._times(path, purpose, constant(0))

    # --- the plant -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        world, plant = self.world, self.plant
        world.heap = [0] * 96
        world.stays, world.visits, world.passages = _log(), _log(), _log()
        self._people()
        world.fleets = [self._fleet(place, of) for place, of in enumerate(plant.fleets)]
        world.vehicles = [vehicle for fleet in world.fleets for vehicle in fleet.vehicles]
        for place, vehicle in enumerate(world.vehicles):
            vehicle.index = place
        self._fleets = {of.fleet: fleet for of, fleet in zip(plant.fleets, world.fleets, strict=True)}
        world.lines = [_Wiring(self, index, of).line for index, of in enumerate(plant.lines)]
        for line, described in zip(world.lines, plant.lines, strict=True):
            mine = [order for order in plant.orders if (order.line or _only(plant)) == described.name]
            for order in mine:
                self._order(line, order)
        world.machines, world.modes, world.jobs = self._machines, self._modes, self._jobs
        world.stations, world.buffers, world.belts = self._stations, self._buffers, self._belts
        world.sources, world.stocks = self._sources, self._stocks
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
            pool.walking = self._some(f"operators/{of.pool}", "walking", of.walking)
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
            numbers = {self._names(shift): number for shift, number in by_shift.items()}
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
        of.kind, of.shift = KINDS[kind], self._names(shift)
        of.times, of.kinds, of.shifts, of.pools, of.machines = [], [], [], [], []
        for instant, to, shift in changes(self.plant.calendar, names, self.start):
            of.times.append(instant - self.start)
            of.kinds.append(KINDS[to])
            of.shifts.append(self._names(shift))
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
        of.reason = self._names("+".join(need.pool[0] for need in needs))
        return of

    def _fleet(self, place: int, of: ways.Fleet) -> Fleet:
        path = f"fleets/{of.fleet}"
        ride = ways.Ride(fleet=of.fleet)
        users = [line for line in self.plant.lines if any(station.transport == ride for station in line.stations)]
        home = (users or self.plant.lines)[0].stations[0].name
        fleet = Fleet()
        fleet.world, fleet.index, fleet.word = self.world, place, self._names(of.fleet)
        fleet.longest_waiting = of.dispatch == "longest-waiting"
        fleet.load = self._some(path, "vehicle_load", of.load)
        fleet.unload = self._some(path, "vehicle_unload", of.unload)
        if of.charging is not None:
            fleet.charges, fleet.charge_after, fleet.charge_time = True, of.charging.after, of.charging.time
        spots = [self._spots(station.name) for line in self.plant.lines for station in line.stations]
        times = {(self._spots(way.to), self._spots(way.start)): of.drive(way) for way in of.distances}
        times |= {(self._spots(way.start), self._spots(way.to)): of.drive(way) for way in of.distances}
        number = len(self._spots.words)
        usual = of.drive()
        fleet.times = [
            [0 if a == b else times.get((a, b), usual) for b in range(number)] for a in range(number)
        ]
        fleet.vehicles = []
        for _ in range(of.vehicles):
            vehicle = Vehicle()
            vehicle.fleet, vehicle.at = fleet, self._spots(home)
            fleet.vehicles.append(vehicle)
        assert spots
        return fleet

    def _order(self, line: Line, order: Order | OrderStream) -> None:
        named = [product.name for product in self.plant.products_of(self.plant.lines[line.index])]
        if isinstance(order, OrderStream):
            path = f"orders/{order.order}"
            stream = Stream()
            stream.world, stream.line, stream.index = self.world, line, len(self._streams)
            stream.every = self._times(path, "order", order.every)
            stream.shares = self._share(path, "order.product")
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


def _log() -> Log:
    log = Log()
    log.items = [0] * 64
    return log


class _Wiring:
    """One line, put together."""

    def __init__(self, built: Built, index: int, of: description.Line) -> None:
        self._built = built
        self._of = of
        self._goods = built.plant.products_of(of)
        self.line = Line()
        self._stations: list[Station] = []
        self._by_name: dict[str, Station] = {}
        self._wire(index)

    def _wire(self, index: int) -> None:
        line, of, built = self.line, self._of, self._built
        line.world, line.index = built.world, index
        self._leads = leads(of, self._goods)
        self._again = returns(self._leads, self._goods)
        line.departures, line.levels = _log(), _log()
        line.rule = RULES[of.dispatch]
        line.orders = of.arrivals.orders
        line.expected = []
        line.may_lock = self._again or any(station.joins for station in of.stations)
        limit = of.wip_limit if of.pallets is None else of.pallets.count
        line.limited, line.permits = limit is not None, UNLIMITED if limit is None else limit
        line.back = None if of.pallets is None else built._some(of.name, "pallet", of.pallets.back)
        line.products = [_product(place, product) for place, product in enumerate(self._goods)]
        for place, described in enumerate(of.stations):
            station = self._station(place, described)
            self._stations.append(station)
            self._by_name[described.name] = station
            built._stations.append(station)
        line.stations = self._stations
        if of.pallets is not None and of.pallets.until:
            line.pallet_ends = self._by_name[of.pallets.until]
        self._routes()
        mix = shares(of, self._goods)
        line.mix = [line.products[self._goods.index(product)] for product, _ in mix]
        line.upto = [upto for _, upto in mix]
        line.sources = self._sources()
        for place, described in enumerate(of.stations):
            self._lead(place, described)
        for place, described in enumerate(of.stations):
            self._furnish(self._stations[place], described)

    def _routes(self) -> None:
        """Ways of products through the line, and how much work they still have there."""
        of = self._of
        for product, goods in zip(self.line.products, self._goods, strict=True):
            means = {station.name: round(station.cycle(goods).mean) for station in of.stations}
            product.route = [self._by_name[name] for name in goods.route]
            product.work = sum(means[name] for name in goods.route or means)
            product.work_from = [sum(list(means.values())[place:]) for place in range(len(means))]
            product.work_after = [sum(means[name] for name in goods.route[step:]) for step in range(len(goods.route))]

    def _sources(self) -> list[Source]:
        of, built = self._of, self._built
        sources: list[Source] = []
        first_steps = {product.route[0] for product in self._goods if product.route}
        for place, described in enumerate(of.stations):
            entry = described.name in of.entries
            if not entry and described.name not in first_steps:
                continue
            arrivals = of.arrivals_at(described)
            path = of.name if not sources else f"{of.name}/{described.name}"
            source = Source()
            source.world, source.line, source.station = built.world, self.line, self._stations[place]
            source.index = len(built._sources)
            if entry and arrivals.interval is not None:
                source.interval = built._times(path, "arrival", arrivals.interval)
            source.passive = arrivals.orders or not entry or (place > 0 and bool(first_steps))
            source.mix = self._mix(described, path)
            if described.supply is not None:
                source.stock = self._stock(source, described.supply, f"{of.name}/{described.name}")
            self._stations[place].source = source
            sources.append(source)
            built._sources.append(source)
        return sources

    def _mix(self, described: description.Station, path: str) -> Mix:
        names = [product.name for product in self._goods]
        steps = [(step.product, step.quantity) for step in self._of.sequence]
        if described.product is not None:
            steps = [(described.product, 1)]
        mix = Mix()
        mix.line = self.line
        mix.sequence = [self.line.products[names.index(name)] for name, _ in steps]
        mix.quantities = [quantity for _, quantity in steps]
        mix.shares = self._built._share(path, "product")
        mix.size = self._of.lot
        mix.product = self.line.products[0]
        return mix

    def _stock(self, source: Source, of: ways.Supply, path: str) -> Stock:
        stock = Stock()
        stock.world, stock.source, stock.index = self._built.world, source, len(self._built._stocks)
        stock.lead_time = self._built._times(path, "lead_time", of.lead_time)
        stock.low, stock.quantity, stock.cards, stock.level = of.level, of.quantity, of.cards is not None, of.initial
        self._built._stocks.append(stock)
        return stock

    # --- stations ------------------------------------------------------------------------------------------------

    def _station(self, place: int, of: description.Station) -> Station:
        built, line = self._built, self.line
        path = f"{self._of.name}/{of.name}"
        station = Station()
        station.world, station.line, station.place = built.world, line, place
        station.index = len(built._stations)
        station.word, station.spot = built._names(of.name), built._spots(of.name)
        station.again = self._again
        station.reserves = self._of.blocking == "before-service"
        station.finishes, station.always_repairs = of.at_shift_end == "finish", of.repairs == "always"
        station.spent = [0] * STATES
        cycle, restart = built._times(path, "cycle", of.cycle_time), built._times(path, "restart", of.cycle_time)
        own = {goods.name: goods.cycle_times[of.name] for goods in self._goods if of.name in goods.cycle_times}
        cycles = {name: built._times(path, "cycle", time) for name, time in own.items()}
        restarts = {name: built._times(path, "restart", time) for name, time in own.items()}
        station.cycles = [cycles.get(goods.name, cycle) for goods in self._goods]
        station.restarts = [restarts.get(goods.name, restart) for goods in self._goods]
        station.load = built._some(path, "load", of.load)
        station.unload = built._some(path, "unload", of.unload)
        self._setups(station, of, path)
        self._needs(station, of)
        self._places(station, of, path)
        self._intake(station, of)
        station.freed = []
        station.machines = []
        timetable = built.timetable(of.shifts)
        for number in range(1, of.machines + 1):
            station.machines.append(self._machine(station, of, number, timetable))
        station.freed = [station.machines[0]] * 4
        station.idle = of.machines
        return station

    def _setups(self, station: Station, of: description.Station, path: str) -> None:
        station.setups = []
        if of.setup is None:
            return
        built = self._built
        station.sets_up = True
        station.changes = CHANGES[of.setup.when]
        pairs = {
            (before, after): built._times(path, "setup", time)
            for before, row in of.setup.matrix.items()
            for after, time in row.items()
        }
        other = None if of.setup.time is None else built._times(path, "setup", of.setup.time)
        names = [goods.name for goods in self._goods]
        station.setups = [[pairs.get((before, after), other) for after in names] for before in names]

    def _needs(self, station: Station, of: description.Station) -> None:
        by_task = {
            task: self._built.needs([need for need in of.operators if task in need.tasks]) for task in people.TASKS
        }
        inspects = of.inspection is not None and by_task["inspect"] is not None
        station.process_needs = by_task["inspect" if inspects else "process"]
        station.setup_needs, station.load_needs = by_task["setup"], by_task["load"]
        station.repair_needs = by_task["repair"]
        self._job_needs = by_task["tool"], by_task["maintain"]

    def _places(self, station: Station, of: description.Station, path: str) -> None:
        capacity = min(places(self._of, of, self._goods), UNLIMITED)
        station.inside = 0 if of.batch is None else of.batch.size
        station.assembles = bool(of.joins)
        joins = [self._buffer(station, capacity if join.buffer is None else join.buffer) for join in of.joins]
        station.returns = self._buffer(station, UNLIMITED)
        station.buffer = joins[0] if joins else self._buffer(station, capacity)
        station.inputs = [*joins, station.returns] if joins else [station.buffer]
        for place, buffer in enumerate(joins or station.inputs):
            if joins:
                buffer.quantity = of.joins[place].quantity
            self._bring(buffer, of, path if place == 0 else f"{path}/{of.joins[place].station}")

    def _buffer(self, station: Station, capacity: int) -> Buffer:
        buffer = Buffer()
        buffer.world, buffer.station, buffer.index = self._built.world, station, len(self._built._buffers)
        buffer.capacity = capacity
        buffer.waiting, buffer.coming = Parts(), Parts()
        self._built._buffers.append(buffer)
        return buffer

    def _bring(self, buffer: Buffer, described: description.Station, path: str) -> None:
        transport = described.transport
        if isinstance(transport, ways.Conveyor):
            belt = buffer.belt = Belt()
            belt.buffer, belt.index, belt.parts = buffer, len(self._built._belts), Parts()
            belt.capacity, belt.accumulating = transport.capacity, transport.accumulating
            belt.travel = max(1, round(transport.length / transport.speed * SECOND))
            belt.pitch = max(1, round(belt.travel / transport.capacity))
            belt.last = -belt.pitch
            self._built._belts.append(belt)
        elif isinstance(transport, ways.Ride):
            buffer.fleet = self._built._fleets[transport.fleet]
        elif buffer.station.place or self._again:
            buffer.transport = self._built._some(path, "transport", transport)

    def _intake(self, station: Station, of: description.Station) -> None:
        rule = of.dispatch or self._of.dispatch
        if of.joins:
            station.takes = stations.SET
        elif of.batch is not None:
            station.takes = stations.BATCH
            station.batch, station.fewest, station.wait = of.batch.size, of.batch.fewest, of.batch.wait
            station.same = SAME[of.batch.same]
        elif rule != "fifo":
            station.takes, station.rule = stations.BY_RULE, RULES[rule]
        station.heads = station.takes == stations.HEAD

    def _lead(self, place: int, of: description.Station) -> None:
        """Where the parts of a station go, once all stations are there."""
        station, line = self._stations[place], self._of
        default = None if of.disassembly else self._by_name.get(line.default_way(place))
        station.next = default
        if not of.disassembly and (of.next or any(goods.route for goods in self._goods)):
            station.ways = self._ways(of, default)
        names = [goods.name for goods in self._goods]
        station.pieces = []
        for piece in of.disassembly:
            for _ in range(piece.quantity):
                one = Piece()
                one.to = self._by_name.get(piece.to)
                one.product = self.line.products[names.index(piece.product)] if piece.product else None
                station.pieces.append(one)
        for buffer, join in zip(station.inputs, of.joins, strict=False):
            buffer.feeder = self._by_name[join.station]
        station.feeders = [self._by_name[name] for name, to in self._leads.items() if of.name in to]
        word = 0 if default is None else default.word
        blocked = phase.BLOCKED + STATES * word
        load, unload = self._built._names("load"), self._built._names("unload")
        station.conditions = [
            phase.STARVED, phase.SETUP, phase.PROCESSING + STATES * load, blocked, phase.PROCESSING,
            phase.PROCESSING + STATES * unload, blocked,
        ]  # fmt: skip
        if station.reserves and station.source is None:
            own = station.own = Reservations()
            own.world, own.places = self._built.world, station.buffer.capacity + len(station.machines)

    def _ways(self, of: description.Station, default: Station | None) -> Ways:
        names = [goods.name for goods in self._goods]
        found = Ways()
        chosen = of.next
        if isinstance(chosen, ways.Choice):
            found.policy = POLICIES[chosen.policy]
            named = [ways.Way(to=to) for to in chosen.to]
        else:
            named = list(chosen)
        found.shared = any(way.share is not None for way in named)
        found.ways = []
        for way in named:
            one = Way()
            one.to = None if way.to == OUT else self._by_name[way.to]
            if way.product is not None:
                one.product = names.index(way.product) if way.product in names else len(names)
            elif way.share is not None:
                one.share = way.share
            found.ways.append(one)
        found.default = default
        found.shares = self._built._share(f"{self._of.name}/{of.name}", "way")
        return found

    def _furnish(self, station: Station, of: description.Station) -> None:
        """What judges parts here."""
        rules, looks = of.quality, of.inspection
        if not (rules.scrap or rules.rework or rules.defects or rules.characteristics or looks):
            return
        built, path = self._built, f"{self._of.name}/{of.name}"
        verdict = station.verdict = Verdict()
        verdict.station = station
        verdict.scrap = rules.scrap
        if rules.scrap or rules.rework:
            verdict.quality = built._share(path, "quality")
        if rules.rework is not None:
            verdict.reworks, verdict.rework = True, rules.scrap + rules.rework.share
            verdict.rework_to = self._by_name[rules.rework.to]
            verdict.rework_limit = -1 if rules.rework.limit is None else rules.rework.limit
        if rules.defects:
            verdict.defect, verdict.defects = built._share(path, "defect"), rules.defects
        watched = any(station.inspection is not None for station in self._of.stations)
        verdict.gauges = [self._gauge(one, path) for one in rules.characteristics if watched]
        if looks is not None:
            verdict.inspects, verdict.every, verdict.sample = True, looks.every, looks.sample
            verdict.detects, verdict.false_alarm = looks.detects, looks.false_alarm
            verdict.inspect, verdict.detect = built._share(path, "inspect"), built._share(path, "detect")
            verdict.back = None if looks.to is None else self._by_name[looks.to]
            verdict.back_limit = -1 if looks.limit is None else looks.limit

    def _gauge(self, of: "description.QualityRules", path: str) -> Gauge:
        gauge = Gauge()
        gauge.stream = self._built._share(path, f"measure.{of.name}")
        gauge.nominal, gauge.sigma = of.nominal.value, of.sigma.value
        gauge.drift = 0.0 if of.drift is None else of.drift.value
        gauge.least = -math.inf if of.lower is None else least(of.lower.value)
        gauge.most = math.inf if of.upper is None else -least(-of.upper.value)
        return gauge

    # --- machines ------------------------------------------------------------------------------------------------

    def _machine(self, station: Station, of: description.Station, number: int, timetable: Timetable | None) -> Machine:
        built = self._built
        machine = Machine()
        machine.world, machine.station, machine.number = built.world, station, number
        machine.index = len(built._machines)
        machine.condition = phase.STARVED
        machine.booked = self._of.arrivals.orders
        built._machines.append(machine)
        path = f"{self._of.name}/{of.name}/{number}"
        modes = {failure.mode: self._mode(machine, failure, path) for failure in of.failures}
        machine.modes = list(modes.values())
        machine.jobs = []
        if of.tool is not None:
            machine.tool = self._tool(machine, of.tool, path)
        machine.jobs += [self._maintenance(machine, task, of, modes, path) for task in of.maintenance]
        for place, mode in enumerate(machine.modes):
            mode.index, mode.bit = len(built._modes), 1 << place
            built._modes.append(mode)
        for job in machine.jobs:
            job.index = len(built._jobs)
            built._jobs.append(job)
        built.mode_names.append([*modes, "tool"][: len(machine.modes)])
        machine.operating = any(mode.operating for mode in machine.modes)
        machine.timetable = timetable
        if timetable is not None:
            timetable.machines.append(machine)
        machine.watch = bool(machine.jobs or timetable or not all(mode.operating for mode in machine.modes))
        return machine

    def _mode(self, machine: Machine, of: stops.Failure, path: str) -> Mode:
        mode = Mode()
        mode.machine = machine
        mode.operating, mode.part, mode.gates = of.clock == "operating", PARTS[of.part], of.gates == "all"
        mode.interval = self._built._times(f"{path}/{of.mode}", "time_to_failure", of.interval)
        mode.repair = self._built._times(f"{path}/{of.mode}", "time_to_repair", of.time_to_repair)
        mode.maintained_by = []
        return mode

    def _job(self, machine: Machine, condition: int, every: int, times: Draw, needs: Needs | None) -> Job:
        job = Job()
        job.machine, job.condition, job.every, job.left = machine, condition, every, every
        job.times, job.needs, job.renews = times, needs, []
        return job

    def _tool(self, machine: Machine, of: stops.Tool, path: str) -> Job:
        built = self._built
        condition = phase.SETUP + STATES * built._names("tool")
        times = built._times(path, "tool_change", of.change)
        tool = self._job(machine, condition, of.life.parts or of.life.time or 0, times, self._job_needs[0])
        tool.parts = of.life.parts is not None
        machine.jobs.append(tool)
        if of.breaks is not None:
            breakage = Mode()
            breakage.machine, breakage.operating, breakage.part = machine, True, PARTS[of.part]
            breakage.interval = built._times(path, "tool_life", of.breaks)
            breakage.repair = built._times(path, "tool_repair", of.replace or of.change)
            breakage.tool, breakage.maintained_by = tool, []
            tool.renews = [breakage]
            machine.modes.append(breakage)
        return tool

    def _maintenance(
        self, machine: Machine, of: stops.Maintenance, station: description.Station, modes: dict[str, Mode], path: str
    ) -> Job:
        renewed = [mode for name, mode in modes.items() if name in of.renews]
        parts = of.every is not None and of.every.parts is not None
        if of.every is not None:
            every, calendar = of.every.parts or of.every.time or 0, of.clock == "calendar" and not parts
        else:
            told = [failure for failure in station.failures if failure.mode in of.renews]
            first = min(told, key=lambda failure: failure.interval.mean)
            every, calendar = round(first.interval.mean * (of.at_wear or 1.0)), first.clock == "calendar"
        every = max(1, every)
        built = self._built
        condition = phase.MAINTENANCE + STATES * built._names(of.name)
        times = built._times(path, f"maintenance.{of.name}", of.time)
        job = self._job(machine, condition, every, times, self._job_needs[1])
        job.parts, job.calendar, job.early = parts, calendar, round(every * of.opportunistic)
        job.renews = renewed
        for mode in renewed:
            mode.maintained_by.append(job)
        return job


def _product(place: int, of: description.Product) -> Product:
    product = Product()
    product.index, product.priority = place, of.priority
    return product


def least(limit: float) -> float:
    """The smallest number that is at least a limit when it is rounded as measures are, to nine places."""
    low, high = limit - 1e-8 - abs(limit) * 1e-15, limit
    while (middle := low + (high - low) / 2) not in (low, high):
        low, high = (low, middle) if round(middle, 9) >= limit else (middle, high)
    return high
