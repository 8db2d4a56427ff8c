"""The tables of a data set: what is in them, column by column, and in which unit."""

from dataclasses import dataclass

from twin import ColumnKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a table.

    Args:
        kind: what it holds; every column may have nulls.
        about: what that means.
        unit: a UCUM unit, ``us`` for a duration, ``us UTC`` for an instant (microseconds since 1970), or nothing.
    """

    kind: ColumnKind
    about: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table.

    Args:
        about: what a row is.
        columns: by name, in order; before them stands `run`.
    """

    about: str
    columns: dict[str, Column]

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """What the columns hold."""
        return {name: column.kind for name, column in self.columns.items()}


def _instant(about: str) -> Column:
    return Column(kind="int", unit="us UTC", about=about)


def _time(about: str) -> Column:
    return Column(kind="int", unit="us", about=about)


def _text(about: str) -> Column:
    return Column(kind="text", about=about)


def _number(about: str, unit: str = "") -> Column:
    return Column(kind="float", unit=unit, about=about)


def _whole(about: str) -> Column:
    return Column(kind="int", about=about)


def _flag(about: str) -> Column:
    return Column(kind="flag", about=about)


RUN = _text("name of the run: a hash of plant, seed and start")
TS = _instant("instant of the fact")
PATH = _text("area/line/station, with /machine where a station has several")
PART = _text("name of the part")
PRODUCT = _text("what the part is")
QUALITY = _whole("worst OPC UA quality code of the row; 0 is good")

TABLES: dict[str, Table] = {
    "events": Table(
        about="a change: the state of a machine, an alarm or a production order; first what is in force at the begin",
        columns={
            "ts": TS,
            "kind": _text("state, alarm or order"),
            "path": PATH,
            "since": _instant("begin of the state, or when the failure struck"),
            "state": _text("state of the machine from now on"),
            "reason": _text("why: failure mode, next station, task"),
            "part": PART,
            "code": _text("alarm: the failure mode"),
            "alarm_state": _text("alarm: unacknowledged when it comes, normal when the repair has ended"),
            "priority": _whole("alarm: 1 is the highest"),
            "count": _whole("alarm: how often it has come since the start of the run"),
            "order": _text("production order: on the machine, or that the event is about"),
            "event": _text("order: released, started, progress, completed"),
            "product": _text("order: what is made"),
            "quantity": _whole("order: parts wanted"),
            "good": _whole("order: good parts so far"),
            "scrap": _whole("order: scrapped parts so far"),
            "due": _instant("order: when it is due"),
        },
    ),
    "parts": Table(
        about="a visit of a part to a station; those that had left before the begin are left out",
        columns={
            "part": PART,
            "product": PRODUCT,
            "order": _text("production order that it is made for"),
            "line": _text("name of the line"),
            "station": _text("name of the station"),
            "machine": _whole("number of the machine, from 1; null until work begins"),
            "path": _text("address of the machine; of the station until work begins"),
            "visit": _whole("counts the visits of the part to the station, from 1"),
            "enter": _instant("when it got its place in the station"),
            "start": _instant("when work began"),
            "finish": _instant("when work ended"),
            "leave": _instant("when it gave its place in the machine away; null while it is there"),
            "worked": _time("pure work, without stops, load and unload"),
            "outcome": _text("good, scrap, rework, built in, or inside while it is there"),
            "cause": _text("why it is scrap or rework"),
            "route": _text("station it went to; null: out of the line"),
            "into": _text("assembly: the part that it became a piece of"),
            "of": _text("disassembly: the part that it came out of"),
        },
    ),
    "quality": Table(
        about="a measured characteristic of a part",
        columns={
            "ts": TS,
            "path": PATH,
            "part": PART,
            "product": PRODUCT,
            "characteristic": _text("its name"),
            "value": _number("what was measured, in the unit of the row"),
            "unit": _text("UCUM unit of value and limits"),
            "lower": _number("lower limit of specification"),
            "upper": _number("upper limit of specification"),
            "ok": _flag("whether it is within its limits"),
            "gauge": _text("what measured it"),
        },
    ),
    "energy": Table(
        about="counters of a machine, or of a line, minute by minute since the start of the run",
        columns={
            "ts": TS,
            "path": PATH,
            "power": _number("power now", "kW"),
            "total": _number("energy so far", "kW.h"),
            "off": _number("of it while off", "kW.h"),
            "standby": _number("of it in standby", "kW.h"),
            "ready": _number("of it while ready", "kW.h"),
            "processing": _number("of it in processing", "kW.h"),
            "air": _number("compressed air so far, at normal conditions; null where none is taken", "m3"),
        },
    ),
    "truth_faults": Table(
        about="something that was really wrong with a machine, its sensors or its messages: a label",
        columns={
            "id": _text("name of the record"),
            "layer": _text("where it begins: process, sensor or transport"),
            "what": _text("failure mode, tool-change, or the name of an injected fault"),
            "path": PATH,
            "tag": _text("tag whose sensor it is; null in the other layers"),
            "t_start": _instant("physical onset"),
            "t_end": _instant("when it was over; null if the data end before"),
            "t_detectable": _instant("first instant at which a tag shows it; a delay of detection counts from there"),
            "severity": _number("0 to 1", "1"),
            "parameters": _text("JSON: parameters of an injected fault"),
            "planned": _flag("whether plant or scenario say when it comes; what comes by itself is not"),
        },
    ),
    "truth_rul": Table(
        about="time to the next failure of a machine in a mode, at every hour from the begin on",
        columns={
            "ts": TS,
            "path": PATH,
            "mode": _text("failure mode; tool is the break of a tool"),
            "clock": _text("what its interval counts: operating (work only) or calendar"),
            "down": _flag("whether it is failed in this mode now; then the time is that to the failure after this one"),
            "remaining": _time("plant time to the next failure; null if the data end before"),
            "remaining_operating": _time("work of the machine to it, where the clock is operating; else null"),
        },
    ),
    "truth_values": Table(
        about="true value beside the measured one, of tags with a sensor fault",
        columns={
            "ts": TS,
            "path": PATH,
            "tag": _text("name of the tag"),
            "true_value": _number("value without the fault, in the unit of the tag"),
            "measured": _number("what telemetry says; null where it says nothing"),
            "quality": _whole("OPC UA quality code of this tag; 0 is good"),
        },
    ),
}

TELEMETRY = "telemetry"
RULES = ("ai4i",)
"""Tables that are made by published rules and come from no plant."""
