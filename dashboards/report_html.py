"""The shift report as one HTML file: nothing is loaded from elsewhere, and it prints on A4.

Every figure stands in a ``data`` element with its exact value, its path and its name, so that programs can read it.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from dashboards.report import Cause, LineReport, NodeReport, ReportWindow, ShiftReport, Stop
from plant.periods import local_time
from plant.shifts import time_zone
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND
from twin import KpiValue, OrderView

CSS = Path(__file__).with_name("report.css")
ENOUGH = 0.8
"""Below this coverage the band is shown in place of the value."""
MOST_CAUSES, MOST_STOPS = 15, 40
NUMBERS = {"wip", "queue"}
"""KPIs without a unit that are no shares."""
BAR = 600  # width of a bar in its own units
NOTHING = "–"

ORDER = (
    State.PROCESSING, State.SETUP, State.FAILED, State.MAINTENANCE, State.WAITING, State.BLOCKED, State.STARVED,
    State.PAUSE, State.OFF, State.UNKNOWN,
)  # fmt: skip
HATCHES = {
    "diagonal": '<path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" stroke="#55616a" stroke-width="0.9"/>',
    "dots": '<circle cx="2" cy="2" r="0.9" fill="#55616a"/>',
    "cross": '<path d="M0,0 l6,6 M6,0 l-6,6" stroke="#8d9399" stroke-width="0.7"/>',
}

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
        f"{_patterns()}{_head(report, clock)}{lines}{_notes()}</body>\n</html>\n"
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
        ("Time", f"{clock.text} ({report.zone}), {_duration(window.end - window.begin)}"),
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
    coverage = _figure(line.node, "coverage", known, _percent(known))
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


# --- figures ---------------------------------------------------------------------------------------------------------


def _figure(node: NodeReport, name: str, value: float | None, text: str) -> str:
    exact = "" if value is None else repr(value)
    return f'<data value="{exact}" data-path="{escape(node.path)}" data-name="{escape(name)}">{escape(text)}</data>'


def _kpi(node: NodeReport, name: str, *, banded: bool = True) -> str:
    """A KPI as people read it: the value, with its band where part of the time is not known, or why there is none."""
    kpi = node.kpis.get(name)
    if kpi is None:
        return NOTHING
    if kpi.value is None:
        return f'<span title="{escape(kpi.reason or "")}">{_figure(node, name, None, NOTHING)}</span>'
    text = _shown(name, kpi.value, kpi.unit)
    if kpi.coverage is None or kpi.coverage >= 1:
        return _figure(node, name, kpi.value, text)
    band = _band(name, kpi)
    if kpi.coverage < ENOUGH:
        return _figure(node, name, kpi.value, band)
    return _figure(node, name, kpi.value, text) + (f'<span class="band">{band}</span>' if banded else "")


def _band(name: str, kpi: KpiValue) -> str:
    low, high = (None if bound is None else _shown(name, bound, kpi.unit) for bound in (kpi.lower, kpi.upper))
    if low is None or high is None:
        return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else "?"
    number, _, unit = low.partition(" ")
    return f"{number if unit and high.endswith(f' {unit}') else low} to {high}"


def _part(node: NodeReport, kpi: str, part: str) -> str:
    """One of the quantities that a KPI is made of, in pieces."""
    found = node.kpis[kpi].parts.get(part) if kpi in node.kpis else None
    return _figure(node, part, found, NOTHING if found is None else f"{found}")


def _shown(name: str, value: float, unit: str) -> str:
    if unit == "1" and name not in NUMBERS:
        return _percent(value)
    return _duration(round(value * SECOND)) if unit == "s" else f"{value:.1f}"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f} %"


def _duration(micros: int) -> str:
    """42 s, 3:07 min, 2:05 h."""
    seconds = round(micros / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    if micros < HOUR:
        return f"{seconds // 60}:{seconds % 60:02} min"
    minutes = round(micros / MINUTE)
    return f"{minutes // 60}:{minutes % 60:02} h"


def _bar(segments: Iterable[tuple[str, float, str]], small: str = "") -> str:
    """A bar of states with their shares and what to say about them."""
    drawn, at = [], 0.0
    for state, share, title in segments:
        row, width = STATES[State(state)], share * BAR
        place = f'x="{at:.2f}" y="0" width="{width:.2f}" height="13"'
        drawn.append(f'<rect {place} fill="{row.colour}"><title>{escape(title)}</title></rect>')
        if row.hatch != "none":
            drawn.append(f'<rect {place} fill="url(#{row.hatch})" pointer-events="none"/>')
        at += width
    frame = f'<rect x="0" y="0" width="{BAR}" height="13" fill="none" stroke="#9aa3aa"/>'
    return f'<svg class="bar {small}" viewBox="0 0 {BAR} 13" preserveAspectRatio="none">{"".join(drawn)}{frame}</svg>'


def _patterns() -> str:
    """The hatches of the table of states, for those who don't see colours, and for black and white printers."""
    made = "".join(
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">{drawn}</pattern>'
        for name, drawn in HATCHES.items()
    )
    return f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{made}</defs></svg>\n'


