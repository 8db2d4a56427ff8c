"""From UCUM units to Grafana's. Pure."""

from plant.units import symbol

GRAFANA: dict[str, str] = {
    "": "none",
    "1": "percentunit",
    "%": "percent",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "min": "suffix:min",
    "h": "suffix:h",
    "Cel": "celsius",
    "W": "watt",
    "kW": "suffix:kW",
    "kW.h": "suffix:kWh",
    "V.A": "voltamp",
    "kV.A": "kvoltamp",
    "A": "amp",
    "kA": "kamp",
    "V": "volt",
    "Hz": "hertz",
    "bar": "pressurebar",
    "mbar": "pressurembar",
    "Pa": "suffix:Pa",
    "N": "forceN",
    "kN": "forcekN",
    "N.m": "forceNm",
    "m": "lengthm",
    "mm": "lengthmm",
    "m/s2": "accMS2",
    "m/s": "velocityms",
    "L/min": "flowlpm",
    "mL/min": "flowmlpm",
    "m3/h": "suffix:m³/h",
    "/min": "rotrpm",
    "deg": "degree",
    "mg": "massmg",
    "kg": "masskg",
    "EUR": "currencyEUR",
    "dB[SPL]": "dB",
}
"""Grafana's name of a unit. It scales by itself where it knows one, each value as it likes: minutes to weeks, kWh to Wh
in the next row. Where values stand below each other and are compared, they have a suffix instead, before which Grafana
puts a blank.
"""


def grafana_unit(unit: str) -> str:
    """Grafana's unit of a UCUM unit: a number of things has none, and what Grafana does not know is written behind."""
    if unit.startswith("{"):
        return "none" if unit != "{times}" else "suffix:×"
    return GRAFANA.get(unit) or f"suffix:{symbol(unit)}"


def decimals(unit: str, *, mean: bool = False, bars: bool = False) -> int | None:
    """How many decimals numbers have: none if Grafana shall choose.

    Args:
        unit: UCUM unit of the numbers.
        mean: whether they are means of counts, which are not whole.
        bars: whether they stand beside bars, which say the rest.
    """
    if unit.startswith("{") and unit != "{times}":
        return 1 if mean else 0
    if unit == "min":
        return 0 if bars else 1
    return {"1": 1, "1/h": 1, "kW": 1, "kW.h": 2}.get(unit)
