"""Published and constructed examples of every kind: the engine gives their figures, and none of the wrong ones."""

import json
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import erf, sqrt
from pathlib import Path

import pytest

from plant.shifts import Calendar, Shift, segments
from plant.time import DAY, EPOCH, SECOND
from twin.capability import D2, SCALE, study
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.closing import beyond, close
from twin.kpis import Doubt, chain, evaluate, pool
from twin.partition import Reason, partition, time_of
from twin.segment import FAILED, MINOR, Key, Rule, Segment, merge, segment
from twin.waterfall import DELAYS, WORTH, waterfall

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "kpi-vectors.json").read_text())
STATES = {"RUN": "processing", "STOP": FAILED}
ELEMENTS = {"AUPT", "AUBT", "ADOT", "PBT", "APT"}


def unit_parts(inputs: dict) -> dict[str, int]:
    """Parts in microseconds and pieces of a vector in the shape `elements`; what is missing is unknown, not zero."""
    parts = {name: int(value) * SECOND for name, value in inputs.get("elements", {}).items()}
    if "calendar" in parts:
        parts["window"] = parts.pop("calendar")
    if {"APT", "AUST"} <= parts.keys():
        parts["AUPT"] = parts["APT"] + parts["AUST"]
        if "ADET" in parts:
            parts["AUBT"] = parts["AUPT"] + parts["ADET"]
            parts["ADOT"] = parts["PBT"] - parts["AUBT"]
    if {"APT", "ADET"} <= parts.keys():
        parts["APT_ADET"] = parts["APT"] + parts["ADET"]
    return {**parts, **worth(inputs.get("items", [])), **inputs.get("first_inspection", {})}


def worth(items: list[dict]) -> dict[str, int]:
    """Counts of items, and what they are worth in planned run time."""
    parts: dict[str, int] = {}
    for name in ("PQ", "GQ", "RQ", "SQ", "PSQ"):
        if items and all(name in item for item in items):
            parts[name] = sum(item[name] for item in items)
            total = sum(Fraction(item["PRI"]) * SECOND * item[name] for item in items)
            assert total.denominator == 1
            parts[f"PRI_{name}"] = int(total)
    return parts


def figure(parts: dict[str, int], name: str) -> float | None:
    if name in ELEMENTS:
        return parts[name] / SECOND
    return evaluate(CATALOGUE[name], parts).value


def figures(parts: dict[str, int], names) -> dict[str, float | None]:
    return {name: figure(parts, name) for name in names}


# --- one function per kind: what the engine gives for the inputs --------------------------------------------------


def elements(inputs: dict, names) -> dict:
    parts = unit_parts(inputs)
    if inputs.get("cut") != "waterfall":
        return figures(parts, names)
    told = {**dict.fromkeys(("unknown", *DELAYS), 0), "breakdown": parts["ADET"]}
    told |= {"not_scheduled": parts["window"] - parts["POT"], "planned_stop": parts["POT"] - parts["PBT"]}
    buckets = waterfall({**parts, **told, "no_order": parts["ADOT"], "setup": parts["AUST"]})
    delay = sum(buckets[name] for name in DELAYS)
    return {name: us / SECOND for name, us in {**buckets, "delay": delay, "sum": sum(buckets.values())}.items()}


def pooled(inputs: dict, names) -> dict:
    return figures(pool([unit_parts(member) for member in inputs["members"]]), names)


def ratio_exact(inputs: dict, names) -> dict:
    return figures({"PRI_GQ": inputs["num"] * SECOND, "PBT": inputs["den"] * SECOND}, names)


def coverage(inputs: dict, names) -> dict:
    told = {"PBT": inputs["PBT"], "APT": inputs["APT_known"], "UNK": inputs["unknown"]}
    parts = unit_parts({"elements": told, "items": inputs["items"]})
    ideal = max((Fraction(item["PRI"]) * SECOND for item in inputs["items"]), default=0)
    doubt = Doubt(planned=True, missing=inputs.get("max_missing_parts"), ideal=int(ideal))
    got: dict = {"coverage": evaluate(CATALOGUE["availability"], parts, doubt).coverage}
    for name in CATALOGUE:
        value = evaluate(CATALOGUE[name], parts, doubt)
        got |= {f"{name}_lower": value.lower, f"{name}_upper": value.upper}
    return {name: got[name] for name in names}


def failures(inputs: dict, names) -> dict:
    operating = inputs.get("operating_time") or inputs["setup"] + inputs["production"]
    repairs = inputs["restore_times"] or []
    parts = {"operating_time": operating, "FE": inputs["failures"], "TTR": sum(repairs), "restored": len(repairs)}
    parts |= {name: parts[name] * SECOND for name in ("operating_time", "TTR")}
    got = {"mtbf_lower_bound": evaluate(CATALOGUE["mtbf.usual"], {**parts, "UNK": 0, "window": SECOND}).lower}
    return {name: got[name] if name in got else figure(parts, name) for name in names}


