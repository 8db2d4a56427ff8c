"""Do 95 % intervals hold the truth in 95 of 100 experiments? `uv run python benchmarks/coverage.py`.

Each row is 1,000 experiments on a line with an exact answer. An experiment is `RUNS` runs from empty, cut together
where MSER-5 says so on their mean output, and Student's interval of the means of runs. Beside it stand three things
people do: the same runs uncut; one run as long as all of them together, at most 60,000 parts, in 2,000 batches; the
parts of one run taken for independent. Then how often KN and Rinott choose the best one, of five normal responses at
the edge of what they promise, and of three lines whose throughput is known. `--experiments N` for another number; the
seeds are fixed, so the figures are, too.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

if __name__ == "__main__":
    sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

import numpy as np
from numpy.typing import NDArray

from experiments.intervals import estimate
from experiments.ranking import KimNelson, Rinott
from experiments.warm_up import mser5

Array = NDArray[np.float64]

RUNS = 20
POINTS = 500
"""Of the series that MSER-5 looks at, where it counts parts by time."""
BATCHES = 2000
LONGEST = 60_000
"""Parts of the one long run."""
LANES = 1000
"""Runs side by side in one array, where memory allows."""
VISITS = 6_000_000
"""Parts times stations times runs that are kept in memory together."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Exponential stations in series, blocking after service: mean cycle times, places between them."""

    name: str
    cycles: tuple[float, ...]
    places: tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a line, its exact answer, and how long a run is: in parts for a delay, else in time."""

    line: Line
    response: str
    exact: float
    length: int


def equal(name: str, stations: int, places: int) -> Line:
    """A line of equal stations of mean 1 and equal buffers."""
    return Line(name=name, cycles=(1.0,) * stations, places=(places,) * (stations - 1))


QUEUE = Line(name="M/M/1, load .8", cycles=(1.25, 1.0), places=(None,))
THREE, SIX = equal("E06: 3 stations, 1 place", 3, 1), equal("E15: 6 stations, 1 place", 6, 1)
UNEQUAL = Line(name="E21: 4 unequal stations", cycles=(1 / 1.3, 1 / 1.2, 1 / 1.1, 1.0), places=(3, 2, 1))
QUESTIONS = (
    Question(line=QUEUE, response="delay", exact=4.0, length=3000),
    Question(line=QUEUE, response="delay", exact=4.0, length=20_000),
    Question(line=THREE, response="throughput", exact=0.6704661583, length=1000),
    Question(line=THREE, response="lead time", exact=3.531797815 / 0.6704661583, length=1000),
    Question(line=SIX, response="throughput", exact=0.5918257796, length=1000),
    Question(line=SIX, response="throughput", exact=0.5918257796, length=3000),
    Question(line=SIX, response="lead time", exact=7.447667086 / 0.5918257796, length=1000),
    Question(line=UNEQUAL, response="throughput", exact=0.7510695943, length=1000),
    Question(line=UNEQUAL, response="lead time", exact=8.142050027 / 0.7510695943, length=1000),
)


def departures(line: Line, parts: int, seeds: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """When each part leaves each station, [part, station, run], and the service time it had there."""
    stations = len(line.cycles)
    work = np.empty((parts, stations, len(seeds)))
    for run, seed in enumerate(seeds):
        work[:, :, run] = np.random.default_rng(seed).standard_exponential((parts, stations)) * line.cycles
    leave = np.empty_like(work)
    idle = np.zeros(len(seeds))
    for n in range(parts):
        for i in range(stations):
            here = leave[n, i]
            np.maximum(leave[n, i - 1] if i else idle, leave[n - 1, i] if n else idle, out=here)
            here += work[n, i]
            room = line.places[i] if i < stations - 1 else None
            if room is not None and n > room:
                np.maximum(here, leave[n - room - 1, i + 1], out=here)
    return leave, work


def observations(question: Question, leave: Array, work: Array) -> Array:
    """What is measured of each part, [part, run]: its delay, its time in the line, or the time since the last one."""
    if question.response == "delay":
        return leave[:, -1] - leave[:, 0] - work[:, -1]
    since = leave[:, 0] if question.response == "lead time" else leave[:, -1]  # a part starts when the last one left
    return leave[:, -1] - np.concatenate([np.zeros((1, leave.shape[2])), since[:-1]])


def enough_parts(question: Question) -> int:
    """Parts that a run needs to reach its end, eight standard deviations of a Poisson count to be sure."""
    if question.response == "delay":
        return question.length
    most = question.length / max(question.line.cycles)
    return int(most + 8 * most**0.5)


class Score:
    """How often the intervals of a way hold the truth, and how wide they are by their mean."""

    def __init__(self, exact: float) -> None:
        self.exact = exact
        self.hits: list[bool] = []
        self.widths: list[float] = []

    def add(self, values: Sequence[float]) -> None:
        """Judge the interval of the mean of these values."""
        found = estimate(values)
        if found.half_width is None:
            raise ValueError("an interval needs two values")
        self.hits.append(abs(found.mean - self.exact) <= found.half_width)
        self.widths.append(found.half_width / found.mean)

    @property
    def coverage(self) -> float:
        """Share of hits."""
        return float(np.mean(self.hits))

    def __str__(self) -> str:
        error = (self.coverage * (1 - self.coverage) / len(self.hits)) ** 0.5
        width = float(np.mean(self.widths))
        return f"{100 * self.coverage:5.1f} ±{100 * error:4.1f} %, half width {100 * width:4.1f} %"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came of one question: our intervals, and the naive ones."""

    ours: Score
    uncut: Score
    batched: Score
    parts: Score
    cuts: tuple[float, ...]
    short: int


