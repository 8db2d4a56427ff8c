"""Counters of the twin as Prometheus text."""

from twin import Twin


def metrics_text(twin: Twin) -> str:
    """All counters, one line each, with the help and type lines that the format asks for."""
    counters = twin.counters()
    lines: list[str] = []

    def family(name: str, kind: str, about: str, samples: dict[str, float]) -> None:
        lines.extend((f"# HELP shopfloor_{name} {about}", f"# TYPE shopfloor_{name} {kind}"))
        lines.extend(f"shopfloor_{name}{labels} {value:g}" for labels, value in samples.items())

    family("messages_received_total", "counter", "Messages that arrived.", {"": counters.received})
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
    return "\n".join(lines) + "\n"
