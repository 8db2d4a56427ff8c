"""Designs: which configurations of the factors are tried."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from experiments.study import Setting
from plant.draws import Stream

MOST = 10_000
"""Configurations of a design, at most."""

NAMED = 3  # settings up to which they make the name of a configuration

Factors = Mapping[str, Sequence[Setting]]
"""Levels by path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A configuration of a design: its name, and what it sets by path."""

    name: str
    settings: Mapping[str, Setting]


def full(factors: Factors) -> list[Named]:
    """Every combination of the levels, the last factor fastest.

    >>> [one.name for one in full({"OP20.buffer": [2, 4], "OP30.machines": [1, 2]})]  # doctest: +NORMALIZE_WHITESPACE
    ['OP20.buffer=2, OP30.machines=1', 'OP20.buffer=2, OP30.machines=2',
     'OP20.buffer=4, OP30.machines=1', 'OP20.buffer=4, OP30.machines=2']
    """
    return named(dict(zip(factors, levels, strict=True)) for levels in product(*factors.values()))


def size(factors: Factors) -> int:
    """How many combinations there are."""
    return prod(map(len, factors.values()))


def one_at_a_time(factors: Factors) -> list[Named]:
    """Each level of each factor, the others as in the baseline."""
    return named({path: level} for path, levels in factors.items() for level in levels)


def latin_hypercube(factors: Factors, points: int, seed: int) -> list[Named]:
    """Points that cover the levels of each factor evenly: McKay, Beckman and Conover 1979, for listed levels.

    The points are dealt to `points` strata of each factor in an order of its own, drawn by counter, and a stratum is
    the level that it lies in. A combination that comes twice is tried once, so few levels give fewer configurations.
    """
    columns = [
        [levels[stratum * len(levels) // points] for stratum in _shuffled(points, Stream(seed, path, "design"))]
        for path, levels in factors.items()
    ]
    return named(dict(zip(factors, levels, strict=True)) for levels in zip(*columns, strict=True))


def _shuffled(n: int, stream: Stream) -> list[int]:
    """A random order (Fisher and Yates 1938)."""
    order = list(range(n))
    for k in range(n - 1, 0, -1):
        j = int(stream.uniform(k) * (k + 1))
        order[k], order[j] = order[j], order[k]
    return order


def named(configurations: Iterable[Mapping[str, Setting]]) -> list[Named]:
    """Configurations, each once, with names that tell them apart: their few settings, else numbers from 1."""
    different: dict[tuple[tuple[str, str, Setting], ...], Mapping[str, Setting]] = {}
    for settings in configurations:
        different.setdefault(tuple((path, type(v).__name__, v) for path, v in settings.items()), settings)
    words = short_names({path for settings in different.values() for path in settings})
    few = max((len(settings) for settings in different.values()), default=0) <= NAMED
    return [
        Named(name=label(settings, words) if few else f"c{number}", settings=settings)
        for number, settings in enumerate(different.values(), start=1)
    ]


def label(settings: Mapping[str, Setting], words: Mapping[str, str]) -> str:
    """Settings as a name: ``OP20.buffer=4, OP30.machines=2``."""
    return ", ".join(f"{words[path]}={told(value)}" for path, value in settings.items())


def told(value: Setting) -> str:
    """A value as a plant file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def short_names(paths: Collection[str]) -> dict[str, str]:
    """The fewest last steps of each path that tell it from the others, two at least.

    >>> short_names(["lines.a.stations.OP20.buffer", "lines.b.stations.OP20.buffer"])
    {'lines.a.stations.OP20.buffer': 'a.stations.OP20.buffer', 'lines.b.stations.OP20.buffer': 'b.stations.OP20.buffer'}
    """
    found = {}
    for path in paths:
        steps = path.split(".")
        for kept in range(2, len(steps) + 1):
            word = ".".join(steps[-kept:])
            if not any(other != path and f".{other}".endswith(f".{word}") for other in paths):
                break
        else:
            word = path
        found[path] = word
    return found
