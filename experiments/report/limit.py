"""The bottleneck: which station limits the line, where its time goes, and what its machines did."""

from collections.abc import Iterator

from experiments.report.axis import Axis
from experiments.report.lanes import HEIGHT, Lane, Lanes, draw
from experiments.report.markup import Markup, element, join, svg
from experiments.report.quantities import share
from experiments.study import Bar, Bottleneck
from plant.states import STATES, State
from plant.time import HOUR, MINUTE, SECOND, format_duration

TILE = 6
HATCHES = {
    "diagonal": element("path", d="M-1 1L1 -1M0 6L6 0M5 7L7 5", class_="hatch"),
    "dots": element("circle", cx=3, cy=3, r=1, class_="hatched"),
    "cross": element("path", d="M0 0L6 6M6 0L0 6", class_="hatch"),
}
VERDICTS = {
    True: "The sensitivity agrees: a change there moves the output most.",
    False: "The sensitivity disagrees: a change elsewhere moves the output more, so take this with care.",
    None: "No sensitivity was asked for to check it.",
}


def patterns() -> Markup:
    """A tile per state, its colour with its hatch, for those who don't see colours and for printers without them."""
    tiles = (
        element(
            "pattern",
            element("rect", width=TILE, height=TILE, fill=row.colour),
            HATCHES.get(row.hatch, Markup()),
            id=f"state-{state}", width=TILE, height=TILE, patternUnits="userSpaceOnUse",
        )
        for state, row in STATES.items()
    )  # fmt: skip
    return element("svg", element("defs", *tiles), width=0, height=0, class_="hidden", aria_hidden="true")


def bottleneck(of: Bottleneck) -> Markup:
    """Verdict, shares of states, and a Gantt chart."""
    verdict = element(
        "p", element("b", of.station), " limits the line (", of.method, "). ",
        element("span", VERDICTS[of.confirmed], class_="warn" if of.confirmed is False else None),
    )  # fmt: skip
    return join(verdict, _shares(of), _gantt(of) if of.bars else Markup())


def _shares(of: Bottleneck) -> Markup:
    axis, drawn, at = Axis(low=0.0, high=1.0), [], 0.0
    known = {State(state): part for state, part in sorted(of.share.items(), key=lambda of: -of[1]) if part}
    for state, part in known.items():
        drawn.append(_block(axis, state, at, at + part, f"{STATES[state].title} {share(part)}"))
        at += part
    told = ", ".join(f"{STATES[state].title} {share(part)}" for state, part in known.items())
    bar = svg(f"Time of the machines of {of.station}", told, *drawn, width="100%", height=HEIGHT, class_="shares")
    legend = (
        element("li", _swatch(state), STATES[state].title, " ", element("b", share(part)))
        for state, part in known.items()
    )
    return join(bar, element("ul", *legend, class_="legend"))


def _gantt(of: Bottleneck) -> Markup:
    begin, end = min(bar.begin for bar in of.bars), max(bar.end for bar in of.bars)
    unit, size = next((pair for pair in (("h", HOUR), ("min", MINUTE)) if end - begin >= 3 * pair[1]), ("s", SECOND))
    axis = Axis(low=begin / size, high=end / size)
    span = format_duration(round((end - begin) / MINUTE) * MINUTE)
    chart = Lanes(
        caption=f"What its machines did for {span} of the first replication",
        head=("Machine", f"time in the run ({unit})", "processing"),
        axis=axis,
        ticks=axis.ticks(),
    )
    machines = list(dict.fromkeys(bar.machine for bar in of.bars))
    return draw(chart, (_machine(axis, name, size, of.bars, end - begin) for name in machines))


def _machine(axis: Axis, name: str, size: int, bars: tuple[Bar, ...], span: int) -> Lane:
    own = [bar for bar in bars if bar.machine == name]
    busy = sum(bar.end - bar.begin for bar in own if bar.state == State.PROCESSING)
    return Lane(name=name, drawn=join(*_blocks(axis, own, size)), value=share(busy / span) if span else "")


def _blocks(axis: Axis, bars: list[Bar], size: int) -> Iterator[Markup]:
    for bar in bars:
        why = f", {bar.reason}" if bar.reason else ""
        said = f"{STATES[State(bar.state)].title}{why}: {format_duration(bar.end - bar.begin)}"
        yield _block(axis, State(bar.state), bar.begin / size, bar.end / size, said)


def _block(axis: Axis, state: State, begin: float, end: float, said: str) -> Markup:
    place = {"x": f"{axis.at(begin):.3f}%", "width": f"{axis.at(end) - axis.at(begin):.3f}%"}
    return element(
        "rect", element("title", said), y=3, height=HEIGHT - 6, fill=f"url(#state-{state})", class_="block", **place
    )


def _swatch(state: State) -> Markup:
    patch = element("rect", width=16, height=10, fill=f"url(#state-{state})", class_="block")
    return element("svg", patch, width=16, height=10, aria_hidden="true")
