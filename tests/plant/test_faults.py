"""Faults in plant files and scenarios: every mistake is told once, with its line, and none hides another."""

from pathlib import Path

import pytest

from plant.description import Plant
from plant.errors import PlantError
from plant.loader import load_plant
from plant.scenarios import load_scenario, scenario_schema
from plant.time import HOUR, MINUTE, SECOND

HEAD = """\
plant: p
machine_types: {lathe: {like: machine, faults: {x: {title: X}, bearing: {title: Bearing}}}}
lines:
  - name: l
    stations:
      - {name: A, cycle_time: 9 s, machines: 2, type: lathe}
      - {name: B, cycle_time: 9 s}
faults:
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "file.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, *entries: str) -> list[tuple[int, str, str]]:
    text = HEAD + "".join(f"  - {entry}\n" for entry in entries)
    with pytest.raises(PlantError) as caught:
        load_plant(write(folder, text))
    return [(p.line - 8, p.path, f"{p.found}; {p.allowed}; {p.hint}") for p in caught.value.problems]


MISTAKES = [
    ("{sensro: drift, on: l, tag: power}", ["unknown key 'sensro'; .*did you mean sensor?"]),
    ("{sensor: driftt, on: l, tag: power, rate: 1, hold: 3 s}", ["no sensor fault 'driftt'; .*did you mean drift?"]),
    (
        "{sensor: noise, on: l, tag: power, rate: 1, hold: 3 s}",
        ["noise has no parameter rate; those of noise: sd, tau", "noise has no parameter hold"],
    ),
    ("{sensor: stuck, on: l, tag: power, hold: 3 s}", ["stuck has no parameter hold; stuck alone"]),
    ("{sensor: drift, on: l, tag: power, rat: 3}", ["unknown key 'rat'; .*did you mean rate?"]),
    ("{sensor: bias, on: l, tag: powr}", ["no signal 'powr' on l; .*did you mean power?"]),
    ("{sensor: bias, on: l, tag: power, offset: 3 kW}", ["'3 kW' is not a number"]),
    ("{sensor: gain, on: l, tag: power, error: -200 %}", ["'-200 %' leaves nothing"]),
    ("{sensor: saturation, on: l, tag: power}", ["saturation without low and high"]),
    ("{sensor: saturation, on: l, tag: power, low: 3, high: 2}", ["low is 3, and high 2"]),
    ("{sensor: unit, on: l, tag: power, as: degf}", ["no wrong unit 'degf'; .*did you mean degF?"]),
    ("{sensor: unit, on: l, tag: power, as: degF, factor: 3}", ["both as and factor"]),
    ("{sensor: quantisation, on: l, tag: power, bits: 3, step: 3}", ["both bits and step"]),
    ("{sensor: clock, on: l, tag: power, ahead: soon}", ["'soon' is not a duration; .*-2 s"]),
    ("{sensor: clock, on: l, tag: power, zone: 99}", ["99 cannot be used"]),
    ("{process: x, on: l, tag: power}", ["unknown key 'tag'; .*it belongs to faults .sensor."]),
    ("{process: x, sensor: bias, on: l}", ["unknown key 'sensor'"]),
    ("{on: l, at: 3 s}", ["process is missing; process: spindle-bearing, or sensor or transport"]),
    ("{process: x}", ["on is missing; on: block-line/OP10"]),
    ("{process: x, on: l/A/B/C}", ["'l/A/B/C' is no place; LINE, LINE/STATION"]),
    ("{process: x, on: k}", ["there is no line 'k'; l"]),
    ("{process: x, on: l/C}", ["there is no station 'C' in l; A, B"]),
    ("{process: x, on: l/A/3}", ["A has no machine 3, but 2 machines; a number from 1 to 2"]),
    ("{process: x, on: l, at: 2 h, every: 3 h}", ["both at and every"]),
    ("{process: x, on: l, for: 0 s}", ["'0 s' is no time; a time above 0"]),
    ("{process: x, on: l, severity: 0}", ["severity is 0"]),
    ("{transport: loss, on: l, share: 200}", ["200 is not a share"]),
    ("{transport: los, on: l}", ["no transport fault 'los'; .*did you mean loss?"]),
    ("{transport: delay, on: l, median: 3 s, p99: 1 s}", ["below its median"]),
    ("{transport: disconnect, on: l, keep: maybe}", ["'maybe' cannot be used; true, false"]),
    ("3", ["3 is not a mapping"]),
]


@pytest.mark.parametrize(("entry", "expected"), MISTAKES, ids=[entry for entry, _ in MISTAKES])
def test_a_mistake_is_told_once(tmp_path, entry, expected) -> None:
    found = problems(tmp_path, entry)
    assert len(found) == len(expected), found
    for (line, _, said), words in zip(found, expected, strict=True):
        assert line == 1
        start, *rest = words.split("; .*")
        assert start in said
        assert all(word.replace("(", "").replace(".sensor.", "(sensor)") in said for word in rest)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path) -> None:
    entries = [entry for entry, _ in MISTAKES if entry != "3"]
    found = problems(tmp_path, *entries)
    assert {line for line, _, _ in found} == set(range(1, len(entries) + 1))


def test_of_two_faults_at_once_on_one_way_it_is_not_clear_which_holds(tmp_path) -> None:
    one = "{transport: loss, on: l, share: 2 %, for: 3 h}"
    ((line, path, said),) = problems(tmp_path, one, "{transport: loss, on: l/A, share: 9 %, at: 1 h}")
    assert (line, path) == (2, "faults.loss")
    assert "loss on l/A may be there together with that on l" in said
    fine = [one, "{transport: loss, on: l/A, at: 3 h}", "{transport: delay, on: l}", "{transport: duplicate, on: l}"]
    assert load_plant(write(tmp_path, HEAD + "".join(f"  - {entry}\n" for entry in fine)))


def test_what_entries_mean(tmp_path) -> None:
    entries = [
        "{process: x, on: l/A/2, at: 6 h, growth: 30 h, for: 40 h, severity: 50 %}",
        "{sensor: drift, on: l/B, tag: power, every: exponential(200 h), for: 45 min}",
        "{sensor: clock, on: l/B, tag: power, ahead: -2 s, zone: -1}",
        "{transport: loss, on: l, down: 3 s}",
    ]
    process, drift, clock, loss = load_plant(write(tmp_path, HEAD + "".join(f"  - {e}\n" for e in entries))).faults
    assert (process.layer, process.what, process.begin, process.full) == ("process", "x", 6 * HOUR, 0.5)
    assert process.parameters == {"growth": 30 * HOUR, "severity": 0.5}
    assert [process.covers("l", "A", machine) for machine in (1, 2)] == [False, True]
    assert (drift.layer, drift.name, drift.parameters) == ("sensor", "power.drift", {"rate": None, "walk": 0.0})
    assert drift.lasting.mean == 45 * MINUTE
    assert drift.covers("l", "B")
    assert not drift.covers("l", "A")
    assert clock.parameters == {"ppm": 50.0, "ahead": -2 * SECOND, "zone": -1}
    whole = load_plant(tmp_path / "file.yaml")
    assert Plant.model_validate(whole.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == whole
    assert loss.parameters == {"share": 0.02, "up": 10 * MINUTE, "degraded": MINUTE, "down": 3 * SECOND}


def plain() -> Plant:
    types = {"turner": {"like": "machine", "faults": {"x": {"title": "X"}, "bearing": {"title": "Bearing"}}}}
    stations = [{"name": "A", "cycle_time": "9 s", "machines": 2, "type": "turner"}]
    return Plant.model_validate({"plant": "p", "machine_types": types, "lines": [{"name": "l", "stations": stations}]})


def test_a_scenario_adds_faults_and_only_a_plant_with_faults_has_another_name(tmp_path) -> None:
    text = "scenario: worn\ntitle: A bearing wears.\nfaults:\n  - {process: bearing, on: l/A, at: 1 h}\n"
    plant = plain()
    faulty = load_scenario(write(tmp_path, text), plant)
    assert [fault.what for fault in faulty.faults] == ["bearing"]
    assert "faults" not in plant.canonical()
    assert plant.run_id(1, 0) != faulty.run_id(1, 0)
    assert load_scenario(write(tmp_path, text), faulty).faults == faulty.faults * 2
    assert faulty.model_copy(update={"faults": ()}).run_id(1, 0) == plant.run_id(1, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("faults: [{process: x, on: l}]\n", ["file.yaml:1: scenario: scenario is missing; allowed: scenario: worn"]),
        ("scenario: s\n", ["file.yaml:1: faults: faults is missing"]),
        (
            "scenario: s\nfaults:\n  - {process: x, on: k}\n  - {sensor: bias, on: l, tag: pwer}\n  - {proces: x}\n",
            [
                "file.yaml:3: faults.x.on: there is no line 'k'",
                "file.yaml:4: faults.pwer.tag: there is no signal",
                ":5:",
            ],
        ),
        ("scenario: s\nfaults:\n  - {transport: loss, on: l/A}\n", ["file.yaml:3: faults.loss: loss on l/A may be"]),
        ("- 3\n", ["a scenario, beginning with scenario: NAME"]),
    ],
)
def test_mistakes_of_a_scenario_are_told_like_those_of_a_plant(tmp_path, text, told) -> None:
    plant = Plant.model_validate({**plain().model_dump(by_alias=True), "faults": [{"transport": "loss", "on": "l"}]})
    with pytest.raises(PlantError) as caught:
        load_scenario(write(tmp_path, text), plant)
    lines = str(caught.value).splitlines()
    assert all(any(words in line for line in lines) for words in told), lines


def test_the_schema_of_scenarios_has_every_kind() -> None:
    schema = scenario_schema()
    assert schema["title"] == "Shopfloor scenario"
    assert set(schema["properties"]) == {"scenario", "title", "faults"}
    assert "drift" in schema["$defs"]["SensorFault"]["properties"]["sensor"]["enum"]


def test_a_failure_may_be_announced_by_a_fault() -> None:
    mode = {"mode": "spindle", "time_to_failure": "9 h", "time_to_repair": "1 h", "fault": "bearing", "onset": "20 %"}
    tree = {
        "plant": "p",
        "machine_types": {"lathe": {"like": "machine", "faults": {"bearing": {"title": "Bearing"}}}},
        "lines": [{"name": "l", "stations": [{"name": "A", "cycle_time": "9 s", "type": "lathe", "failures": [mode]}]}],
    }
    (failure,) = Plant.model_validate(tree).lines[0].stations[0].failures
    assert (failure.fault, failure.onset) == ("bearing", 0.2)
    with pytest.raises(ValueError, match="onset is 0"):
        Plant.model_validate(tree | {"lines": [{"name": "l", "stations": [
            {"name": "A", "cycle_time": "9 s", "failures": [mode | {"onset": 0}]}
        ]}]})  # fmt: skip


def test_faults_are_those_that_a_machine_type_has() -> None:
    stations = [{"name": "A", "cycle_time": "9 s", "type": "turner"}, {"name": "B", "cycle_time": "9 s"}]
    types = {"turner": {"like": "machine", "faults": {"spindle-bearing": {"title": "Spindle bearing"}}}}
    tree = {"plant": "p", "machine_types": types, "lines": [{"name": "l", "stations": stations}]}

    def named(name: str, on: str) -> Plant:
        return Plant.model_validate(tree | {"faults": [{"process": name, "on": on}]})

    assert named("spindle-bearing", "l")
    assert named("spindle-bearing", "l/A")
    for name, on, said in [
        ("spindle-bearng", "l", "did you mean spindle-bearing"),
        ("spindle-bearing", "l/B", "machine has no fault 'spindle-bearing'"),
    ]:
        with pytest.raises(ValueError, match=said):
            named(name, on)
