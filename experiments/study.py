"""What an experiment found, as a value: the content of `summary.json`, and all that a report is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass

Setting = str | int | float | bool | None
"""What a path of the plant file is set to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A response minus that of the baseline, over the same streams.

    Args:
        mean: mean of the differences of replications.
        half_width: of its interval, widened for the number of comparisons; none for one replication.
        correlation: between the two, over replications: what common random numbers give; none if it has no meaning.
        distinct: whether the interval leaves out zero.
    """

    mean: float
    half_width: float | None
    correlation: float | None
    distinct: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One response of one configuration.

    Args:
        mean: over replications; none if a replication has none (no part left the line).
        half_width: of the 95 % interval of the mean; none for one replication.
        values: of each replication, in order.
        difference: to the baseline; none for the baseline itself.
        best: whether its mean is the best one.
        in_best: whether it cannot be told from the best one.
    """

    mean: float | None
    half_width: float | None
    values: tuple[float | None, ...]
    difference: Difference | None = None
    best: bool = False
    in_best: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """A line configuration that was tried: what it sets, and its answers by response."""

    name: str
    settings: Mapping[str, Setting]
    answers: Mapping[str, Answer]
    baseline: bool = False
    cost: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmUp:
    """How the beginning of the runs was cut.

    Args:
        cut: µs that are left out of every run.
        rule: ``fixed``, or ``mser-5`` for the automatic one.
        step: µs per point of the series.
        series: good parts out per step, mean over the pooled runs; empty if it is fixed.
        enough: whether the series was long enough for the rule.
    """

    cut: int
    rule: str
    step: int = 0
    series: tuple[float, ...] = ()
    enough: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What one change does to a response, on common streams: a row of the sensitivity.

    Args:
        change: as people say it: ``OP20: cycle time -10 %``.
        station: whose it is.
        kind: ``cycle``, ``failures`` or ``buffer``.
        difference: to the plant as it stands.
    """

    change: str
    station: str
    kind: str
    difference: Difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A machine of the bottleneck in one state for [begin, end), µs since the start of the run."""

    machine: str
    state: str
    reason: str
    begin: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bottleneck:
    """Which station limits the line, by what, and whether the sensitivity agrees.

    Args:
        station: its name.
        method: what says so.
        confirmed: whether a change there moves throughput most; none: no sensitivity was asked for.
        share: share of machine time by state.
        bars: what its machines did in a stretch of the first replication.
    """

    station: str
    method: str
    confirmed: bool | None
    share: Mapping[str, float]
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """How an optimisation went.

    Args:
        goal: as people say it: ``maximise throughput_per_s``.
        subject_to: constraints as written.
        evaluations: configurations tried, in order, by name.
        runs: replications used in all.
        finalists: names of those that went into the ranking.
        chosen: name of the answer.
        correct: probability that the answer is the best of the finalists, as the ranking guarantees it.
        indifference: smallest difference that the ranking was told to find.
        front: names that no other beats in both responses; empty for one response.
    """

    goal: str
    subject_to: tuple[str, ...]
    evaluations: tuple[str, ...]
    runs: int
    finalists: tuple[str, ...]
    chosen: str
    correct: float
    indifference: float
    front: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """An experiment and its answer.

    Args:
        name: of the experiment.
        title: the question as the file asks it; empty if it does not.
        as_it_stands: whether the baseline is the plant as it stands.
        plant: name of the plant.
        run: hash of (plant, seed, start) of the plant as it stands.
        seed: of the first replication.
        engine: which engine ran.
        duration: µs that count of each run.
        warm_up: what was cut before.
        design: as people say it: ``full``, ``latin-hypercube(40)``.
        factors: paths that were varied.
        responses: names in the order of the file; `better` says of each ``higher`` or ``lower``.
        units: unit of each response.
        configurations: all that were tried, the baseline first.
        comparisons: how many intervals share the 95 %.
        sensitivity: effects, largest first.
        bottleneck: of the baseline's line.
        search: of an optimisation.
        file: text of the experiment file, to reproduce it.
        version: of the program.
    """

    name: str
    plant: str
    run: str
    seed: int
    engine: str
    duration: int
    warm_up: WarmUp
    design: str
    factors: tuple[str, ...]
    responses: tuple[str, ...]
    better: Mapping[str, str]
    units: Mapping[str, str]
    configurations: tuple[Configuration, ...]
    comparisons: int
    sensitivity: tuple[Effect, ...] = ()
    bottleneck: Bottleneck | None = None
    search: Search | None = None
    file: str = ""
    version: str = ""
    title: str = ""
    as_it_stands: bool = False

    @property
    def baseline(self) -> Configuration | None:
        """The plant as it stands, or what the file calls so."""
        return next((of for of in self.configurations if of.baseline), None)