def over_time(inputs: dict, stretches: list[tuple[int, int, str]]) -> list[Segment]:
    """The segments of the window, cut at `split_at`; what lies before and after it is told, too."""
    begin, end = inputs["window"]
    keyed = [(a * SECOND, b * SECOND, Key(STATES[state])) for a, b, state in stretches]
    rule = Rule(limit=inputs.get("minor_stop_limit", 0) * SECOND)
    borders = [begin, *inputs.get("split_at", []), end]
    borders = sorted({keyed[0][0], keyed[-1][1], *(border * SECOND for border in borders)})
    return [segment("m", keyed, cut, rule=rule) for cut in pairwise(borders)]


def summed(inputs: dict, told: list[Segment]) -> dict[str, int]:
    """The window: its segments merged, closed with what lies around it."""
    begin, end = (border * SECOND for border in inputs["window"])
    inside = reduce(merge, [each for each in told if begin <= each.begin and each.end <= end])
    before = [each for each in told if each.end <= begin]
    after = [each for each in told if each.begin >= end]
    whole = close(inside, beyond(reduce(merge, before) if before else None, reduce(merge, after) if after else None))
    times = {"run_time": "processing", "stop_time": FAILED, "minor_stop_time": MINOR}
    got = {name: whole.time_in(class_) for name, class_ in times.items()}
    counts = {"run_count": "processing", "stop_count": FAILED, "minor_stop_count": MINOR}
    return {**got, **{name: whole.count_of(class_) for name, class_ in counts.items()}}


def runs(inputs: dict, names) -> dict:
    told = summed(inputs, over_time(inputs, [tuple(run) for run in inputs["runs"]]))
    parts = {"APT": told["run_time"], **worth(inputs.get("items", []))}
    if "planned" in inputs:
        parts["PBT"] = inputs["planned"] * SECOND
    own = {name: value if name.endswith("count") else value / SECOND for name, value in told.items()}
    return {name: own[name] if name in own else figure(parts, name) for name in names}


def events(inputs: dict, names) -> dict:
    begin, end = inputs["window"]
    starts = [(event["t"], event["state"]) for event in inputs["events"]]
    ends = [*(t for t, _ in starts[1:]), max(end, starts[-1][0] + 1)]
    told = over_time(inputs, [(t, until, state) for (t, state), until in zip(starts, ends, strict=True)])
    assert (begin * SECOND, end * SECOND) in {(a.begin, b.end) for a in told for b in told}
    borders = [begin, *inputs.get("split_at", []), end]

    def between(a: int, b: int) -> dict[str, int]:
        made = sum(a <= t < b for t in inputs.get("part_finish", []))
        items = [{**item, "PQ": made, "GQ": made} for item in inputs.get("items", [])]
        window = summed({**inputs, "window": [a, b]}, told)
        return {**window, **worth(items), "APT": window["run_time"], "PBT": (b - a) * SECOND}

    cuts = {f"hour_{n}_": cut for n, cut in enumerate(pairwise(borders), start=1)} | {"window_": (begin, end)}
    got: dict = {}
    for prefix, (a, b) in [*cuts.items(), ("", (begin, end))]:
        parts = between(a, b)
        got |= {f"{prefix}{name}": value / SECOND if name.endswith("time") else value for name, value in parts.items()}
        got |= {f"{prefix}{id_}": evaluate(row, parts).value for id_, row in CATALOGUE.items()}
    return {name: got[name] for name in names}


def reasons(inputs: dict, names) -> dict:
    begin, end = (border * SECOND for border in inputs["window"])
    claims = [
        Reason(begin=r["start"] * SECOND, end=r["end"] * SECOND, name=r["reason"], priority=r["priority"], id=n)
        for n, r in enumerate(inputs["reasons"])
    ]
    pieces = partition(claims, begin, end)
    assert sum(piece.end - piece.begin for piece in pieces) == end - begin
    time = time_of(pieces)
    stopped = sum(time.values())
    assert inputs["base_state"] == "RUN"
    parts = {"APT": end - begin - stopped, "PBT": end - begin}
    got = {f"{claim.name}_time": time.get(claim.name, 0) / SECOND for claim in claims}
    got |= {"stop_time": stopped / SECOND, "availability": figure(parts, "availability")}
    return {name: got[name] for name in names}


def order(inputs: dict, names) -> dict:
    operations = [{name: us * SECOND for name, us in each.items()} for each in inputs["operations"]]
    parts = {**pool(operations), "AOET": inputs["AOET"] * SECOND, "PQ": inputs["PQ"]}
    return {name: figure(parts, name.removesuffix("_per_h")) for name in names}


