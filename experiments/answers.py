"""From values of replications to answers: means with intervals, differences to the baseline, who may be the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from experiments.comparison import direction, paired, subset
from experiments.intervals import estimate
from experiments.responses import Response, Values
from experiments.study import Answer, Configuration, Difference, Setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A configuration with what its replications found.

    Args:
        name: of the configuration.
        settings: what it sets.
        values: by number of the replication.
        counted: replications that its answers are made of; none: all.
        compared: whether it is compared with the others: it ran as often as they did.
        cost: of it.
    """

    name: str
    settings: Mapping[str, Setting]
    values: Mapping[int, Values]
    counted: range | None = None
    compared: bool = True
    cost: float | None = None
    baseline: bool = field(default=False)

    @property
    def numbers(self) -> list[int]:
        """Replications that its answers are made of."""
        return [r for r in sorted(self.values) if self.counted is None or r in self.counted]


def configurations(
    tried: Sequence[Tried], responses: Sequence[Response], comparisons: int
) -> tuple[Configuration, ...]:
    """Configurations with their answers.

    Args:
        tried: what ran, the baseline first.
        responses: what was looked at.
        comparisons: how many differences share the 95 %.
    """
    columns = {response.name: _answers(tried, response, comparisons) for response in responses}
    return tuple(
        Configuration(
            name=of.name,
            settings=dict(of.settings),
            answers={name: answers[k] for name, answers in columns.items()},
            baseline=of.baseline,
            cost=of.cost,
        )
        for k, of in enumerate(tried)
    )


def _answers(tried: Sequence[Tried], response: Response, comparisons: int) -> list[Answer]:
    name = response.name
    told = [[of.values[r][name] for r in of.numbers] for of in tried]
    known = {
        of.name: [value for value in values if value is not None]
        for of, values in zip(tried, told, strict=True)
        if of.compared and values and None not in values
    }
    common = len({len(values) for values in known.values()}) == 1
    may = subset(known, response.better, common=common) if known else frozenset()
    sign = direction(response.better)
    means = {of: estimate(values).mean for of, values in known.items()}
    best = max(means, key=lambda of: sign * means[of]) if means else None
    base = next((of for of in tried if of.baseline), None)
    found = []
    for of, values in zip(tried, told, strict=True):
        sure = [value for value in values if value is not None]
        whole = len(sure) == len(values) and bool(sure)
        mean = estimate(sure) if whole else None
        found.append(
            Answer(
                mean=None if mean is None else mean.mean,
                half_width=None if mean is None else mean.half_width,
                values=tuple(values),
                difference=None if base is None or of is base else _difference(of, base, name, comparisons),
                best=of.name == best,
                in_best=of.name in may,
            )
        )
    return found


def _difference(of: Tried, base: Tried, name: str, comparisons: int) -> Difference | None:
    """On the replications that both have."""
    pairs = [(of.values[r][name], base.values[r][name]) for r in of.numbers if r in base.values]
    sure = [(one, other) for one, other in pairs if one is not None and other is not None]
    if not sure or len(sure) < len(pairs):
        return None
    return paired([one for one, _ in sure], [other for _, other in sure], max(1, comparisons))
