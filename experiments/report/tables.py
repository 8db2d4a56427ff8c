"""The table of all configurations."""

from experiments.report.markup import Markup, element, join
from experiments.report.quantities import (
    NOTHING,
    Quantity,
    compact,
    quantity,
    settings,
    short_paths,
    values,
)
from experiments.study import Answer, Configuration, Study

ACROSS = 3
"""Responses beside each other: what fits on paper. More go into further tables."""


def everything(study: Study) -> Markup:
    """Every configuration with its settings, answers and differences, in the order of the experiment."""
    shown = [quantity(study, name) for name in study.responses]
    tables = -(-len(shown) // ACROSS) or 1
    size = -(-len(shown) // tables) or 1
    groups = [shown[at : at + size] for at in range(0, len(shown), size)] or [[]]
    return join(*(_table(study, group) for group in groups))


def _table(study: Study, shown: list[Quantity]) -> Markup:
    caption = f"Means with 95 % intervals, and differences to the baseline: {', '.join(of.title for of in shown)}"
    heads = [element("th", "Configuration", scope="col", rowspan=2)]
    heads += (
        element("th", *_breakable(path), scope="col", rowspan=2, class_=kind) for path, kind in _factors(study)
    )
    if cost := any(of.cost is not None for of in study.configurations):
        heads.append(element("th", "Cost", scope="col", rowspan=2, class_="number"))
    for of in shown:
        heads.append(element("th", of.heading, element("small", of.name), scope="colgroup", colspan=2, class_="group"))
    under = [element("th", word, scope="col", class_="number") for of in shown for word in _pair(of)]
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads), element("tr", *under)),
        element("tbody", *(_row(study, of, shown, cost=cost) for of in study.configurations)),
        class_="all",
    )
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _pair(of: Quantity) -> tuple[str, str]:
    return "mean", "points to baseline" if of.unit == "%" else "to baseline"


def _factors(study: Study) -> list[tuple[str, str]]:
    """Heads of what is set, and how their columns are set: one for each factor if they are few."""
    if compact(study):
        return [(path, "number path") for path in short_paths(study.factors).values()]
    return [("Sets", "sets")]


def _breakable(path: str) -> list[str]:
    """A path that may go on in the next line behind each dot."""
    return [piece for word in path.split(".") for piece in (Markup("<wbr />."), word)][1:]


def _row(study: Study, of: Configuration, shown: list[Quantity], *, cost: bool) -> Markup:
    cells = [element("th", of.name, scope="row")]
    if compact(study):
        cells += [element("td", value, class_="number") for value in values(of, study.factors)]
    else:
        pairs: list[str] = []
        for path, value in settings(of, study.factors):
            pairs += [element("span", f"{path} ", element("b", value)), " "]
        cells.append(element("td", *(pairs or ["as it stands"]), class_="sets"))
    if cost:
        cells.append(element("td", NOTHING if of.cost is None else f"{of.cost:,.6g}", class_="number"))
    for each in shown:
        cells += _cells(of.answers.get(each.name), each, baseline=of.baseline)
    return element("tr", *cells, class_="base" if of.baseline else None)


def _cells(told: Answer | None, shown: Quantity, *, baseline: bool) -> list[Markup]:
    if told is None or told.mean is None:
        return [element("td", NOTHING, class_="number")] * 2
    near = ("near", " not told from the best") if told.in_best else ("", "")
    mark, words = ("best", " best") if told.best else near
    said = [element("span", words, class_="unseen")] if words else []
    mean = element("td", shown.pair(told.mean, told.half_width), *said, class_=f"number {mark}".strip())
    if (difference := told.difference) is None:
        return [mean, element("td", "baseline" if baseline else NOTHING, class_="number unsure")]
    text = shown.difference(difference, points=False)
    return [mean, element("td", text, class_="number" if difference.distinct else "number unsure")]
