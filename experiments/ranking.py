"""Ranking and selection: how many more replications of which configuration, until the best one is known.

`KimNelson` and `Rinott` guarantee that the choice is the best one with a given probability whenever the best is ahead
by at least the indifference zone, for normal replications. Both ask for replications (`wanted`), are fed with them by
name and tell who survives; none of it depends on how many are fed at once. They need replications of their own: those
that made a configuration a finalist are biased in its favour. `ocba` spends a budget well, and guarantees nothing.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, gammaln, ndtr

from experiments.comparison import direction

Array = NDArray[np.float64]

ALPHA = 0.05
FIRST = 10
"""Replications of the first stage, where nothing else is said."""
POINTS = 240
"""Of the integration for Rinott's constant, a side: it is exact to nine digits with half of them."""
TAIL = 1e-14
"""Probability that is left out at each end of that integration."""


def sequential_constants(k: int, first: int, alpha: float = ALPHA) -> tuple[float, float]:
    """η and h² of the fully sequential procedure for k configurations (Kim and Nelson 2001, c = 1)."""
    eta = ((2 * alpha / (k - 1)) ** (-2 / (first - 1)) - 1) / 2
    return eta, 2 * eta * (first - 1)


@lru_cache(maxsize=64)
def rinott_constant(k: int, first: int, probability: float = 1 - ALPHA) -> float:
    """Rinott's h: the best of k is chosen with the probability when it leads by the indifference zone (Rinott 1978).

    It solves ∫ [∫ Φ(h / √(ν (1/x + 1/y))) f(x) dx]^(k - 1) f(y) dy = P, f the density of χ² with ν = first - 1 degrees
    of freedom: by the trapezoidal rule in the logarithm, where the integrand is smooth and vanishes at both ends.
    """
    freedom = first - 1
    ends = np.log(chdtri(freedom, [1 - TAIL, TAIL]))
    grid = np.linspace(ends[0], ends[1], POINTS)
    weight = np.exp(freedom / 2 * grid - np.exp(grid) / 2 - freedom / 2 * math.log(2) - gammaln(freedom / 2))
    weight /= weight.sum()
    inverse = np.exp(-grid)
    scale = 1 / np.sqrt(freedom * (inverse[:, None] + inverse[None, :]))

    def missing(h: float) -> float:
        return float(weight @ (ndtr(h * scale) @ weight) ** (k - 1)) - probability

    return float(brentq(missing, 0.0, 1e3, xtol=1e-12, rtol=1e-12))


class _Selection:
    """What the two procedures share: whose replications have come, in order, and what is asked for."""

    def __init__(self, names: Sequence[str], *, better: str, indifference: float, first: int, alpha: float) -> None:
        _check(names, indifference, first, alpha)
        self.names = tuple(names)
        self.indifference = indifference
        self.first = first
        self.alpha = alpha
        self._sign = direction(better)
        self._values: dict[str, list[float]] = {name: [] for name in names}

    @property
    def used(self) -> Mapping[str, int]:
        """Replications by name that the answer rests on or waits for, of those that were dropped, too."""
        return {name: len(values) for name, values in self._values.items()}

    def _take(self, values: Mapping[str, Sequence[float]], among: Sequence[str]) -> None:
        if unknown := sorted(set(values) - set(self.names)):
            raise ValueError(f"no such configuration: {', '.join(unknown)}")
        if bad := sorted(name for name, found in values.items() if not all(map(math.isfinite, found))):
            raise ValueError(f"replications that are no numbers: {', '.join(bad)}")
        for name in among:
            self._values[name] += values.get(name, ())

    def _lead(self, names: Sequence[str]) -> str:
        """The best mean, the first one of equals."""
        return max(names, key=lambda name: self._sign * math.fsum(self._values[name]) / len(self._values[name]))


