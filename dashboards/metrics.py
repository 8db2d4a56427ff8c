"""Counters of the twin as Prometheus text."""

from collections.abc import Callable
from typing import Any

from plant.time import SECOND
from twin import Twin

Storage = Callable[[], dict[str, Any]]
"""Tells what the data folder holds: see ``GET /api/v1/health``."""


def no_storage() -> dict[str, Any]:
    """Nobody looks after a data folder."""
    return {}


def metrics_text(twin: Twin, storage: dict[str, Any] | None = None) -> str:
    """All counters, one line each, with the help and type lines that the format asks for."""
    counters = twin.counters()
    lines: list[str] = []

    def family(name: str, kind: str, about: str, samples: dict[str, float]) -> None:
        lines.extend((f"# HELP shopfloor_{name} {about}", f"# TYPE shopfloor_{name} {kind}"))
        lines.extend(f"shopfloor_{name}{labels} {_number(value)}" for labels, value in samples.items())

    family("messages_received_total", "counter", "Messages that arrived.", {"": counters.received})
    family("messages_ignored_total", "counter", "Messages the twin does not look at.", {"": counters.ignored})
    family("messages_journaled_total", "counter", "Messages written to the journal.", {"": counters.journaled})
    family("messages_duplicate_total", "counter", "Messages that were known already.", {"": counters.duplicates})
    family("messages_late_total", "counter", "Messages that came out of their turn.", {"": counters.late})
    family("messages_missing", "gauge", "Numbers that never came.", {"": counters.gaps})
    refused = {f'{{reason="{reason}"}}': float(count) for reason, count in counters.dead_letters.items()}
    family("messages_refused_total", "counter", "Messages that were not valid, by reason.", refused)
    family("telemetry_values_total", "counter", "Values handed to the historian.", {"": counters.telemetry_values})
    family("historian_backlog_rows", "gauge", "Rows that wait for the historian.", {"": counters.historian_backlog})
    family("journal_retries_total", "counter", "Failed tries to write the journal.", {"": counters.journal_retries})
    trouble = {"": float(bool(counters.journal_trouble))}
    family("journal_failing", "gauge", "1 while the journal does not take messages.", trouble)
    family("snapshots_total", "counter", "Snapshots taken.", {"": counters.snapshots})
    damaged = {"": float(counters.snapshots_damaged)}
    family("snapshots_damaged_total", "counter", "Snapshots that could not be used.", damaged)
    family("journal_position", "gauge", "Last journal position.", {"": twin.position()})
    family("alerts_standing", "gauge", "Alerts of other programs that stand.", {"": counters.alerts_standing})
    clocks = {f'{{line="{path}"}}': clock for path, clock in counters.clocks.items()}
    known = {label: clock.offset_us / 1e6 for label, clock in clocks.items() if clock.offset_us is not None}
    family("clock_offset_seconds", "gauge", "Wall time less plant time of a publisher at speed 1, the least.", known)
    steps = {f'{label[:-1]},way="forward"}}': float(clock.steps_forward) for label, clock in clocks.items()}
    steps |= {f'{label[:-1]},way="back"}}': float(clock.steps_back) for label, clock in clocks.items()}
    family("clock_steps_total", "counter", "How often the clock of a publisher was set.", steps)
    if storage:
        kinds = {f'{{kind="{kind}"}}': float(size) for kind, size in storage["bytes"].items() if kind != "total"}
        family("storage_bytes", "gauge", "Size of what the data folder holds.", kinds)
        family("storage_limit_bytes", "gauge", "What it may take.", {"": storage["limit"]})
        family("storage_above_limit", "gauge", "1 while nothing more may go.", {"": float(storage["above"])})
        gone = {f'{{kind="{kind}"}}': float(count) for kind, count in storage["dropped_total"].items()}
        family("storage_dropped_total", "counter", "Files and runs that went to stay below the limit.", gone)
        levels = {f'{{level="{level}"}}': kept for level, kept in storage["telemetry"].items()}
        files = {label: float(kept.files) for label, kept in levels.items()}
        family("telemetry_files", "gauge", "Files of telemetry, by level.", files)
        sizes = {label: float(kept.bytes) for label, kept in levels.items()}
        family("telemetry_bytes", "gauge", "Size of telemetry, by level.", sizes)
        oldest = {label: kept.oldest / SECOND for label, kept in levels.items() if kept.oldest is not None}
        family("telemetry_oldest_seconds", "gauge", "Plant time since 1970 of the oldest telemetry, by level.", oldest)
        expired = {label: float(kept.dropped) for label, kept in levels.items()}
        family("telemetry_files_dropped_total", "counter", "Files of telemetry that were dropped, by level.", expired)
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """Whole numbers in full: bytes and instants have more digits than a rate needs."""
    return str(int(value)) if value == int(value) else f"{value:g}"
