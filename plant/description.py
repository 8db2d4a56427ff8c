"""The plant description: what people write, as frozen data in reading order.

Each model is type, validator and schema at once; unknown keys are errors. Times are integer microseconds, random times
are `Distribution` values, shares are fractions. The loader (`plant.loader`) adds files, lines and did-you-mean.

A model checks itself; what must agree between several of them is checked by `plant.contradictions`.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from plant.catalogue import CATALOGUE, resolved
from plant.contradictions import ContradictionError, contradictions
from plant.distributions import DISTRIBUTION_PATTERN, Distribution, constant
from plant.errors import EntryError, did_you_mean, shown
from plant.faults import AnyFault, Fault
from plant.fields import Count, Description, Duration, Name, Time, as_distribution, must_differ, text_or_number, written
from plant.goods import AnyOrder, Dispatch, Product, Sequence
from plant.machine_types import MachineType
from plant.paths import Node
from plant.people import Need, Pool
from plant.power import Power
from plant.quality import Inspection, QualityRules
from plant.shifts import Calendar, Holiday, Shift, TimeZone
from plant.stops import Failure, Maintenance, Setup, Tool
from plant.time import HOUR, MINUTE, SECOND, format_duration
from plant.variables import Ident
from plant.ways import OUT, Choice, Fleet, JoinField, Next, Pallets, Piece, Supply, Transport

ARRIVALS_ALLOWED = "saturated, orders, every 95 s, or a distribution such as exponential(95 s)"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How parts come: always there (no interval), one after each interval, or as production orders want them."""

    interval: Distribution | None = None
    orders: bool = False

    @property
    def canonical(self) -> str:
        """The same for all ways to write it."""
        return str(self) if self.interval is None else f"every {self.interval.canonical}"

    def __str__(self) -> str:
        """As people write it."""
        if self.interval is None:
            return "orders" if self.orders else "saturated"
        return f"every {self.interval}" if self.interval.constant else str(self.interval)


def _arrivals(value: object, info: ValidationInfo) -> Arrivals:
    if isinstance(value, Arrivals):
        return value
    if isinstance(value, str) and value in {"saturated", "orders"}:
        return Arrivals(orders=value == "orders")
    try:
        interval = as_distribution(value.removeprefix("every ") if isinstance(value, str) else value, info)
    except EntryError as wrong:
        if isinstance(value, str) and "(" in value:  # a distribution gone wrong: it says best what is wrong
            raise
        hint = wrong.hint or did_you_mean(value, ["saturated", "orders"])
        raise EntryError(f"{shown(value)} is no way to arrive", ARRIVALS_ALLOWED, hint) from None
    if interval.mean < 1:
        raise EntryError(f"{shown(value)} leaves no time between arrivals", "an interval above 0")
    return Arrivals(interval)


ArrivalsField = Annotated[
    Arrivals,
    BeforeValidator(_arrivals),
    PlainSerializer(written, return_type=str),
    WithJsonSchema(text_or_number(rf"^saturated$|^orders$|^every |{DISTRIBUTION_PATTERN}")),
]


