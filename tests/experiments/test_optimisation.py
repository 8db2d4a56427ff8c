"""What people write under `optimise:` is read as they mean it, and all that is wrong is told before anything runs."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from experiments.constraints import matches, parse_constraint, parse_form
from experiments.optimisation import Optimise, task_of
from plant.errors import EntryError

PLANT = [
    "lines.block-line.wip_limit",
    "lines.block-line.stations.OP10.machines",
    *(f"lines.block-line.stations.OP{k}0.buffer" for k in (1, 2, 3)),
]
BUFFERS = "lines.block-line.stations.*.buffer"
FULL = {"maximise": "throughput_per_s", "vary": {BUFFERS: "0..12"}, "subject_to": ["sum <= 20"], "budget": 2000}


def made(**changes):
    return task_of(
        Optimise.model_validate(FULL | changes),
        lambda pattern: [path for path in PLANT if matches(path, pattern)],
        ["throughput_per_s", "lead_time_s.mean"],
    )


def errors(**changes):
    task, wrong = made(**changes)
    assert task is None
    return wrong


def test_the_example_of_the_design():
    task, wrong = made()
    assert wrong == ()
    assert [of.path for of in task.space.variables] == PLANT[2:]
    assert task.space.variables[0].choices == tuple(range(13))
    assert [goal.text for goal in task.goals] == ["maximise throughput_per_s"]
    assert task.space.allows((12, 8, 0))
    assert not task.space.allows((12, 8, 1))
    assert (task.budget, task.difference, task.confidence) == (2000, 0.005, 0.95)


def test_it_is_a_value_that_can_be_sent_and_written():
    written = Optimise.model_validate(FULL)
    assert pickle.loads(pickle.dumps(written)) == written  # noqa: S301  # our own
    assert Optimise.model_validate(json.loads(written.model_dump_json())) == written
    assert Optimise.model_json_schema()["properties"]["budget"]["minimum"] == 50


@pytest.mark.parametrize(
    ("text", "holds", "breaks"),
    [
        ("sum <= 20", (12, 8, 0), (12, 8, 1)),
        ("20 >= sum", (12, 8, 0), (12, 8, 1)),
        ("3 <= sum <= 5", (1, 1, 1), (1, 1, 0)),
        ("5 >= sum >= 3", (1, 1, 1), (2, 2, 2)),
        ("sum == 4", (4, 0, 0), (4, 0, 1)),
        (f"sum({BUFFERS}) <= 3", (1, 1, 1), (2, 1, 1)),
        (f"2 * {PLANT[2]} - 1 <= {PLANT[3]}", (2, 3, 0), (2, 2, 0)),
        (f"count({BUFFERS}) <= 2", (5, 0, 5), (1, 1, 1)),
        (f"count({BUFFERS}, 4) >= 1", (0, 4, 0), (3, 5, 0)),
        ("cost <= 1000", (2, 0, 0), (2, 1, 0)),
        ("cost / 500 - 2 * (sum - 1) >= -1", (1, 1, 1), (2, 1, 1)),
    ],
)
def test_constraints_say_what_they_say(text, holds, breaks):
    task, wrong = made(subject_to=[text], cost={BUFFERS: 500})
    assert wrong == ()
    assert task.space.allows(holds)
    assert not task.space.allows(breaks)


def test_constraints_on_responses_wait_for_runs():
    task, _ = made(subject_to=["lead_time_s.mean <= 3600", "sum <= 20"])
    assert len(task.space.limits) == 1
    (promise,) = task.promises
    assert promise.measure.responses == (("lead_time_s.mean", 1.0),)
    assert promise.high == 3600


def test_cost_is_a_sum_of_prices_by_unit_or_by_choice():
    rules = {"lines.block-line.wip_limit": [10, 20], BUFFERS: "0..2"}
    task, _ = made(vary=rules, cost={BUFFERS: 400, "lines.block-line.wip_limit": {10: 7, 20: 9}}, subject_to=[])
    assert task.cost.of((1, 2, 0, 1)) == 9 + 3 * 400
    assert (task.cost.least, task.cost.most) == (7, 9 + 6 * 400)


@pytest.mark.parametrize(
    ("changes", "at", "found"),
    [
        ({"subject_to": ["sum <= -1"]}, ("subject_to", 0), "sum <= -1 cannot hold: what is varied gives 0 to 36"),
        ({"subject_to": ["sum >= 37"]}, ("subject_to", 0), "asked is at least 37"),
        ({"subject_to": ["sum <= 20", "costs <= 5"]}, ("subject_to", 1), "costs is neither varied nor a response"),
        ({"subject_to": ["cost <= 5"]}, ("subject_to", 0), "cost without prices"),
        ({"vary": {"lines.block-line.stations.*.bufer": "0..3"}}, ("vary", "lines.block-line.stations.*.bufer"), "no"),
        ({"vary": FULL["vary"] | {PLANT[2]: "0..3"}}, ("vary", PLANT[2]), "is varied twice"),
        ({"maximise": "throughput"}, ("maximise", 0), "throughput is neither varied nor a response"),
        ({"maximise": []}, (), "no goals"),
        ({"minimise": ["sum", "lead_time_s.mean"]}, (), "3 goals"),
        ({"cost": {PLANT[0]: 4}}, ("cost", PLANT[0]), "is not varied"),
        ({"vary": {BUFFERS: ["few", "many"]}, "subject_to": [f"{BUFFERS} <= 3"]}, ("subject_to", 0), "no numbers"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes, at, found):
    wrong = errors(**changes)
    assert at in {error.at for error in wrong}
    assert any(found in error.found for error in wrong)


def test_constraints_that_exclude_each_other_are_told_before_anything_runs():
    wrong = errors(subject_to=["sum <= 20", f"{PLANT[2]} >= 8", f"{PLANT[3]} + {PLANT[4]} >= 13"])
    assert {error.at for error in wrong} == {("subject_to", 0), ("subject_to", 1), ("subject_to", 2)}
    assert all("cannot hold together" in error.found for error in wrong)


def test_whole_numbers_are_not_taken_for_any_numbers():
    """Two and a half each would do; no whole numbers do."""
    assert errors(subject_to=[f"2 * {PLANT[2]} - 2 * {PLANT[3]} == 1"])


def test_all_errors_come_at_once():
    wrong = errors(subject_to=["sum <= -1", "nonsense <= 3", "cost <= 1"], maximise="thruput")
    assert [error.at for error in wrong] == [("maximise", 0), ("subject_to", 0), ("subject_to", 1), ("subject_to", 2)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sum < 20", "compares with <"),
        ("sum", "is no constraint"),
        ("1 <= sum >= 3", "is no constraint"),
        ("5 <= sum <= 3", "leaves no room"),
        ("sum * cost <= 3", "is not linear"),
        ("sum / 0 <= 3", "is not linear"),
        ("3 <= 4", "says nothing"),
        ("max(sum) <= 4", "there is no function max"),
        ("count <= 4", "count says not of what"),
        ("(sum <= 4", "a ) is missing"),
        ("sum <= ", "is not complete"),
        ("sum <= 4 5", "cannot stand there"),
        ("sum <= $", "stands in a constraint"),
        ("(" * 60 + "sum" + ")" * 60 + "<= 1", "nested too deep"),
    ],
)
def test_what_is_no_constraint_is_refused(text, found):
    with pytest.raises(EntryError, match="(?s).") as caught:
        parse_constraint(text)
    assert found in caught.value.found


@pytest.mark.parametrize("choices", ["12..0", "3", "0..100000", [], [4], [1, 1], [[1], 2], "0.5..2", {"a": 1}])
def test_what_leaves_no_choice_is_refused(choices):
    with pytest.raises(ValidationError):
        Optimise.model_validate(FULL | {"vary": {BUFFERS: choices}})


@pytest.mark.parametrize("changes", [{"budget": 0}, {"budget": "many"}, {"difference": 0}, {"confidence": 1}, {"x": 1}])
def test_other_keys_have_bounds(changes):
    with pytest.raises(ValidationError):
        Optimise.model_validate(FULL | changes)


@given(st.lists(st.tuples(st.sampled_from(["sum", "a.b-c", "x"]), st.integers(-9, 9)), min_size=1, max_size=5))
def test_a_form_is_the_sum_of_its_parts(parts):
    form = parse_form(" + ".join(f"{factor} * {name}" for name, factor in parts))
    for name in {name for name, _ in parts}:
        assert dict(form.parts).get((name,), 0) == sum(factor for other, factor in parts if other == name)


@given(st.text(alphabet="sum cost(),.*+-/<=>0123", max_size=30))
def test_no_text_breaks_the_reader(text):
    try:
        parse_constraint(text)
    except EntryError as error:
        assert error.allowed


def test_items_without_a_name_are_addressed_by_their_number():
    path = "lines.l.stations.OP10.maintenance.#1.every"
    assert parse_constraint(f"{path} >= 40").form.quantities == ((path,),)
