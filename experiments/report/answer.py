"""The question of an experiment and its answer, each in a sentence that claims no more than the intervals do."""

from experiments.report.quantities import Quantity, listed, quantity, short_paths, title_of
from experiments.study import Answer, Configuration, Difference, Study

AS_IT_STANDS = "the plant as it stands"


def question(study: Study) -> str:
    """What was asked: in the words of the file, else from the goal of the search or from factors and responses."""
    if study.title:
        return study.title
    if study.search is not None:
        limits = study.search.subject_to
        subject = f", subject to {' and '.join(limits)}" if limits else ""
        verb, _, what = study.search.goal.partition(" ")
        names = " ".join(title_of(word) if word in study.responses else word for word in what.split())
        return f"Which settings {verb} {names}{subject}?"
    name = leading(study)
    paths = short_paths(study.factors)
    if not name:
        return f"What does {study.plant} do?"
    if not paths:
        return f"What is the {title_of(name)} of {study.plant}?"
    most = "lowest" if study.better.get(name) == "lower" else "highest"
    return f"Which setting of {listed(paths.values(), 4)} gives {study.plant} the {most} {title_of(name)}?"


def leading(study: Study) -> str:
    """The response that the answer is about: that of the goal, else the first; empty if there is none."""
    if study.search is not None:
        words = study.search.goal.replace(",", " ").split()
        for name in words:
            if name in study.responses:
                return name
    return study.responses[0] if study.responses else ""


def winner(study: Study) -> Configuration | None:
    """The chosen one of a search, the best of those that surely beat the baseline, or just the best mean."""
    if study.search is not None:
        return next((of for of in study.configurations if of.name == study.search.chosen), None)
    name = leading(study)
    sure = [of for of in study.configurations if name and _surely_better(study, of, name)]
    best = [of for of in study.configurations if _best(of, name)]
    found = ranked(study, name, sure) or ranked(study, name, best) or ranked(study, name)
    return found[0] if found else None


def shown_as_answer(study: Study) -> Configuration | None:
    """What a page may point at: the winner if it surely is one, else the baseline, which nothing surely beats."""
    of, name = winner(study), leading(study)
    if of is None or study.search is not None or study.baseline is None or _surely_better(study, of, name):
        return of
    return study.baseline


def ranked(study: Study, name: str, some: list[Configuration] | None = None) -> list[Configuration]:
    """Configurations that have a mean of a response, the best one first."""
    sign = 1 if study.better.get(name) == "lower" else -1
    known = list(study.configurations) if some is None else some
    means = {
        place: mean
        for place, of in enumerate(known)
        if (answer := of.answers.get(name)) is not None and (mean := answer.mean) is not None
    }
    return [known[place] for place in sorted(means, key=lambda place: sign * means[place])]


def improves(study: Study, name: str, difference: Difference) -> bool:
    """Whether a difference is one to the better."""
    return difference.mean < 0 if study.better.get(name) == "lower" else difference.mean > 0


def baseline_name(study: Study) -> str:
    """What the baseline is called in a sentence."""
    of = study.baseline
    return AS_IT_STANDS if of is None or study.as_it_stands or not of.settings else of.name


def answer(study: Study) -> str:
    """The answer to the question."""
    name, of = leading(study), winner(study)
    if not name or of is None or (told := of.answers.get(name)) is None or told.mean is None:
        return f"No configuration has a {title_of(name)} to compare." if name else "Nothing was asked of the runs."
    shown = quantity(study, name)
    if of.baseline or study.baseline is None or told.difference is None:
        return _without_difference(study, of, told, shown)
    if told.difference.half_width is None:
        return _single(study, of, told.difference, shown)
    if not told.difference.distinct:
        return _undecided(study, of, shown)
    better = improves(study, name, told.difference)
    gain = _gain(told.difference, shown)
    ranks = _ranking(study, shown)
    if not better:
        return f"{of.name} gives {gain} than {baseline_name(study)}: nothing tried does better{ranks}."
    return f"{of.name} gives {gain} than {baseline_name(study)}{ranks or _not_told(study, of, name)}."


def _gain(difference: Difference, shown: Quantity) -> str:
    """3.1 % ± 0.8 % more throughput."""
    size = Difference(
        mean=abs(difference.mean), half_width=difference.half_width, correlation=None, distinct=difference.distinct
    )
    told = shown.difference(size, signed=False)
    return f"{told} {'less' if difference.mean < 0 else 'more'} {shown.title}"


def _undecided(study: Study, of: Configuration, shown: Quantity) -> str:
    base = baseline_name(study)
    if study.search is not None:
        return f"{of.name} was chosen, but its {shown.title} cannot be told from that of {base}."
    others = [one for one in study.configurations if not one.baseline]
    worse = [one.name for one in others if _distinct(one, shown.name)]
    if not worse:
        return f"No configuration can be told from {base}: every difference in {shown.title} may be chance."
    verb = "does" if len(worse) == 1 else "do"
    return f"No configuration surely does better than {base} in {shown.title}; {listed(worse)} surely {verb} worse."


def _single(study: Study, of: Configuration, difference: Difference, shown: Quantity) -> str:
    return (
        f"One replication cannot tell: {of.name} gave {_gain(difference, shown)} than {baseline_name(study)}, "
        "which may be chance."
    )


def _without_difference(study: Study, of: Configuration, told: Answer, shown: Quantity) -> str:
    value = shown.with_unit(shown.pair(told.mean, told.half_width))
    others = [one.name for one in study.configurations if one is not of]
    if not others:
        subject = AS_IT_STANDS.capitalize() if not of.settings else of.name
        return f"{subject} has a {shown.title} of {value}."
    if told.half_width is None:
        return f"One replication cannot tell: {of.name} had the best {shown.title}, {value}, which may be chance."
    if study.baseline is None:
        return f"{of.name} has the best {shown.title}, {value}{_not_told(study, of, shown.name)}."
    subject = baseline_name(study)
    subject = subject[0].upper() + subject[1:] if subject == AS_IT_STANDS else subject
    near = _not_told(study, of, shown.name)
    return f"{subject} has the best {shown.title}, {value}: nothing tried does better{near}."


def _ranking(study: Study, shown: Quantity) -> str:
    if (search := study.search) is None or len(search.finalists) < 2:
        return ""
    near = shown.with_unit(shown.number(search.indifference))
    return (
        f"; with a probability of {100 * search.correct:.3g} % it is the best of {len(search.finalists)} finalists, "
        f"if the next one is {near} or more behind"
    )


def _not_told(study: Study, of: Configuration, name: str) -> str:
    near = [
        baseline_name(study) if one.baseline else one.name
        for one in ranked(study, name)
        if one is not of and one.answers[name].in_best
    ]
    return f"; {listed(near)} cannot be told from it" if near else ""


def _surely_better(study: Study, of: Configuration, name: str) -> bool:
    difference = of.answers[name].difference if name in of.answers else None
    return difference is not None and difference.distinct and improves(study, name, difference)


def _best(of: Configuration, name: str) -> bool:
    return name in of.answers and of.answers[name].best


def _distinct(of: Configuration, name: str) -> bool:
    difference = of.answers[name].difference if name in of.answers else None
    return difference is not None and difference.distinct
