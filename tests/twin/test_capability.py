"""Capability of values with a known answer: which scatter an index takes, and what a drift does to it."""

import json
from fractions import Fraction
from math import sqrt
from pathlib import Path

import pytest

from twin.capability import D2, SCALE, Study, study
from twin.catalogue import CATALOGUE
from twin.kpis import evaluate

FILE = json.loads((Path(__file__).parents[1] / "vectors" / "sensors-vectors.json").read_text(encoding="utf-8"))
VECTORS = {vector["id"]: vector for vector in FILE["vectors"]}


def exactly(x: float) -> int:
    return round(Fraction(str(x)) * SCALE)


def of(groups: list[list[float]], size: int) -> Study:
    return study([[exactly(x) for x in group] for group in groups], size)


def index(name: str, sums: Study, given: dict) -> float:
    return evaluate(CATALOGUE[name], sums.parts(exactly(given["LSL"]), exactly(given["USL"]))).value


def deviation(sums: Study) -> float:
    """Overall standard deviation, with n - 1, in the unit of the values."""
    return sqrt(Fraction(sums.n * sums.xx_sum - sums.x_sum**2, sums.n * (sums.n - 1))) / SCALE


def test_one_subgroup_has_the_indices_of_its_own_scatter():
    vector = VECTORS["quality.cpk"]
    given, expected = vector["in"], vector["out"]
    sums = of([given["x_mm"]], len(given["x_mm"]))
    found = {
        "mean": sums.x_sum / sums.n / SCALE,
        "s": deviation(sums),
        "Cp": index("cm", sums, given),  # of one subgroup: its scatter is the overall one
        "Cpk": index("cmk", sums, given),
    }
    assert found == {name: pytest.approx(value, rel=vector["rel_tol"]) for name, value in expected.items()}


def test_a_drift_spoils_the_overall_index_and_leaves_that_within():
    """Our Cpk estimates the scatter within by the mean range, the vector by the pooled variance: each by its rule."""
    vector = VECTORS["quality.ppk_with_drift"]
    given, expected = vector["in"], vector["out"]
    groups = given["subgroups_mm"]
    sums = of(groups, len(groups[0]))
    within = sqrt(sum(deviation(of([group], len(group))) ** 2 for group in groups) / len(groups))
    mean = sums.x_sum / sums.n / SCALE
    side = min(given["USL"] - mean, mean - given["LSL"])
    found = {
        "mean": mean,
        "s_within": within,
        "s_overall": deviation(sums),
        "Cpk": side / (3 * within),
        "Ppk": index("cmk", sums, given),
    }
    assert found == {name: pytest.approx(value, rel=vector["rel_tol"]) for name, value in expected.items()}

    by_range = sums.range_sum / sums.subgroups / SCALE / float(D2[len(groups[0])])
    assert index("cpk", sums, given) == pytest.approx(side / (3 * by_range))
    assert index("cpk", sums, given) > 2 * index("cmk", sums, given)