def means(question: Question, times: Array, seen: Array, begin: float) -> list[float]:
    """The response of each run from `begin` on: a part number for a delay, else a time."""
    if question.response == "delay":
        return [float(mean) for mean in seen[int(begin) :].mean(axis=0)]
    counted = (times >= begin) & (times < question.length)
    parts = counted.sum(axis=0)
    if question.response == "throughput":
        return [float(count) / (question.length - begin) for count in parts]
    return [float(total / count) for total, count in zip((seen * counted).sum(axis=0), parts, strict=True)]


def warm_up(question: Question, times: Array, seen: Array) -> tuple[float, bool]:
    """Where MSER-5 cuts the mean output of the runs, and whether it could tell."""
    if question.response == "delay":
        cut = mser5(seen.mean(axis=1).tolist())
        return float(cut.index), cut.enough
    counts, _ = np.histogram(times, bins=POINTS, range=(0, question.length))
    cut = mser5((counts / times.shape[1]).tolist())
    return cut.index * question.length / POINTS, cut.enough


def measure(question: Question, experiments: int, seed: int) -> Measured:
    """Ask so many experiments for their intervals."""
    rate = question.response == "throughput"
    ours, uncut = Score(question.exact), Score(question.exact)
    batched, single = (Score(1 / question.exact if rate else question.exact) for _ in range(2))
    cuts, short = [], 0
    for times, seen in _experiments(question, experiments, seed):
        begin, enough = warm_up(question, times, seen)
        cuts.append(begin)
        short += not enough
        ours.add(means(question, times, seen, begin))
        uncut.add(means(question, times, seen, 0))
        first = seen[:, 0] if question.response == "delay" else seen[times[:, 0] < question.length, 0]
        single.add(first.tolist())
    for seen in _long(question, experiments, seed + 1):
        batched.add(seen)
    return Measured(ours=ours, uncut=uncut, batched=batched, parts=single, cuts=tuple(cuts), short=short)


