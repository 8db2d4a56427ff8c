"""The report of an experiment as one page: it loads nothing, needs no script, and prints on A4."""

from importlib.resources import files
from pathlib import Path

from experiments.report import comparison, limit, series
from experiments.report.answer import answer, baseline_name, improves, leading, question, ranked, shown_as_answer
from experiments.report.markup import Markup, element, join
from experiments.report.quantities import NOTHING, Quantity, compact, listed, quantity, settings, short_paths
from experiments.report.tables import everything
from experiments.study import Configuration, Difference, Study
from plant.time import format_duration

INTERVALS = (
    "An interval behind a mean, taken on its own, holds the true mean of the model in 95 of 100 experiments like this "
    "one (Student's t over independent replications). Of many means, the best one looks a little better than it is. "
    "No interval says how well the model is the plant."
)
PAIRS = (
    "Configurations share their random numbers: failures and times are the same where the line is. A difference is "
    "taken replication by replication, which leaves most of the chance out."
)
TABLE = "Shaded: cannot be told from the best, which is bold. Grey: a difference that may be chance."
RELATIVE = (
    "A difference in per cent is over the mean of the baseline, whose own uncertainty it leaves out. Configurations "
    "that cannot be told from the best may be as good or better: choose among them by cost."
)


def write(study: Study, path: Path) -> None:
    """Write the report of a study into a file."""
    path.write_text(render(study), encoding="utf-8", newline="\n")


