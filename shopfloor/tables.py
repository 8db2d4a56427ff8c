"""What the command line prints for people."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from plant.description import Line, Plant, Station
from plant.states import STATES, State
from plant.time import HOUR, SECOND, format_duration

BAR_WIDTH = 36
BAR_STYLES = {
    State.PROCESSING: "grey62",
    State.FAILED: "red",
    State.BLOCKED: "yellow",
    State.STARVED: "cyan",
    State.SETUP: "blue",
    State.MAINTENANCE: "magenta",
    State.WAITING: "bright_magenta",
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
    for line in plant.lines:
        console.print()
        console.print(_line_table(line), highlight=False)


def _line_table(line: Line) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("station", "type", "machines", "cycle", "ideal", "buffer", "failures"):
        table.add_column(column, justify="right" if column in {"machines", "ideal", "buffer"} else "left")
    entry = line.stations[0]
    for station in line.stations:
        unlimited = station is entry and line.arrivals.interval is not None
        places = station.buffer if station.buffer is not None else ("∞" if unlimited else 0)
        derived = "" if station.ideal_cycle is not None else " derived"
        table.add_row(
            station.name,
            station.type,
            str(station.machines),
            str(station.cycle_time),
            format_duration(station.planned_cycle) + derived,
            str(places),
            _failures(station),
        )
    slowest = max(line.stations, key=lambda s: s.planned_cycle / s.machines)
    rate = HOUR * slowest.machines / slowest.planned_cycle
    head = Text(f"{line.area}/{line.name}", style="bold underline")
    bottleneck = f"planned bottleneck {slowest.name}, ideal {rate:.1f} parts/h"
    return Group(head, Text(f"arrivals {line.arrivals}, blocking {line.blocking}; {bottleneck}"), table)


def _failures(station: Station) -> str:
    texts = []
    for failure in station.failures:
        mttf = failure.interval.mean / SECOND
        source = f"A {failure.availability:.1%}: " if failure.availability is not None else ""
        mttr = failure.time_to_repair.mean / SECOND
        texts.append(f"{failure.mode} ({failure.clock}, {source}MTTF {_seconds(mttf)}, MTTR {_seconds(mttr)})")
    return ", ".join(texts)


def print_report(report: dict[str, Any], console: Console) -> None:
    """What the twin made of a recording."""
    console.print(
        f"[bold]{report['plant']}/{report['line']}[/]  run {report['run']}  {_seconds(report['span_s'])} recorded",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("station", "started", "finished", "service mean", "median", "sd", "min to max", "finishes/h", "queue"):
        table.add_column(column, justify="left" if column == "station" else "right")
    table.add_column("time in state", min_width=BAR_WIDTH)
    for name, station in report["stations"].items():
        service = station["service_s"] or dict.fromkeys(("mean", "median", "sd", "min", "max"))
        queue = station["queue_mean"]
        rate = station["finishes_per_h"]
        table.add_row(
            name,
            str(station["started"]),
            str(station["finished"]),
            _seconds(service["mean"]),
            _seconds(service["median"]),
            _seconds(service["sd"]),
            f"{_seconds(service['min'])} to {_seconds(service['max'])}",
            "–" if rate is None else f"{rate:.1f}",
            "–" if queue is None else f"{queue:.2f} (max {station['queue_max']})",
            shares_bar(station["share"]),
        )
    console.print(table)
    console.print()
    console.print(_legend({"line": report}))
