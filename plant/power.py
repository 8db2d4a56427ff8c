"""What a machine draws: electric power by energy state, the way up to it, and compressed air, as plant files say it."""

import math
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from plant.errors import EntryError, shown
from plant.fields import Description, Duration, Name, text_or_number

POWERS = {"kW": 1.0, "W": 1000.0}
FLOWS = {"l/min": 1.0, "L/min": 1.0, "m3/h": 0.06}
"""How many of each unit make one of the first."""


def _pattern(units: Iterable[str]) -> str:
    return rf"^\s*(\d+\.?\d*|\.\d+)\s*({'|'.join(map(re.escape, units))})?\s*$"


def _drawn(units: dict[str, float], example: str) -> BeforeValidator:
    """Reads a quantity that may be nothing, as a float in the first unit."""

    def read(value: object) -> float:
        if not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < math.inf:
            return float(value)
        match = re.match(_pattern(units), value) if isinstance(value, str) else None
        if match is None:
            raise EntryError(f"{shown(value)} cannot be drawn", f"0 or more, such as {example}")
        return float(match[1]) / units[match[2] or next(iter(units))]

    return BeforeValidator(read)


Kilowatts = Annotated[float, _drawn(POWERS, "11.5 kW"), WithJsonSchema(text_or_number(_pattern(POWERS)))]
Flow = Annotated[float, _drawn(FLOWS, "120 l/min"), WithJsonSchema(text_or_number(_pattern(FLOWS)))]


class Air(Description):
    """Compressed air, at normal conditions (0 °C and 101.325 kPa, DIN 1343); none is taken in off and standby."""

    ready: Flow = Field(0.0, description="Flow while it is ready to work, such as leaks and sealing air: 20 l/min.")
    processing: Flow = Field(0.0, description="Flow in processing: 120 l/min.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.ready or self.processing):
            raise EntryError("no air flows", "ready, processing, or both above 0", at=("processing",))
        return self


class Power(Description):
    """Electric power by energy state, and compressed air; what is left out is as the machine type has it."""

    off: Kilowatts | None = Field(None, description="Power while it is off; left out: that of the machine type.")
    standby: Kilowatts | None = Field(
        None,
        description="Power in pauses, failures, maintenance, and after 15 min of waiting; left out: that of the type.",
    )
    ready: Kilowatts | None = Field(
        None, description="Power while it waits or is set up; left out: that of the machine type."
    )
    processing: Kilowatts | None = Field(
        None, description="Mean power in processing: 11.5 kW; left out: that of the machine type."
    )
    by_product: dict[Name, Kilowatts] = Field(
        default_factory=dict,
        description="Mean power in processing of products that load the machine otherwise: {A: 13 kW}; "
        "load, warmth and vibration follow in proportion.",
    )
    ramp: Duration = Field(
        0,
        description="Time in which its base load rises evenly to that of ready after it was off or in standby; "
        "what processing takes besides comes on top at once.",
    )
    air: Air | None = Field(None, description="Compressed air it takes; left out: none.")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        told = [
            (name, kw) for name in ("off", "standby", "ready", "processing") if (kw := getattr(self, name)) is not None
        ]
        for (lower, less), (higher, more) in pairwise(told):
            if more < less:
                raise EntryError(
                    f"{higher} draws {more:g} kW, less than {lower}", f"at least {less:g} kW", at=(higher,)
                )
        return self
