"""From the description of a line to one of the kernel: the same wiring as `simulators.line` and `.station`."""

import math
from typing import TYPE_CHECKING

from plant import description, people, stops, ways
from plant.goods import Product as Goods
from plant.quality import Characteristic
from plant.time import SECOND
from plant.ways import OUT
from simulators.compiled import breakdown, phase
from simulators.compiled import station as stations
from simulators.compiled import ways as flow
from simulators.compiled.buffer import UNLIMITED, Belt, Buffer
from simulators.compiled.draws import Draw
from simulators.compiled.failure import Mode
from simulators.compiled.job import Job
from simulators.compiled.line import Line, Product
from simulators.compiled.machine import Machine
from simulators.compiled.part import Parts
from simulators.compiled.phase import STATES
from simulators.compiled.records import log
from simulators.compiled.reservations import Reservations
from simulators.compiled.source import Mix, Source, Stock
from simulators.compiled.station import Piece, Station
from simulators.compiled.verdict import Gauge, Verdict
from simulators.compiled.ways import Way, Ways
from simulators.line import leads, places, returns, shares

if TYPE_CHECKING:
    from simulators.compiled.building import Built
    from simulators.compiled.crew import Needs
    from simulators.compiled.timetable import Timetable

PARTS = {"resume": breakdown.RESUME, "restart": breakdown.RESTART, "scrap": breakdown.SCRAP}
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

