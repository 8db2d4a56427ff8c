"""The plant description: what people write, as frozen data in reading order.

Each model is type, validator and schema at once; unknown keys are errors. Times are integer microseconds, random times
are `Distribution` values, shares are fractions. The loader (`plant.loader`) adds files, lines and did-you-mean.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from plant.catalogue import CATALOGUE
from plant.distributions import DISTRIBUTIONS_ALLOWED, Distribution, constant, exponential, parse_distribution
from plant.messages import RESERVED_NAMES
from plant.paths import NAME, NAME_ALLOWED, Node
from plant.time import DURATIONS_ALLOWED, SECOND, format_duration, parse_duration


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not {NAME_ALLOWED}")
    if value.lower() in RESERVED_NAMES:
        raise ValueError(f"{value!r} is reserved for messages; choose another name")
    return value


def _distribution(value: object, info: ValidationInfo) -> Distribution:
    if isinstance(value, Distribution):
        return value
    folder = (info.context or {}).get("folder")
    return parse_distribution(value, Path(folder) if folder else None)


def _share(value: object) -> float:
    allowed = "a share between 0 and 1, or a percentage such as 0.4 %"
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise ValueError(f"{value!r} is not {allowed}") from None
    if isinstance(value, bool) or not math.isfinite(share) or not 0 <= share <= 1:
        raise ValueError(f"{value!r} is not {allowed}")
    return share


_DURATION_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "description": DURATIONS_ALLOWED}
_TIME_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "description": DISTRIBUTIONS_ALLOWED}
_SHARE_SCHEMA = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^[0-9.eE+-]+\s*%$"}]
}

Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
Time = Annotated[
    Distribution,
    BeforeValidator(_distribution),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_TIME_SCHEMA),
]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(_SHARE_SCHEMA)]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How parts come to the line: always there (no interval), or one after each interval."""

    interval: Distribution | None = None

    def __str__(self) -> str:
        """As people write it."""
        if self.interval is None:
            return "saturated"
        return f"every {self.interval}" if self.interval.constant else str(self.interval)


def _arrivals(value: object, info: ValidationInfo) -> Arrivals:
    if isinstance(value, Arrivals):
        return value
    if value == "saturated":
        return Arrivals()
    try:
        interval = _distribution(value.removeprefix("every ") if isinstance(value, str) else value, info)
    except ValueError:
        raise ValueError(f"{value!r} is not saturated, every 95 s, or a distribution such as exponential(95 s)") from None
    if interval.mean <= 0:
        raise ValueError(f"{value!r}: the interval between arrivals must be above 0")
    return Arrivals(interval)


ArrivalsField = Annotated[
    Arrivals,
    BeforeValidator(_arrivals),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "description": "saturated | every 95 s | exponential(95 s)"}),
]


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Failure(_Description):
    """One way in which a machine fails; modes are independent."""

    mode: Name = Field(description="name of the mode, unique at its station")
    clock: Literal["operating", "calendar"] = Field(
        "operating", description="operating: ages only while the machine processes; calendar: always"
    )
    time_to_failure: Time | None = Field(None, description="from the end of a repair to the next failure")
    availability: Share | None = Field(
        None, description="instead of time_to_failure: share of the clock's time up; the time to failure is exponential"
    )
    time_to_repair: Time = Field(description="from the failure to its end")
    part: Literal["resume", "restart", "scrap"] = Field("resume", description="what becomes of the part in work")

    @model_validator(mode="after")
    def _one_interval(self) -> Self:
        if (self.time_to_failure is None) == (self.availability is None):
            raise ValueError("give either time_to_failure or availability")
        if self.availability is not None and not 0 < self.availability < 1:
            raise ValueError("availability must be above 0 and below 1")
        if self.time_to_failure is not None and self.time_to_failure.mean < 1:
            raise ValueError("time_to_failure must be above 0")
        return self

    @property
    def interval(self) -> Distribution:
        """Time to failure; from availability A and mean repair R exponential with mean R A / (1 - A)."""
        if self.time_to_failure is not None:
            return self.time_to_failure
        a = self.availability or 0.0
        return exponential(self.time_to_repair.mean * a / (1 - a))


