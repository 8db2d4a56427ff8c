"""From UCUM units to Grafana's. Pure."""

from plant.units import symbol

GRAFANA: dict[str, str] = {
    "": "none",
    "1": "percentunit",
    "%": "percent",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "min": "m",
    "h": "h",
    "Cel": "celsius",
    "W": "watt",
    "kW": "kwatt",
    "kW.h": "kwatth",
    "V.A": "voltamp",
    "kV.A": "kvoltamp",
    "A": "amp",
    "kA": "kamp",
    "V": "volt",
    "Hz": "hertz",
    "bar": "pressurebar",
    "mbar": "pressurembar",
    "Pa": "suffix: Pa",
    "N": "forceN",
    "kN": "forcekN",
    "N.m": "forceNm",
    "m": "lengthm",
    "mm": "lengthmm",
    "m/s2": "accMS2",
    "m/s": "velocityms",
    "L/min": "flowlpm",
    "mL/min": "flowmlpm",
    "m3/h": "suffix: m³/h",
    "/min": "rotrpm",
    "deg": "degree",
    "mg": "massmg",
    "kg": "masskg",
    "EUR": "currencyEUR",
    "dB[SPL]": "dB",
}
"""Grafana's name of a unit; it scales thousands by itself where it knows one."""


def grafana_unit(unit: str) -> str:
    """Grafana's unit of a UCUM unit: a number of things has none, and what Grafana does not know is written behind."""
    if unit.startswith("{"):
        return "none" if unit != "{times}" else "suffix: ×"
    return GRAFANA.get(unit) or f"suffix: {symbol(unit)}"
