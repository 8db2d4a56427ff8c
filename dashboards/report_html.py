"""The shift report as one HTML file: nothing is loaded from elsewhere, and it prints on A4.

Every figure stands in a ``data`` element with its exact value, its path and its name, so that programs can read it.
"""

from html import escape
from pathlib import Path

from dashboards.report import Cause, LineReport, NodeReport, ReportWindow, ShiftReport, Stop
from dashboards.report_marks import (
    NOTHING,
    figure,
    headings,
    kpi_figure,
    length,
    part_figure,
    patterns,
    percent,
    state_bar,
    swatch,
    table,
    table_row,
)
from plant.periods import local_time
from plant.shifts import time_zone
from plant.states import STATES, State
from twin import OrderView

CSS = Path(__file__).with_name("report.css")
MOST_CAUSES, MOST_STOPS = 15, 40

ORDER = (
    State.PROCESSING, State.SETUP, State.FAILED, State.MAINTENANCE, State.WAITING, State.BLOCKED, State.STARVED,
    State.PAUSE, State.OFF, State.UNKNOWN,
)  # fmt: skip
FACTORS = (
    ("availability", "availability"), ("effectiveness", "effectiveness"), ("quality_ratio_time_weighted", "quality"),
)  # fmt: skip
STATION_COLUMNS = (
    ("oee", "OEE"), ("availability", "Avail."), ("effectiveness", "Effect."), ("quality_ratio", "Quality"),
    ("throughput", "Good/h"),
)  # fmt: skip
COUNTS = (("quality_ratio", "GQ", "Good"), ("scrap_ratio", "SQ", "Scrap"), ("rework_ratio", "RQ", "Rework"))
"""KPI, part of it, and title."""
RELIABILITY = (("mtbf.usual", "MTBF"), ("mttr.usual", "MTTR"))


def report_page(report: ShiftReport) -> str:
    """The report as HTML."""
    clock = _Clock(report.zone, report.window, report.extent[1])
    lines = "".join(_line(line, clock) for line in report.lines)
    title = f"{report.plant} · {clock.title}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{CSS.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"{patterns()}{_head(report, clock)}{lines}{_notes()}</body>\n</html>\n"
    )


class _Clock:
    """Instants as the clock on the wall shows them, with the date where it is not that of the begin."""

    def __init__(self, zone: str, window: ReportWindow, horizon: int) -> None:
        self._zone = time_zone(zone)
        self.window = window
        self.begin, self.end = (local_time(self._zone, at) for at in (window.begin, window.end))
        self.day = window.day or self.begin.date()
        self.known = min(window.end, horizon)
        self.title = f"{window.shift} shift" if window.shift else "Report"
        self.text = f"{self.begin:%H:%M} to {self.end:%H:%M}"
        if window.shift is None:
            self.text = f"{self.begin:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"

    def time(self, at: int | None) -> str:
        if at is None:
            return NOTHING
        shown = local_time(self._zone, at)
        return f"{shown:%H:%M:%S}" if shown.date() == self.day else f"{shown:%d %b %H:%M}"


def _head(report: ShiftReport, clock: _Clock) -> str:
    window, (first, last) = report.window, report.extent
    known = min(window.end, last) - max(window.begin, first)
    facts = [
        ("Time", f"{clock.text} ({report.zone}), {length(window.end - window.begin)}"),
        ("Lines", ", ".join(line.node.name for line in report.lines)),
        ("Run", report.run),
    ]
    warning = ""
    if known < window.end - window.begin:
        told = f"{clock.time(max(window.begin, first))} to {clock.time(min(window.end, last))}"
        warning = f'<p class="warn">Not the whole time is known: messages tell of {told} only.</p>'
    when = f"{clock.day:%A}, {clock.day.day} {clock.day:%B %Y}" if window.shift else ""
    items = "".join(f"<li>{name} <b>{escape(text)}</b></li>" for name, text in facts)
    title = f"<h1>{escape(report.plant)} · {escape(clock.title)} <small>{when}</small></h1>"
    return f'<header>{title}<ul class="facts">{items}</ul>{warning}</header>\n'


def _line(line: LineReport, clock: _Clock) -> str:
    known = line.node.kpis["availability"].coverage
    coverage = figure(line.node, "coverage", known, percent(known))
    place = f"{escape(line.node.path)}, coverage {coverage}"
    parts = [
        f'<section class="line">\n<h2>{escape(line.node.name)}<small>{place}</small></h2>\n',
        _tiles(line),
        _stations(line),
        _losses(line),
        _causes(line),
        _stops(line, clock),
        _orders(line.orders, clock) if line.orders else "",
        _energy(line),
        "</section>\n",
    ]
    return "".join(parts)