def render(study: Study) -> str:
    """The report of a study as HTML, from nothing but the study: the same one gives the same text."""
    css = files("experiments.report").joinpath("report.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{study.name}: {study.plant}"),
        element("style", Markup(f"\n{css}")),
    )
    body = element("body", limit.patterns(), _head(study), element("main", *_sections(study)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _head(study: Study) -> Markup:
    runs = _replications(study)
    facts = [
        ("Plant", study.plant), ("Configurations", str(len(study.configurations))), ("Replications each", runs),
        ("Time that counts", format_duration(study.duration)), ("Design", study.design),
    ]  # fmt: skip
    return element(
        "header",
        element("p", "Experiment", class_="kicker"),
        element("h1", study.name),
        element("p", question(study), class_="question"),
        element("p", answer(study), class_="verdict"),
        _sets(study),
        element("ul", *(element("li", f"{name} ", element("b", said)) for name, said in facts if said), class_="facts"),
    )


def _sections(study: Study) -> list[Markup]:
    chosen = shown_as_answer(study)
    made = [_section(f"Key figures of {_called(study, chosen)}" if chosen else "Key figures", _figures(study))]
    for name in study.responses:
        shown = quantity(study, name)
        sides = (comparison.answers(study, name), comparison.differences(study, name))
        pair = element("div", *(element("div", chart) for chart in sides if chart), class_="pair")
        made.append(_section(shown.title[:1].upper() + shown.title[1:], _legend(study, name), pair))
    if study.search is not None:
        charts = [series.progress(study, study.search)]
        if study.search.front and len(study.responses) > 1:
            charts.append(series.front(study, study.search))
        made.append(_section("Optimisation", _course(study), element("div", *charts, class_="pair")))
    if study.bottleneck is not None:
        made.append(_section("Bottleneck", limit.bottleneck(study.bottleneck)))
    if study.sensitivity:
        made.append(_section("Sensitivity", _tornado_note(study), comparison.sensitivity(study)))
    made += [
        _section("Warm-up", *_warm_up(study)),
        _section("All configurations", element("p", TABLE, class_="note"), everything(study)),
        _section("How to read this", _method(study)),
        _section("How to reproduce it", *_reproduce(study)),
    ]
    return made


def _called(study: Study, of: Configuration) -> str:
    return baseline_name(study) if of.baseline else of.name


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h2", title), *content)


def _sets(study: Study) -> Markup:
    of = shown_as_answer(study)
    pairs = [] if of is None else settings(of, study.factors)
    if of is None or not pairs:
        return Markup()
    said = (element("li", f"{path} ", element("b", value)) for path, value in pairs)
    return join(element("p", f"{of.name} sets", class_="sets"), element("ul", *said, class_="facts"))


def _figures(study: Study) -> Markup:
    of = shown_as_answer(study)
    if of is None:
        return element("p", "There is none.")
    return element("div", *(_tile(study, of, quantity(study, name)) for name in study.responses), class_="tiles")


def _tile(study: Study, of: Configuration, shown: Quantity) -> Markup:
    base = study.baseline.answers.get(shown.name) if study.baseline is not None else None
    told = of.answers.get(shown.name)
    if told is None or told.mean is None:
        return element("div", element("h3", shown.title), element("p", NOTHING, class_="big"), class_="tile")
    half = "" if told.half_width is None else f" ± {shown.number(told.half_width)}"
    lines = [
        element("h3", shown.title),
        element("p", shown.number(told.mean), " ", element("small", f"{half} {shown.unit}".strip()), class_="big"),
    ]
    if of.baseline or base is None or base.mean is None:
        return element("div", *lines, class_="tile")
    if (difference := told.difference) is not None:
        good = difference.distinct and improves(study, shown.name, difference)
        lines.append(
            element(
                "p", shown.difference(difference), element("small", _said(study, shown, difference)),
                class_="difference good" if good else "difference",
            )
        )  # fmt: skip
    pair = shown.with_unit(shown.pair(base.mean, base.half_width)).replace(" ± ", "\u00a0±\u00a0")
    lines.append(element("p", f"{baseline_name(study).removeprefix('the plant ')}: {pair}"))
    return element("div", *lines, class_="tile")


def _said(study: Study, shown: Quantity, difference: Difference) -> str:
    if not difference.distinct:
        return " may be chance"
    return " better" if improves(study, shown.name, difference) else " worse"


def _legend(study: Study, name: str) -> Markup:
    shown, known = comparison.drawn(study, name), ranked(study, name)
    order = "the lowest" if study.better.get(name) == "lower" else "the highest"
    parts = [f"Sorted, {order} first. Shaded: cannot be told from the best. "]
    if compact(study):
        parts.append(f"Beside the name: {listed(short_paths(study.factors).values())}. ")
    if study.baseline is not None:
        parts.append(f"Dashed line: {baseline_name(study)}. ")
        parts.append("A difference is hollow where it may be chance. ")
    if len(shown) < len(known):
        parts.append(f"{len(shown)} of {len(known)} are drawn; the table has all.")
    return element("p", "".join(parts).strip(), class_="note")


def _course(study: Study) -> Markup:
    search = study.search
    if search is None:
        return Markup()
    limits = f", subject to {' and '.join(search.subject_to)}" if search.subject_to else ""
    goal = f"{search.goal[:1].upper()}{search.goal[1:]}{limits}"
    return element("p", f"{goal}: {len(search.evaluations)} evaluations, {search.runs} runs.")


def _tornado_note(study: Study) -> Markup:
    more = len(study.sensitivity) - comparison.MOST_EFFECTS
    cut = f" The {comparison.MOST_EFFECTS} largest of {len(study.sensitivity)}." if more > 0 else ""
    said = f"One change at a time, on the same random numbers. Pale: it may be chance.{cut}"
    return element("p", said, class_="note")


def _warm_up(study: Study) -> list[Markup]:
    of = study.warm_up
    if of.rule == "fixed" or not of.series:
        cut = f"The first {format_duration(of.cut)} of every run are cut, as the file asks."
        return [element("p", cut if of.cut else "Nothing is cut.")]
    said = [element("p", f"{of.rule.upper()} cuts the first {format_duration(of.cut)} of every run.")]
    if not of.enough:
        warning = "The runs were too short for the rule to be sure: the cut may be too early. Make them longer."
        said.append(element("p", warning, class_="warn"))
    return [*said, series.warm_up(of)]


def _method(study: Study) -> Markup:
    notes = [INTERVALS, PAIRS]
    if study.comparisons > 1:
        notes.append(
            f"{study.comparisons} intervals of differences share the 5 % of error (Bonferroni), so that all of them "
            "hold together in 95 of 100 experiments."
        )
    notes.append(RELATIVE)
    if study.search is not None:
        notes.append(
            f"The ranking promises with a probability of {100 * study.search.correct:.3g} % that its choice is the "
            "best finalist, if the next one is behind by the smallest difference that it was told to find. The search "
            "before it promises nothing."
        )
    return element("ul", *(element("li", note) for note in notes), class_="notes")


def _reproduce(study: Study) -> list[Markup]:
    facts = (
        ("Command", f"shopfloor experiment {study.name}.yaml"), ("Seed", str(study.seed)), ("Run", study.run),
        ("Engine", study.engine), ("Version", study.version), ("Replications", _replications(study)),
    )  # fmt: skip
    rows = (element("div", element("dt", name), element("dd", said)) for name, said in facts if said)
    made = [element("dl", *rows)]
    if study.file:
        made += [element("p", f"{study.name}.yaml", class_="note"), element("pre", element("code", study.file))]
    return made


def _replications(study: Study) -> str:
    name = leading(study)
    counts = {len(of.answers[name].values) for of in study.configurations if name in of.answers} or {0}
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
