"""Faults as plant files and scenarios describe them: what goes wrong, where, from when, and how strongly.

There are three layers, and a fault belongs to one of them. A process fault changes the machine, so parts change too; a
sensor fault changes readings; a transport fault changes what is delivered. Its kinds and their parameters
are the rows of `plant.fault_kinds`.
"""

import math
import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, WithJsonSchema, model_validator

from plant.errors import EntryError, closest, did_you_mean, shown
from plant.fault_kinds import BURSTS, SENSOR_KINDS, TRANSPORT_KINDS, UNKNOWN_KIND, WRONG_UNITS, Kind, Parameter
from plant.fields import Count, Description, Duration, Name, Share, Time
from plant.paths import NAME
from plant.time import DURATION_PATTERN, DURATIONS_ALLOWED, format_duration, parse_duration
from plant.variables import Ident

if TYPE_CHECKING:
    from plant.distributions import Distribution

Layer = Literal["process", "sensor", "transport"]
LAYERS: tuple[Layer, ...] = ("process", "sensor", "transport")


# --- fields --------------------------------------------------------------------------------------------------------


def _kind_of(kinds: Mapping[str, Kind], layer: str) -> BeforeValidator:
    def read(value: object) -> object:
        if value is not UNKNOWN_KIND and (not isinstance(value, str) or value not in kinds):
            found = f"there is no {layer} fault {shown(value)}"
            raise EntryError(found, ", ".join(kinds), did_you_mean(value, kinds))
        return value

    return BeforeValidator(read)


_PLACE = re.compile(rf"{NAME.pattern}(/{NAME.pattern}(/[1-9]\d{{0,3}})?)?")
PLACE_ALLOWED = "LINE, LINE/STATION or LINE/STATION/MACHINE, such as block-line/OP10/1"


def _place(value: object) -> object:
    if not isinstance(value, str) or not _PLACE.fullmatch(value):
        raise EntryError(f"{shown(value)} is no place", PLACE_ALLOWED)
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EntryError(f"{shown(value)} is not a number", "a number without a unit, such as 0.5")
    return float(value)


def _positive(value: object) -> float:
    number = _number(value)
    if number <= 0:
        raise EntryError(f"{shown(value)} is not above 0", "a number above 0")
    return number


def _error(value: object) -> float:
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else _number(value)
    except ValueError:
        raise EntryError(f"{shown(value)} is no error of a slope", "a share such as 5 % or -0.05") from None
    if not -1 < share < math.inf:
        raise EntryError(f"{shown(value)} leaves nothing of the reading", "more than -100 %")
    return share


def _signed_duration(value: object) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return -parse_duration(-value)
    behind = isinstance(value, str) and value.strip().startswith("-")
    try:
        return -parse_duration(str(value).strip()[1:]) if behind else parse_duration(value)
    except EntryError as wrong:
        raise EntryError(wrong.found, f"{DURATIONS_ALLOWED}, or -2 s", wrong.hint) from None


def _written_signed(micros: int) -> str:
    return f"-{format_duration(-micros)}" if micros < 0 else format_duration(micros)


def _wrong_unit(value: object) -> object:
    if not isinstance(value, str) or value not in WRONG_UNITS:
        found = f"there is no wrong unit {shown(value)}"
        raise EntryError(found, f"{', '.join(WRONG_UNITS)}, or factor and offset", did_you_mean(value, WRONG_UNITS))
    return value


