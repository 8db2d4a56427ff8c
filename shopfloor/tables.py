"""What the command line prints for people."""

from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from plant.description import Line, Plant
from plant.figures import LineFigures, describe
from plant.states import STATES, State
from plant.time import SECOND, format_duration
from simulators import choose

BAR_WIDTH = 36
BAR_STYLES = {
    State.PROCESSING: "grey62",
    State.FAILED: "red",
    State.BLOCKED: "yellow",
    State.STARVED: "cyan",
    State.SETUP: "blue",
    State.MAINTENANCE: "magenta",
    State.WAITING: "bright_magenta",
    State.OFF: "grey23",
    State.PAUSE: "grey39",
    State.UNKNOWN: "grey30",
}


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds >= 3 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 180 else f"{seconds:.1f} s"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def shares_bar(shares: dict[str, float], width: int = BAR_WIDTH) -> Text:
    """Time in state as one bar: every state gets its letters' worth of the width, rounded so that they add up."""
    bar, filled, total = Text(), 0, 0.0
    for state in STATES:
        total += shares.get(state.value, 0.0)
        cells = round(total * width) - filled
        filled += cells
        bar.append(STATES[state].symbol * cells, style=BAR_STYLES.get(state, "white"))
    return bar


def _legend(lines: dict[str, Any]) -> Text:
    shares = [station["share"] for line in lines.values() for station in line["stations"].values()]
    legend = Text()
    for state, row in STATES.items():
        if any(share.get(state.value) for share in shares):
            legend.append(f"{row.symbol} {row.title.lower()}   ", style=BAR_STYLES.get(state, "white"))
    return legend


def _line_figures(line: dict[str, Any]) -> Text:
    width = line["throughput_half_width"]
    margin = "" if width is None else f" ± {3600 * width:.2f}"
    lead = line["lead_time_s"]
    text = Text()
    text.append(f"{3600 * line['throughput_per_s']:.2f}{margin} good parts/h", style="bold")
    text.append(f"   out {line['parts_out']:g}   scrap {line['parts_scrapped']:g}   WIP {line['wip_mean']:.1f}")
    quantiles = f"half below {_seconds(lead['p50'])}, 95 % below {_seconds(lead['p95'])}"
    text.append(f"   lead time {_seconds(lead['mean'])} ({quantiles})")
    if (orders := line.get("orders")) is not None:
        late = orders["tardiness_mean_s"]
        tardiness = "" if late is None else f", {_seconds(late)} late on average"
        text.append(
            f"\norders completed {orders['completed']:g}   due {orders['due']:g}, on time {orders['on_time']:g}"
            f"   schedule attainment {_percent(orders['attainment'])}{tardiness}"
        )
    return text


def print_results(results: dict[str, Any], console: Console) -> None:
    """The results of `simulate` as tables: one per line, a bar of time in state per station."""
    plural = "s" if results["replications"] > 1 else ""
    console.print(
        f"[bold]{results['plant']}[/]  run {results['run']}  seed {results['seed']}  engine {results['engine']}  "
        f"{_seconds(results['duration_s'])} after {_seconds(results['warm_up_s'])} of warm-up, "
        f"{results['replications']} replication{plural}",
        highlight=False,
    )
    for name, line in results["lines"].items():
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("station")
        table.add_column("parts", justify="right")
        table.add_column("busy", justify="right")
        table.add_column("failed", justify="right")
        table.add_column("time in state", min_width=BAR_WIDTH)
        busiest = max(line["stations"], key=lambda s: _active(line["stations"][s]["share"]))
        for station, figures in line["stations"].items():
            share = figures["share"]
            mark = " ◀ busiest" if station == busiest else ""
            table.add_row(
                station + mark,
                f"{figures['parts_out']:g}",
                _percent(share.get("processing", 0.0)),
                _percent(share.get("failed", 0.0)),
                shares_bar(share),
            )
        console.print()
        console.print(Group(Text(name, style="bold underline"), _line_figures(line), table), highlight=False)
    console.print()
    console.print(_legend(results["lines"]))


def _active(share: dict[str, float]) -> float:
    """Time a machine is not waiting for its neighbours: the mark of a bottleneck."""
    return sum(share.get(state, 0.0) for state in ("processing", "setup", "failed", "maintenance"))


def print_plant(plant: Plant, console: Console) -> None:
    """What a plant file describes, with the figures that are derived from it."""
    console.print(f"[bold]{plant.plant}[/] ({plant.enterprise}): the description is valid", highlight=False)
    for line, figures in zip(plant.lines, describe(plant), strict=True):
        console.print()
        console.print(Text(f"{line.area}/{line.name}", style="bold underline"))
        console.print(
            f"arrivals {line.arrivals}, blocking {line.blocking}; planned bottleneck {figures.bottleneck}, "
            f"ideal {figures.rate_per_h:.1f} parts/h",
            highlight=False,
        )
        console.print(_station_table(line, figures), highlight=False)
        if any(station.failures for station in figures.stations):
            console.print()
            console.print(_failure_table(figures), highlight=False)
    console.print()
    choice = choose(plant, "auto")
    kernel = f", kernel {choice.kernel}" if choice.kernel else ""
    console.print(f"engine {choice.engine}{kernel}" + (f": {choice.why}" if choice.why else ""), highlight=False)


