import json
from itertools import cycle, islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from experiments import ranking
from experiments.ranking import KimNelson, Rinott, ocba, probability_correct, rinott_constant, sequential_constants

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[1] / "vectors/line-cases.json").read_text(encoding="utf-8"))["cases"]
    if case["id"].startswith(("RIN", "KN"))
}
RINOTT = [pytest.param(case, id=name) for name, case in CASES.items() if name.startswith("RIN")]
SEQUENTIAL = [pytest.param(case, id=name) for name, case in CASES.items() if name.startswith("KN")]
NAMES = ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("case", RINOTT)
def test_rinotts_constant_is_the_published_one(case):
    model = case["model"]
    found = rinott_constant(model["k"], model["n0"], model["P"])
    assert found == pytest.approx(case["expected"]["h"], rel=1e-6)


def test_rinotts_constant_does_not_depend_on_the_grid(monkeypatch):
    usual = rinott_constant(7, 15, 0.9)
    monkeypatch.setattr(ranking, "POINTS", 500)
    assert rinott_constant.__wrapped__(7, 15, 0.9) == pytest.approx(usual, rel=1e-9)


@pytest.mark.parametrize("case", SEQUENTIAL)
def test_constants_of_the_sequential_procedure_are_the_published_ones(case):
    model = case["model"]
    found = sequential_constants(model["k"], model["n0"], model["alpha"])
    assert found == pytest.approx((case["expected"]["eta"], case["expected"]["h2"]), rel=1e-9)


def play(procedure, draw, most=10_000):
    """Feed what is wanted until it ends."""
    for _ in range(most):
        if not procedure.wanted:
            return procedure.best
        procedure.feed({name: [draw(name) for _ in range(n)] for name, n in procedure.wanted.items()})
    raise AssertionError("it does not end")


@pytest.mark.parametrize("procedure", [KimNelson, Rinott])
@given(
    values=st.dictionaries(st.sampled_from(NAMES), st.floats(-50, 50), min_size=1),
    better=st.sampled_from(["higher", "lower"]),
)
def test_without_noise_the_best_is_found_after_the_first_stage(procedure, values, better):
    ranks = procedure(list(values), better=better, indifference=1.0, first=3)
    found = play(ranks, values.__getitem__)
    assert values[found] == (max if better == "higher" else min)(values.values())
    assert max(ranks.used.values()) == (3 if len(values) > 1 else 0)


@pytest.mark.parametrize("procedure", [KimNelson, Rinott])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_the_answer_does_not_depend_on_how_many_are_fed_at_once(procedure, seed, sizes):
    draws = Random(seed)
    values = {name: [draws.gauss(0.2 * i, 1) for _ in range(400)] for i, name in enumerate(NAMES)}
    singles, batches = (procedure(NAMES, better="higher", indifference=0.5, first=5) for _ in range(2))
    for r in range(400):
        singles.feed({name: [of[r]] for name, of in values.items()})
    at = 0
    for size in islice(cycle(sizes), 400):
        batches.feed({name: of[at : at + size] for name, of in values.items()})
        at += size
    assert (singles.survivors, singles.wanted, singles.used) == (batches.survivors, batches.wanted, batches.used)


def test_a_pair_is_decided_at_the_printed_triangle():
    # first = 2, k = 2: η = (.1⁻² - 1)/2 = 49.5, h² = 99
    # differences 0 and 2/99: S² = 2/99², h² S²/δ² = 2.0202 for δ = .1
    ranks = KimNelson(["A", "B"], better="higher", indifference=0.1, first=2)
    ranks.feed({"A": [0.0, 2 / 99], "B": [0.0, 0.0]})
    assert ranks.longest == 3
    assert ranks.survivors == ("A",)  # the sum .0202 is more than the room of (2.0202 - 2) δ/2 = .00101
    tight = KimNelson(["A", "B"], better="higher", indifference=0.05, first=2)
    assert tight.feed({"A": [0.0, 2 / 99], "B": [0.0, 0.0]}) == ("A", "B")  # (8.0808 - 2) · .025 = .152
    assert tight.wanted == {"A": 1, "B": 1}
    assert tight.feed({"A": [0.16], "B": [0.0]}) == ("A",)