def _tiles(line: LineReport) -> str:
    node = line.node
    factors = " × ".join(f"{title} {kpi_figure(node, name, banded=False)}" for name, title in FACTORS)
    pooled = kpi_figure(node, "oee.pooled", banded=False)
    lead, wip = (kpi_figure(node, name, banded=False) for name in ("lead_time", "wip"))
    shipped = node.kpis["throughput"]
    ideal = figure(node, "ideal_per_h", line.ideal_per_h, f"{line.ideal_per_h:.1f}")
    share = None if shipped.value is None or not line.ideal_per_h else shipped.value / line.ideal_per_h
    tiles = [
        ("OEE of the line", kpi_figure(node, "oee"), f"pooled over the machines {pooled} = {factors}"),
        (
            "Good parts per hour", kpi_figure(node, "throughput"),
            f"{percent(share)} of the ideal {ideal}, which {escape(line.bottleneck)}, the planned bottleneck, sets",
        ),
        (
            "Good parts out", part_figure(node, "throughput", "shipped"),
            f"lead time {lead}, {wip} parts in the line on average",
        ),
        (
            "Scrap", figure(node, "parts_scrapped", line.scrapped, f"{line.scrapped}"),
            f"parts that left the line; sent to rework {part_figure(node, 'rework_ratio', 'RQ')} times",
        ),
    ]  # fmt: skip
    drawn = "".join(
        f'<div class="tile"><h4>{title}</h4><div class="big">{big}</div><p>{note}</p></div>'
        for title, big, note in tiles
    )
    return f'<div class="tiles">{drawn}</div>\n'


def _stations(line: LineReport) -> str:
    titles = [*(title for _, title in STATION_COLUMNS), *(title for _, _, title in COUNTS)]
    heads = headings(".Station", *titles, "Failures", *(title for _, title in RELIABILITY))

    def row(node: NodeReport) -> str:
        limit = node.name == line.bottleneck and node.kind == "station"
        mark = ' <span class="limit" title="planned bottleneck">◀</span>' if limit else ""
        figures = [
            *(kpi_figure(node, name) for name, _ in STATION_COLUMNS),
            *(part_figure(node, kpi, part) for kpi, part, _ in COUNTS),
            part_figure(node, "mtbf.usual", "FE"),
            *(kpi_figure(node, name) for name, _ in RELIABILITY),
        ]
        return table_row([(escape(node.name) + mark, "text"), *((figure, "") for figure in figures)], node.kind)

    note = "<small>◀ planned bottleneck</small>"
    return f"<h3>Stations{note}</h3>\n{table(heads, map(row, line.stations))}"


def _losses(line: LineReport) -> str:
    heads = headings(".Machine", ".Time in state", "Works", "Stops", "Blocked, starved")
    rows = []
    alone = {node.name for node in line.stations if node.kind == "machine"}
    several = {name.rpartition(" ")[0] for name in alone}
    for node in (*(one for one in line.stations if one.name not in several), line.node):
        whole = sum(node.time.values())
        shares = {state.value: node.time.get(state, 0) / whole for state in ORDER if node.time.get(state)}
        told = [(state, share, f"{STATES[State(state)].title}: {percent(share)}") for state, share in shares.items()]
        stopped = sum(shares.get(state, 0.0) for state in ("failed", "setup", "maintenance", "waiting"))
        waited = sum(shares.get(state, 0.0) for state in ("blocked", "starved"))
        name = "All machines" if node.kind == "line" else escape(node.name)
        cells = [(name, "text"), (state_bar(told), "wide")]
        cells += [(percent(share), "") for share in (shares.get("processing", 0.0), stopped, waited)]
        rows.append(table_row(cells, "total" if node.kind == "line" else ""))
    total = sum(line.node.time.values())
    legend = "".join(
        f"<li>{swatch(state)}{STATES[state].title} "
        f"{figure(line.node, f'time.{state}', line.node.time[state], percent(line.node.time[state] / total))}</li>"
        for state in ORDER
        if line.node.time.get(state)
    )
    return f'<h3>Losses</h3>\n{table(heads, rows)}<ul class="legend">{legend}</ul>\n'


def _causes(line: LineReport) -> str:
    total = sum(cause.time for cause in line.causes)
    if not total:
        return "<h3>Why machines stopped</h3>\n<p>No machine stopped.</p>\n"
    heads = headings(".Station", ".State", ".Reason", "Stops", "Time", "Share", ".", "Cumulative")
    rows, so_far = [], 0
    longest = line.causes[0].time
    for cause in line.causes[:MOST_CAUSES]:
        so_far += cause.time
        rows.append(_cause(cause, longest, total, so_far))
    if rest := line.causes[MOST_CAUSES:]:
        time, count = sum(cause.time for cause in rest), sum(cause.count for cause in rest)
        cells = [(f"{len(rest)} more", "text"), ("", ""), ("", ""), (f"{count}", ""), (length(time), "")]
        rows.append(table_row([*cells, (percent(time / total), ""), ("", ""), (percent(1.0), "")]))
    what = "failed, in setup or maintenance, or waiting for people, tools or orders"
    return f"<h3>Why machines stopped<small>{what}: {length(total)} in all</small></h3>\n{table(heads, rows)}"