def _station_table(line: Line, figures: LineFigures) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("station", "type", "machines", "cycle", "ideal", "buffer"):
        table.add_column(column, justify="right" if column in {"machines", "ideal", "buffer"} else "left")
    for i, (station, derived) in enumerate(zip(line.stations, figures.stations, strict=True)):
        unlimited = i == 0 and line.arrivals.interval is not None
        places = station.buffer if station.buffer is not None else ("∞" if unlimited else 0)
        ideal = format_duration(derived.planned_cycle_us) + (" derived" if derived.derived else "")
        cycle = str(station.cycle_time)
        table.add_row(station.name, station.type, str(station.machines), cycle, ideal, str(places))
    return table


def _failure_table(figures: LineFigures) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("station", "failure", "clock", "MTTF", "MTTR", "availability"):
        table.add_column(column, justify="right" if column in {"MTTF", "MTTR", "availability"} else "left")
    for station in figures.stations:
        for failure in station.failures:
            derived = " derived" if failure.derived else ""
            table.add_row(
                station.station,
                failure.mode,
                failure.clock,
                _seconds(failure.time_to_failure_us / SECOND) + derived,
                _seconds(failure.time_to_repair_us / SECOND),
                _percent(failure.availability),
            )
    return table


def print_report(report: dict[str, Any], console: Console) -> None:
    """What the twin made of a recording."""
    console.print(
        f"[bold]{report['plant']}/{report['line']}[/]  run {report['run']}  {_seconds(report['span_s'])} recorded",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = ("station", "started", "finished", "service", "sd", "min", "max", "per hour", "queue", "most")
    for column in columns:
        table.add_column(column, justify="left" if column == "station" else "right")
    for name, station in report["stations"].items():
        service = station["service_s"] or dict.fromkeys(("mean", "median", "sd", "min", "max"))
        queue, rate, most = station["queue_mean"], station["finishes_per_h"], station["queue_max"]
        table.add_row(
            name,
            str(station["started"]),
            str(station["finished"]),
            *(_seconds(service[key]) for key in ("mean", "sd", "min", "max")),
            "–" if rate is None else f"{rate:.1f}",
            "–" if queue is None else f"{queue:.2f}",
            "–" if most is None else str(most),
        )
    console.print(table)
    console.print()
    for name, station in report["stations"].items():
        console.print(Text(f"{name:8}") + shares_bar(station["share"]))
    console.print()
    console.print(_legend({"line": report}))


def print_cell_report(report: dict[str, Any], console: Console) -> None:
    """What the twin made of recorded machines, and what was found in their logs."""
    console.print(
        f"[bold]{report['plant']}/{report['line']}[/]  run {report['run']}  {_seconds(report['span_s'])} recorded",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("machine", "recorded", "parts", "cycles", "mean", "min", "max", "alarms", "busy"):
        table.add_column(column, justify="left" if column == "machine" else "right")
    for name, machine in report["machines"].items():
        cycle = machine["cycle_s"] or dict.fromkeys(("mean", "min", "max"))
        processing = sum(machine["time_us"].get(State.PROCESSING.value, {}).values())
        table.add_row(
            name,
            _seconds(machine["recorded_s"]),
            str(machine["finished"]),
            str(machine["cycles"]),
            *(_seconds(cycle[key]) for key in ("mean", "min", "max")),
            str(machine["alarms"]),
            _seconds(processing / SECOND),
        )
    console.print(table)
    console.print()
    for name, machine in report["machines"].items():
        console.print(Text(f"{name:8}") + shares_bar(machine["share"]))
    console.print()
    console.print(_legend({"line": {"stations": report["machines"]}}))
    console.print()
    _print_logs(report["logs"], console)
    if lost := report["lost_messages"]:
        console.print(f"{lost} messages did not arrive: replay slower, with --speed", highlight=False)


def _print_logs(logs: list[dict[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("log", "lines", "readings", "steps back", "largest", "set back", "not usable"):
        table.add_column(column, justify="left" if column == "log" else "right")
    for log in logs:
        largest = f"{log['largest_step_s']:.3f} s" if log["steps_back"] else "–"
        counts = [str(log[key]) for key in ("lines", "readings", "steps_back", "clock_set_back", "unusable")]
        table.add_row(Path(log["file"]).name, *counts[:3], largest, *counts[3:])
    console.print(table)
    for log in logs:
        for line in log["unusable_lines"]:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if (more := log["unusable"] - len(log["unusable_lines"])) > 0:
            console.print(f"{log['file']}: and {more} more", highlight=False, markup=False)
        if log["strange_devices"]:
            devices = ", ".join(name or "none named" for name in log["strange_devices"])
            console.print(f"{log['file']}: devices without a machine: {devices}", highlight=False, markup=False)
        if log["unheard"]:
            words = f"{log['file']}: items that never come: {', '.join(log['unheard'])}"
            console.print(words, highlight=False, markup=False, soft_wrap=True)
