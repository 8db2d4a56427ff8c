"""The figures of a run over a window: what `simulate --json` says about each line."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from plant.states import State
from plant.time import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plant.description import Line, Plant
    from simulators.orders import Ticket
    from simulators.tally import LineTally, Tally

STATES = tuple(state for state in State if state is not State.UNKNOWN)
"""Every state that a simulated machine can be in."""


class Counted(Protocol):
    """A run of either engine, as far as figures need it."""

    plant: "Plant"

    def tally(self, begin: int, end: int) -> "Tally":
        """Sums over [begin, end), µs since the start."""

    def orders(self, line: str) -> "list[Ticket]":
        """The production orders that a line has got so far, in order of release."""


def summarise(simulation: Counted, warm_up: int, until: int) -> dict[str, dict[str, Any]]:
    """Figures per line over [warm_up, until), µs since the start of the run.

    ``parts_out`` and ``throughput_per_s`` count good parts that left the line, ``parts_scrapped`` those taken out as
    scrap; ``wip_mean`` is the time average of parts inside; ``waiting_outside_mean`` that of parts that found no place
    in it; ``lead_time_s`` is over good parts that left, from their place in the line on (rules 25 and 26), with
    quantiles between order statistics, none if no part left; ``share`` is of machine time and adds up to 1. A line that
    works to orders has ``orders`` too: how many were completed in the window, how many were due in it, how many of
    these were on time, their share (the schedule attainment), and how late the completed ones were on average.

    Raises:
        ValueError: the run has not come to `until`, or the window is empty or not the one that was recorded.
    """
    if not 0 <= warm_up < until:
        raise ValueError(f"[{warm_up}, {until}) is no window of a run")
    found = figures(simulation.plant, simulation.tally(warm_up, until))
    for line in simulation.plant.lines:
        if line.arrivals.orders:
            found[line.name]["orders"] = _orders(simulation.orders(line.name), warm_up, until)
    return found


def figures(plant: "Plant", tally: "Tally") -> dict[str, dict[str, Any]]:
    """Figures per line of what a tally has counted, whoever has run the plant."""
    span = tally.end - tally.begin
    return {
        line.name: _line(line, counted, span) for line, counted in zip(plant.lines, tally.lines, strict=True)
    }


def _line(line: "Line", tally: "LineTally", span: int) -> dict[str, Any]:
    return {
        "parts_out": tally.parts_out,
        "parts_scrapped": tally.parts_scrapped,
        "throughput_per_s": tally.parts_out * SECOND / span,
        "wip_mean": tally.inside / span,
        "waiting_outside_mean": tally.outside / span,
        "lead_time_s": _lead_times(tally),
        "stations": {
            station.name: {
                "parts_out": out,
                "share": {state.value: time.get(state.value, 0) / (span * station.machines) for state in STATES},
            }
            for station, out, time in zip(line.stations, tally.station_out, tally.time, strict=True)
        },
    }


def _orders(tickets: "Sequence[Ticket]", begin: int, end: int) -> dict[str, float | None]:
    completed = [ticket for ticket in tickets if ticket.completed is not None and begin <= ticket.completed < end]
    due = [ticket for ticket in tickets if ticket.due is not None and begin <= ticket.due < end]
    on_time = sum(ticket.on_time for ticket in due)
    ends = [(ticket.completed, ticket.due) for ticket in completed]
    late = [max(0, end - wanted) for end, wanted in ends if end is not None and wanted is not None]
    return {
        "completed": len(completed),
        "due": len(due),
        "on_time": on_time,
        "attainment": on_time / len(due) if due else None,
        "tardiness_mean_s": sum(late) / len(late) / SECOND if late else None,
    }


def _lead_times(tally: "LineTally") -> dict[str, float | None]:
    if not tally.lead_times:
        return {"mean": None, "p50": None, "p95": None}
    times = np.frombuffer(tally.lead_times, dtype=np.int64)
    p50, p95 = np.quantile(times, (0.5, 0.95)).tolist()
    return {"mean": sum(tally.lead_times) / len(times) / SECOND, "p50": p50 / SECOND, "p95": p95 / SECOND}