def _experiments(question: Question, experiments: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Of each experiment when parts leave, and what is seen of them."""
    at_once = max(1, min(LANES, VISITS // (enough_parts(question) * len(question.line.cycles))) // RUNS)
    for start in range(0, experiments, at_once):
        seeds = [(seed, e, run) for e in range(start, min(start + at_once, experiments)) for run in range(RUNS)]
        leave, work = departures(question.line, enough_parts(question), seeds)
        if question.response != "delay" and leave[-1, -1].min() < question.length:
            raise ValueError("a run ended before its time")
        seen = observations(question, leave, work)
        for at in range(0, len(seeds), RUNS):
            yield leave[:, -1, at : at + RUNS], seen[:, at : at + RUNS]


def _long(question: Question, experiments: int, seed: int) -> Iterator[list[float]]:
    """Means of the batches of one run of each experiment that is as long as its runs together."""
    rate = 1.0 if question.response == "delay" else THROUGHPUT[question.line.name]
    size = int(min(RUNS * question.length * rate, LONGEST)) // BATCHES
    at_once = max(1, min(100, 2 * VISITS // (size * BATCHES * len(question.line.cycles))))
    for start in range(0, experiments, at_once):
        seeds = [(seed, e) for e in range(start, min(start + at_once, experiments))]
        seen = observations(question, *departures(question.line, size * BATCHES, seeds))
        yield from seen.reshape(BATCHES, size, len(seeds)).mean(axis=1).T.tolist()


THROUGHPUT = {of.line.name: of.exact for of in QUESTIONS if of.response == "throughput"}

Draw = Callable[[str, int, int], list[float]]
"""Replications [from, to) of a name."""

NORMAL = {"A": (1.0, 2.0), "B": (0.0, 1.0), "C": (0.0, 1.5), "D": (0.0, 2.0), "E": (0.0, 2.5)}
"""Mean and standard deviation: the best leads by the indifference zone of 1, and not by more: the hardest case."""
BUFFERS = {"4 places": 4, "5 places": 5, "6 places": 6}
"""Two stations of mean 1 with b places between them have the throughput (b + 2)/(b + 3)."""
LEAD = 8 / 9 - 7 / 8
BLOCK = 20
"""Replications of a line that are simulated together, of 300 parts each after 100."""


def normal(run: int) -> Draw:
    """Independent normal replications of an experiment."""
    streams = {name: np.random.default_rng([3, run, i]) for i, name in enumerate(NORMAL)}
    return lambda name, begin, end: streams[name].normal(*NORMAL[name], end - begin).tolist()


def lines(run: int, *, common: bool) -> Draw:
    """Throughputs of lines, over the same streams for all or over streams of their own."""
    values: dict[str, list[float]] = {name: [] for name in BUFFERS}

    def draw(name: str, begin: int, end: int) -> list[float]:
        stream = 0 if common else 1 + list(BUFFERS).index(name)
        while len(values[name]) < end:
            seeds = [(4, run, len(values[name]) + r, stream) for r in range(BLOCK)]
            leave, _ = departures(equal(name, 2, BUFFERS[name]), 400, seeds)
            values[name] += (300 / (leave[-1, -1] - leave[99, -1])).tolist()
        return values[name][begin:end]

    return draw


def choose(ranking: KimNelson | Rinott, draw: Draw) -> tuple[str | None, int]:
    """Feed what is wanted until the answer is there; the answer and the replications it took."""
    while wanted := ranking.wanted:
        used = ranking.used
        ranking.feed({name: draw(name, used[name], used[name] + more) for name, more in wanted.items()})
    return ranking.best, sum(ranking.used.values())


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How often the best was chosen, and replications by the mean."""

    correct: float
    replications: float


def choices(
    procedure: type[KimNelson] | type[Rinott], draws: Callable[[int], Draw], *, lead: float, experiments: int
) -> Choice:
    """Choose so many times; the best is ``A`` or ``6 places``."""
    names = list(NORMAL) if lead == 1 else list(BUFFERS)
    best = "A" if lead == 1 else "6 places"
    found = [choose(procedure(names, better="higher", indifference=lead), draws(run)) for run in range(experiments)]
    right, used = sum(name == best for name, _ in found), sum(used for _, used in found)
    return Choice(correct=right / experiments, replications=used / experiments)


def intervals(experiments: int) -> None:
    """Print how often intervals hold the truth."""
    for seed, question in enumerate(QUESTIONS):
        found = measure(question, experiments, 100 + 2 * seed)
        cuts = f"median cut {np.median(found.cuts):g}, too short {found.short}"
        print(f"{question.line.name}, {question.response}, {RUNS} runs of {question.length}")
        print(f"  ours, cut by MSER-5       {found.ours}; {cuts}")
        print(f"  the same runs uncut       {found.uncut}")
        print(f"  one run, {BATCHES} batches     {found.batched}")
        print(f"  one run, parts as if free {found.parts}", flush=True)


def selections(experiments: int) -> None:
    """Print how often the best is chosen."""
    for name, procedure, draws, lead in (
        ("KN, five normal", KimNelson, normal, 1.0),
        ("Rinott, five normal", Rinott, normal, 1.0),
        ("KN, three lines, common streams", KimNelson, lambda run: lines(run, common=True), LEAD),
        ("KN, three lines, own streams", KimNelson, lambda run: lines(run, common=False), LEAD),
        ("Rinott, three lines, own streams", Rinott, lambda run: lines(run, common=False), LEAD),
    ):
        one = choices(procedure, draws, lead=lead, experiments=experiments)
        error = (one.correct * (1 - one.correct) / experiments) ** 0.5
        right = f"{100 * one.correct:5.1f} ±{100 * error:4.1f} % right"
        print(f"{name:34} {right}, {one.replications:6.1f} replications", flush=True)


PARTS: dict[str, Callable[[int], None]] = {"intervals": intervals, "selections": selections}


def main() -> None:
    """Print both tables, or the one that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--only", choices=list(PARTS))
    asked = parser.parse_args()
    for part in [asked.only] if asked.only else list(PARTS):
        PARTS[part](asked.experiments)


if __name__ == "__main__":
    main()
