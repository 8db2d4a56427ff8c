"""The plant description: what people write, as frozen data in reading order.

Each model is type, validator and schema at once; unknown keys are errors. Times are integer microseconds, random times
are `Distribution` values, shares are fractions. The loader (`plant.loader`) adds files, lines and did-you-mean.
"""

import json
import math
from collections.abc import Iterable
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
    SerializationInfo,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from plant.catalogue import CATALOGUE
from plant.distributions import DISTRIBUTION_PATTERN, Distribution, constant, exponential, parse_distribution
from plant.errors import EntryError, did_you_mean, shown
from plant.messages import RESERVED_NAMES
from plant.paths import NAME, NAME_ALLOWED, Node
from plant.time import DURATION_PATTERN, SECOND, format_duration, parse_duration

SHARE_ALLOWED = "a share between 0 and 1, or a percentage such as 0.4 %"
ARRIVALS_ALLOWED = "saturated, every 95 s, or a distribution such as exponential(95 s)"


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        hint = f'a name of digits stands in quotes: "{value}"' if type(value) in {int, float} else ""
        raise EntryError(f"{shown(value)} is not a name", NAME_ALLOWED, hint)
    if value.lower() in RESERVED_NAMES:
        raise EntryError(f"{value!r} is reserved for messages", f"any name but {', '.join(sorted(RESERVED_NAMES))}")
    return value


def _distribution(value: object, info: ValidationInfo) -> Distribution:
    if isinstance(value, Distribution):
        return value
    folder = (info.context or {}).get("folder")
    return parse_distribution(value, Path(folder) if folder else None)


def _share(value: object) -> float:
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = math.nan
    if isinstance(value, bool) or not 0 <= share <= 1:
        percent = isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100
        raise EntryError(f"{shown(value)} is not a share", SHARE_ALLOWED, f"did you mean {value} %?" if percent else "")
    return share


def _written(value: object, info: SerializationInfo) -> str:
    """As people wrote it; for hashing in the form that is the same for all ways to write it."""
    return value.canonical if (info.context or {}).get("canonical") else str(value)  # type: ignore[attr-defined]


