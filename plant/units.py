"""Units of signals: one table from UCUM to what people read and to UN/CEFACT codes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One unit.

    Args:
        symbol: what people read beside a number.
        cefact: UN/CEFACT code, as OPC UA and B2MML use it.
        quantity: what is measured.
    """

    symbol: str
    cefact: str
    quantity: str


UNITS: dict[str, Unit] = {
    "Cel": Unit(symbol="°C", cefact="CEL", quantity="temperature"),
    "%": Unit(symbol="%", cefact="P1", quantity="ratio"),
    "/min": Unit(symbol="/min", cefact="RPM", quantity="rotation"),
    "N.m": Unit(symbol="N·m", cefact="NU", quantity="torque"),
    "kN": Unit(symbol="kN", cefact="B47", quantity="force"),
    "kW": Unit(symbol="kW", cefact="KWT", quantity="power"),
    "kW.h": Unit(symbol="kWh", cefact="KWH", quantity="energy"),
    "A": Unit(symbol="A", cefact="AMP", quantity="current"),
    "V": Unit(symbol="V", cefact="VLT", quantity="voltage"),
    "bar": Unit(symbol="bar", cefact="BAR", quantity="pressure"),
    "mm": Unit(symbol="mm", cefact="MMT", quantity="length"),
    "mm/s": Unit(symbol="mm/s", cefact="C16", quantity="vibration velocity"),
    "L/min": Unit(symbol="L/min", cefact="L2", quantity="flow"),
    "s": Unit(symbol="s", cefact="SEC", quantity="time"),
    "1/h": Unit(symbol="/h", cefact="H10", quantity="rate"),
    "1": Unit(symbol="", cefact="C62", quantity="count"),
}


def symbol(unit: str) -> str:
    """What people read for a UCUM unit; a unit without a row reads as itself."""
    return UNITS[unit].symbol if unit in UNITS else unit
