"""Charts over two axes: the warm-up, the course of an optimisation, and the front of two responses."""

from collections.abc import Iterable, Sequence

from experiments.report.answer import leading
from experiments.report.axis import Axis, around
from experiments.report.markup import Markup, element, join, svg
from experiments.report.quantities import Quantity, quantity
from experiments.study import Configuration, Search, Study, WarmUp
from plant.time import HOUR, MINUTE, SECOND, format_duration

HEIGHT = 200
SPAN = 1000.0  # units across of what is stretched to the width of the page
POINTS = 1500  # of a line: more than pixels across help nobody

Point = tuple[float, float]


def warm_up(of: WarmUp) -> Markup:
    """Output per step over the pooled runs, with the part that was cut."""
    units = (("h", HOUR), ("min", MINUTE), ("s", SECOND))
    unit, size = next((pair for pair in units if len(of.series) * of.step >= 3 * pair[1]), units[-1])
    points = [((place + 0.5) * of.step / size, value) for place, value in enumerate(of.series)]
    x = Axis(low=0.0, high=max(len(of.series) * of.step, of.cut) / size)
    y = around([0.0, *of.series], margin=0.02)
    y = Axis(low=min(0.0, *of.series), high=y.high)
    cut = element("rect", x=0, y=0, width=x.place(of.cut / size), height=HEIGHT, class_="cut")
    edge = element("line", x1=x.place(of.cut / size), x2=x.place(of.cut / size), y1=0, y2=HEIGHT, class_="edge")
    right = x.at(of.cut / size) > 70
    word = element(
        "text", f"cut: {format_duration(of.cut)}",
        x=x.place(of.cut / size), dx=-6 if right else 6, y=HEIGHT - 10,
        class_="end" if right else "start",
    )  # fmt: skip
    told = f"Good parts out per {format_duration(of.step)}, mean of all runs; the shaded beginning is cut."
    drawn = join(cut, _line(x, y, _thinned(points), "line"), edge, word)
    along = f"time in the run ({unit})"
    return _chart("Output while the line fills", told, drawn, x=x, y=y, along=along)


def progress(study: Study, search: Search) -> Markup:
    """Mean of every evaluation in order, and the best so far."""
    shown = quantity(study, leading(study))
    found = [(place, value) for place, _, value in _evaluated(study, search, shown)]
    if not found:
        return Markup()
    best: list[Point] = []
    pick = min if study.better.get(shown.name) == "lower" else max
    for place, value in found:
        best.append((place, value if not best else pick(value, best[-1][1])))
    x, y = Axis(low=0.0, high=len(search.evaluations) + 1.0), around(value for _, value in found)
    named = {name: (place, value) for place, name, value in _evaluated(study, search, shown)}
    finalists = [named[name] for name in search.finalists if name in named]
    chosen = [named[search.chosen]] if search.chosen in named else []
    drawn = join(
        _cloud(x, y, found, "plain"), _line(x, y, _steps(best), "best"), _cloud(x, y, finalists, "final"),
        *(_dot(x, y, point, search.chosen) for point in chosen),
    )  # fmt: skip
    told = (
        f"{_titled(shown)} of {len(found)} evaluations in order; the line is the best so far, "
        "dark dots went into the ranking, the large one is the answer."
    )
    return _chart("Course of the optimisation", told, drawn, x=x, y=y, along="evaluation")


def front(study: Study, search: Search) -> Markup:
    """Two responses of every configuration, and those that no other beats in both."""
    across, down = (quantity(study, name) for name in study.responses[:2])
    found = {of.name: point for of in study.configurations if (point := _both(of, across, down)) is not None}
    if not found:
        return Markup()
    x, y = (around(point[axis] for point in found.values()) for axis in (0, 1))
    edge = sorted(found[name] for name in search.front if name in found)
    baseline = study.baseline
    base = [found[baseline.name]] if baseline is not None and baseline.name in found else []
    drawn = join(
        _cloud(x, y, found.values(), "plain"), _line(x, y, edge, "best"), _cloud(x, y, edge, "final"),
        *(element("rect", x=x.place(a), y=_down(y, b) - 4, width=8, height=8, class_="dot base") for a, b in base),
        *([_dot(x, y, found[search.chosen], search.chosen)] if search.chosen in found else []),
    )  # fmt: skip
    told = (
        f"{down.title[:1].upper()}{down.title[1:]} against {across.title}: no other configuration beats one on the "
        "line in both. The large dot is the answer, the square the baseline."
    )
    return _chart("Pareto front", told, drawn, x=x, y=y, along=_titled(across))


