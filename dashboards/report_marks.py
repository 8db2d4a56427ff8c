"""What the report's page is made of: figures, bars of states, tables; texts of HTML without a place of their own."""

from collections.abc import Iterable
from html import escape

from dashboards.report import NodeReport
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND
from twin import KpiValue

ENOUGH = 0.8
"""Below this coverage the band is shown in place of the value."""
NUMBERS = {"wip", "queue"}
"""KPIs without a unit that are no shares."""
BAR = 600  # width of a bar in its own units
NOTHING = "–"
HATCHES = {
    "diagonal": '<path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" stroke="#55616a" stroke-width="0.9"/>',
    "dots": '<circle cx="2" cy="2" r="0.9" fill="#55616a"/>',
    "cross": '<path d="M0,0 l6,6 M6,0 l-6,6" stroke="#8d9399" stroke-width="0.7"/>',
}


def figure(node: NodeReport, name: str, value: float | None, text: str) -> str:
    """A figure of a node: what is shown, and for programs the exact value."""
    exact = "" if value is None else repr(value)
    return f'<data value="{exact}" data-path="{escape(node.path)}" data-name="{escape(name)}">{escape(text)}</data>'


def kpi_figure(node: NodeReport, name: str, *, banded: bool = True) -> str:
    """A KPI as people read it: the value, with its band where part of the time is not known, or why there is none."""
    kpi = node.kpis.get(name)
    if kpi is None:
        return NOTHING
    if kpi.value is None:
        return f'<span title="{escape(kpi.reason or "")}">{figure(node, name, None, NOTHING)}</span>'
    text = _shown(name, kpi.value, kpi.unit)
    if kpi.coverage is None or kpi.coverage >= 1:
        return figure(node, name, kpi.value, text)
    band = _band(name, kpi)
    if kpi.coverage < ENOUGH:
        return figure(node, name, kpi.value, band)
    return figure(node, name, kpi.value, text) + (f'<span class="band">{band}</span>' if banded else "")


def _band(name: str, kpi: KpiValue) -> str:
    low, high = (None if bound is None else _shown(name, bound, kpi.unit) for bound in (kpi.lower, kpi.upper))
    if low is None or high is None:
        return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else "?"
    number, _, unit = low.partition(" ")
    return f"{number if unit and high.endswith(f' {unit}') else low} to {high}"


def part_figure(node: NodeReport, kpi: str, part: str) -> str:
    """One of the quantities that a KPI is made of, in pieces."""
    found = node.kpis[kpi].parts.get(part) if kpi in node.kpis else None
    return figure(node, part, found, NOTHING if found is None else f"{found}")


def _shown(name: str, value: float, unit: str) -> str:
    if unit == "1" and name not in NUMBERS:
        return percent(value)
    return length(round(value * SECOND)) if unit == "s" else f"{value:.1f}"


def percent(share: float | None) -> str:
    """12.3 %, or a dash."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def length(micros: int) -> str:
    """42 s, 3:07 min, 2:05 h."""
    seconds = round(micros / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    if micros < HOUR:
        return f"{seconds // 60}:{seconds % 60:02} min"
    minutes = round(micros / MINUTE)
    return f"{minutes // 60}:{minutes % 60:02} h"


def state_bar(segments: Iterable[tuple[str, float, str]], small: str = "") -> str:
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


def patterns() -> str:
    """The hatches of the table of states, for those who don't see colours, and for black and white printers."""
    made = "".join(
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">{drawn}</pattern>'
        for name, drawn in HATCHES.items()
    )
    return f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{made}</defs></svg>\n'


def headings(*texts: str) -> list[tuple[str, str]]:
    """Heads of columns: those of text columns begin with a dot."""
    return [(text.removeprefix("."), "text" if text.startswith(".") else "") for text in texts]


def table(heads: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    """A table of headings and rows that are made already."""
    columns = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in heads)
    body = f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>"
    return f'<div class="scroll"><table>\n{body}\n</table></div>\n'


def table_row(cells: Iterable[tuple[str, str]], kind: str = "") -> str:
    """A row of cells, each with its text and how it is set."""
    return f'<tr class="{kind}">' + "".join(f'<td class="{of}">{text}</td>' for text, of in cells) + "</tr>\n"


def swatch(state: State) -> str:
    """A patch of the colour of a state, for a legend."""
    row = STATES[state]
    hatch = "" if row.hatch == "none" else f'<rect width="16" height="10" fill="url(#{row.hatch})"/>'
    return (
        f'<svg viewBox="0 0 16 10"><rect width="16" height="10" fill="{row.colour}" stroke="#9aa3aa"/>{hatch}</svg>'
    )