def _heads(*texts: str) -> list[tuple[str, str]]:
    """Heads of columns: those of text columns begin with a dot."""
    return [(text.removeprefix("."), "text" if text.startswith(".") else "") for text in texts]


def _table(heads: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    columns = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in heads)
    body = f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>"
    return f'<div class="scroll"><table>\n{body}\n</table></div>\n'


def _row(cells: Iterable[tuple[str, str]], kind: str = "") -> str:
    return f'<tr class="{kind}">' + "".join(f'<td class="{of}">{text}</td>' for text, of in cells) + "</tr>\n"


# --- sections --------------------------------------------------------------------------------------------------------


def _tiles(line: LineReport) -> str:
    node = line.node
    factors = " × ".join(f"{title} {_kpi(node, name, banded=False)}" for name, title in FACTORS)
    pooled = _kpi(node, "oee.pooled", banded=False)
    lead, wip = (_kpi(node, name, banded=False) for name in ("lead_time", "wip"))
    shipped = node.kpis["throughput"]
    ideal = _figure(node, "ideal_per_h", line.ideal_per_h, f"{line.ideal_per_h:.1f}")
    share = None if shipped.value is None or not line.ideal_per_h else shipped.value / line.ideal_per_h
    tiles = [
        ("OEE of the line", _kpi(node, "oee"), f"pooled over the machines {pooled} = {factors}"),
        (
            "Good parts per hour", _kpi(node, "throughput"),
            f"{_percent(share)} of the ideal {ideal}, which {escape(line.bottleneck)}, the planned bottleneck, sets",
        ),
        (
            "Good parts out", _part(node, "throughput", "shipped"),
            f"lead time {lead}, {wip} parts in the line on average",
        ),
        (
            "Scrap", _figure(node, "parts_scrapped", line.scrapped, f"{line.scrapped}"),
            f"parts that left the line; sent to rework {_part(node, 'rework_ratio', 'RQ')} times",
        ),
    ]  # fmt: skip
    drawn = "".join(
        f'<div class="tile"><h4>{title}</h4><div class="big">{big}</div><p>{note}</p></div>'
        for title, big, note in tiles
    )
    return f'<div class="tiles">{drawn}</div>\n'