class QualityRules(_Description):
    """What share of the parts is bad after work here."""

    scrap: Share = Field(0.0, description="share of the parts scrapped after work here")


class Station(_Description):
    """One station of a line: what it is, how fast, how it fails, where the part goes."""

    name: Name
    type: str = Field("machine", description="machine type from the catalogue: tags, power, physics")
    machines: int = Field(1, ge=1, le=1000, description="identical machines in parallel")
    cycle_time: Time = Field(description="work on one part")
    ideal_cycle: Duration | None = Field(None, description="planned run time per item for KPIs; default: mean cycle time")
    minimum_cycle: Duration | None = Field(None, description="the shortest possible cycle, for bounds of KPIs")
    load: Time = Field(default_factory=lambda: constant(0), description="handling before work")
    unload: Time = Field(default_factory=lambda: constant(0), description="handling after work")
    buffer: int | None = Field(
        None, ge=0, description="places in front of the station, the machine's not counted; left out: 0, or no limit at an entry with timed arrivals"
    )
    transport: Time = Field(default_factory=lambda: constant(0), description="time on the way into that buffer")
    failures: tuple[Failure, ...] = ()
    quality: QualityRules = Field(default_factory=QualityRules)

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in CATALOGUE:
            raise ValueError(f"there is no machine type {value!r}; the catalogue has {', '.join(CATALOGUE)}")
        return value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        modes = [failure.mode for failure in self.failures]
        if twice := sorted({mode for mode in modes if modes.count(mode) > 1}):
            raise ValueError(f"failure modes must differ; {', '.join(twice)} stands twice")
        if self.ideal_cycle == 0:
            raise ValueError("ideal_cycle must be above 0")
        return self

    @property
    def planned_cycle(self) -> int:
        """Planned run time per item (PRI) in microseconds."""
        return self.ideal_cycle if self.ideal_cycle is not None else round(self.cycle_time.mean)


class Line(_Description):
    """A line: how parts arrive, how blocking works, its stations in flow order."""

    name: Name
    area: Name = "main"
    arrivals: ArrivalsField = Field(default_factory=Arrivals)
    blocking: Literal["after-service", "before-service"] = "after-service"
    stations: tuple[Station, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [station.name.lower() for station in self.stations]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"station names must differ by more than case; {', '.join(twice)} stands twice")
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


class Sampling(_Description):
    """How telemetry is sampled: an instant every ``sample``, a message every ``block`` of plant time."""

    sample: Duration = Field(SECOND, description="time between two samples of a tag")
    block: Duration = Field(SECOND, description="plant time covered by one message; a multiple of sample")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.sample <= 0 or self.block <= 0 or self.block % self.sample:
            raise ValueError("block must be a multiple of sample, both above 0")
        return self


class Plant(_Description):
    """A plant: its place in the enterprise and its lines."""

    plant: Name = Field(description="name of the site")
    enterprise: Name = "local"
    telemetry: Sampling = Field(default_factory=Sampling)
    lines: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _lines_differ(self) -> Self:
        names = [line.name.lower() for line in self.lines]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"line names must differ by more than case; {', '.join(twice)} stands twice")
        return self

    def line(self, name: str) -> Line:
        """The line of that name."""
        return next(line for line in self.lines if line.name == name)

    def canonical(self) -> dict[str, Any]:
        """The description as a tree of plain values, the same for files that mean the same."""
        return self.model_dump(mode="json")

    def run_id(self, seed: int, start: int) -> str:
        """Name of the run: a hash of plant, seed and start."""
        text = f"{self.model_dump_json()}\0{seed}\0{start}"
        return blake2b(text.encode(), digest_size=6).hexdigest()
