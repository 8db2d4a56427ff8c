"""Units of signals: one table from UCUM to what people read, to UN/CEFACT codes, and to MTConnect.

Codes and numbers are those of the OPC Foundation's list of units, MTConnect names those of its schema 2.7. Units that
UN/CEFACT does not know go out with their text and the number -1. Differences of temperature, and gauge against
absolute pressure, are said of the tag, not by its unit.
"""

from dataclasses import dataclass

NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"
"""Where OPC UA looks a unit's number up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One unit.

    Args:
        symbol: what people read beside a number.
        quantity: what is measured.
        cefact: UN/CEFACT code, as OPC UA and B2MML use it; empty if there is none.
        mtconnect: name in MTConnect; empty if there is none.
        factor: what a value is multiplied with to be in the unit of MTConnect.
    """

    symbol: str
    quantity: str
    cefact: str = ""
    mtconnect: str = ""
    factor: float = 1.0

    @property
    def unit_id(self) -> int:
        """Number in OPC UA: the code's ASCII characters as one big-endian number; -1 without a code.

        >>> UNITS["Cel"].unit_id
        4408652
        """
        return int.from_bytes(self.cefact.encode("ascii"), "big") if self.cefact else -1


def _unit(symbol: str, quantity: str, cefact: str = "", mtconnect: str = "", factor: float = 1.0) -> Unit:
    return Unit(symbol=symbol, quantity=quantity, cefact=cefact, mtconnect=mtconnect, factor=factor)


UNITS: dict[str, Unit] = {
    "Cel": _unit("°C", "temperature", "CEL", "CELSIUS"),
    "%": _unit("%", "ratio", "P1", "PERCENT"),
    "/min": _unit("/min", "rotation", "RPM", "REVOLUTION/MINUTE"),
    "N.m": _unit("N·m", "torque", "NU", "NEWTON_METER"),
    "N": _unit("N", "force", "NEW", "NEWTON"),
    "kN": _unit("kN", "force", "B47", "NEWTON", 1000.0),
    "W": _unit("W", "power", "WTT", "WATT"),
    "kW": _unit("kW", "power", "KWT", "WATT", 1000.0),
    "kW.h": _unit("kWh", "energy", "KWH", "WATT_SECOND", 3.6e6),
    "A": _unit("A", "current", "AMP", "AMPERE"),
    "kA": _unit("kA", "current", "B22", "AMPERE", 1000.0),
    "V": _unit("V", "voltage", "VLT", "VOLT"),
    "Hz": _unit("Hz", "frequency", "HTZ", "HERTZ"),
    "bar": _unit("bar", "pressure", "BAR", "PASCAL", 1e5),
    "mbar": _unit("mbar", "pressure", "MBR", "PASCAL", 100.0),
    "Pa": _unit("Pa", "pressure", "PAL", "PASCAL"),
    "m": _unit("m", "position", "MTR", "MILLIMETER", 1000.0),
    "mm": _unit("mm", "length", "MMT", "MILLIMETER"),
    "um": _unit("µm", "length", "4H", "MILLIMETER", 0.001),
    "mm/s": _unit("mm/s", "vibration velocity", "C16", "MILLIMETER/SECOND"),
    "m/s2": _unit("m/s²", "acceleration", "MSK", "MILLIMETER/SECOND^2", 1000.0),
    "mm/min": _unit("mm/min", "feed", "H81", "MILLIMETER/SECOND", 1 / 60),
    "m/min": _unit("m/min", "speed", "2X", "MILLIMETER/SECOND", 1000 / 60),
    "m/s": _unit("m/s", "speed", "MTS", "MILLIMETER/SECOND", 1000.0),
    "L/min": _unit("L/min", "flow", "L2", "LITER/SECOND", 1 / 60),
    "mL/min": _unit("mL/min", "flow", "41", "LITER/SECOND", 1 / 60_000),
    "m3/h": _unit("m³/h", "flow", "MQH", "LITER/SECOND", 1 / 3.6),
    "m3/min": _unit("m³/min", "flow", "G53", "LITER/SECOND", 1000 / 60),
    "s": _unit("s", "time", "SEC", "SECOND"),
    "min": _unit("min", "time", "MIN", "SECOND", 60.0),
    "h": _unit("h", "time", "HUR", "SECOND", 3600.0),
    "1/h": _unit("/h", "rate", "H10"),
    "deg": _unit("°", "angle", "DD", "DEGREE"),
    "g/L": _unit("g/L", "concentration", "GL", "GRAM/CUBIC_METER", 1000.0),
    "uS/cm": _unit("µS/cm", "conductivity", "G42", "SIEMENS/METER", 1e-4),
    "V.A": _unit("VA", "apparent power", "D46", "VOLT_AMPERE"),
    "kV.A": _unit("kVA", "apparent power", "KVA", "VOLT_AMPERE", 1000.0),
    "mg": _unit("mg", "mass", "MGM", "MILLIGRAM"),
    "dB[SPL]": _unit("dB", "sound level", "2N", "DECIBEL"),
    "[pH]": _unit("pH", "pH", "Q30", "PH"),
    "1": _unit("", "count", "C62", "COUNT"),
    # known to machines, not to UN/CEFACT's list
    "kJ/mm": _unit("kJ/mm", "energy per length"),
    "N.m/deg": _unit("N·m/°", "torque rate"),
    "HRC": _unit("HRC", "hardness"),
    "kW/(m3/min)": _unit("kW/(m³/min)", "power per flow"),
}


def symbol(unit: str) -> str:
    """What people read for a UCUM unit; a unit without a row reads as itself."""
    return UNITS[unit].symbol if unit in UNITS else unit


def to_mtconnect(value: float, unit: str) -> float:
    """A value in the unit that MTConnect has for it; unchanged where it has none."""
    return value * UNITS[unit].factor


def from_mtconnect(value: float, unit: str) -> float:
    """A value of MTConnect in our unit."""
    return value / UNITS[unit].factor