def test_equals_to_the_last_digit_end_with_the_first_of_them():
    ranks = KimNelson(NAMES, better="lower", indifference=0.1, first=4)
    same = [3.0, 1.0, 2.0, 5.0]
    assert ranks.feed(dict.fromkeys(NAMES, same)) == ("A",)


def test_common_random_numbers_spare_replications():
    def spent(*, common):
        draws = Random(5)
        ranks = KimNelson(["A", "B"], better="higher", indifference=0.2, first=10)
        while ranks.wanted:
            shared = draws.gauss(0, 1)
            noise = {name: shared if common else draws.gauss(0, 1) for name in "AB"}
            ranks.feed({name: [mean + noise[name] + draws.gauss(0, 0.1)] for name, mean in (("A", 0.0), ("B", 0.2))})
        return ranks.best, max(ranks.used.values())

    assert spent(common=True)[1] * 5 < spent(common=False)[1]
    assert spent(common=True)[0] == "B"


def test_rinott_asks_for_what_the_variance_needs():
    ranks = Rinott(["A", "B"], better="higher", indifference=1.0, first=10)
    wide, narrow = [0.0, 6.0] * 5, [1.0, 1.2] * 5
    ranks.feed({"A": wide, "B": narrow})
    # h = 2.614120, S² = 10: (h S/δ)² = 68.34
    assert ranks.wanted == {"A": 59}
    assert ranks.survivors == ("A", "B")
    ranks.feed({"A": [3.0] * 70})
    assert (ranks.best, ranks.used) == ("A", {"A": 69, "B": 10})


@pytest.mark.parametrize("procedure", [KimNelson, Rinott])
def test_bad_parameters_and_values_are_all_named(procedure):
    with pytest.raises(ValueError, match="each once; the indifference zone.*at least 2.*wrong choice"):
        procedure(["A", "A"], better="higher", indifference=0.0, first=1, alpha=0.5)
    ranks = procedure(["A", "B"], better="higher", indifference=1.0)
    with pytest.raises(ValueError, match="no such configuration: C, D"):
        ranks.feed({"D": [1.0], "C": [1.0]})
    with pytest.raises(ValueError, match="no numbers: A"):
        ranks.feed({"A": [float("nan")], "B": [1.0]})


def test_ocba_of_known_moments():
    # σ 1 each; 1 and 2 behind: N_2 : N_3 = 4 : 1, N_1 = √(16 + 1) = 4.123
    sample = np.array([-1.0, 1.0] * 8) * np.sqrt(15 / 16)
    samples = {"a": sample + 2, "b": sample + 1, "c": sample}
    more = ocba(samples, 952, "higher")
    assert sum(more.values()) == 952
    assert [16 + n for n in more.values()] == pytest.approx([1000 * w / 9.1231 for w in (4.1231, 4, 1)], abs=1)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.integers(-5, 5), min_size=2, max_size=30), min_size=1),
    st.integers(0, 500),
)
def test_ocba_gives_exactly_what_there_is(samples, more):
    found = ocba(samples, more, "lower")
    assert sum(found.values()) == more
    assert min(found.values()) >= 0
    assert 0 <= probability_correct(samples, "lower") <= 1


def test_probability_of_two_is_that_of_their_difference():
    # 1 ahead, variances 2 of 2 each: Φ(1 / √(1 + 1))
    assert probability_correct({"a": [0.0, 2.0], "b": [-1.0, 1.0]}, "higher") == pytest.approx(0.760250, abs=1e-6)


def correct(procedure, runs, seed):
    """How often the best of five is chosen that leads by just the indifference zone, with unequal variances."""
    hits = 0
    for run in range(runs):
        draws = np.random.default_rng([seed, run])
        ranks = procedure(NAMES, better="higher", indifference=1.0)
        means = dict(zip(NAMES, (1.0, 0.0, 0.0, 0.0, 0.0), strict=True))
        spread = dict(zip(NAMES, (2.0, 1.0, 1.5, 2.0, 2.5), strict=True))
        while ranks.wanted:
            ranks.feed({n: draws.normal(means[n], spread[n], size).tolist() for n, size in ranks.wanted.items()})
        hits += ranks.best == "A"
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("procedure", [KimNelson, Rinott])
def test_the_best_is_chosen_as_often_as_promised(procedure):
    """A procedure that keeps 95 % fails this with a probability below one in a thousand."""
    assert correct(procedure, 1000, 7) >= binom.ppf(0.001, 1000, 0.95)