class Batch(Description):
    """Parts that go through a machine together, as in a furnace or washer."""

    size: Count = Field(ge=1, le=100_000, description="The most parts in one batch.")
    minimum: Count | None = Field(
        None, ge=1, description="The fewest with which it begins when nobody wants to wait any longer; left out: size."
    )
    wait: Duration = Field(0, description="How long the first part waits for more before a batch of minimum begins.")
    same: Literal["product", "order"] | None = Field(
        None, description="What the parts of a batch must have in common; left out: nothing."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.minimum is not None and self.minimum > self.size:
            raise EntryError(
                f"a minimum of {self.minimum} is above the size of {self.size}", "at most size", at=("minimum",)
            )
        return self

    @property
    def fewest(self) -> int:
        """The fewest parts with which a batch begins."""
        return self.size if self.minimum is None else self.minimum


class Station(Description):
    """One station of a line: what it is, how fast, how it fails, what it needs, where the part goes."""

    name: Name = Field(description="Name of the station, unique in its line; it stands in topics and paths.")
    type: str = Field(
        "machine",
        description="Machine type, of the catalogue or of machine_types: signals, power, physics, faults.",
        json_schema_extra={"examples": list(CATALOGUE)},
    )
    figures: dict[Ident, float] = Field(
        default_factory=dict, description="Figures of its type that differ here: {feed: 0.2, depth: 3}."
    )
    power: Power | None = Field(None, description="Power and compressed air it takes; left out: as its type.")
    machines: Count = Field(1, ge=1, le=1000, description="Identical machines in parallel.")
    joins: tuple[JoinField, ...] = Field(
        (), description="Assembly: one part of each station, or so many; the first one's part goes on as the product."
    )
    arrivals: ArrivalsField | None = Field(
        None, description="How parts come to this entry; left out: as they come to the line."
    )
    product: Name | None = Field(None, description="What comes to this entry; left out: the mix of the line.")
    supply: Supply | None = Field(None, description="Material in front of this entry; left out: without end.")
    cycle_time: Time = Field(description="Work on one part or batch, without load and unload.")
    ideal_cycle: Duration | None = Field(
        None, description="Planned run time per item for KPIs; left out: the mean cycle time, marked as derived."
    )
    minimum_cycle: Duration | None = Field(None, description="The shortest possible cycle, for bounds of KPIs.")
    load: Time = Field(default_factory=lambda: constant(0), description="Handling at the machine before work.")
    unload: Time = Field(default_factory=lambda: constant(0), description="Handling at the machine after work.")
    batch: Batch | None = Field(None, description="Parts that go through together; left out: one by one.")
    buffer: Count | None = Field(
        None,
        ge=0,
        description="Places in front of the station; those in its machines are extra. "
        "Left out: 0, or no limit at an entry with timed arrivals, orders or a WIP limit.",
    )
    dispatch: Dispatch | None = Field(
        None,
        description="Which waiting part comes first: by arrival, due date, cycle time, critical ratio, priority of "
        "the product, or without a setup; left out: that of the line.",
    )
    transport: Transport = Field(
        default_factory=lambda: constant(0),
        description="Way into the buffer: a time (a part on its way holds its place), a conveyor, or {fleet: NAME}.",
    )
    setup: Setup | None = Field(None, description="Changeover before work on another product.")
    tool: Tool | None = Field(None, description="Tool of each machine.")
    failures: tuple[Failure, ...] = Field((), description="Ways in which each machine fails, independently.")
    maintenance: tuple[Maintenance, ...] = Field((), description="Planned work on each machine.")
    quality: QualityRules = Field(default_factory=QualityRules, description="What share of the parts is bad.")
    inspection: Inspection | None = Field(None, description="The work here is to look for defects.")
    operators: tuple[Need, ...] = Field((), description="Operators that tasks at the station need.")
    shifts: tuple[Name, ...] | None = Field(None, description="Shifts it works; left out: all declared shifts.")
    at_shift_end: Literal["finish", "pause"] = Field(
        "finish", description="finish: the running operation ends first; pause: it stops and goes on later."
    )
    repairs: Literal["in shifts", "always"] = Field(
        "in shifts", description="Whether repairs and calendar clocks of failures go on when nobody works."
    )
    next: Next = Field((), description="Where parts go, if not on to the following station.")
    disassembly: tuple[Piece, ...] = Field(
        (), description="What a part is taken apart into; the first piece of the first entry is the part itself."
    )

    @field_validator("cycle_time")
    @classmethod
    def _takes_time(cls, value: Distribution) -> Distribution:
        if value.mean < 1:
            raise EntryError(f"{shown(str(value))} is no time", "a cycle time above 0")
        return value

    @field_validator("ideal_cycle")
    @classmethod
    def _ideal_takes_time(cls, value: int | None) -> int | None:
        if value == 0:
            raise EntryError("0 is no time", "an ideal cycle above 0")
        return value

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        must_differ("mode", "mode", "failures", (failure.mode for failure in self.failures))
        must_differ("task", "name", "maintenance", (task.name for task in self.maintenance))
        return self

    @property
    def planned_cycle(self) -> int:
        """Planned run time per item (PRI) in microseconds; of a batch its share for one item."""
        if self.ideal_cycle is not None:
            return self.ideal_cycle
        return round(self.cycle_time.mean / (1 if self.batch is None else self.batch.size))

    def cycle(self, product: Product) -> Distribution:
        """Time of an operation on a product."""
        return product.cycle_times.get(self.name, self.cycle_time)

    def planned(self, product: Product) -> int:
        """Planned run time per item of a product in microseconds: its own, that of the station, or its mean cycle."""
        if (own := product.ideal_cycles.get(self.name)) is not None:
            return own
        if self.ideal_cycle is not None or self.name not in product.cycle_times:
            return self.planned_cycle
        return round(self.cycle(product).mean / (1 if self.batch is None else self.batch.size))


class Line(Description):
    """A line: how parts arrive, how blocking works, its stations in flow order."""

    name: Name = Field(description="Name of the line, unique in the plant; it stands in topics and paths.")
    area: Name = Field("main", description="ISA-95 area of the line.")
    arrivals: ArrivalsField = Field(
        default_factory=Arrivals,
        description="How parts come: saturated (always there), every 95 s, exponential(95 s), or orders.",
    )
    blocking: Literal["after-service", "before-service"] = Field(
        "after-service",
        description="after-service: a finished part waits on its machine for the next place; "
        "before-service: work begins only when a place downstream is certain.",
    )
    wip_limit: Count | None = Field(
        None, ge=1, description="CONWIP: the most parts in the line; the entry lets one in when there are fewer."
    )
    pallets: Pallets | None = Field(None, description="Carriers that parts ride on and that come back.")
    minor_stop: Duration = Field(5 * MINUTE, description="Shorter stops are minor stops in the KPIs.")
    products: tuple[Name, ...] | None = Field(None, description="Products it makes; left out: all of the plant.")
    sequence: Sequence = Field(
        (),
        description="Products in the order in which they come, again and again: [A, {product: B, quantity: 3}]; "
        "left out: drawn by their shares.",
    )
    lot: Count = Field(1, ge=1, le=1_000_000, description="Parts of the same product drawn at once.")
    dispatch: Dispatch = Field("fifo", description="Which waiting part comes first at its stations, and which order.")
    stations: tuple[Station, ...] = Field(min_length=1, description="Stations in flow order.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        must_differ("station", "name", "stations", (station.name for station in self.stations))
        return self

    @property
    def node(self) -> Node:
        """Address of the line."""
        return Node(self.area, self.name)

    def machines(self, station: Station) -> tuple[Node, ...]:
        """Addresses of a station's machines: with one machine there is no number."""
        if station.machines == 1:
            return (Node(self.area, self.name, station.name),)
        return tuple(Node(self.area, self.name, station.name, i) for i in range(1, station.machines + 1))

    # --- the flow (rule 5) ---------------------------------------------------------------------------------------

    def default_way(self, index: int) -> str:
        """Where parts go from a station unless it says otherwise: into the assembly that names it, else on."""
        name = self.stations[index].name
        for station in self.stations:
            if any(join.station == name for join in station.joins):
                return station.name
        return self.stations[index + 1].name if index + 1 < len(self.stations) else OUT

    def ways(self, index: int) -> tuple[str, ...]:
        """Where parts of a station may go, rework apart: stations, or out; the default way last if it is open."""
        station = self.stations[index]
        if station.disassembly:
            return tuple(dict.fromkeys(piece.to for piece in station.disassembly))
        if isinstance(station.next, Choice):
            return station.next.to
        named = [way.to for way in station.next]
        closed = sum(way.share or 0 for way in station.next) > 1 - 1e-9
        closed |= any(way.share is None and way.product is None for way in station.next)
        return tuple(dict.fromkeys(named if closed else [*named, self.default_way(index)]))

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Stations that nothing flows into, the first one always.

        A bench that only rework flows into is none, unless an assembly needs its parts.
        """
        reached = {name for index in range(len(self.stations)) for name in self.ways(index)}
        feeders = {join.station for station in self.stations for join in station.joins}
        for station in self.stations:
            back = {station.quality.rework.to if station.quality.rework is not None else None}
            back.add(station.inspection.to if station.inspection is not None else None)
            reached |= {to for to in back if to is not None and to not in {station.name, *feeders}}
        return tuple(s.name for i, s in enumerate(self.stations) if i == 0 or s.name not in reached)

    def begins(self, station: str, product: Product | None) -> bool:
        """Whether parts of a product begin their way here."""
        return product.route[0] == station if product is not None and product.route else station in self.entries

    def arrivals_at(self, station: Station) -> Arrivals:
        """How parts come to an entry."""
        return self.arrivals if station.arrivals is None else station.arrivals


def _whole_samples(given: dict[str, Any]) -> int:
    sample = given.get("sample") or SECOND
    return -(-SECOND // sample) * int(sample)


class Sampling(Description):
    """How telemetry is sampled: an instant every ``sample``, a message every ``block`` of plant time."""

    sample: Duration = Field(SECOND, description="Time between two samples of a signal.")
    block: Duration = Field(
        default_factory=_whole_samples,
        description="Plant time covered by one message, a multiple of sample; left out: the first one from 1 s on.",
    )
    waveforms: bool = Field(False, description="Whether machines send the waveforms that their types record.")
    truth: bool = Field(False, description="Whether what is really wrong is sent too, on topics that no twin reads.")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.sample == 0:
            raise EntryError("sample is 0", "a time above 0", at=("sample",))
        if self.block == 0 or self.block % self.sample:
            block, sample = format_duration(self.block), format_duration(self.sample)
            found = f"a block of {block} does not hold a whole number of samples of {sample}"
            raise EntryError(found, "a block that is a multiple of sample", at=("block",))
        return self


def _keys(text: str, **inner: Any) -> dict[str, Any]:
    return {key: inner.get(key, {}) for key in text.split()}


class Ambient(Description):
    """Temperature of the hall: a daily sine with its top at 15:00, and slow wandering."""

    mean: float = Field(22.0, description="Mean over the day in °C.")
    daily: float = Field(3.0, ge=0, description="How far the day goes above and the night below the mean, in K.")
    sigma: float = Field(0.4, ge=0, description="Standard deviation of the wandering in K.")
    tau: Duration = Field(2 * HOUR, description="Correlation time of the wandering.")

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.tau < MINUTE:
            raise EntryError(f"tau is {format_duration(self.tau)}", "1 min or more", at=("tau",))
        return self


NAMING = _keys(
    "plant enterprise telemetry lines",
    telemetry=_keys("sample block"),
    lines=_keys(
        "name area arrivals blocking stations",
        stations=_keys(
            "name type machines cycle_time ideal_cycle minimum_cycle load unload buffer transport failures quality",
            failures=_keys("mode clock time_to_failure availability time_to_repair part"),
            quality=_keys("scrap"),
        ),
    ),
)
"""Keys that go into the name of a run also at their defaults: those of the first version. A key that came later goes in
when it says something, so that runs recorded before it keep their names."""


def _named(whole: Any, told: Any, naming: dict[str, Any]) -> Any:
    if isinstance(whole, list):
        told = told if isinstance(told, list) else [None] * len(whole)
        return [_named(item, about, naming) for item, about in zip(whole, told, strict=True)]
    if isinstance(whole, dict):
        told = told if isinstance(told, dict) else {}
        kept = {key: item for key, item in whole.items() if key in told or key in naming}
        return {key: _named(item, told.get(key), naming.get(key, {})) for key, item in kept.items()}
    return whole


class Plant(Description):
    """A plant: its place in the enterprise, its lines, its people and what it makes."""

    plant: Name = Field(description="Name of the site.")
    enterprise: Name = Field("local", description="Name of the enterprise.")
    telemetry: Sampling = Field(default_factory=Sampling, description="How signals are sampled and sent.")
    ambient: Ambient = Field(
        default_factory=Ambient, description="Temperature of the hall that all machines stand in."
    )
    machine_types: dict[Name, MachineType] = Field(
        default_factory=dict, description="Types of machines besides those of the catalogue, or in place of them."
    )
    time_zone: TimeZone = Field("UTC", description="IANA time zone in which shifts are told: Europe/Moscow.")
    shifts: tuple[Shift, ...] = Field((), description="Shifts; none declared: everybody works around the clock.")
    holidays: tuple[Holiday, ...] = Field((), description='Days on which no shift starts: ["2026-01-01"].')
    operators: tuple[Pool, ...] = Field((), description="Pools of operators.")
    fleets: tuple[Fleet, ...] = Field((), description="Vehicles that bring parts to stations.")
    products: tuple[Product, ...] = Field(
        (), description="What the plant makes; left out: each line makes one product, called like itself."
    )
    orders: tuple[AnyOrder, ...] = Field((), description="Production orders of lines whose arrivals are orders.")
    faults: tuple[Fault, ...] = Field((), description="Faults of machines, of sensors, and on the way of messages.")
    lines: tuple[Line, ...] = Field(min_length=1, description="Lines of the site.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        must_differ("line", "name", "lines", (line.name for line in self.lines))
        must_differ("shift", "name", "shifts", (shift.name for shift in self.shifts))
        must_differ("pool", "pool", "operators", (pool.pool for pool in self.operators))
        must_differ("fleet", "fleet", "fleets", (fleet.fleet for fleet in self.fleets))
        must_differ("product", "name", "products", (product.name for product in self.products))
        must_differ("order", "order", "orders", (order.order for order in self.orders))
        return self

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        if wrong := contradictions(self, (info.context or {}).get("mended", ())):
            raise ContradictionError(self, wrong)
        return self

    @cached_property
    def own_types(self) -> dict[str, MachineType]:
        """The types of machines that it brings along, told in full."""
        return resolved(self.machine_types)

    def has_type(self, name: str) -> bool:
        """Whether there is a machine type of that name, and of all names that it is like."""
        seen: list[str] = []
        while name in self.machine_types and name not in seen:
            seen.append(name)
            like = self.machine_types[name].like
            if like is None:
                return True
            name = like
        return name in CATALOGUE and name not in self.machine_types

    def kind(self, station: Station) -> MachineType:
        """What the machines of a station are like, with the figures, power and air that it has of its own."""
        of = self.own_types[station.type] if station.type in self.own_types else CATALOGUE[station.type]
        return of.at(station.power, station.figures)

    def line(self, name: str) -> Line:
        """The line of that name."""
        return next(line for line in self.lines if line.name == name)

    @property
    def calendar(self) -> Calendar:
        """Its shifts with their time zone and holidays."""
        return Calendar(zone=self.time_zone, shifts=self.shifts, holidays=self.holidays)

    def products_of(self, line: Line) -> tuple[Product, ...]:
        """What a line makes, in the order of the plant; without declared products one, called like the line."""
        if not self.products:
            return (Product(name=line.name),)
        return tuple(p for p in self.products if line.products is None or p.name in line.products)

    def with_faults(self, faults: tuple[AnyFault, ...]) -> Self:
        """The same plant with more faults, which must fit it."""
        return self.model_copy(update={"faults": (*self.faults, *faults)})

    def canonical(self) -> dict[str, Any]:
        """The description as a tree of plain values, the same for files that mean the same."""
        context = {"canonical": True}
        whole = self.model_dump(mode="json", by_alias=True, context=context)
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, context=context)
        named: dict[str, Any] = _named(whole, told, NAMING)
        return named

    def run_id(self, seed: int, start: int) -> str:
        """Name of the run: a hash of plant (with the values of its CSV files), seed and start."""
        text = f"{json.dumps(self.canonical())}\0{seed}\0{start}"
        return blake2b(text.encode(), digest_size=6).hexdigest()
