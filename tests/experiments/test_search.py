"""The search finds what is known to be best, keeps its budget and limits, and repeats itself."""

import json
from pathlib import Path

import numpy as np
import pytest
from exponential_line import evaluator, throughput, times
from hypothesis import given
from hypothesis import strategies as st

from experiments.moves import moves
from experiments.optimisation import Optimise, task_of
from experiments.search import search

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[1] / "vectors/line-cases.json").read_text(encoding="utf-8"))["cases"]
}
BUFFERS = "lines.l.stations.*.buffer"


def task(paths, responses=("throughput_per_s",), **written):
    made, errors = task_of(Optimise.model_validate(written), lambda _: paths, responses)
    assert not errors
    return made


def allocation(case, **more):
    stations = CASES[case]["model"]["stations"]
    means = [station["cycle_time"]["mean"] for station in stations]
    paths = [f"lines.l.stations.{station['name']}.buffer" for station in stations[1:]]
    total = CASES[case]["model"]["total_places"]
    written = {"maximise": "throughput_per_s", "vary": {BUFFERS: f"0..{total}"}, "subject_to": [f"sum <= {total}"]}
    return task(paths, **(written | more)), means, paths


def chosen(outcome, paths):
    return [outcome.tried[outcome.chosen].settings[path] for path in paths]


def test_the_line_of_these_tests_has_the_throughput_of_the_cases():
    """Three equal machines with two places each: 0.7340; bound 5 standard errors (20 runs)."""
    work = np.array([times(0, r, 4000, 3) for r in range(20)])
    values = throughput(np.full((20, 2), 2), work, 500)
    error = values.std(ddof=1) / 20**0.5
    assert error < 0.002
    assert abs(values.mean() - CASES["BAP01"]["expected"]["throughput"]) < 5 * error


@pytest.mark.parametrize("case", ["BAP02", "BAP04", "BAP08"])
def test_the_best_allocation_is_found(case):
    of, means, paths = allocation(case, budget=500, difference=0.004)
    outcome = search(of, evaluator(means, paths, seed=3), seed=3)
    assert chosen(outcome, paths) in CASES[case]["expected"]["optimal"]
    assert outcome.runs <= 500


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", [f"BAP{k}" for k in ("01", "02", "03", "04", "04b", "05", "06", "06b", "07", "08")])
def test_every_best_allocation_is_found_within_a_thousand_replications(case, seed):
    of, means, paths = allocation(case, budget=1000, difference=0.002)
    outcome = search(of, evaluator(means, paths, seed=seed, parts=2500, warm_up=500), seed=seed)
    assert chosen(outcome, paths) in CASES[case]["expected"]["optimal"]
    assert outcome.runs <= 1000


def parabola(trials):
    """Best at 7 of each, with noise that all settings share, and some of their own."""
    return [
        [
            {"y": 100 - sum((v - 7) ** 2 for v in trial.settings.values()) + noise(r) + noise((r, *values(trial))) / 9}
            for r in trial.replications
        ]
        for trial in trials
    ]


def values(trial):
    return tuple(trial.settings.values())


def noise(key):
    return float(np.random.default_rng(np.atleast_1d(key).astype(int)).normal())


PATHS = [f"lines.l.stations.S{k}.machines" for k in range(5)]


def large(**more):
    return task(PATHS, ["y"], **({"maximise": "y", "vary": {"x": "0..20"}, "budget": 600} | more))


def test_a_large_space_is_climbed_to_its_top():
    outcome = search(large(budget=1000), parabola, seed=1)
    assert sum((v - 7) ** 2 for v in outcome.tried[outcome.chosen].settings.values()) <= 1
    assert 0.9 <= outcome.correct <= 1


def test_limits_hold_for_every_trial_and_the_budget_for_all():
    asked = []

    def evaluate(trials):
        asked.extend(trials)
        return parabola(trials)

    outcome = search(large(subject_to=["sum <= 20", f"{PATHS[0]} >= 3"], budget=300), evaluate, seed=2)
    assert all(sum(t.settings.values()) <= 20 and t.settings[PATHS[0]] >= 3 for t in asked)
    assert outcome.runs == sum(len(t.replications) for t in asked) <= 300


def test_the_same_seed_asks_the_same_trials():
    def trials_of(seed):
        asked = []

        def evaluate(trials):
            asked.append([(tuple(t.settings.items()), t.replications) for t in trials])
            return parabola(trials)

        search(large(budget=250), evaluate, seed=seed)
        return asked

    assert trials_of(1) == trials_of(1) != trials_of(2)