def _text_or_number(pattern: str) -> dict[str, Any]:
    return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": pattern}]}


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_text_or_number(DURATION_PATTERN)),
]
Time = Annotated[
    Distribution,
    BeforeValidator(_distribution),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema(_text_or_number(DISTRIBUTION_PATTERN)),
]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^\s*\d*\.?\d+([eE][+-]?\d+)?\s*%?\s*$"},
            ]
        }
    ),
]
Count = Annotated[int, Field(strict=True)]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How parts come to the line: always there (no interval), or one after each interval."""

    interval: Distribution | None = None

    @property
    def canonical(self) -> str:
        """The same for all ways to write it."""
        return "saturated" if self.interval is None else f"every {self.interval.canonical}"

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
    except EntryError as wrong:
        if isinstance(value, str) and "(" in value:  # a distribution gone wrong: it says best what is wrong
            raise
        hint = wrong.hint or did_you_mean(value, ["saturated"])
        raise EntryError(f"{shown(value)} is no way to arrive", ARRIVALS_ALLOWED, hint) from None
    if interval.mean < 1:
        raise EntryError(f"{shown(value)} leaves no time between arrivals", "an interval above 0")
    return Arrivals(interval)


ArrivalsField = Annotated[
    Arrivals,
    BeforeValidator(_arrivals),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema(_text_or_number(rf"^saturated$|^every |{DISTRIBUTION_PATTERN}")),
]


def _must_differ(kind: str, key: str, siblings: str, names: Iterable[str]) -> None:
    """Names of siblings must differ, and by more than case: they become topics, columns and files."""
    seen: dict[str, str] = {}
    for place, name in enumerate(names):
        if (other := seen.get(name.lower())) is not None:
            same = "" if other == name else f", written {other}"
            raise EntryError(
                f"there is a {kind} {name} already{same}",
                "names that differ by more than upper and lower case",
                at=(siblings, place, key),
            )
        seen[name.lower()] = name


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Failure(_Description):
    """One way in which a machine fails; modes are independent."""

    mode: Name = Field(description="Name of the mode, unique at its station; it becomes an alarm code.")
    clock: Literal["operating", "calendar"] = Field(
        "operating", description="operating: ages only while the machine processes; calendar: always."
    )
    time_to_failure: Time | None = Field(
        None, description="From the end of a repair to the next failure on the mode's clock. Give this or availability."
    )
    availability: Share | None = Field(
        None,
        description="Instead of time_to_failure: share of the clock's time up, alone, above 0 and below 1. "
        "The time to failure is exponential with the mean that follows: A / (1 - A) times the mean repair.",
    )
    time_to_repair: Time = Field(description="From the failure to its end, drawn at the failure.")
    part: Literal["resume", "restart", "scrap"] = Field(
        "resume", description="What becomes of the part in work: resume: goes on; restart: with a new draw; scrap."
    )

    @model_validator(mode="after")
    def _one_interval(self) -> Self:
        wanted = "either time_to_failure or availability"
        if (self.time_to_failure is None) == (self.availability is None):
            found = "neither is given" if self.availability is None else "both are given"
            raise EntryError(found, wanted, at=("availability",))
        if self.availability is None:
            return self
        if not 0 < self.availability < 1:
            raise EntryError(f"availability is {self.availability:g}", "above 0 and below 1", at=("availability",))
        if self.time_to_repair.mean < 1:
            raise EntryError(
                "time_to_repair is 0, so that no time to failure follows from availability",
                "a time_to_repair above 0",
                at=("time_to_repair",),
            )
        return self

    @field_validator("time_to_failure")
    @classmethod
    def _takes_time(cls, value: Distribution | None) -> Distribution | None:
        if value is not None and value.mean < 1:
            raise EntryError(f"{shown(str(value))} is no time", "a time to failure above 0")
        return value

    @property
    def interval(self) -> Distribution:
        """Time to failure; from availability A and mean repair R exponential with mean R A / (1 - A)."""
        if self.time_to_failure is not None:
            return self.time_to_failure
        a = self.availability or 0.0
        return exponential(self.time_to_repair.mean * a / (1 - a))


class QualityRules(_Description):
    """What share of the parts is bad after work here."""

    scrap: Share = Field(0.0, description="Share of the parts scrapped after work here.")


class Station(_Description):
    """One station of a line: what it is, how fast, how it fails, where the part goes."""

    name: Name = Field(description="Name of the station, unique in its line; it stands in topics and paths.")
    type: str = Field(
        "machine",
        description="Machine type from the catalogue: signals, power, physics.",
        json_schema_extra={"enum": list(CATALOGUE)},
    )
    machines: Count = Field(1, ge=1, le=1000, description="Identical machines in parallel.")
    cycle_time: Time = Field(description="Work on one part, without load and unload.")
    ideal_cycle: Duration | None = Field(
        None, description="Planned run time per item for KPIs; left out: the mean cycle time, marked as derived."
    )
    minimum_cycle: Duration | None = Field(None, description="The shortest possible cycle, for bounds of KPIs.")
    load: Time = Field(default_factory=lambda: constant(0), description="Handling at the machine before work.")
    unload: Time = Field(default_factory=lambda: constant(0), description="Handling at the machine after work.")
    buffer: Count | None = Field(
        None,
        ge=0,
        description="Places in front of the station; those in its machines are extra. "
        "Left out: 0, or no limit at the first station with timed arrivals.",
    )
    transport: Time = Field(
        default_factory=lambda: constant(0),
        description="Time on the way into the buffer; a part on its way holds its place.",
    )
    failures: tuple[Failure, ...] = Field((), description="Ways in which each machine fails, independently.")
    quality: QualityRules = Field(default_factory=QualityRules, description="What share of the parts is bad.")

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in CATALOGUE:
            found = f"there is no machine type {shown(value)}"
            raise EntryError(found, ", ".join(CATALOGUE), did_you_mean(value, CATALOGUE))
        return value

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
    def _modes_differ(self) -> Self:
        _must_differ("mode", "mode", "failures", (failure.mode for failure in self.failures))
        return self

    @property
    def planned_cycle(self) -> int:
        """Planned run time per item (PRI) in microseconds."""
        return self.ideal_cycle if self.ideal_cycle is not None else round(self.cycle_time.mean)


class Line(_Description):
    """A line: how parts arrive, how blocking works, its stations in flow order."""

    name: Name = Field(description="Name of the line, unique in the plant; it stands in topics and paths.")
    area: Name = Field("main", description="ISA-95 area of the line.")
    arrivals: ArrivalsField = Field(
        default_factory=Arrivals, description="How parts come: saturated (always there), every 95 s, exponential(95 s)."
    )
    blocking: Literal["after-service", "before-service"] = Field(
        "after-service",
        description="after-service: a finished part waits on its machine for the next place; "
        "before-service: work begins only when a place downstream is certain.",
    )
    stations: tuple[Station, ...] = Field(min_length=1, description="Stations in flow order.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        _must_differ("station", "name", "stations", (station.name for station in self.stations))
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


def _whole_samples(given: dict[str, Any]) -> int:
    sample = given.get("sample") or SECOND
    return -(-SECOND // sample) * int(sample)


class Sampling(_Description):
    """How telemetry is sampled: an instant every ``sample``, a message every ``block`` of plant time."""

    sample: Duration = Field(SECOND, description="Time between two samples of a signal.")
    block: Duration = Field(
        default_factory=_whole_samples,
        description="Plant time covered by one message, a multiple of sample; left out: the first one from 1 s on.",
    )

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.sample == 0:
            raise EntryError("sample is 0", "a time above 0", at=("sample",))
        if self.block == 0 or self.block % self.sample:
            block, sample = format_duration(self.block), format_duration(self.sample)
            found = f"a block of {block} does not hold a whole number of samples of {sample}"
            raise EntryError(found, "a block that is a multiple of sample", at=("block",))
        return self


class Plant(_Description):
    """A plant: its place in the enterprise and its lines."""

    plant: Name = Field(description="Name of the site.")
    enterprise: Name = Field("local", description="Name of the enterprise.")
    telemetry: Sampling = Field(default_factory=Sampling, description="How signals are sampled and sent.")
    lines: tuple[Line, ...] = Field(min_length=1, description="Lines of the site, independent of each other.")

    @model_validator(mode="after")
    def _lines_differ(self) -> Self:
        _must_differ("line", "name", "lines", (line.name for line in self.lines))
        return self

    def line(self, name: str) -> Line:
        """The line of that name."""
        return next(line for line in self.lines if line.name == name)

    def canonical(self) -> dict[str, Any]:
        """The description as a tree of plain values, the same for files that mean the same."""
        return self.model_dump(mode="json", context={"canonical": True})

    def run_id(self, seed: int, start: int) -> str:
        """Name of the run: a hash of plant (with the values of its CSV files), seed and start."""
        text = f"{json.dumps(self.canonical())}\0{seed}\0{start}"
        return blake2b(text.encode(), digest_size=6).hexdigest()
