"""What the twin says about recorded MTConnect machines: time in state, parts, cycles, alarms, signals, and the logs."""

import statistics
from collections.abc import Sequence
from typing import Any

from broker import CellRecording
from broker.cell import LogAccount, RecordedMachine
from plant.time import SECOND
from twin import Twin

SHOWN = 5
"""Lines that could not be used of which a report tells; all of them are counted."""


async def make_cell_report(twin: Twin, recording: CellRecording, *, lost: int) -> dict[str, Any]:
    """What the twin says about machines whose logs were replayed, and what was found in the logs.

    Args:
        twin: it has heard the whole recording.
        recording: what was replayed.
        lost: messages that did not arrive; a broker may drop telemetry.
    """
    begin, end = recording.begin, recording.end
    return {
        "plant": twin.plant.plant,
        "line": recording.line.name,
        "run": recording.run,
        "from_us": begin,
        "to_us": end,
        "span_s": (end - begin) / SECOND,
        "machines": {
            machine.node.path.removeprefix(f"{recording.line.node.path}/"): await _machine(twin, machine, recording)
            for machine in recording.machines
        },
        "lost_messages": lost,
        "logs": [_log(account) for account in recording.logs],
    }


async def _machine(twin: Twin, machine: RecordedMachine, recording: CellRecording) -> dict[str, Any]:
    run, path, told = recording.run, machine.node.path, machine.chronicle
    begin, end = (recording.begin, recording.begin) if told is None else (told.begin, told.end)
    window = (begin, end + 1)  # an event at the last instant belongs to the log
    events = twin.part_events(path, *window, run=run)
    cycles = [cycle / SECOND for cycle in twin.cycles(path, *window, run=run)]
    time = {} if end == begin else _time_by_reason(twin, path, begin, end, run)
    return {
        "recorded_s": (end - begin) / SECOND,
        "started": sum(event == "started" for _, event, _ in events),
        "finished": sum(event == "finished" for _, event, _ in events),
        "cycles": len(cycles),
        "cycle_s": spread(cycles),
        "counter_resets": 0 if told is None else told.resets,
        "time_us": time,
        "share": {state: sum(reasons.values()) / (end - begin) for state, reasons in time.items()},
        "alarms": twin.alarm_report(path, *window, run=run).count,
        "signals": await _signals(twin, machine, recording),
    }


async def _signals(twin: Twin, machine: RecordedMachine, recording: CellRecording) -> dict[str, Any]:
    """Least, mean, greatest and last value of each signal that the mapping names."""
    begin, length = recording.begin, recording.end + 1 - recording.begin
    path, found = machine.node.path, {}
    for tag in [] if machine.control is None else [signal.tag for signal in machine.control.tags]:
        series = await twin.series(path, tag, begin, begin + length, length, run=recording.run)
        figures = (series.min[0], series.mean[0], series.max[0], series.last[0])
        found[tag] = dict(zip(("min", "mean", "max", "last"), figures, strict=True))
    return found


def _log(account: LogAccount) -> dict[str, Any]:
    steps = account.steps
    return {
        "file": account.file,
        "lines": steps.lines,
        "readings": account.readings,
        "assets": account.assets,
        "commands": account.commands,
        "steps_back": steps.back,
        "largest_step_s": steps.largest / SECOND,
        "clock_set_back": steps.set_back,
        "lifted": steps.lifted,
        "unusable": len(account.unreadable),
        "unusable_lines": [str(one) for one in account.unreadable[:SHOWN]],
        "unmapped": dict(account.unmapped),
        "strange_devices": dict(account.strange),
        "unheard": list(account.unheard),
    }


def _time_by_reason(twin: Twin, path: str, begin: int, end: int, run: str) -> dict[str, dict[str, int]]:
    """Microseconds in each state by its reasons."""
    totals: dict[str, dict[str, int]] = {}
    for interval in twin.intervals(path, begin, end, run=run):
        of_state = totals.setdefault(interval.state, {})
        of_state[interval.reason] = of_state.get(interval.reason, 0) + interval.end - interval.begin
    return totals


def time_in_state(twin: Twin, path: str, begin: int, end: int, run: str) -> dict[str, int]:
    """Microseconds in each state."""
    return {
        state: sum(reasons.values()) for state, reasons in _time_by_reason(twin, path, begin, end, run).items()
    }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Mean, median, standard deviation, least and greatest of some values; none if there are none."""
    if not values:
        return None
    return {
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "sd": statistics.stdev(values) if len(values) > 1 else 0.0,
        "min": min(values),
        "max": max(values),
    }
