"""KPIs: published and constructed examples, identities, and bounds that hold whatever the unknown was."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.states import STATES as TABLE
from plant.states import State
from twin.accounts import STATES
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.kpis import Doubt, bounds, evaluate, pool
from twin.profile import ISO

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "kpi-vectors.json").read_text())
KINDS = {"elements", "pool", "coverage", "ratio_exact", "failures"}
LATER = {
    "runs", "events", "reasons", "order", "fpy", "fall_off", "maintenance", "material", "load", "energy",
    "personnel", "capability", "capability_samples", "inventory", "calendar",
}  # fmt: skip
"""Kinds whose KPIs need more than this version has: classes of runs, orders, calendars, materials, measurements."""

WATERFALL = {
    "not_scheduled", "planned_stop", "no_order", "setup", "delay", "speed_loss", "quality_loss", "productive", "sum",
}  # fmt: skip
ELEMENTS = {"AUPT", "AUBT", "ADOT", "PBT"}


def vectors(*kinds: str):
    chosen = [v for v in VECTORS if v["inputs"]["kind"] in kinds]
    return [pytest.param(v, id=v["id"]) for v in chosen]


def unit_parts(inputs: dict) -> dict[str, int]:
    """Parts in microseconds and pieces of a vector in the shape `elements`; what is missing is unknown, not zero."""
    parts = {name: int(value) * 1_000_000 for name, value in inputs.get("elements", {}).items()}
    if "calendar" in parts:
        parts["window"] = parts.pop("calendar")
    if {"APT", "AUST"} <= parts.keys():
        parts["AUPT"] = parts["APT"] + parts["AUST"]
        if "ADET" in parts:
            parts["AUBT"] = parts["AUPT"] + parts["ADET"]
            parts["ADOT"] = parts["PBT"] - parts["AUBT"]
    if {"APT", "ADET"} <= parts.keys():
        parts["APT_ADET"] = parts["APT"] + parts["ADET"]
    items = inputs.get("items", [])
    for name in ("PQ", "GQ", "RQ", "SQ", "PSQ"):
        if items and all(name in item for item in items):
            parts[name] = sum(item[name] for item in items)
    for name in ("PQ", "GQ"):
        if items:
            total = sum(Fraction(item["PRI"]) * 1_000_000 * item[name] for item in items)
            assert total.denominator == 1
            parts[f"PRI_{name}"] = int(total)
    return {**parts, **inputs.get("first_inspection", {})}


def figure(parts: dict[str, int], name: str) -> float | None:
    if name in ELEMENTS:
        return parts[name] / 1_000_000
    return evaluate(CATALOGUE[name], parts).value


def agree(vector: dict, got: dict[str, float | None]) -> None:
    for name, expected in vector["expected"].items():
        assert got[name] == pytest.approx(float(expected), abs=vector["tolerance"]), name
    for name, wrong in vector.get("must_not_equal", {}).items():
        assert all(value != pytest.approx(wrong, abs=vector["tolerance"]) for value in got.values()), name


@pytest.mark.parametrize("vector", vectors("elements"))
def test_examples_of_a_work_unit(vector) -> None:
    if vector["inputs"].get("cut") == "waterfall":
        assert set(vector["expected"]) == WATERFALL, "the loss waterfall comes with calendars and reasons"
        return
    parts = unit_parts(vector["inputs"])
    agree(vector, {name: figure(parts, name) for name in vector["expected"]})


@pytest.mark.parametrize("vector", vectors("pool"))
def test_examples_of_a_pool(vector) -> None:
    parts = pool([unit_parts(member) for member in vector["inputs"]["members"]])
    agree(vector, {name: figure(parts, name) for name in vector["expected"]})


@pytest.mark.parametrize("vector", vectors("ratio_exact"))
def test_examples_of_exact_division(vector) -> None:
    parts = {"PRI_GQ": vector["inputs"]["num"] * 1_000_000, "PBT": vector["inputs"]["den"] * 1_000_000}
    agree(vector, {name: figure(parts, name) for name in vector["expected"]})


@pytest.mark.parametrize("vector", vectors("coverage"))
def test_examples_of_unknown_time(vector) -> None:
    inputs = vector["inputs"]
    elements = {"PBT": inputs["PBT"], "APT": inputs["APT_known"], "UNK": inputs["unknown"]}
    parts = unit_parts({"elements": elements, "items": inputs["items"]})
    ideal = max((Fraction(item["PRI"]) * 1_000_000 for item in inputs["items"]), default=0)
    doubt = Doubt(planned=True, missing=inputs.get("max_missing_parts"), ideal=int(ideal))
    got: dict[str, float | None] = {"coverage": evaluate(CATALOGUE["availability"], parts, doubt).coverage}
    for name in CATALOGUE:
        value = evaluate(CATALOGUE[name], parts, doubt)
        got |= {f"{name}_lower": value.lower, f"{name}_upper": value.upper}
    agree(vector, {name: got[name] for name in vector["expected"]})


@pytest.mark.parametrize("vector", vectors("failures"))
def test_examples_of_reliability(vector) -> None:
    inputs = vector["inputs"]
    operating = inputs.get("operating_time") or inputs["setup"] + inputs["production"]
    repairs = inputs["restore_times"] or []
    parts = {"operating_time": operating, "FE": inputs["failures"], "TTR": sum(repairs), "restored": len(repairs)}
    parts |= {name: parts[name] * 1_000_000 for name in ("operating_time", "TTR")}
    agree(vector, {name: figure(parts, name) for name in vector["expected"]})


def test_no_kind_of_example_is_forgotten() -> None:
    assert {vector["inputs"]["kind"] for vector in VECTORS} <= KINDS | LATER


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


def test_the_profile_is_total_and_every_element_is_one_of_the_standard() -> None:
    assert set(ISO.element) == set(State)
    assert {row.element for row in TABLE.values()} <= {"APT", "AUST", "ADET", "ADOT", "PDOT", "NST", "UNK"}


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

    def parts(times: list[int], good: int, bad: int) -> dict[str, int]:
        elements = ISO.elements(times)
        made = good + bad
        return {
            **elements,
            "APT_ADET": elements["APT"] + elements["ADET"],
            "duration": elements["window"] or 1,
            "PQ": made,
            "GQ": good,
            "SQ": bad,
            "PRI_PQ": made * ideal,
            "PRI_GQ": good * ideal,
        }

    seen = parts(known, seen_good, seen_bad)
    real = parts(truth, good, bad)
    return real, seen, Doubt(missing=missing, disposed=missing, ideal=ideal)


@given(worlds(), st.booleans())
def test_the_truth_is_never_outside_the_bounds(world, countable) -> None:
    real, seen, doubt = world
    if not countable:
        doubt = Doubt(missing=None, disposed=doubt.disposed, ideal=doubt.ideal)
    for row in CATALOGUE.values():
        if not row.cornered or any(name not in real for name in row.names):
            continue
        true = evaluate(row, real).value
        lower, upper = bounds(row, seen, doubt)
        if true is not None and lower is not None:
            assert lower <= true * (1 + 1e-12), row.id
        if true is not None and upper is not None:
            assert true <= upper * (1 + 1e-12), row.id


@given(TIMES, st.integers(0, 9), st.integers(0, 9), st.integers(1, 10**7))
def test_oee_is_the_product_of_its_factors_and_below_its_relatives(times, good, bad, ideal) -> None:
    elements = ISO.elements(times)
    parts = {**elements, "PRI_GQ": good * ideal, "PRI_PQ": (good + bad) * ideal}
    parts["APT_ADET"] = parts["APT"] + parts["ADET"]
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


def test_above_one_is_told_and_not_capped() -> None:
    value = evaluate(CATALOGUE["effectiveness"], {"PRI_PQ": 27_000, "APT": 24_000})
    assert (value.value, value.warnings) == (1.125, ["above_one"])


def test_every_row_says_what_it_is() -> None:
    for row in [*CATALOGUE.values(), *LINE_CATALOGUE.values()]:
        assert row.over, row.id
        assert row.under, row.id
        assert row.title, row.id