def fpy(inputs: dict, names) -> dict:
    members = {str(n): (each, Doubt()) for n, each in enumerate(inputs["operations"], start=1)}
    got = {f"fpy_{n}": figure(parts, "first_pass_yield") for n, (parts, _) in members.items()}
    got["rolled_throughput_yield"] = chain(LINE_CATALOGUE["rolled_throughput_yield"], members).value
    return {name: got[name] for name in names}


def fall_off(inputs: dict, names) -> dict:
    first = inputs["operations"][0]["PQ"]
    parts = [{**each, "first_PQ": first} for each in inputs["operations"]]
    got = {f"fall_off_{n}": figure(each, "fall_off_ratio") for n, each in enumerate(parts, start=1)}
    return {name: got[name] for name in names}


def by_name(inputs: dict, names) -> dict:
    """Parts of the catalogue by their names, in units that cancel out."""
    parts = {name: value for name, value in inputs.items() if isinstance(value, int)}
    got = {name: figure(parts, name) for name in names if name in CATALOGUE}
    if "balance" in names:
        losses = ("production_loss_ratio", "storage_transport_loss_ratio", "other_loss_ratio")
        got["balance"] = sum(figure(parts, name) for name in ("integrated_goods_ratio", *losses))
    for of in ("rated", "max"):
        if f"EPC_{of}" in inputs:
            told = {**parts, "EPC": inputs[f"EPC_{of}"]}
            got[f"equipment_load_ratio_{of}"] = figure(told, "equipment_load_ratio")
    return {name: got[name] for name in names}


def energy(inputs: dict, names) -> dict:
    states = {"production": "processing", "setup": "ready", "idle": "standby", "off": "off"}
    parts = {"E_processing": 0, "E_ready": 0, "E_standby": 0, "E_off": 0}
    mwh = {name: kwh * 1_000_000 for name, kwh in inputs["kwh"].items()}
    parts |= {f"E_{states[name]}": value for name, value in mwh.items()}
    parts |= {"E": sum(mwh.values()), "PQ": inputs["PQ"], "GQ": inputs["GQ"]}
    shares = {name: figure(parts, f"{states[name]}_energy_share") for name in mwh}
    assert sum(shares.values()) == pytest.approx(1)
    got = {f"{name}_energy_share": share for name, share in shares.items()}
    return {name: got[name] if name in got else figure(parts, name) for name in names}


def capability(inputs: dict, names) -> dict:
    """Sums of values that have the mean and the scatter told, overall and within subgroups."""
    mean, s = round(inputs["mean"] * SCALE), round(inputs["s"] * SCALE)
    parts = study([[mean - s, mean, mean + s]]).parts(inputs["LSL"] * SCALE, inputs["USL"] * SCALE)
    parts |= {"subgroups": 1000, "subgroup_size": 5, "range_sum": int(s * 1000 * D2[5])}
    overall = {"cp": "cm", "cpk": "cmk"}
    got = figures(parts, names)
    for name, other in overall.items():
        assert figure(parts, other) == pytest.approx(got[name])
    return got


def capability_samples(inputs: dict, names) -> dict:
    size = len(inputs["subgroups"][0])
    values = [[round(Fraction(str(x)) * SCALE) for x in group] for group in inputs["subgroups"]]
    return figures(study(values, size).parts(inputs["LSL"] * SCALE, inputs["USL"] * SCALE), names)


def inventory(inputs: dict, names) -> dict:
    begin, end = inputs["window"]
    ends = [*(t for t, _ in inputs["steps"][1:]), end]
    integral = sum((until - t) * SECOND * level for (t, level), until in zip(inputs["steps"], ends, strict=True))
    parts = {"shipped": inputs["throughput"], "wip_integral": integral, "known": (end - begin) * SECOND}
    got = {"average_inventory": figure(parts, "wip"), "inventory_turns_per_day": figure(parts, "inventory_turns")}
    return {name: got[name] for name in names}


def calendar(inputs: dict, names) -> dict:
    """Lengths of local days, or the parts of a shift: each as a shift of the plant's calendar."""
    if "days" in inputs:
        whole = [Shift.model_validate({"name": "day", "days": "daily", "start": "00:00", "end": "00:00"})]
        told = Calendar(zone=inputs["zone"], shifts=tuple(whole))
        got = {f"day_{n}_seconds": worked(told, day) for n, day in enumerate(inputs["days"], start=1)}
        return {name: got[name] for name in names}
    shift = inputs["shift"]
    end = shift["end"].removesuffix("+1")
    described = {"name": "shift", "days": "daily", "start": shift["start"], "end": end}
    told = Calendar(zone=inputs["zone"], shifts=(Shift.model_validate(described),))
    pot = worked(told, shift["day"])
    got = {"POT": pot, "PBT": pot - inputs.get("planned_down", 0)}
    return {name: got[name] for name in names}


