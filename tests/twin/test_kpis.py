"""KPIs: published and constructed examples, identities, and bounds that hold whatever the unknown was."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.states import STATES as TABLE
from plant.states import State
from twin.accounts import STATES
from twin.catalogue import CATALOGUE, LINE_CATALOGUE, NOWHERE, SCALES
from twin.formula import Formula
from twin.kpis import Doubt, bounds, chain, evaluate
from twin.profile import ISO

TIME = st.integers(0, 10**7)
TIMES = st.lists(TIME, min_size=len(STATES), max_size=len(STATES))


@given(TIMES)
def test_the_identities_hold_exactly(times) -> None:
    parts = ISO.elements(times)
    assert parts["window"] == sum(times)
    assert parts["POT"] == parts["PBT"] + parts["PDOT"]
    assert parts["PBT"] == parts["AUBT"] + parts["ADOT"] + parts["UNK"]
    assert parts["AUBT"] == parts["AUPT"] + parts["ADET"]
    assert parts["AUPT"] == parts["APT"] + parts["AUST"]
    assert all(type(value) is int for value in parts.values())


def test_r3_every_state_counts_as_what_the_table_of_states_says() -> None:  # R3
    assert set(ISO.spent) == set(State)
    for state, row in TABLE.items():
        parts = ISO.elements([7 if each == state else 0 for each in STATES])
        one_of = ("APT", "AUST", "ADET", "ADOT", "PDOT", "NST", "UNK")
        assert {name: parts[name] for name in one_of} == {**dict.fromkeys(one_of, 0), row.element: 7}, state


@given(TIMES, st.data())
def test_the_class_of_a_stop_moves_time_within_the_delays_only(times, data) -> None:
    minor = data.draw(st.integers(0, times[STATES.index(State.FAILED)]))
    before, after = ISO.elements(times), ISO.elements(times, minor)
    moved = {name for name in before if before[name] != after[name]}
    assert moved == ({"breakdown", "minor_stop"} if minor else set())


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, int], Doubt]:
    """What really happened, what is known of it, and what is in doubt."""
    truth = draw(TIMES)
    hidden = [draw(st.integers(0, time)) for time in truth]
    known = [time - gone for time, gone in zip(truth, hidden, strict=True)]
    unknown = STATES.index(State.UNKNOWN)
    truth[unknown] = hidden[unknown] = known[unknown] = 0
    known[unknown] = sum(hidden)
    if draw(st.booleans()):
        truth[STATES.index(State.OFF)] -= hidden[STATES.index(State.OFF)]
        known[unknown] -= hidden[STATES.index(State.OFF)]
    good, bad, ideal = draw(st.integers(0, 9)), draw(st.integers(0, 9)), draw(st.integers(1, 10**6))
    lost_good = draw(st.integers(0, good))
    lost_bad = draw(st.integers(0, bad))
    lost_verdicts = draw(st.integers(0, bad - lost_bad))
    missing = lost_good + lost_bad + lost_verdicts
    seen_good, seen_bad = good - lost_good + lost_verdicts, bad - lost_bad - lost_verdicts

    failed = STATES.index(State.FAILED)
    minor = draw(st.integers(0, truth[failed]))
    minor_seen = draw(st.integers(max(0, minor - (truth[failed] - known[failed])), min(minor, known[failed])))
    classed = draw(st.integers(0, minor_seen))
    doubtful = minor_seen - classed + draw(st.integers(0, known[failed] - minor_seen))

    metered = dict.fromkeys(("E_off", "E_standby", "E_ready", "E_processing"), 7)
    energy = {**metered, "E": 28}  # a meter knows, whatever was heard of states and parts

    def parts(times: list[int], good: int, bad: int, minor: int) -> dict[str, int]:
        elements = ISO.elements(times, minor)
        made = good + bad
        return {
            **elements,
            "duration": elements["window"] or 1,
            "PQ": made,
            "GQ": good,
            "SQ": bad,
            "RQ": 0,
            "IP": made,
            "GP": good,
            "first_PQ": 20,
            **energy,
            "PRI_PQ": made * ideal,
            "PRI_GQ": good * ideal,
        }

    seen = parts(known, seen_good, seen_bad, classed) | {"unclassified": doubtful}
    real = parts(truth, good, bad, minor)
    return real, seen, Doubt(missing=missing, disposed=missing, ideal=ideal)


@given(worlds(), st.booleans())
def test_the_truth_is_never_outside_the_bounds(world, countable) -> None:
    real, seen, doubt = world
    if not countable:
        doubt = Doubt(missing=None, disposed=doubt.disposed, ideal=doubt.ideal)
    for row in CATALOGUE.values():
        if not row.cornered or not row.scope:
            continue
        true = evaluate(row, real).value
        lower, upper = bounds(row, seen, doubt)
        if true is not None and lower is not None:
            assert lower <= true + abs(true) * 1e-12, row.id
        if true is not None and upper is not None:
            assert true - abs(true) * 1e-12 <= upper, row.id


@given(TIMES, st.integers(0, 9), st.integers(0, 9), st.integers(1, 10**7))
def test_oee_is_the_product_of_its_factors_and_below_its_relatives(times, good, bad, ideal) -> None:
    elements = ISO.elements(times)
    parts = {**elements, "PRI_GQ": good * ideal, "PRI_PQ": (good + bad) * ideal}
    value = {name: evaluate(CATALOGUE[name], parts).value for name in CATALOGUE}
    factors = [value[name] for name in ("availability", "effectiveness", "quality_ratio_time_weighted")]
    if None not in factors:
        assert value["oee"] == pytest.approx(factors[0] * factors[1] * factors[2])
        assert value["oee"] <= value["nee"] * (1 + 1e-12)
    if value["utilization_efficiency"] is not None and value["technical_efficiency"] is not None:
        assert value["technical_efficiency"] >= value["utilization_efficiency"]
    if value["oee"] is not None:
        assert value["teep"] <= value["ooe"] <= value["oee"]


def test_there_is_a_reason_instead_of_a_zero() -> None:
    nothing = dict.fromkeys(("GQ", "PQ", "PRI_GQ", "PRI_PQ", "FE", "operating_time"), 0)
    parts = {**ISO.elements([0] * len(STATES)), **nothing}
    reasons = {"availability": "no_pbt", "quality_ratio": "no_parts", "mtbf.usual": "no_failure"}
    assert {name: evaluate(CATALOGUE[name], parts).reason for name in reasons} == reasons
    assert evaluate(CATALOGUE["cycle_time"], parts).reason == "missing_part"


def test_without_a_failure_the_time_between_failures_is_at_least_what_was_run() -> None:
    parts = {"operating_time": 90_000_000, "FE": 0, "window": 1, "UNK": 0}
    value = evaluate(CATALOGUE["mtbf.usual"], parts)
    assert (value.value, value.lower, value.upper) == (None, 90.0, None)


def test_a_difference_over_what_may_be_nothing_has_no_bounds() -> None:
    """All planned busy time is unknown, and may have been a break but for an instant."""
    parts = {"APT": 0, "PRI_PQ": 4, "PBT": 28, "UNK": 28, "window": 28}
    value = evaluate(CATALOGUE["loss.speed"], parts)
    assert (value.lower, value.upper) == (None, None)


def test_r9_above_one_is_told_and_not_capped() -> None:  # R9
    value = evaluate(CATALOGUE["effectiveness"], {"PRI_PQ": 27_000, "APT": 24_000})
    assert (value.value, value.warnings) == (1.125, ["above_one"])


def test_every_row_says_what_it_is() -> None:
    for row in [*CATALOGUE.values(), *LINE_CATALOGUE.values()]:
        assert row.over, row.id
        assert row.under or row.formula in {"minor_stop", "minor_stops", "E", "PQ_outside", "outside_time"}, row.id
        assert row.title, row.id
        assert row.unit in SCALES, row.id


def test_all_of_the_standard_is_there() -> None:
    told = {row.number: row.id for row in CATALOGUE.values() if row.number is not None}
    assert sorted(told) == list(range(1, 35))
    assert not [row.id for row in CATALOGUE.values() if row.number is None and row.scope == NOWHERE]


def test_a_formula_computes_as_it_reads() -> None:
    parts = {"a": 7, "b": 2, "c": 3}
    read = {"a / b": (7, 2), "a · b − c": (11, 1), "(a + 1) / (b · c)": (8, 6), "min(a, b, c) / √(4)": (2, 2.0)}
    for text, told in read.items():
        formula = Formula(text)
        assert (formula.over(parts), formula.under(parts)) == told
    assert Formula("x / n", {"x": "a / b", "n": "2 · c"}).over(parts) == Fraction(7, 2)
    assert Formula("min(USL − mean, mean − LSL) / s").names == ("USL", "mean", "LSL", "s")
    assert Formula("d2(c)").over({"c": 5}) == Fraction("2.326")


@pytest.mark.parametrize("text", ["a /", "a ** b", "f(a)", "a if b else c", "1.5 · a", "a.b"])
def test_a_formula_has_nothing_else(text) -> None:
    with pytest.raises(ValueError, match="formula"):
        Formula(text)


def test_r8_a_ratio_is_rounded_once() -> None:  # R8
    assert evaluate(CATALOGUE["oee"], {"PRI_GQ": 10**30, "PBT": 3 * 10**30}).value == 1 / 3


def test_r12_a_planned_run_time_comes_from_no_target() -> None:  # R12
    made = dict.fromkeys(("PQ", "GQ"), 50) | dict.fromkeys(("PRI_PQ", "PRI_GQ"), 50 * 60)
    parts = {**made, "APT": 4000, "PBT": 6000}
    assert evaluate(CATALOGUE["effectiveness"], parts).value == 0.75, "not produced over target"


def test_r14_nothing_but_integers_is_kept() -> None:  # R14
    for row in [*CATALOGUE.values(), *LINE_CATALOGUE.values()]:
        told = evaluate(row, dict.fromkeys(row.names, 6)).parts
        assert all(type(value) is int for value in told.values()), row.id


def test_r20_a_figure_that_cannot_be_true_stays_and_is_flagged() -> None:  # R20
    value = evaluate(CATALOGUE["availability"], {"APT": 30, "PBT": 20})
    assert (value.value, value.warnings) == (1.5, ["above_one"])


def test_a_rolled_yield_is_a_product_with_the_bounds_of_its_factors() -> None:
    row = LINE_CATALOGUE["rolled_throughput_yield"]
    sure, missing = Doubt(), Doubt(missing=1, disposed=0)
    one, other, none = {"GP": 8, "IP": 10}, {"GP": 9, "IP": 9}, {"GP": 0, "IP": 0}
    told = chain(row, {"A": (one, sure), "B": (other, sure), "C": (none, sure)})
    assert (told.value, told.lower, told.upper, told.reason) == (0.8, 0.8, 0.8, None)
    assert told.parts == {"GP.A": 8, "IP.A": 10, "GP.B": 9, "IP.B": 9, "GP.C": 0, "IP.C": 0}
    lossy = chain(row, {"A": (one, missing), "B": (other, sure)})
    assert (lossy.lower, lossy.upper) == (pytest.approx(8 / 11), pytest.approx(9 / 11))
    assert chain(row, {"A": (one, sure), "C": (none, missing)}).lower is None
    assert (chain(row, {"C": (none, sure)}).value, chain(row, {"C": (none, sure)}).reason) == (None, "no_parts")
    untold = chain(row, {"A": (one, Doubt(missing=None))})
    assert (untold.lower, untold.upper) == (None, None)
