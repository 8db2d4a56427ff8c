"""Kinds of sensor and transport faults: a row each, with its parameters and what they are when nobody says."""

from collections.abc import Mapping
from dataclasses import dataclass

from plant.time import MILLISECOND, MINUTE, SECOND

Parameter = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of sensor or transport fault.

    Args:
        title: what it does.
        parameters: those that it has, with their values when they are left out; None: see its description.
        needs: one of these must be given.
        text: whether it also befalls signals that are texts or true and false.
    """

    title: str
    parameters: Mapping[str, Parameter]
    needs: tuple[str, ...] = ()
    text: bool = False


SENSOR_KINDS: dict[str, Kind] = {
    "noise": Kind(title="more noise: white, or coloured with a time constant", parameters={"sd": None, "tau": 0}),
    "bias": Kind(title="a constant offset", parameters={"offset": None}),
    "gain": Kind(title="a wrong slope: readings are this share too large", parameters={"error": 0.05}),
    "drift": Kind(title="an offset that grows, evenly or as a random walk", parameters={"rate": None, "walk": 0.0}),
    "stuck": Kind(title="the value of the beginning is held", parameters={}, text=True),
    "spikes": Kind(title="single wrong points, up or down", parameters={"rate": 2.0, "height": 10.0}),
    "dropout": Kind(
        title="no value, in gaps of random length, quality bad",
        parameters={"up": 5 * MINUTE, "down": 30 * SECOND},
        text=True,
    ),
    "quantisation": Kind(title="a coarser step", parameters={"bits": 8, "step": None}),
    "saturation": Kind(
        title="clipped at low or high, quality uncertain", parameters={"low": None, "high": None}, needs=("low", "high")
    ),
    "unit": Kind(
        title="another unit: times factor plus offset", parameters={"as": None, "factor": 10.0, "offset": 0.0}
    ),
    "clock": Kind(
        title="stamps of a clock that runs wrong, is set wrong or keeps another zone",
        parameters={"ppm": 50.0, "ahead": 0, "zone": 0},
        text=True,
    ),
    "counter-reset": Kind(title="a counter begins again at 0", parameters={}),
    "rollover": Kind(title="a counter shows its remainder only", parameters={"modulo": 1 << 16}),
    "stale": Kind(
        title="an old value with a new stamp, renewed now and then", parameters={"hold": 10 * MINUTE}, text=True
    ),
}
"""Sensor faults: readings change, parts do not."""

TRANSPORT_KINDS: dict[str, Kind] = {
    "loss": Kind(
        title="messages are lost, evenly or in bursts (Gilbert-Elliott)",
        parameters={"share": 0.02, "up": None, "degraded": None, "down": None},
    ),
    "duplicate": Kind(
        title="messages come again; n more times with probability (1 - p) p^n", parameters={"share": 0.005}
    ),
    "delay": Kind(
        title="messages come later, in their order (lognormal)",
        parameters={"median": 20 * MILLISECOND, "p99": 300 * MILLISECOND},
    ),
    "reorder": Kind(
        title="a message is held until 1 to so many others have passed", parameters={"share": 0.001, "others": 20}
    ),
    "disconnect": Kind(
        title="nothing comes; afterwards what was kept comes at once, or it is lost",
        parameters={"keep": True, "buffer": 100_000, "pace": None},
    ),
    "malformed": Kind(
        title="payloads are cut, have a value of a wrong type, or an unknown version", parameters={"share": 1e-5}
    ),
}
"""Transport faults: what is delivered changes, values do not."""

BURSTS: dict[str, int] = {"up": 10 * MINUTE, "degraded": MINUTE, "down": 10 * SECOND}
"""Mean times in the states of losses in bursts, in µs, where one of them is given."""

WRONG_UNITS: dict[str, tuple[float, float]] = {
    "degF": (1.8, 32.0),
    "K": (1.0, 273.15),
    "inch": (1 / 25.4, 0.0),
    "mm-of-inch": (25.4, 0.0),
    "psi": (14.503773773, 0.0),
    "kPa": (100.0, 0.0),
    "hp": (1.341022090, 0.0),
    "percent": (100.0, 0.0),
    "share": (0.01, 0.0),
    "tenfold": (10.0, 0.0),
}
"""Units that are shown by mistake: factor and offset from the right one."""

UNKNOWN_KIND = str(b"unknown kind", "ascii")  # an object of its own: nobody can write it
"""Stands in place of a kind that cannot be read, so that its parameters are not judged by another one's."""