def _chart(title: str, told: str, drawn: Markup, *, x: Axis, y: Axis, along: str) -> Markup:
    grid, words = [], []
    for at, text in x.ticks():
        grid.append(element("line", x1=x.place(at), x2=x.place(at), y1=0, y2=HEIGHT, class_="grid"))
        words.append(element("text", text, x=x.place(at), y=HEIGHT + 16, class_="middle"))
    for at, text in y.ticks():
        grid.append(element("line", x1=0, x2="100%", y1=_down(y, at), y2=_down(y, at), class_="grid"))
        words.append(element("text", text, x=-8, y=_down(y, at) + 4, class_="end"))
    words.append(element("text", along, x="50%", y=HEIGHT + 34, class_="middle"))
    picture = svg(title, told, *grid, drawn, *words, width="100%", height=HEIGHT, class_="plot")
    return element("figure", element("figcaption", element("b", title), " ", told), picture)


def _line(x: Axis, y: Axis, points: Sequence[Point], kind: str) -> Markup:
    path = "".join(f"{'L' if place else 'M'}{_across(x, a)} {_down(y, b):.1f}" for place, (a, b) in enumerate(points))
    return _stretched(element("path", d=path, class_=f"stroke {kind}")) if path else Markup()


def _cloud(x: Axis, y: Axis, points: Iterable[Point], kind: str) -> Markup:
    """Dots as one path: strokes without length and with round ends stay round when the drawing is stretched."""
    path = "".join(f"M{_across(x, a)} {_down(y, b):.1f}h0" for a, b in points)
    return _stretched(element("path", d=path, class_=f"cloud {kind}")) if path else Markup()


def _dot(x: Axis, y: Axis, point: Point, name: str) -> Markup:
    left = x.at(point[0]) > 70
    place, height = x.place(point[0]), _down(y, point[1])
    return join(
        element("circle", cx=place, cy=height, r=6, class_="dot answer"),
        element("text", name, x=place, dx=-10 if left else 10, y=height + (16 if height < 20 else -8),
                class_="end chosen" if left else "start chosen"),
    )  # fmt: skip


def _stretched(drawn: Markup) -> Markup:
    return element(
        "svg", drawn, viewBox=f"0 0 {SPAN:.0f} {HEIGHT}", preserveAspectRatio="none", width="100%", height=HEIGHT
    )


def _across(x: Axis, value: float) -> str:
    return f"{SPAN / 100 * x.at(value):.1f}"


def _down(y: Axis, value: float) -> float:
    return round(HEIGHT * (1 - y.at(value) / 100), 1)


def _steps(points: Sequence[Point]) -> list[Point]:
    """Corners of a staircase."""
    corners = points[:1] if isinstance(points, list) else list(points[:1])
    for x, y in points[1:]:
        if y != corners[-1][1]:
            corners += [(x, corners[-1][1]), (x, y)]
    return [*corners, points[-1]]


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Means of neighbours where there are more points than anybody sees."""
    many = -(-len(points) // POINTS)
    groups = (points[at : at + many] for at in range(0, len(points), many))
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _evaluated(study: Study, search: Search, shown: Quantity) -> list[tuple[int, str, float]]:
    known = {of.name: of for of in study.configurations}
    return [
        (place, name, mean * shown.factor)
        for place, name in enumerate(search.evaluations, 1)
        if name in known and (mean := _mean(known[name], shown.name)) is not None
    ]


def _both(of: Configuration, across: Quantity, down: Quantity) -> Point | None:
    first, second = _mean(of, across.name), _mean(of, down.name)
    return None if first is None or second is None else (first * across.factor, second * down.factor)


def _mean(of: Configuration, name: str) -> float | None:
    return of.answers[name].mean if name in of.answers else None


def _titled(shown: Quantity) -> str:
    return shown.heading[:1].upper() + shown.heading[1:]
