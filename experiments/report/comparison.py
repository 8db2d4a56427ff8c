"""Answers of configurations side by side: dots with intervals, differences to the baseline, and effects of changes."""

from experiments.report.answer import baseline_name, improves, leading, ranked, shown_as_answer
from experiments.report.axis import around
from experiments.report.lanes import HEIGHT, MIDDLE, Lane, Lanes, draw, interval
from experiments.report.markup import Markup, element, join
from experiments.report.quantities import NOTHING, Quantity, compact, quantity, values
from experiments.study import Configuration, Difference, Study

MOST = 30
"""Configurations that are drawn; the table has all."""
MOST_EFFECTS = 20


def drawn(study: Study, name: str) -> list[Configuration]:
    """The best ones of a response, with the baseline and the answer among them whatever their place."""
    order = ranked(study, name)
    if len(order) <= MOST:
        return order
    chosen = shown_as_answer(study)
    needed = [of for of in order[MOST:] if of.baseline or of is chosen]
    return order[: MOST - len(needed)] + needed


def answers(study: Study, name: str) -> Markup:
    """Means of a response with their intervals, the best first."""
    some, shown = drawn(study, name), quantity(study, name)
    if not some:
        return element("p", f"No configuration has a {shown.title}: no part left the line.")
    scaled = [
        (mean * shown.factor, (of.answers[name].half_width or 0.0) * shown.factor)
        for of in some
        if (mean := of.answers[name].mean) is not None
    ]
    axis = around([mean + sign * half for mean, half in scaled for sign in (-1, 1)])
    chart = Lanes(
        about=shown.title,
        caption="Means and 95 % intervals",
        head=("Configuration", shown.heading, shown.unit or "mean"),
        axis=axis,
        ticks=axis.ticks(),
        mark=None if shown.base is None else shown.base * shown.factor,
    )
    chosen, rows = shown_as_answer(study), []
    for of, (mean, half) in zip(some, scaled, strict=True):
        told = of.answers[name]
        kind = "base" if of.baseline else "answer" if of is chosen else "plain"
        known = None if told.half_width is None else half
        rows.append(
            Lane(
                name=of.name,
                note=_note(study, of),
                drawn=interval(axis, mean, known, kind),
                value=shown.pair(told.mean, told.half_width),
                kind=f"{'near ' if told.best or told.in_best else ''}{kind}",
            )
        )
    return draw(chart, rows)


def differences(study: Study, name: str) -> Markup:
    """Paired differences to the baseline, in the order of the answers."""
    some = [told for of in drawn(study, name) if (told := of.answers[name].difference) is not None]
    if not some:
        return Markup()
    shown = quantity(study, name)
    axis = around([0.0, *(end * shown.factor for told in some for end in _ends(told))])
    chart = Lanes(
        about=shown.title,
        caption=f"Differences to {baseline_name(study)}",
        head=("Configuration", _difference_in(shown), "points" if shown.unit == "%" else "to baseline"),
        axis=axis,
        ticks=axis.ticks(),
        mark=0.0,
    )
    rows = []
    for of in drawn(study, name):
        told = of.answers[name].difference
        known = Markup() if told is None else _difference(study, name, told, chart, shown.factor)
        value = shown.difference(told, points=False) if told is not None else "baseline" if of.baseline else NOTHING
        rows.append(Lane(name=of.name, drawn=known, value=value, kind="" if told and told.distinct else "unsure"))
    return draw(chart, rows)


def sensitivity(study: Study) -> Markup:
    """What small changes do, the largest effect first."""
    name = next((of for of in study.responses if "throughput" in of), leading(study))
    shown = quantity(study, name)
    some = study.sensitivity[:MOST_EFFECTS]
    axis = around([0.0, *(end * shown.factor for of in some for end in _ends(of.difference))])
    chart = Lanes(
        caption=f"What one change does to {shown.title}",
        head=("Change", _difference_in(shown), shown.difference_unit or "difference"),
        axis=axis,
        ticks=axis.ticks(),
        mark=0.0,
    )
    rows = []
    for place, of in enumerate(some):
        told = of.difference
        kind = "unsure" if not told.distinct else "answer" if place == 0 else "plain"
        bar = _bar(chart, told.mean * shown.factor, kind)
        half = None if told.half_width is None else told.half_width * shown.factor
        rows.append(
            Lane(
                name=of.change,
                drawn=join(bar, interval(axis, told.mean * shown.factor, half, kind)),
                value=shown.pair(told.mean, told.half_width, signed=True),
                kind=kind,
            )
        )
    return draw(chart, rows)


def _bar(chart: Lanes, mean: float, kind: str) -> Markup:
    low, high = sorted((chart.axis.at(0.0), chart.axis.at(mean)))
    return element(
        "rect", x=f"{low:.2f}%", y=MIDDLE - 6, width=f"{high - low:.2f}%", height=HEIGHT - 10, class_=f"bar {kind}"
    )


def _difference(study: Study, name: str, told: Difference, chart: Lanes, factor: float) -> Markup:
    kind = "unsure" if not told.distinct else "answer" if improves(study, name, told) else "worse"
    return interval(chart.axis, told.mean * factor, None if told.half_width is None else told.half_width * factor, kind)


def _difference_in(shown: Quantity) -> str:
    return f"difference ({shown.difference_unit})" if shown.difference_unit else "difference"


def _ends(of: Difference) -> tuple[float, float]:
    half = of.half_width or 0.0
    return of.mean - half, of.mean + half


def _note(study: Study, of: Configuration) -> str:
    if of.baseline and not of.settings:
        return "" if len(of.name) > 6 else "as it stands"
    return " · ".join(values(of, study.factors)) if compact(study) else ""
