"""Contradictions of a station in itself."""

from plant.contradictions.contradiction import Contradiction, Found, Here, unknown
from plant.time import SECOND, format_duration
from plant.ways import Ride


def together(here: Here) -> Found:
    """Elements that nothing defines the meaning of together."""
    early = here.line.blocking == "before-service"
    for place, station in here.stations():
        if station.batch is not None and (station.joins or station.disassembly):
            other = "joins" if station.joins else "disassembly"
            found = f"batch and {other} are given, and parts are either worked on together or made one"
            if other == "disassembly":
                found = "batch and disassembly are given, and a batch is not taken apart"
            yield Contradiction((*place, "batch"), found, "one of the two")
        given = {
            "batch": station.batch is not None,
            "disassembly": bool(station.disassembly),
            "joins": bool(station.joins),
            "transport": isinstance(station.transport, Ride),
        }
        for key in (key for key, there in given.items() if early and there):
            what = "a fleet" if key == "transport" else key
            found = f"what {what} means with blocking before service is not defined"
            yield Contradiction((*place, key), found, "blocking: after-service in this line")


def durations(here: Here) -> Found:
    """Durations that make sense beside each other."""
    for place, station in here.stations():
        least, ideal = station.minimum_cycle, station.ideal_cycle
        steady = station.batch is None and not any(station.name in one.cycle_times for one in here.plant.products)
        if least is not None and ideal is not None and least > ideal:
            found = f"minimum_cycle {format_duration(least)} is above ideal_cycle {format_duration(ideal)}"
            yield Contradiction((*place, "minimum_cycle"), found, f"at most {format_duration(ideal)}")
        elif least is not None and steady and least > station.cycle_time.mean:
            mean = format_duration(round(station.cycle_time.mean))
            found = f"minimum_cycle {format_duration(least)} is above the mean of cycle_time, {mean}"
            yield Contradiction((*place, "minimum_cycle"), found, f"at most {mean}")
        for k, task in enumerate(station.maintenance):
            if task.every is not None and task.every.time is not None and task.every.time < SECOND:
                found = f"maintenance every {task.every} leaves no time to work"
                yield Contradiction((*place, "maintenance", k, "every"), found, "1 s or more")


def modes_named(here: Here) -> Found:
    """Maintenance renews failure modes of its station."""
    for place, station in here.stations():
        known = [failure.mode for failure in station.failures]
        for k, task in enumerate(station.maintenance):
            for m, mode in enumerate(task.renews):
                yield from unknown("mode", mode, known, (*place, "maintenance", k, "renews", m))