class Wiring:
    """One line, put together."""

    def __init__(self, built: "Built", index: int, of: description.Line) -> None:
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
        line.departures, line.levels = log(), log()
        line.rule = RULES[of.dispatch]
        line.orders = of.arrivals.orders
        line.expected = []
        line.may_lock = self._again or any(station.joins for station in of.stations)
        limit = of.wip_limit if of.pallets is None else of.pallets.count
        line.limited, line.permits = limit is not None, UNLIMITED if limit is None else limit
        line.back = None if of.pallets is None else built.some(of.name, "pallet", of.pallets.back)
        line.products = [_product(place, product) for place, product in enumerate(self._goods)]
        for place, described in enumerate(of.stations):
            station = self._station(place, described)
            self._stations.append(station)
            self._by_name[described.name] = station
            built.stations.append(station)
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
        for station, described in zip(self._stations, of.stations, strict=True):
            for machine in station.machines:
                machine.plain = not (machine.jobs or machine.timetable) and self._plain(station, described)

    def _plain(self, station: Station, of: description.Station) -> bool:
        """Whether nothing but failures can stop the machines of a station, and its parts have one way to go."""
        following = station.next
        return not (
            of.operators
            or station.ways
            or of.joins
            or of.disassembly
            or of.batch
            or of.setup
            or of.inspection
            or of.quality.rework
            or self.line.pallet_ends
            or (following is not None and (following.assembles or following.buffer.fleet))
        )

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
            source.index = len(built.sources)
            if entry and arrivals.interval is not None:
                source.interval = built.times(path, "arrival", arrivals.interval)
            source.passive = arrivals.orders or not entry or (place > 0 and bool(first_steps))
            source.mix = self._mix(described, path)
            if described.supply is not None:
                source.stock = self._stock(source, described.supply, f"{of.name}/{described.name}")
            self._stations[place].source = source
            sources.append(source)
            built.sources.append(source)
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
        mix.shares = self._built.share(path, "product")
        mix.size = self._of.lot
        mix.product = self.line.products[0]
        return mix

    def _stock(self, source: Source, of: ways.Supply, path: str) -> Stock:
        stock = Stock()
        stock.world, stock.source, stock.index = self._built.world, source, len(self._built.stocks)
        stock.lead_time = self._built.times(path, "lead_time", of.lead_time)
        stock.low, stock.quantity, stock.cards, stock.level = of.level, of.quantity, of.cards is not None, of.initial
        self._built.stocks.append(stock)
        return stock

    # --- stations ------------------------------------------------------------------------------------------------

    def _station(self, place: int, of: description.Station) -> Station:
        built, line = self._built, self.line
        path = f"{self._of.name}/{of.name}"
        station = Station()
        station.world, station.line, station.place = built.world, line, place
        station.index = len(built.stations)
        station.word, station.spot = built.names(of.name), built.spots(of.name)
        station.again = self._again
        station.reserves = self._of.blocking == "before-service"
        station.finishes, station.always_repairs = of.at_shift_end == "finish", of.repairs == "always"
        station.spent = [0] * STATES
        cycle, restart = built.times(path, "cycle", of.cycle_time), built.times(path, "restart", of.cycle_time)
        own = {goods.name: goods.cycle_times[of.name] for goods in self._goods if of.name in goods.cycle_times}
        cycles = {name: built.times(path, "cycle", time) for name, time in own.items()}
        restarts = {name: built.times(path, "restart", time) for name, time in own.items()}
        station.cycles = [cycles.get(goods.name, cycle) for goods in self._goods]
        station.restarts = [restarts.get(goods.name, restart) for goods in self._goods]
        station.load = built.some(path, "load", of.load)
        station.unload = built.some(path, "unload", of.unload)
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
            (before, after): built.times(path, "setup", time)
            for before, row in of.setup.matrix.items()
            for after, time in row.items()
        }
        other = None if of.setup.time is None else built.times(path, "setup", of.setup.time)
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
        buffer.world, buffer.station, buffer.index = self._built.world, station, len(self._built.buffers)
        buffer.capacity = capacity
        buffer.waiting, buffer.coming = Parts(), Parts()
        self._built.buffers.append(buffer)
        return buffer

    def _bring(self, buffer: Buffer, described: description.Station, path: str) -> None:
        transport = described.transport
        if isinstance(transport, ways.Conveyor):
            belt = buffer.belt = Belt()
            belt.buffer, belt.index, belt.parts = buffer, len(self._built.belts), Parts()
            belt.capacity, belt.accumulating = transport.capacity, transport.accumulating
            belt.travel = max(1, round(transport.length / transport.speed * SECOND))
            belt.pitch = max(1, round(belt.travel / transport.capacity))
            belt.last = -belt.pitch
            self._built.belts.append(belt)
        elif isinstance(transport, ways.Ride):
            buffer.fleet = self._built.fleets[transport.fleet]
        elif buffer.station.place or self._again:
            buffer.transport = self._built.some(path, "transport", transport)

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
        load, unload = self._built.names("load"), self._built.names("unload")
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
        found.shares = self._built.share(f"{self._of.name}/{of.name}", "way")
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
            verdict.quality = built.share(path, "quality")
        if rules.rework is not None:
            verdict.reworks, verdict.rework = True, rules.scrap + rules.rework.share
            verdict.rework_to = self._by_name[rules.rework.to]
            verdict.rework_limit = -1 if rules.rework.limit is None else rules.rework.limit
        if rules.defects:
            verdict.defect, verdict.defects = built.share(path, "defect"), rules.defects
        watched = any(station.inspection is not None for station in self._of.stations)
        verdict.gauges = [self._gauge(one, path) for one in rules.characteristics if watched]
        if looks is not None:
            verdict.inspects, verdict.every, verdict.sample = True, looks.every, looks.sample
            verdict.detects, verdict.false_alarm = looks.detects, looks.false_alarm
            verdict.inspect, verdict.detect = built.share(path, "inspect"), built.share(path, "detect")
            verdict.back = None if looks.to is None else self._by_name[looks.to]
            verdict.back_limit = -1 if looks.limit is None else looks.limit

    def _gauge(self, of: Characteristic, path: str) -> Gauge:
        gauge = Gauge()
        gauge.stream = self._built.share(path, f"measure.{of.name}")
        gauge.nominal, gauge.sigma = of.nominal.value, of.sigma.value
        gauge.drift = 0.0 if of.drift is None else of.drift.value
        gauge.least = -math.inf if of.lower is None else least(of.lower.value)
        gauge.most = math.inf if of.upper is None else -least(-of.upper.value)
        return gauge

    # --- machines -----------------------------------------------------------------------------------------------

    def _machine(
        self, station: Station, of: description.Station, number: int, timetable: "Timetable | None"
    ) -> Machine:
        built = self._built
        machine = Machine()
        machine.world, machine.station, machine.number = built.world, station, number
        machine.index = len(built.machines)
        machine.condition = phase.STARVED
        machine.booked = self._of.arrivals.orders
        built.machines.append(machine)
        path = f"{self._of.name}/{of.name}/{number}"
        modes = {failure.mode: self._mode(machine, failure, path) for failure in of.failures}
        machine.modes = list(modes.values())
        machine.jobs = []
        if of.tool is not None:
            machine.tool = self._tool(machine, of.tool, path)
        machine.jobs += [self._maintenance(machine, task, of, modes, path) for task in of.maintenance]
        for place, mode in enumerate(machine.modes):
            mode.index, mode.bit = len(built.modes), 1 << place
            built.modes.append(mode)
        for job in machine.jobs:
            job.index = len(built.jobs)
            built.jobs.append(job)
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
        mode.interval = self._built.times(f"{path}/{of.mode}", "time_to_failure", of.interval)
        mode.repair = self._built.times(f"{path}/{of.mode}", "time_to_repair", of.time_to_repair)
        mode.maintained_by = []
        return mode

    def _job(self, machine: Machine, condition: int, every: int, times: Draw, needs: "Needs | None") -> Job:
        job = Job()
        job.machine, job.condition, job.every, job.left = machine, condition, every, every
        job.times, job.needs, job.renews = times, needs, []
        return job

    def _tool(self, machine: Machine, of: stops.Tool, path: str) -> Job:
        built = self._built
        condition = phase.SETUP + STATES * built.names("tool")
        times = built.times(path, "tool_change", of.change)
        tool = self._job(machine, condition, of.life.parts or of.life.time or 0, times, self._job_needs[0])
        tool.parts = of.life.parts is not None
        machine.jobs.append(tool)
        if of.breaks is not None:
            breakage = Mode()
            breakage.machine, breakage.operating, breakage.part = machine, True, PARTS[of.part]
            breakage.interval = built.times(path, "tool_life", of.breaks)
            breakage.repair = built.times(path, "tool_repair", of.replace or of.change)
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
        condition = phase.MAINTENANCE + STATES * built.names(of.name)
        times = built.times(path, f"maintenance.{of.name}", of.time)
        job = self._job(machine, condition, every, times, self._job_needs[1])
        job.parts, job.calendar, job.early = parts, calendar, round(every * of.opportunistic)
        job.renews = renewed
        for mode in renewed:
            mode.maintained_by.append(job)
        return job


def _product(place: int, of: Goods) -> Product:
    product = Product()
    product.index, product.priority = place, of.priority
    return product


def least(limit: float) -> float:
    """The smallest number that is at least a limit when it is rounded as measures are, to nine places."""
    low, high = limit - 1e-8 - abs(limit) * 1e-15, limit
    while (middle := low + (high - low) / 2) not in (low, high):
        low, high = (low, middle) if round(middle, 9) >= limit else (middle, high)
    return high