def test_no_replication_is_asked_for_twice():
    seen = set()

    def evaluate(trials):
        for trial in trials:
            new = {(values(trial), r) for r in trial.replications}
            assert not new & seen
            seen.update(new)
        return parabola(trials)

    search(large(budget=250), evaluate, seed=1)


def test_the_final_runs_on_replications_that_no_choice_has_seen():
    outcome = search(large(budget=400), parabola, seed=1)
    for number in outcome.finalists:
        tried = outcome.tried[number]
        before = set(tried.answers) - set(tried.fresh)
        assert len(tried.fresh) >= 10
        assert max(before) < min(tried.fresh)


def test_a_constraint_on_a_response_is_kept():
    """Best without it would be 7 everywhere; the response may be 24 at most, which is their sum."""

    def evaluate(trials):
        return [
            [one | {"wip": sum(values(t)) + noise((r, 5)) / 20} for r, one in zip(t.replications, ones, strict=True)]
            for t, ones in zip(trials, parabola(trials), strict=True)
        ]

    of = task(PATHS[:3], ["y", "wip"], maximise="y", vary={"x": "0..12"}, subject_to=["wip <= 18.5"], budget=500)
    outcome = search(of, evaluate, seed=1)
    assert sorted(outcome.tried[outcome.chosen].settings.values()) == [6, 6, 6]
    assert outcome.feasible > 0.9


def test_rules_are_chosen_from_lists():
    rules = ["fifo", "edd", "spt", "critical-ratio"]

    def evaluate(trials):
        return [
            [{"y": -float(rules.index(t.settings["dispatch"])) + noise((r,))} for r in t.replications] for t in trials
        ]

    of = task(["dispatch"], ["y"], minimise="y", vary={"dispatch": rules}, budget=100)
    outcome = search(of, evaluate, seed=1)
    assert outcome.tried[outcome.chosen].settings == {"dispatch": "critical-ratio"}


def test_an_answer_that_is_missing_is_worse_than_any():
    def evaluate(trials):
        worth = {x: None if x > 5 else float(x) for x in range(10)}
        return [[{"y": worth[t.settings["x"]]} for _ in t.replications] for t in trials]

    of = task(["x"], ["y"], maximise="y", vary={"x": "0..9"}, budget=200)
    outcome = search(of, evaluate, seed=1)
    assert outcome.tried[outcome.chosen].settings == {"x": 5}
    assert outcome.correct == 0.95


def test_what_is_the_same_for_all_replications_is_ranked_without_end():
    """Two that are equal: the first is taken; no noise, so nothing is left to chance."""

    def evaluate(trials):
        return [[{"y": float(t.settings["x"] // 2)} for _ in t.replications] for t in trials]

    of = task(["x"], ["y"], maximise="y", vary={"x": "0..9"}, budget=200)
    outcome = search(of, evaluate, seed=1)
    assert outcome.tried[outcome.chosen].settings == {"x": 8}
    assert outcome.guaranteed


def test_two_goals_have_a_front_from_end_to_end():
    """Throughput is concave in places, each of which costs 3: every number of places is on the front."""

    def evaluate(trials):
        return [
            [{"y": 10 * sum(v**0.5 for v in values(t)) + noise((r,))} for r in t.replications] for t in trials
        ]

    of = task(["a", "b"], ["y"], maximise="y", minimise="cost", vary={"x": "0..4"}, cost={"a": 3, "b": 3}, budget=500)
    outcome = search(of, evaluate, seed=1)
    front = [sorted(outcome.tried[k].settings.values()) for k in outcome.front]
    assert front == [[4, 4], [3, 4], [3, 3], [2, 3], [2, 2], [1, 2], [1, 1], [0, 1], [0, 0]]
    assert outcome.chosen in outcome.front
    assert outcome.correct > 0.95


@given(st.lists(st.integers(0, 6), min_size=2, max_size=4), st.integers(0, 12))
def test_moves_lead_to_other_points_inside_the_limits(point, total):
    paths = [f"p{k}" for k in range(len(point))]
    space = task(paths, ["y"], maximise="y", vary={"x": "0..6"}, subject_to=[f"sum <= {total}"]).space
    start = space.nearest(tuple(point))
    assert sum(start) <= total
    assert sum(point) - sum(start) == max(0, sum(point) - total)  # as few steps as possible
    around = moves(space, start)
    assert len(set(around)) == len(around)
    assert start not in around
    assert all(space.allows(near) for near in around)
    swaps = {tuple(start[k] + (k == i) - (k == j) for k in range(len(start))) for i in range(len(start))
             for j in range(len(start)) if i != j and start[i] < 6 and start[j] > 0}
    assert swaps <= set(around)