SensorKind = Annotated[
    str, _kind_of(SENSOR_KINDS, "sensor"), WithJsonSchema({"type": "string", "enum": [*SENSOR_KINDS]})
]
TransportKind = Annotated[
    str, _kind_of(TRANSPORT_KINDS, "transport"), WithJsonSchema({"type": "string", "enum": [*TRANSPORT_KINDS]})
]
Place = Annotated[str, BeforeValidator(_place), WithJsonSchema({"type": "string", "pattern": f"^{_PLACE.pattern}$"})]
Number = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Positive = Annotated[float, BeforeValidator(_positive), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
SlopeError = Annotated[
    float,
    BeforeValidator(_error),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[+-]?\d*\.?\d+\s*%?\s*$"}]}),
]
SignedDuration = Annotated[
    int,
    BeforeValidator(_signed_duration),
    PlainSerializer(_written_signed, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": DURATION_PATTERN.replace(r"\+?", "[+-]?")},
            ]
        }
    ),
]
WrongUnit = Annotated[str, BeforeValidator(_wrong_unit), WithJsonSchema({"type": "string", "enum": list(WRONG_UNITS)})]


# --- entries -------------------------------------------------------------------------------------------------------


class AnyFault(Description):
    """What all entries of `faults` say: where and when."""

    layer: ClassVar[Layer]

    on: Place = Field(
        description="Where: LINE, LINE/STATION or LINE/STATION/MACHINE; a line or station means all of it.",
        examples=["block-line/OP10"],
    )
    at: Duration | None = Field(
        None, description="When it begins, from the start of the run; left out, and without every: at the start."
    )
    every: Time | None = Field(
        None, description="Instead of at: time from the end of the last one, or the start of the run, to the next."
    )
    lasting: Time | None = Field(None, alias="for", description="How long it lasts; left out: to the end of the run.")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.at is not None and self.every is not None:
            raise EntryError("both at and every are given", "one of the two", at=("every",))
        for key, time in (("every", self.every), ("for", self.lasting)):
            if time is not None and time.mean < 1:
                raise EntryError(f"{shown(str(time))} is no time", "a time above 0", at=(key,))
        return self

    @property
    @abstractmethod
    def what(self) -> str:
        """Name of a process fault, or kind of a sensor or transport fault."""

    @property
    def name(self) -> str:
        """What tells it apart from other faults at its place: a sensor fault by its signal too."""
        return self.what

    @property
    def full(self) -> float:
        """How strong it becomes; process faults alone may be weaker than 1."""
        return 1.0

    @property
    def begin(self) -> int:
        """When a scripted one begins, or the first interval of a random one, µs since the start of the run."""
        return self.at or 0

    @property
    def place(self) -> tuple[str, ...]:
        """Line, station and number of the machine, as far as they are named."""
        return tuple(self.on.split("/"))

    def covers(self, line: str, station: str, machine: int = 1) -> bool:
        """Whether it befalls a machine."""
        return self.place == (line, station, str(machine))[: len(self.place)]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What it is told beside where and when, or what that is when nobody says."""
        return {}

    def _check_parameters(self, kinds: Mapping[str, Kind], own: Mapping[str, Parameter]) -> None:
        kind = kinds.get(self.what)
        if kind is None:  # nobody could read it
            return
        known = ", ".join(kind.parameters)
        for key in (key for key, value in own.items() if value is not None and key not in kind.parameters):
            found = f"{self.what} has no parameter {key}"
            allowed = f"those of {self.what}: {known}" if known else f"{self.what} alone: it has no parameters"
            raise EntryError(found, allowed, did_you_mean(key, kind.parameters), at=(key,))
        if kind.needs and all(own[key] is None for key in kind.needs):
            found = f"{self.what} without {' and '.join(kind.needs)}"
            raise EntryError(found, f"one of {', '.join(kind.needs)}", at=(self.layer,))

    def _parameters(self, kinds: Mapping[str, Kind], own: Mapping[str, Parameter]) -> dict[str, Parameter]:
        defaults = kinds[self.what].parameters
        return {key: default if own[key] is None else own[key] for key, default in defaults.items()}


class ProcessFault(AnyFault):
    """Something is wrong with a machine, so with its parts too."""

    layer = "process"

    process: Name = Field(
        description="Fault of the machine's type that it is.",
        examples=["spindle-bearing, or sensor or transport with a kind"],
    )
    growth: Duration = Field(0, description="Time in which it grows evenly from nothing to severity; 0: at once.")
    severity: Share = Field(1.0, description="How strong it becomes: 100 % is the worst that its type knows.")

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.severity == 0:
            raise EntryError("severity is 0", "a share above 0", at=("severity",))
        return self

    @property
    def what(self) -> str:
        """Its name."""
        return self.process

    @property
    def full(self) -> float:
        """How strong it becomes."""
        return self.severity

    @property
    def parameters(self) -> dict[str, Parameter]:
        """How it grows."""
        return {"growth": self.growth, "severity": self.severity}


class SensorFault(AnyFault):
    """Something is wrong with a sensor; the machine and its parts are as they were."""

    layer = "sensor"

    sensor: SensorKind = Field(
        description="Kind of fault; the table of sensor faults says its parameters.", examples=["drift"]
    )
    tag: Ident = Field(description="Signal that it befalls.", examples=["spindle_temp"])
    sd: Positive | None = Field(
        None, description="noise: standard deviation in the unit of the signal; left out: 2 % of its range."
    )
    tau: Duration | None = Field(None, description="noise: time constant of coloured noise; 0: white.")
    offset: Number | None = Field(
        None, description="bias: in the unit of the signal; left out: 2 % of its range. unit: what is added."
    )
    error: SlopeError | None = Field(None, description="gain: share by which readings are too large.")
    rate: Number | None = Field(
        None,
        description="drift: growth per hour in the unit of the signal; left out: 2 % of its range per 30 d. "
        "spikes: how many per hour.",
    )
    walk: Positive | None = Field(
        None, description="drift: of a random walk, the standard deviation after one hour in the unit of the signal."
    )
    height: Positive | None = Field(
        None, description="spikes: in standard deviations of the noise; without noise, in 0.5 % of the range."
    )
    up: Duration | None = Field(None, description="dropout: mean time between two gaps.")
    down: Duration | None = Field(None, description="dropout: mean length of a gap.")
    bits: Count | None = Field(None, ge=1, le=24, description="quantisation: bits over the range of the signal.")
    step: Positive | None = Field(None, description="quantisation: step in the unit of the signal, instead of bits.")
    low: Number | None = Field(None, description="saturation: no reading is below.")
    high: Number | None = Field(None, description="saturation: no reading is above.")
    wrong: WrongUnit | None = Field(None, alias="as", description="unit: which one, instead of factor and offset.")
    factor: Number | None = Field(None, description="unit: factor from the right unit to the wrong one.")
    ppm: Number | None = Field(None, description="clock: how much too fast it runs, in millionths.")
    ahead: SignedDuration | None = Field(None, description="clock: by how much it is ahead at once; -2 s: behind.")
    zone: Annotated[int, Field(strict=True)] | None = Field(
        None, ge=-14, le=14, description="clock: hours of a wrong time zone."
    )
    modulo: Count | None = Field(None, ge=2, description="rollover: first value that reads 0 again.")
    hold: Duration | None = Field(None, description="stale: time after which the value is renewed.")

    @property
    def what(self) -> str:
        """Its kind."""
        return self.sensor

    @property
    def name(self) -> str:
        """Its signal and its kind."""
        return f"{self.tag}.{self.sensor}"

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Those of its kind; None: follows from the range or the noise of the signal."""
        return self._parameters(SENSOR_KINDS, self._own)

    @property
    def _own(self) -> dict[str, Parameter]:
        return _told(self, {"sensor", "tag"})

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        self._check_parameters(SENSOR_KINDS, self._own)
        if self.sensor == "unit" and self.wrong is not None:
            for key in ("factor", "offset"):
                if getattr(self, key) is not None:
                    raise EntryError(f"both as and {key} are given", "one of the two", at=(key,))
        if self.bits is not None and self.step is not None:
            raise EntryError("both bits and step are given", "one of the two", at=("step",))
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise EntryError(f"low is {self.low:g}, and high {self.high:g}", "a high above low", at=("high",))
        for key in ("up", "down", "hold"):
            if getattr(self, key) == 0:
                raise EntryError("0 is no time", "a time above 0", at=(key,))
        return self


