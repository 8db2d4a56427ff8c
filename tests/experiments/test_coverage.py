"""How often intervals hold the truth: published figures for M/M/1, and our own procedure on lines with exact answers.

A bound is that of a count of hits with the expected share which is passed with a probability of one in a thousand.
"""

import json
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from experiments.intervals import estimate

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/vectors/line-cases.json").read_text(encoding="utf-8"))["cases"]
BATCHED = [pytest.param(case, id=case["id"]) for case in CASES if case["id"].startswith("BM")]
DELETED = [pytest.param(case, id=case["id"]) for case in CASES if case["id"].startswith("RD")]
RUNS = 4000
EXPERIMENTS = 600


@pytest.fixture(scope="module")
def coverage():
    spec = spec_from_file_location("coverage_of_intervals", ROOT / "benchmarks/coverage.py")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def delays(observations, runs):
    """Delays in an M/M/1 queue of load .8 from empty, the first one 0, [observation, run] (Lindley 1952)."""
    draw = np.random.default_rng(11)
    found = np.zeros((observations, runs))
    for n in range(1, observations):
        np.maximum(found[n - 1] + draw.exponential(1, runs) - draw.exponential(1.25, runs), 0, out=found[n])
    return found


def share(samples, confidence, exact):
    """Share of samples whose interval holds the truth."""
    found = [estimate(sample, confidence) for sample in samples]
    return np.mean([abs(one.mean - exact) <= one.half_width for one in found])


@pytest.mark.slow
@pytest.mark.parametrize("case", BATCHED)
def test_batch_means_cover_as_little_as_published(case):
    model, expected = case["model"], case["expected"]["coverage"]
    means = delays(2560, RUNS)[: model["observations"]].reshape(model["batches"], -1, RUNS).mean(axis=1)
    published = 5000 if model["observations"] == 2560 else 20_000
    error = np.sqrt(expected * (1 - expected) * (1 / RUNS + 1 / published))
    assert 4 * error < 0.04  # else the next line would not say much
    assert abs(share(means.T.tolist(), model["nominal"], 4) - expected) <= 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("case", DELETED)
def test_replications_with_a_fixed_cut_cover_as_published(case):
    model, expected = case["model"], case["expected"]["coverage"]
    runs = model["replications"]
    seen = delays(3000, EXPERIMENTS * runs)[model["deleted"] : model["observations"]].mean(axis=0)
    found = share(seen.reshape(-1, runs).tolist(), model["nominal"], 4)
    assert abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) * (1 / EXPERIMENTS + 1 / 40_000))


def test_the_recursion_keeps_a_part_where_it_is_until_there_is_a_place(coverage):
    # no place between: part 1 waits on the first station until part 0 has left the second
    line = coverage.Line(name="", cycles=(1.0, 1.0), places=(0,))
    leave, work = coverage.departures(line, 3, [(0,)])
    (a0, b0), (a1, b1), (a2, b2) = work[:, :, 0]
    first = a0, max(a0 + a1, a0 + b0)
    second = a0 + b0, first[1] + b1
    third = max(first[1] + a2, second[1]), max(first[1] + a2, second[1]) + b2
    assert leave[:, :, 0] == pytest.approx(np.array([[first[0], second[0]], [first[1], second[1]], third]))


@pytest.mark.slow
@pytest.mark.parametrize("response", ["throughput", "lead time"])
def test_our_intervals_hold_the_truth_as_often_as_they_say(coverage, response):
    experiments = 150
    question = next(of for of in coverage.QUESTIONS if of.line is coverage.SIX and of.response == response)
    found = coverage.measure(question, experiments, 900)
    low, high = binom.ppf([0.0005, 0.9995], experiments, 0.95)
    assert low <= sum(found.ours.hits) <= high
    assert found.short <= 0.02 * experiments
    if response == "throughput":
        assert sum(found.uncut.hits) < low  # a line that starts empty reads low
    else:
        assert sum(found.parts.hits) < low  # parts that queue behind each other are not independent


@pytest.mark.slow
def test_the_best_line_is_chosen_as_often_as_promised_over_common_streams(coverage):
    experiments = 100
    found = coverage.choices(
        coverage.KimNelson,
        lambda run: coverage.lines(run, common=True),
        lead=coverage.LEAD,
        experiments=experiments,
    )
    assert found.correct * experiments >= binom.ppf(0.001, experiments, 0.95)