def _stations(line: LineReport) -> str:
    titles = [*(title for _, title in STATION_COLUMNS), *(title for _, _, title in COUNTS)]
    heads = _heads(".Station", *titles, "Failures", *(title for _, title in RELIABILITY))

    def row(node: NodeReport) -> str:
        limit = node.name == line.bottleneck and node.kind == "station"
        mark = ' <span class="limit" title="planned bottleneck">◀</span>' if limit else ""
        figures = [
            *(_kpi(node, name) for name, _ in STATION_COLUMNS),
            *(_part(node, kpi, part) for kpi, part, _ in COUNTS),
            _part(node, "mtbf.usual", "FE"),
            *(_kpi(node, name) for name, _ in RELIABILITY),
        ]
        return _row([(escape(node.name) + mark, "text"), *((figure, "") for figure in figures)], node.kind)

    note = "<small>◀ planned bottleneck</small>"
    return f"<h3>Stations{note}</h3>\n{_table(heads, map(row, line.stations))}"


def _losses(line: LineReport) -> str:
    heads = _heads(".Machine", ".Time in state", "Works", "Stops", "Blocked, starved")
    rows = []
    alone = {node.name for node in line.stations if node.kind == "machine"}
    several = {name.rpartition(" ")[0] for name in alone}
    for node in (*(one for one in line.stations if one.name not in several), line.node):
        whole = sum(node.time.values())
        shares = {state.value: node.time.get(state, 0) / whole for state in ORDER if node.time.get(state)}
        told = [(state, share, f"{STATES[State(state)].title}: {_percent(share)}") for state, share in shares.items()]
        stopped = sum(shares.get(state, 0.0) for state in ("failed", "setup", "maintenance", "waiting"))
        waited = sum(shares.get(state, 0.0) for state in ("blocked", "starved"))
        name = "All machines" if node.kind == "line" else escape(node.name)
        cells = [(name, "text"), (_bar(told), "wide")]
        cells += [(_percent(share), "") for share in (shares.get("processing", 0.0), stopped, waited)]
        rows.append(_row(cells, "total" if node.kind == "line" else ""))
    total = sum(line.node.time.values())
    legend = "".join(
        f"<li>{_swatch(state)}{STATES[state].title} "
        f"{_figure(line.node, f'time.{state}', line.node.time[state], _percent(line.node.time[state] / total))}</li>"
        for state in ORDER
        if line.node.time.get(state)
    )
    return f'<h3>Losses</h3>\n{_table(heads, rows)}<ul class="legend">{legend}</ul>\n'


def _swatch(state: State) -> str:
    row = STATES[state]
    hatch = "" if row.hatch == "none" else f'<rect width="16" height="10" fill="url(#{row.hatch})"/>'
    return (
        f'<svg viewBox="0 0 16 10"><rect width="16" height="10" fill="{row.colour}" stroke="#9aa3aa"/>{hatch}</svg>'
    )


def _causes(line: LineReport) -> str:
    total = sum(cause.time for cause in line.causes)
    if not total:
        return "<h3>Why machines stopped</h3>\n<p>No machine stopped.</p>\n"
    heads = _heads(".Station", ".State", ".Reason", "Stops", "Time", "Share", ".", "Cumulative")
    rows, so_far = [], 0
    longest = line.causes[0].time
    for cause in line.causes[:MOST_CAUSES]:
        so_far += cause.time
        rows.append(_cause(cause, longest, total, so_far))
    if rest := line.causes[MOST_CAUSES:]:
        time, count = sum(cause.time for cause in rest), sum(cause.count for cause in rest)
        cells = [(f"{len(rest)} more", "text"), ("", ""), ("", ""), (f"{count}", ""), (_duration(time), "")]
        rows.append(_row([*cells, (_percent(time / total), ""), ("", ""), (_percent(1.0), "")]))
    what = "failed, in setup or maintenance, or waiting for people, tools or orders"
    return f"<h3>Why machines stopped<small>{what}: {_duration(total)} in all</small></h3>\n{_table(heads, rows)}"


