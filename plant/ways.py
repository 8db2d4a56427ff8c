"""Where parts come from, go to, and how they travel, as plant files describe it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from plant.distributions import constant
from plant.errors import EntryError
from plant.fields import Count, Description, Duration, Metres, Name, Share, Speed, Time
from plant.time import SECOND

OUT = "out"
"""What `next` calls the way out of the line."""


class Way(Description):
    """A way out of a station that some of its parts take."""

    to: Name = Field(description="Station they go to, or out: out of the line.")
    share: Share | None = Field(None, description="Share of the parts; without share and product: all the rest.")
    product: Name | None = Field(None, description="The product that goes this way.")

    @model_validator(mode="after")
    def _one_criterion(self) -> Self:
        if self.share is not None and self.product is not None:
            raise EntryError("both share and product are given", "one of the two", at=("share",))
        return self


class Choice(Description):
    """Stations between which the load decides."""

    policy: Literal["least-loaded", "round-robin"] = Field(
        description="least-loaded: fewest parts at and on the way to it, per machine; round-robin: in turn."
    )
    to: tuple[Name, ...] = Field(min_length=2, description="Stations, the first before the others when they are equal.")


def _next(value: Any) -> str:
    return "<choice>" if isinstance(value, dict | Choice) else "<ways>"


Next = Annotated[Annotated[tuple[Way, ...], Tag("<ways>")] | Annotated[Choice, Tag("<choice>")], Discriminator(_next)]


def _join(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


class Join(Description):
    """An input of an assembly station."""

    station: Name = Field(alias="from", description="Station whose parts come here.")
    quantity: Count = Field(1, ge=1, le=10_000, description="How many of them make one product.")
    buffer: Count | None = Field(None, ge=0, description="Places for them; left out: the station's buffer.")


JoinField = Annotated[Join, BeforeValidator(_join, json_schema_input_type=Join | Name)]


class Piece(Description):
    """What a part is taken apart into."""

    to: Name = Field(description="Station that the pieces go to, or out.")
    quantity: Count = Field(1, ge=1, le=10_000, description="How many pieces of this kind come of one part.")
    product: Name | None = Field(None, description="What they are; left out: the product of the part.")


class Conveyor(Description):
    """A belt into the buffer of a station."""

    length: Metres = Field(description="Length of the belt.")
    speed: Speed = Field(description="Speed of the belt.")
    capacity: Count = Field(ge=1, le=100_000, description="Parts that fit on it.")
    accumulating: bool = Field(
        True,
        strict=True,
        description="true: parts behind a waiting one close up; false: the belt stops when its end is taken.",
    )


class Ride(Description):
    """Transport by the vehicles of a fleet."""

    fleet: Name = Field(description="Name of the fleet.")


def _transport(value: Any) -> str:
    if isinstance(value, dict):
        return "<ride>" if "fleet" in value else "<conveyor>"
    if isinstance(value, Ride | Conveyor):
        return "<ride>" if isinstance(value, Ride) else "<conveyor>"
    return "<time>"


Transport = Annotated[
    Annotated[Time, Tag("<time>")] | Annotated[Conveyor, Tag("<conveyor>")] | Annotated[Ride, Tag("<ride>")],
    Discriminator(_transport),
]


class Distance(Description):
    """How far it is from one station to another, there and back unless the way back is given too."""

    start: Name = Field(alias="from", description="Station; of several lines that have it, each of them.")
    to: Name = Field(description="Station at the other end.")
    distance: Metres | None = Field(None, description="Length of the way; give this or time.")
    time: Duration | None = Field(None, description="Time to drive it, instead of a length.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        _length_or_time(self.distance, self.time)
        return self


def _length_or_time(length: float | None, time: int | None) -> None:
    if (length is None) == (time is None):
        found = "neither a distance nor a time is given" if time is None else "both a distance and a time are given"
        raise EntryError(found, "one of the two", at=("distance",))


class Charging(Description):
    """When a vehicle charges."""

    after: Duration = Field(description="Driving after which it charges, once it has brought its part.")
    time: Duration = Field(description="How long it charges.")


class Fleet(Description):
    """Vehicles, or a crane, that bring parts from machines to buffers."""

    fleet: Name = Field(description="Name of the fleet, unique in the plant.")
    vehicles: Count = Field(1, ge=1, le=1000, description="How many there are.")
    speed: Speed | None = Field(None, description="Speed, loaded or not; not needed where all ways have times.")
    distance: Metres | None = Field(None, description="Length of ways that distances leaves out; give this or time.")
    time: Duration | None = Field(None, description="Time to drive such a way, instead of a length.")
    distances: tuple[Distance, ...] = Field((), description="Lengths of ways, or times: a matrix of what is known.")
    load: Time = Field(default_factory=lambda: constant(0), description="Time to take a part on.")
    unload: Time = Field(default_factory=lambda: constant(0), description="Time to set a part down.")
    dispatch: Literal["longest-waiting", "nearest"] = Field(
        "longest-waiting", description="Which waiting part a free vehicle fetches."
    )
    charging: Charging | None = Field(None, description="When a vehicle charges; left out: never.")

    @model_validator(mode="after")
    def _driven_somehow(self) -> Self:
        _length_or_time(self.distance, self.time)
        lengths = [self.distance, *(way.distance for way in self.distances)]
        if self.speed is None and any(length is not None for length in lengths):
            raise EntryError("a way has a length, and the fleet no speed", "a speed, or times instead", at=("speed",))
        return self

    def drive(self, way: Distance | None = None) -> int:
        """Time to drive a way in µs; without one that of ways that `distances` leaves out."""
        length, time = (self.distance, self.time) if way is None else (way.distance, way.time)
        return round((length or 0.0) / (self.speed or 1.0) * SECOND) if time is None else time


class Pallets(Description):
    """Carriers that parts ride on from the entry until they leave the line, and that come back."""

    count: Count = Field(ge=1, le=1_000_000, description="How many there are.")
    back: Time = Field(
        default_factory=lambda: constant(0), description="Time of an empty one on its way back to the entry."
    )
    until: Name | None = Field(None, description="Station at which a part leaves its pallet; left out: the last one.")


class Supply(Description):
    """Material in front of an entry that is not without end: ordered again when it runs low, or by kanban cards."""

    quantity: Count = Field(ge=1, description="Parts in a delivery or, with cards, in a container.")
    lead_time: Time = Field(description="Time from the order to the delivery.")
    stock: Count | None = Field(None, ge=0, description="Parts at the start.")
    reorder_at: Count | None = Field(
        None, ge=0, description="Order when stock and what is under way, less parts that wait outside, is down to this."
    )
    cards: Count | None = Field(
        None, ge=1, description="Kanban cards instead: so many full containers at the start; each empty one is ordered."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_stock = self.stock is not None and self.reorder_at is not None
        some = self.stock is not None or self.reorder_at is not None
        if by_stock == (self.cards is not None) or (some and self.cards is not None):
            raise EntryError("it is not clear when to order", "stock and reorder_at, or cards", at=("cards",))
        return self

    @property
    def initial(self) -> int:
        """Parts at the start."""
        return self.quantity * self.cards if self.cards is not None else self.stock or 0

    @property
    def level(self) -> int:
        """Stock and deliveries under way at which to order."""
        return self.quantity * (self.cards - 1) if self.cards is not None else self.reorder_at or 0