def worked(told: Calendar, day: str) -> float:
    """Seconds of the shift that starts on a local day."""
    at = (date.fromisoformat(day) - EPOCH.date()) // timedelta(days=1) * DAY
    others = tuple(date.fromisoformat(day) + timedelta(days=by) for by in range(-3, 5) if by)
    alone = Calendar(zone=told.zone, shifts=told.shifts, holidays=others)
    pieces = segments(alone, None, at - DAY, at + 3 * DAY)
    return sum(piece.end - piece.begin for piece in pieces if piece.kind == "work") / SECOND


KINDS = {
    "elements": elements, "pool": pooled, "coverage": coverage, "ratio_exact": ratio_exact, "failures": failures,
    "runs": runs, "events": events, "reasons": reasons, "order": order, "fpy": fpy, "fall_off": fall_off,
    "maintenance": by_name, "material": by_name, "load": by_name, "personnel": by_name, "energy": energy,
    "capability": capability, "capability_samples": capability_samples, "inventory": inventory, "calendar": calendar,
}  # fmt: skip


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["id"]) for vector in VECTORS])
def test_the_engine_gives_the_figures_of_the_example(vector) -> None:  # R2, R8, R11, R13 by their vectors
    got = KINDS[vector["inputs"]["kind"]](vector["inputs"], list(vector["expected"]))
    for name, expected in vector["expected"].items():
        figure_ = None if expected is None else pytest.approx(float(expected), abs=vector["tolerance"])
        assert got[name] == figure_, name
    for name, wrong in vector.get("must_not_equal", {}).items():
        assert all(value != pytest.approx(wrong, abs=vector["tolerance"]) for value in got.values()), name


def test_every_kind_of_example_is_read_and_the_waterfall_names_what_they_name() -> None:
    assert {vector["inputs"]["kind"] for vector in VECTORS} <= KINDS.keys()
    assert set(WORTH) == {"speed_loss", "quality_loss", "productive"}


# --- kinds of which the file has no example yet -----------------------------------------------------------------------


def test_capability_from_samples_takes_the_scatter_within_for_cp_and_all_of_it_for_cm() -> None:
    groups = [[9, 10, 11, 10, 10], [19, 20, 21, 20, 20]]
    names = ["cp", "cm", "cpk", "cmk", "cpl", "cpu"]
    got = capability_samples({"USL": 30, "LSL": 0, "subgroups": groups}, names)
    values = [x for group in groups for x in group]
    s = (sum((x - 15) ** 2 for x in values) / 9) ** 0.5
    assert got["cp"] == pytest.approx(30 / (6 * 2 / 2.326))
    assert got["cm"] == pytest.approx(30 / (6 * s))
    assert (got["cpk"], got["cmk"]) == (pytest.approx(got["cp"]), pytest.approx(got["cm"]))
    assert got["cpl"] == got["cpu"] == pytest.approx(got["cp"])


def test_d2_is_the_mean_range_of_normal_values() -> None:
    step = 0.001
    below = [0.5 * (1 + erf(n * step / sqrt(2))) for n in range(-9000, 9001)]
    for size, d2 in D2.items():
        mean_range = sum(1 - p**size - (1 - p) ** size for p in below) * step
        assert float(d2) == pytest.approx(mean_range, abs=6e-4), size
    assert sorted(D2) == list(range(2, 26))


def test_without_a_failure_there_is_none_but_a_lower_bound_by_operating_time_alone() -> None:
    inputs = {"setup": 600, "production": 3000, "delays": 900, "failures": 0, "restore_times": None, "window": 9000}
    got = failures(inputs, ["mtbf.usual", "mttr.usual", "mtbf.iso", "mtbf_lower_bound"])
    assert got == {"mtbf.usual": None, "mttr.usual": None, "mtbf.iso": 3600, "mtbf_lower_bound": 3600}


def test_a_part_that_ends_at_a_border_is_in_the_right_hand_window() -> None:
    inputs = {
        "window": [0, 20], "split_at": [10], "events": [{"t": 0, "state": "RUN"}], "part_finish": [0, 10, 20],
        "items": [{"PRI": "5"}],
    }  # fmt: skip
    names = ["hour_1_PQ", "hour_2_PQ", "window_PQ", "hour_1_effectiveness", "window_effectiveness"]
    assert events(inputs, names) == dict(zip(names, [1, 1, 2, 0.5, 0.5], strict=True))


def test_a_night_shift_in_which_the_clock_changes() -> None:
    shift = {"day": "2026-03-28", "start": "22:00", "end": "06:00+1"}
    inputs = {"zone": "Europe/Rome", "shift": shift, "planned_down": 1800}
    assert calendar(inputs, ["POT", "PBT"]) == {"POT": 25200, "PBT": 23400}