class KimNelson(_Selection):
    """The fully sequential procedure KN (Kim and Nelson 2001): survivors get one more replication, until one is left.

    Common random numbers are welcome: what is judged are differences, and the less these vary the sooner it ends.
    Values that are fed ahead of the others wait for them.

        >>> ranking = KimNelson(["A", "B"], better="higher", indifference=1.0, first=3)
        >>> ranking.wanted
        {'A': 3, 'B': 3}
        >>> ranking.feed({"A": [5.0, 6.0, 7.0], "B": [1.0, 2.5, 3.0]})
        ('A',)

    Args:
        names: of the configurations.
        better: ``higher`` or ``lower``.
        indifference: smallest difference worth finding, in the unit of the response.
        first: replications of each before anyone is dropped, at least 2.
        alpha: probability of a wrong choice, if the best one leads by the indifference zone.

    Raises:
        ValueError: no names, a name twice, or a parameter outside its range.
    """

    def __init__(
        self, names: Sequence[str], *, better: str, indifference: float, first: int = FIRST, alpha: float = ALPHA
    ) -> None:
        super().__init__(names, better=better, indifference=indifference, first=first, alpha=alpha)
        self.survivors = self.names
        self._stage = 0 if len(self.names) > 1 else first
        self._ends: Array = np.zeros((0, 0))  # h² S²_il / δ²: the replication at which a pair is decided at the latest

    @property
    def best(self) -> str | None:
        """The answer, when one is left."""
        return self.survivors[0] if len(self.survivors) == 1 else None

    @property
    def wanted(self) -> dict[str, int]:
        """Replications that are needed next, by name; empty when the answer is there."""
        if self.best is not None:
            return {}
        stage = self.first if self._stage == 0 else self._stage + 1
        missing = {name: stage - len(self._values[name]) for name in self.survivors}
        return {name: count for name, count in missing.items() if count > 0}

    @property
    def longest(self) -> int | None:
        """Replications of one configuration after which it certainly ends; none before the first stage is over."""
        return int(self._ends.max()) + 1 if self._ends.size else None

    def feed(self, values: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
        """Add replications by name, in their order, and say who survives; values of those dropped are left aside.

        Raises:
            ValueError: a name is not among the configurations, or a value is no finite number.
        """
        self._take(values, () if self.best is not None else self.survivors)
        while self.best is None and not self.wanted:
            self._stage = self.first if self._stage == 0 else self._stage + 1
            if not self._ends.size:
                self._ends = self._decided()
            self._drop()
        return self.survivors

    def _decided(self) -> Array:
        _, h2 = sequential_constants(len(self.names), self.first, self.alpha)
        values = np.array([self._values[name][: self.first] for name in self.names])
        variances = (values[:, None] - values[None, :]).var(axis=2, ddof=1)
        ends: Array = h2 * variances / self.indifference**2
        return ends

    def _drop(self) -> None:
        at = [self.names.index(name) for name in self.survivors]
        room = np.maximum(self._ends[np.ix_(at, at)] - self._stage, 0.0) * (self.indifference / 2)
        sums = np.array([self._sign * math.fsum(self._values[name][: self._stage]) for name in self.survivors])
        stays = np.all(sums[:, None] >= sums[None, :] - room, axis=1)
        kept = tuple(name for name, stay in zip(self.survivors, stays.tolist(), strict=True) if stay)
        decided = not room[np.ix_(stays, stays)].any()  # those left are equal to the last digit: the first one is taken
        self.survivors = kept[:1] if decided else kept
        for name in self.names:  # what was fed ahead of the end of a name counts for nothing
            if name not in self.survivors or decided:
                del self._values[name][self._stage :]


class Rinott(_Selection):
    """The two-stage procedure of Rinott (1978): a first stage for the variances, then as many as each of them needs.

    For independent streams only: with common random numbers its probability is not guaranteed.

    Args:
        names: of the configurations.
        better: ``higher`` or ``lower``.
        indifference: smallest difference worth finding, in the unit of the response.
        first: replications of the first stage, at least 2.
        alpha: probability of a wrong choice, if the best one leads by the indifference zone.

    Raises:
        ValueError: no names, a name twice, or a parameter outside its range.
    """

    def __init__(
        self, names: Sequence[str], *, better: str, indifference: float, first: int = FIRST, alpha: float = ALPHA
    ) -> None:
        super().__init__(names, better=better, indifference=indifference, first=first, alpha=alpha)
        self._targets: dict[str, int] = {} if len(self.names) > 1 else {self.names[0]: 0}

    @property
    def wanted(self) -> dict[str, int]:
        """Replications that are needed next, by name; empty when the answer is there."""
        missing = {name: self._targets.get(name, self.first) - len(self._values[name]) for name in self.names}
        return {name: count for name, count in missing.items() if count > 0}

    @property
    def best(self) -> str | None:
        """The answer, when all replications are there."""
        if self.wanted:
            return None
        return self._lead(self.names) if len(self.names) > 1 else self.names[0]

    @property
    def survivors(self) -> tuple[str, ...]:
        """All of them until the end, then the best one."""
        return self.names if self.best is None else (self.best,)

    def feed(self, values: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
        """Add replications by name and say who survives; what is beyond the need of a name is left aside.

        Raises:
            ValueError: a name is not among the configurations, or a value is no finite number.
        """
        self._take(values, self.names)
        if not self._targets and not self.wanted:
            h = rinott_constant(len(self.names), self.first, 1 - self.alpha)
            self._targets = {name: self._need(found, h) for name, found in self._values.items()}
        for name, target in self._targets.items():
            del self._values[name][target:]
        return self.survivors

    def _need(self, values: Sequence[float], h: float) -> int:
        deviation = float(np.std(values[: self.first], ddof=1))
        return max(self.first, math.ceil((h * deviation / self.indifference) ** 2))


def ocba(samples: Mapping[str, Sequence[float]], more: int, better: str) -> dict[str, int]:
    """Further replications by name: optimal computing budget allocation (Chen, Lin, Yücesan and Chick 2000).

    N_i/N_j = ((σ_i/δ_i)/(σ_j/δ_j))² for those that are not the best mean b but δ_i behind it, and
    N_b = σ_b √(Σ N_i²/σ_i²). Nobody gets less than it has; what is over is shared among the others, rounded by
    largest remainders.

    Args:
        samples: replications so far by name, at least two each.
        more: replications to give.
        better: ``higher`` or ``lower``.
    """
    names = list(samples)
    have = np.array([len(samples[name]) for name in names], dtype=np.float64)
    weights = _weights(samples, direction(better))
    active = np.ones(len(names), dtype=bool)
    while True:  # at most once a name: each round takes one out
        total = more + have[active].sum()
        target = np.where(active, weights / weights[active].sum() * total, have)
        if (target >= have)[active].all():
            break
        active &= target >= have
    return dict(zip(names, _whole(target - have, more), strict=True))


def probability_correct(samples: Mapping[str, Sequence[float]], better: str) -> float:
    """Estimated probability that the best mean is the best one: 1 - Σ Φ(-δ_i / √(σ_b²/N_b + σ_i²/N_i)) (Chen 1996).

    An estimate from below with means and variances taken as if they were known, for independent streams: no guarantee.
    """
    sign = direction(better)
    means = np.array([sign * np.mean(values) for values in samples.values()])
    errors = np.array([np.var(values, ddof=1) / len(values) for values in samples.values()])
    best = int(np.argmax(means))
    room = np.sqrt(np.delete(errors, best) + errors[best])
    behind = means[best] - np.delete(means, best)
    wrong = np.where(room > 0, ndtr(-behind / np.where(room > 0, room, 1.0)), np.where(behind > 0, 0.0, 0.5))
    return max(0.0, 1.0 - float(wrong.sum()))


def _weights(samples: Mapping[str, Sequence[float]], sign: float) -> Array:
    means = np.array([sign * np.mean(values) for values in samples.values()])
    variances = np.array([np.var(values, ddof=1) for values in samples.values()])
    best = int(np.argmax(means))
    behind = means[best] - means
    if not variances.any() or not behind.any():
        return np.ones(len(means))
    behind = np.maximum(behind, behind.max() * 1e-6)  # equal means would ask for all of it
    weights: Array = variances / behind**2
    weights[best] = 0.0
    weights[best] = math.sqrt(float(variances[best] * (weights**2 / np.where(variances > 0, variances, 1.0)).sum()))
    return weights if weights.sum() > 0 else np.ones(len(means))


def _whole(shares: Array, total: int) -> list[int]:
    whole = np.floor(shares + 1e-9)
    short = total - int(whole.sum())
    for at in np.argsort(-(shares - whole), kind="stable")[:short]:
        whole[at] += 1
    return [int(count) for count in whole]


def _check(names: Sequence[str], indifference: float, first: int, alpha: float) -> None:
    wrong = []
    if not names or len(set(names)) < len(names):
        wrong.append("names must be there, each once")
    if not (indifference > 0 and math.isfinite(indifference)):
        wrong.append(f"the indifference zone must be above 0, not {indifference}")
    if first < 2:
        wrong.append(f"the first stage needs at least 2 replications, not {first}")
    if not 0 < alpha < 1 - 1 / max(len(names), 2):
        wrong.append(f"the probability of a wrong choice must lie between 0 and that of guessing, not {alpha}")
    if wrong:
        raise ValueError("; ".join(wrong))