def _cause(cause: Cause, longest: int, total: int, so_far: int) -> str:
    bar = state_bar([(cause.state, cause.time / longest, "")], "small")
    stopped = f'<data value="{cause.time}" data-path="{escape(cause.station)}" data-name="stopped">'
    return table_row([
        (escape(cause.station), "text"),
        (STATES[State(cause.state)].title, "text"),
        (escape(cause.reason) or NOTHING, "text wide"),
        (f"{cause.count}", ""),
        (f"{stopped}{length(cause.time)}</data>", ""),
        (percent(cause.time / total), ""),
        (bar, "text"),
        (percent(so_far / total), ""),
    ])  # fmt: skip


def _stops(line: LineReport, clock: _Clock) -> str:
    limit, (count, time) = length(line.minor_stop), line.minor
    title = f"<h3>Stops of {limit} and more<small>besides {count} shorter ones, {length(time)} in all</small></h3>\n"
    if not line.stops:
        return f"{title}<p>None.</p>\n"
    shown = sorted(sorted(line.stops, key=lambda stop: -stop.length)[:MOST_STOPS], key=lambda stop: stop.begin)
    inside = "In this shift" if clock.window.shift else "In this time"
    heads = headings(".From", ".To", ".Machine", ".State", ".Reason", "Length", inside)
    more = len(line.stops) - len(shown)
    note = f'<p class="note">The longest {MOST_STOPS}; {more} more.</p>\n' if more else ""
    return title + table(heads, (_stop(stop, line.node.path, clock) for stop in shown)) + note


def _stop(stop: Stop, line: str, clock: _Clock) -> str:
    return table_row([
        (clock.time(stop.begin), "text"),
        (clock.time(stop.end), "text"),
        (escape(stop.path.removeprefix(f"{line}/").replace("/", " ")), "text"),
        (STATES[State(stop.state)].title, "text"),
        (escape(stop.reason) or NOTHING, "text wide"),
        (length(stop.length), ""),
        (length(stop.inside) if stop.inside != stop.length else "all", ""),
    ])  # fmt: skip


def _orders(orders: list[OrderView], clock: _Clock) -> str:
    heads = headings(".Order", ".Product", "Good", "of", "Scrap", ".At the end", ".Due", ".Completed", ".")
    rows = []
    for order in orders:
        done = order.completed
        late = order.due is not None and (clock.known if done is None else done) > order.due
        rows.append(
            table_row([
                (escape(order.order), "text"),
                (escape(order.product), "text wide"),
                (f"{order.good}", ""),
                (f"{order.quantity}", ""),
                (f"{order.scrap}", ""),
                (escape("in progress" if order.event == "progress" else order.event), "text"),
                (clock.time(order.due), "text"),
                (clock.time(done), "text"),
                ('<span class="late">late</span>' if late else "", "text"),
            ])
        )  # fmt: skip
    return "<h3>Orders</h3>\n" + table(heads, rows)


def _energy(line: LineReport) -> str:
    heads = headings(".Station", ".", "kWh", "Share", "kWh/good part")
    stations = [node for node in line.stations if node.kind == "station"]
    total = line.node.energy_kwh
    most = max((node.energy_kwh or 0.0 for node in stations), default=0.0)
    if not most:
        return ""
    rows = []
    for node in (*stations, line.node):
        kwh, whole = node.energy_kwh, node.kind == "line"
        good = node.kpis["throughput"].parts["shipped" if whole else "GQ"]
        bar = "" if whole else state_bar([("processing", (kwh or 0.0) / most, "")])
        cells = [("All machines" if whole else escape(node.name), "text"), (bar, "wide")]
        cells.append((figure(node, "energy_kwh", kwh, NOTHING if kwh is None else f"{kwh:.1f}"), ""))
        cells.append((percent(kwh / total) if kwh is not None and total else NOTHING, ""))
        cells.append((f"{kwh / good:.2f}" if kwh is not None and good else NOTHING, ""))
        rows.append(table_row(cells, "total" if whole else ""))
    return "<h3>Energy</h3>\n" + table(heads, rows)


def _notes() -> str:
    return """<p class="note">KPIs after ISO 22400-2; each figure is rounded on its own, so factors as shown need not
multiply to the OEE as shown. The OEE of a line is its good output, valued at the planned cycle of its planned
bottleneck, over the planned busy time there. A stop across a hand-over is counted where it began; its time is shared.
Where part of the time is not known, the band in which the truth lies stands below a value, and in its place where less
than 80 % is known; a question mark where no bound can be given.</p>
"""
