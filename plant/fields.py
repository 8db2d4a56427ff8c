"""The fields of plant files: what a name, a duration, a random time or a share may look like, checked and written."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    ValidationInfo,
    WithJsonSchema,
)

from plant.distributions import DISTRIBUTION_PATTERN, Distribution, parse_distribution
from plant.errors import EntryError, shown
from plant.messages import RESERVED_NAMES
from plant.paths import NAME, NAME_ALLOWED
from plant.time import DURATION_PATTERN, format_duration, parse_duration

SHARE_ALLOWED = "a share between 0 and 1, or a percentage such as 0.4 %"


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        hint = f'a name of digits stands in quotes: "{value}"' if type(value) in {int, float} else ""
        raise EntryError(f"{shown(value)} is not a name", NAME_ALLOWED, hint)
    if value.lower() in RESERVED_NAMES:
        raise EntryError(f"{value!r} is reserved for messages", f"any name but {', '.join(sorted(RESERVED_NAMES))}")
    return value


def as_distribution(value: object, info: ValidationInfo) -> Distribution:
    """A random time as a plant file writes it; its CSV files lie in the folder of the context."""
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


def written(value: object, info: SerializationInfo) -> str:
    """As people wrote it; for hashing in the form that is the same for all ways to write it."""
    return value.canonical if (info.context or {}).get("canonical") else str(value)  # type: ignore[attr-defined]


def text_or_number(pattern: str) -> dict[str, Any]:
    """JSON Schema of a field that is a number or a text."""
    return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": pattern}]}


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(text_or_number(DURATION_PATTERN)),
]
Time = Annotated[
    Distribution,
    BeforeValidator(as_distribution),
    PlainSerializer(written, return_type=str),
    WithJsonSchema(text_or_number(DISTRIBUTION_PATTERN)),
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


_AMOUNT = re.compile(r"\s*(\d+)\s*parts?\s*")
AMOUNT_ALLOWED = "a number of parts such as 180 parts, or a duration such as 6 h"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much something lasts: a number of parts, or a time in microseconds; one of them."""

    parts: int | None = None
    time: int | None = None

    @property
    def canonical(self) -> str:
        """The same for all ways to write it."""
        return f"{self.parts} parts" if self.time is None else f"{self.time} us"

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.parts} parts" if self.time is None else format_duration(self.time)


def _amount(value: object) -> Amount:
    if isinstance(value, Amount):
        return value
    if isinstance(value, str) and (match := _AMOUNT.fullmatch(value)):
        amount = Amount(parts=int(match[1]))
    else:
        try:
            amount = Amount(time=parse_duration(value))
        except EntryError as wrong:
            raise EntryError(f"{shown(value)} is no amount", AMOUNT_ALLOWED, wrong.hint) from None
    if not (amount.parts or amount.time):
        raise EntryError(f"{shown(value)} is nothing", AMOUNT_ALLOWED)
    return amount


AmountField = Annotated[
    Amount,
    BeforeValidator(_amount),
    PlainSerializer(written, return_type=str),
    WithJsonSchema(text_or_number(rf"^\s*\d+\s*parts?\s*$|{DURATION_PATTERN}")),
]


def _measure(units: dict[str, float], example: str) -> Any:
    """A positive quantity with a unit, as a float in the first unit of the table."""
    pattern = re.compile(rf"\s*(\d+\.?\d*|\.\d+)\s*({'|'.join(map(re.escape, units))})?\s*")
    first = next(iter(units))

    def read(value: object) -> float:
        if not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < math.inf:
            return float(value)
        match = pattern.fullmatch(value) if isinstance(value, str) else None
        number = float(match[1]) * units[match[2] or first] if match else 0.0
        if number <= 0:
            raise EntryError(f"{shown(value)} cannot be used", f"a quantity above 0 such as {example}")
        return number

    return Annotated[float, BeforeValidator(read), WithJsonSchema(text_or_number(pattern.pattern))]


Metres = _measure({"m": 1.0, "mm": 0.001, "cm": 0.01, "km": 1000.0}, "12 m")
Speed = _measure({"m/s": 1.0, "m/min": 1 / 60, "km/h": 1 / 3.6}, "0.5 m/s")


_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured quantity: a number and its unit (UCUM)."""

    value: float
    unit: str = "1"

    @property
    def canonical(self) -> str:
        """The same for all ways to write it."""
        return f"{self.value!r} {self.unit}"

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.value:g}" if self.unit == "1" else f"{self.value:g} {self.unit}"


def _quantity(value: object) -> Quantity:
    if isinstance(value, Quantity):
        return value
    match = None if isinstance(value, bool) else _QUANTITY.fullmatch(str(value))
    if match is None or not isinstance(value, int | float | str):
        raise EntryError(f"{shown(value)} is no quantity", "a number with its unit such as 82.015 mm")
    return Quantity(float(match[1]), match[2] or "1")


QuantityField = Annotated[
    Quantity,
    BeforeValidator(_quantity),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": _QUANTITY.pattern}]}),
]


def must_differ(kind: str, key: str, siblings: str, names: Iterable[str]) -> None:
    """Names of siblings must differ, and by more than case: they become topics, columns and files."""
    seen: dict[str, str] = {}
    for place, name in enumerate(names):
        if (other := seen.get(name.lower())) is not None:
            same = "" if other == name else f", written {other}"
            raise EntryError(
                f"there is a {kind} {name} already{same}",
                "names that differ by more than upper and lower case",
                at=(siblings, place, key) if key else (siblings, place),
            )
        seen[name.lower()] = name


class Description(BaseModel):
    """A piece of a plant file: frozen, and a key that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