class TransportFault(AnyFault):
    """Something is wrong on the way of messages; their values are as they were."""

    layer = "transport"

    transport: TransportKind = Field(
        description="Kind of fault; the table of transport faults says its parameters.", examples=["loss"]
    )
    share: Share | None = Field(
        None, description="Share of the messages that it befalls; of losses in bursts that in the degraded state."
    )
    up: Duration | None = Field(None, description="loss in bursts: mean time in which nothing is lost.")
    degraded: Duration | None = Field(None, description="loss in bursts: mean time in which the share is lost.")
    down: Duration | None = Field(None, description="loss in bursts: mean time in which all is lost.")
    median: Duration | None = Field(None, description="delay: half of the messages take at most this time.")
    p99: Duration | None = Field(None, description="delay: 99 % of the messages take at most this time.")
    others: Count | None = Field(None, ge=1, le=10_000, description="reorder: the most messages that pass a held one.")
    keep: bool | None = Field(
        None, strict=True, description="disconnect: true: what is not sent is kept and comes afterwards; false: lost."
    )
    buffer: Count | None = Field(
        None, ge=1, le=10_000_000, description="disconnect: messages that are kept; beyond it the oldest are lost."
    )
    pace: Positive | None = Field(
        None, description="disconnect: messages per second afterwards; left out: all at once."
    )

    @property
    def what(self) -> str:
        """Its kind."""
        return self.transport

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Those of its kind."""
        found = self._parameters(TRANSPORT_KINDS, self._own)
        if any(found.get(key) is not None for key in BURSTS):
            found |= {key: default for key, default in BURSTS.items() if found[key] is None}
        return found

    @property
    def _own(self) -> dict[str, Parameter]:
        return _told(self, {"transport"})

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        self._check_parameters(TRANSPORT_KINDS, self._own)
        for key in BURSTS:
            if getattr(self, key) == 0:
                raise EntryError("0 is no time", "a time above 0", at=(key,))
        if self.transport == "delay":
            told = self.parameters
            median, p99 = told["median"], told["p99"]
            if not (isinstance(median, int) and isinstance(p99, int) and 0 < median <= p99):
                raise EntryError("the 99 % of a delay are below its median", "0 < median <= p99", at=("p99",))
        return self


def _told(fault: AnyFault, besides: set[str]) -> dict[str, Parameter]:
    """The parameters of all kinds as they are given, by the keys that people write."""
    others = {*AnyFault.model_fields, *besides}
    fields = type(fault).model_fields.items()
    return {field.alias or name: getattr(fault, name) for name, field in fields if name not in others}


def _layer(value: Any) -> str:
    if isinstance(value, AnyFault):
        return f"<{value.layer}>"
    written = value if isinstance(value, dict) else {}
    meant = {*written, *(closest(key, LAYERS) for key in written)}
    return next((f"<{layer}>" for layer in LAYERS if layer in written), "") or next(
        (f"<{layer}>" for layer in LAYERS if layer in meant), "<process>"
    )


Fault = Annotated[
    Annotated[ProcessFault, Tag("<process>")]
    | Annotated[SensorFault, Tag("<sensor>")]
    | Annotated[TransportFault, Tag("<transport>")],
    Discriminator(_layer),
]


def span(fault: AnyFault) -> tuple[int, float]:
    """When it is there at the earliest, and until when at the latest: a random one at any time."""
    lasting: Distribution | None = fault.lasting
    if fault.every is not None or lasting is None or not lasting.constant:
        return fault.begin, math.inf
    return fault.begin, fault.begin + lasting.mean