def _cause(cause: Cause, longest: int, total: int, so_far: int) -> str:
    bar = _bar([(cause.state, cause.time / longest, "")], "small")
    stopped = f'<data value="{cause.time}" data-path="{escape(cause.station)}" data-name="stopped">'
    return _row([
        (escape(cause.station), "text"),
        (STATES[State(cause.state)].title, "text"),
        (escape(cause.reason) or NOTHING, "text wide"),
        (f"{cause.count}", ""),
        (f"{stopped}{_duration(cause.time)}</data>", ""),
        (_percent(cause.time / total), ""),
        (bar, "text"),
        (_percent(so_far / total), ""),
    ])  # fmt: skip


def _stops(line: LineReport, clock: _Clock) -> str:
    limit, (count, time) = _duration(line.minor_stop), line.minor
    title = f"<h3>Stops of {limit} and more<small>besides {count} shorter ones, {_duration(time)} in all</small></h3>\n"
    if not line.stops:
        return f"{title}<p>None.</p>\n"
    shown = sorted(sorted(line.stops, key=lambda stop: -stop.length)[:MOST_STOPS], key=lambda stop: stop.begin)
    inside = "In this shift" if clock.window.shift else "In this time"
    heads = _heads(".From", ".To", ".Machine", ".State", ".Reason", "Length", inside)
    more = len(line.stops) - len(shown)
    note = f'<p class="note">The longest {MOST_STOPS}; {more} more.</p>\n' if more else ""
    return title + _table(heads, (_stop(stop, line.node.path, clock) for stop in shown)) + note


def _stop(stop: Stop, line: str, clock: _Clock) -> str:
    return _row([
        (clock.time(stop.begin), "text"),
        (clock.time(stop.end), "text"),
        (escape(stop.path.removeprefix(f"{line}/").replace("/", " ")), "text"),
        (STATES[State(stop.state)].title, "text"),
        (escape(stop.reason) or NOTHING, "text wide"),
        (_duration(stop.length), ""),
        (_duration(stop.inside) if stop.inside != stop.length else "all", ""),
    ])  # fmt: skip


def _orders(orders: list[OrderView], clock: _Clock) -> str:
    heads = _heads(".Order", ".Product", "Good", "of", "Scrap", ".At the end", ".Due", ".Completed", ".")
    rows = []
    for order in orders:
        done = order.completed
        late = order.due is not None and (clock.known if done is None else done) > order.due
        rows.append(
            _row([
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
    return "<h3>Orders</h3>\n" + _table(heads, rows)


def _energy(line: LineReport) -> str:
    heads = _heads(".Station", ".", "kWh", "Share", "kWh/good part")
    stations = [node for node in line.stations if node.kind == "station"]
    total = line.node.energy_kwh
    most = max((node.energy_kwh or 0.0 for node in stations), default=0.0)
    if not most:
        return ""
    rows = []
    for node in (*stations, line.node):
        kwh, whole = node.energy_kwh, node.kind == "line"
        good = node.kpis["throughput"].parts["shipped" if whole else "GQ"]
        bar = "" if whole else _bar([("processing", (kwh or 0.0) / most, "")])
        cells = [("All machines" if whole else escape(node.name), "text"), (bar, "wide")]
        cells.append((_figure(node, "energy_kwh", kwh, NOTHING if kwh is None else f"{kwh:.1f}"), ""))
        cells.append((_percent(kwh / total) if kwh is not None and total else NOTHING, ""))
        cells.append((f"{kwh / good:.2f}" if kwh is not None and good else NOTHING, ""))
        rows.append(_row(cells, "total" if whole else ""))
    return "<h3>Energy</h3>\n" + _table(heads, rows)


def _notes() -> str:
    return """<p class="note">KPIs after ISO 22400-2; each figure is rounded on its own, so factors as shown need not
multiply to the OEE as shown. The OEE of a line is its good output, valued at the planned cycle of its planned
bottleneck, over the planned busy time there. A stop across a hand-over is counted where it began; its time is shared.
Where part of the time is not known, the band in which the truth lies stands below a value, and in its place where less
than 80 % is known.</p>
"""
