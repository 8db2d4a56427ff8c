"""Plant files: every mistake is told once, with its line, and none hides another."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.errors import PlantError
from plant.loader import load_plant

EXAMPLES = Path(__file__).parents[2] / "examples"

GOOD = """\
plant: engine-works
enterprise: acme
telemetry:
  sample: 2 s
  block: 10 s
lines:
  - name: block-line
    area: machining
    arrivals: exponential(95 s)
    blocking: after-service
    stations:
      - name: OP10
        type: machining-center
        machines: 2
        cycle_time: normal(92 s, 3 s)
        ideal_cycle: 90 s
        minimum_cycle: 80 s
        load: 5 s
        unload: 3 s
        buffer: 6
        transport: 12 s
        failures:
          - mode: spindle
            clock: operating
            time_to_failure: exponential(40 h)
            time_to_repair: lognormal(45 min, cv=0.6)
            part: resume
          - mode: coolant
            clock: calendar
            availability: 98.5 %
            time_to_repair: 20 min
        quality:
          scrap: 0.4 %
      - name: OP20
        cycle_time: 80 s
  - name: head-line
    stations:
      - name: OP10
        cycle_time: 70 s
"""

BLOCK = "lines.block-line."
OP10 = BLOCK + "stations.OP10."
SPINDLE = OP10 + "failures.spindle."
COOLANT = OP10 + "failures.coolant."

# A line of GOOD, what stands there instead, and what is said: path, and words of found, allowed and hint.
MISTAKES = [
    ("plant: engine-works", "plant: engine works", "plant", "'engine works' is not a name", "letters, digits", ""),
    ("enterprise: acme", "enterprise: Kpi", "enterprise", "'Kpi' is reserved", "any name but", ""),
    ("  sample: 2 s", "  sample: fast", "telemetry.sample", "'fast' is not a duration", "90 s, 4 min", ""),
    ("    area: machining", "    area: 7", BLOCK + "area", "7 is not a name", "letters", 'quotes: "7"'),
    (
        "    arrivals: exponential(95 s)",
        "    arrivals: often",
        BLOCK + "arrivals",
        "'often' is no way to arrive",
        "saturated, orders, every 95 s",
        "",
    ),
    (
        "    blocking: after-service",
        "    blocking: after-servce",
        BLOCK + "blocking",
        "'after-servce' is not known",
        "after-service, before-service",
        "did you mean after-service?",
    ),
    (
        "        type: machining-center",
        "        type: machining-centre",
        OP10 + "type",
        "there is no machine type 'machining-centre'",
        "lathe, grinder",
        "did you mean machining-center?",
    ),
    ("        machines: 2", "        machines: 0", OP10 + "machines", "0 cannot", "a whole number from 1 to 1000", ""),
    (
        "        cycle_time: normal(92 s, 3 s)",
        "        cycletime: normal(92 s, 3 s)",
        OP10 + "cycletime",
        "unknown key 'cycletime'",
        "supply, cycle_time, ideal_cycle",
        "did you mean cycle_time?",
    ),
    ("        ideal_cycle: 90 s", "        ideal_cycle: 0", OP10 + "ideal_cycle", "0 is no time", "above 0", ""),
    (
        "        minimum_cycle: 80 s",
        "        minimum_cycle: -80 s",
        OP10 + "minimum_cycle",
        "'-80 s' is negative",
        "zero or more",
        "",
    ),
    ("        load: 5 s", "        load:", OP10 + "load", "the key has no value", "leave the key out", ""),
    ("        unload: 3 s", "        unload: [3 s]", OP10 + "unload", "a list is no time", "exponential(60 s)", ""),
    ("        buffer: 6", '        buffer: "6"', OP10 + "buffer", "'6' cannot", "number from 0", "without quotes"),
    (
        "        transport: 12 s",
        "        colour: red",
        OP10 + "colour",
        "unknown key 'colour'",
        "buffer, dispatch, transport",
        "",
    ),
    (
        "            clock: operating",
        "            clock: operatng",
        SPINDLE + "clock",
        "'operatng' is not known",
        "operating, calendar",
        "did you mean operating?",
    ),
    (
        "            time_to_failure: exponential(40 h)",
        "            time_to_failure: expnential(40 h)",
        SPINDLE + "time_to_failure",
        "there is no distribution 'expnential'",
        "exponential(60 s)",
        "did you mean exponential?",
    ),
    (
        "            time_to_repair: lognormal(45 min, cv=0.6)",
        "            time_to_repair: lognormal(45 min)",
        SPINDLE + "time_to_repair",
        "'lognormal(45 min)' lacks cv",
        "lognormal(92 s, cv=0.1)",
        "",
    ),
    (
        "            part: resume",
        "            part: Resume",
        SPINDLE + "part",
        "'Resume' is not known",
        "resume, restart, scrap",
        "did you mean resume?",
    ),
    (
        "          - mode: coolant",
        "          - mode: Spindle",
        OP10 + "failures.Spindle.mode",
        "there is a mode Spindle already, written spindle",
        "upper and lower case",
        "",
    ),
    (
        "            availability: 98.5 %",
        "            availability: 98.5",
        COOLANT + "availability",
        "98.5 is not a share",
        "percentage",
        "did you mean 98.5 %?",
    ),
    (
        "            time_to_repair: 20 min",
        "            time_to_repair: 20 min  # \n            time_to_failure: 1 h",
        COOLANT + "availability",
        "both are given",
        "either time_to_failure or availability",
        "",
    ),
    ("          scrap: 0.4 %", "          scrap: 140 %", OP10 + "quality.scrap", "'140 %' is not a share", "0.4 %", ""),
    (
        "      - name: OP20",
        "      - name: op10",
        BLOCK + "stations.op10.name",
        "there is a station op10 already, written OP10",
        "upper and lower case",
        "",
    ),
    (
        "        cycle_time: 80 s",
        "        buffer: 3",
        BLOCK + "stations.OP20.cycle_time",
        "cycle_time is missing",
        "cycle_time: 90 s",
        "",
    ),
    (
        "  - name: head-line",
        "  - name: Block-Line",
        "lines.Block-Line.name",
        "there is a line Block-Line already",
        "upper and lower case",
        "",
    ),
    (
        "        cycle_time: 70 s",
        "        cycle_time: 0 s",
        "lines.head-line.stations.OP10.cycle_time",
        "'0 s' is no time",
        "above 0",
        "",
    ),
]
ELSEWHERE = {"both are given": 30, "cycle_time is missing": 34}  # told on another line than the one that was changed


def write(folder: Path, text: str) -> Path:
    file = folder / "plant.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[tuple[int, str, str, str, str]]:
    with pytest.raises(PlantError) as caught:
        load_plant(write(folder, text))
    told = caught.value.problems
    assert all(problem.file == str(folder / "plant.yaml") for problem in told)
    assert len(str(caught.value).splitlines()) == len(told), "a line of text per problem"
    return [(problem.line, problem.path, problem.found, problem.allowed, problem.hint) for problem in told]


def line_of(mistake: tuple[str, ...]) -> int:
    return ELSEWHERE.get(mistake[3], GOOD.splitlines().index(mistake[0]) + 1)


def spoiled(mistakes: list[tuple[str, ...]]) -> str:
    text = "\n" + GOOD
    for was, instead, *_ in mistakes:
        assert text.count(f"\n{was}\n") == 1
        text = text.replace(f"\n{was}\n", f"\n{instead}\n")
    return text.removeprefix("\n")


def test_the_good_file_is_good(tmp_path):
    plant = load_plant(write(tmp_path, GOOD))
    assert [station.name for station in plant.line("block-line").stations] == ["OP10", "OP20"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake[3] for mistake in MISTAKES])
def test_a_mistake_is_told_once_where_it_stands(tmp_path, mistake):
    _, _, path, *words = mistake
    ((line, told_path, *told),) = problems(tmp_path, spoiled([mistake]))
    assert (line, told_path) == (line_of(mistake), path)
    for expected, text in zip(words, told, strict=True):
        assert expected in text
        assert bool(expected) == bool(text)


@settings(max_examples=60, deadline=None)
@given(chosen=st.lists(st.sampled_from([m for m in MISTAKES if "\n" not in m[1]]), min_size=2, unique=True))
def test_no_mistake_hides_another_nor_makes_a_second(tmp_path_factory, chosen):
    told = problems(tmp_path_factory.mktemp("plant"), spoiled(chosen))
    expected = sorted((line_of(mistake), mistake[3]) for mistake in chosen)
    assert [line for line, *_ in told] == [line for line, _ in expected]
    for (_, _, found, *_), (_, words) in zip(told, expected, strict=True):
        assert words in found


def test_ten_different_mistakes_are_ten_problems(tmp_path):
    chosen = MISTAKES[1:20:2]
    told = problems(tmp_path, spoiled(chosen))
    assert len(told) == 10
    assert [line for line, *_ in told] == [line_of(mistake) for mistake in chosen]


# --- what a person does to YAML ------------------------------------------------------------------------------------


def short(station: str = "", top: str = "") -> str:
    """A plant whose station continues on line 8."""
    line = "  - name: l\n    area: m\n    stations:\n      - name: A\n        cycle_time: 1 s\n"
    return f"plant: p\n{top}lines:\n{line}{station}"


@pytest.mark.parametrize(
    ("text", "line", "path", "found", "hint"),
    [
        ("", 1, "", "the file is empty", ""),
        ("# nothing yet\n", 1, "", "the file is empty", ""),
        ("- plant: p\n", 1, "", "the file holds a list", ""),
        ("just words", 1, "", "the file holds 'just words'", ""),
        ("plant: p\n\tlines: []\n", 2, "", "a tab in the indentation", ""),
        ("plant: p\nlines:\n\t- name: l\n", 3, "", "a tab in the indentation", ""),
        ("plant: p\nlines\n  - name: l\n", 2, "", "a key without a colon", ""),
        ("plant: p\nlines:\n  - name: l\n    area m\n    stations: []\n", 4, "", "a key without a colon", ""),
        ("plant: p\n  lines: []\n", 2, "", "a colon where no key can stand", ""),
        ("plant: p\nlines:\n  - name: l\n   area: m\n", 4, "", "an entry that is not in line", ""),
        ("plant: p\nlines: [{name: l\n", 2, "", "an opening { without its }", ""),
        ("plant: p\nlines: [a, {b: c}\n", 2, "", "an opening [ without its ]", ""),
        ("plant: p\nlines: [\n", 3, "", "an opening { or [ that is never closed", ""),
        ('plant: "p\nlines: []\n', 1, "", "a text whose closing quote is missing", ""),
        ("plant: p\n---\nlines: []\n", 2, "", "a second document", ""),
        ("plant: *p\n", 1, "", "an alias * without its anchor &", ""),
        ("plant: @p\n", 1, "", "a character that cannot begin a value", ""),
        ("plant: p\nlines: \n - a: b: c\n", 3, "", "a colon where no key can stand", ""),
        ("plant: p\nlines: \x07\n", 2, "", "the control character '\\x07'", ""),
        (short() + "plant: q\n", 8, "plant", "the key 'plant' stands twice, first on line 1", ""),
        (short("        buffer: 1\n        buffer: 2\n"), 9, "lines.l.stations.A.buffer", "stands twice", ""),
        (short("        failures:\n"), 8, "lines.l.stations.A.failures", "the key has no value", ""),
        (short("        buffer: null\n"), 8, "lines.l.stations.A.buffer", "the key has no value", ""),
        (short("        quality: 3\n"), 8, "lines.l.stations.A.quality", "3 is not a mapping", ""),
        (short("        failures: {mode: m}\n"), 8, "lines.l.stations.A.failures", "a mapping is not a list", ""),
        (short("        failures: [m]\n"), 8, "lines.l.stations.A.failures.#1", "'m' is not a mapping", ""),
        (
            short("        failures: [{mode: m, availability: 0.9}]\n"),
            8,
            "lines.l.stations.A.failures.m.time_to_repair",
            "is missing",
            "",
        ),
        (short("      -\n"), 8, "lines.l.stations.#2", "nothing is not a mapping", ""),
        (short("      - cycle_time: 1 s\n"), 8, "lines.l.stations.#2.name", "name is missing", ""),
        (short("        machines: 2.5\n"), 8, "lines.l.stations.A.machines", "2.5 cannot be used", ""),
        (short("        machines: true\n"), 8, "lines.l.stations.A.machines", "true cannot be used", ""),
        (short("        type: 5\n"), 8, "lines.l.stations.A.type", "5 cannot be used", ""),
        (short("        buffer: !places 5\n"), 8, "lines.l.stations.A.buffer", "the tag !places", ""),
        (short("        ? [a, b]\n        : 3\n"), 8, "lines.l.stations.A", "a list or mapping as a key", ""),
        (short("        clock: calendar\n"), 8, "lines.l.stations.A.clock", "unknown key", "it belongs to failures"),
        (short("        <<: {buffer: 3}\n"), 8, "lines.l.stations.A.<<", "unknown key '<<'", ""),
        (short(top="lines: []\n"), 3, "lines", "the key 'lines' stands twice, first on line 2", ""),
        ("plant: p\nlines: []\n", 2, "lines", "the list is empty", ""),
        ("plant: p\n", 1, "lines", "lines is missing", ""),
        (short(top="telemetry: {sample: 3 s, block: 10 s}\n"), 2, "telemetry.block", "a block of 10 s does not", ""),
        (short(top="telemetry: {sample: 0}\n"), 2, "telemetry.sample", "sample is 0", ""),
        (
            short("        failures: [{mode: m, time_to_repair: 1 h}]\n"),
            8,
            "lines.l.stations.A.failures.m",
            "neither is given",
            "",
        ),
        (
            short("        failures: [{mode: m, availability: 1, time_to_repair: 1 h}]\n"),
            8,
            "lines.l.stations.A.failures.m.availability",
            "availability is 1",
            "",
        ),
        (
            short("        failures: [{mode: m, availability: 0.9, time_to_repair: 0}]\n"),
            8,
            "lines.l.stations.A.failures.m.time_to_repair",
            "no time to failure follows",
            "",
        ),
        (
            short("        failures: [{mode: m, time_to_failure: 0 s, time_to_repair: 1 s}]\n"),
            8,
            "lines.l.stations.A.failures.m.time_to_failure",
            "'0 s' is no time",
            "",
        ),
    ],
)
def test_a_slip_is_one_problem(tmp_path, text, line, path, found, hint):
    ((told_line, told_path, told_found, allowed, told_hint),) = problems(tmp_path, text)
    assert (told_line, told_path) == (line, path)
    assert found in told_found
    assert hint in told_hint
    assert allowed


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        ("      - {name: B, cycle_time: erlang(2, 1 s)}\n", 8),
        ("      - {name: B, cycle_time: triangular(3 s, 5 s, 8 s), buffer: 2}\n", 8),
        ("      - {name: B, cycle_time: lognormal(45 min, cv=0.6), machines: 2}\n", 8),
        ("      - {name: B,\n         cycle_time: normal(92 s, 4 s)}\n", 9),
    ],
)
def test_a_distribution_that_flow_brackets_cut_is_recognised(tmp_path, flow, line):
    ((told_line, path, found, allowed, hint),) = problems(tmp_path, short(flow))
    assert (told_line, path) == (line, "lines.l.stations.B.cycle_time")
    assert "is cut at its comma" in found
    assert allowed.strip('"') in flow
    assert "in quotes" in hint


def test_the_same_in_quotes_is_read(tmp_path):
    plant = load_plant(write(tmp_path, short('      - {name: B, cycle_time: "erlang(2, 1 s)", buffer: 2}\n')))
    assert plant.lines[0].stations[1].cycle_time.parameters == (2, 1_000_000)


def test_values_are_read_in_the_manner_of_yaml_1_2(tmp_path):
    text = short(
        "      - name: yes\n        cycle_time: 010\n      - {name: 'no', cycle_time: 1e1}\n"
        "      - {name: ON, cycle_time: 0x10}\n"
    )
    stations = load_plant(write(tmp_path, text)).lines[0].stations
    assert [station.name for station in stations] == ["A", "yes", "no", "ON"]
    assert [station.planned_cycle for station in stations[1:]] == [10_000_000, 10_000_000, 16_000_000]
    ((_, _, found, *_),) = problems(tmp_path, short("      - {name: B, cycle_time: 1:30}\n"))
    assert found == "'1:30' is no time", "not ninety, as in YAML 1.1"


def test_anchors_serve_and_knots_are_told(tmp_path):
    text = short(
        "        failures: &usual [{mode: m, time_to_failure: 1 h, time_to_repair: 1 min}]\n"
        "      - {name: B, cycle_time: 1 s, failures: *usual}\n"
    )
    first, second = load_plant(write(tmp_path, text)).lines[0].stations
    assert first.failures == second.failures
    ((line, *_),) = problems(tmp_path, short("        failures: &knot [*knot]\n"))
    assert line == 8


def test_lines_of_windows_and_a_byte_order_mark_change_nothing(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    plant = load_plant(file)
    assert plant == load_plant(write(tmp_path, GOOD))


def test_a_file_that_is_not_utf_8_says_where(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_bytes("plant: p\n# Stra\xdfe\n".encode("latin-1"))
    with pytest.raises(PlantError) as caught:
        load_plant(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.found) == (2, "the byte 0xdf is not UTF-8")


def test_a_file_that_is_not_there_has_no_line(tmp_path):
    with pytest.raises(PlantError) as caught:
        load_plant(tmp_path / "nowhere.yaml")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere.yaml'}: cannot be read: No such file")


def test_a_problem_reads_as_editors_like_it(tmp_path):
    file = write(tmp_path, short("        type: lath\n"))
    with pytest.raises(PlantError) as caught:
        load_plant(file)
    text = str(caught.value)
    assert text.startswith(f"{file}:8: lines.l.stations.A.type: there is no machine type 'lath'; allowed: machine, ")
    assert text.endswith("(did you mean lathe?)")


def test_csv_files_are_looked_for_beside_the_plant(tmp_path, monkeypatch):
    (tmp_path / "times.csv").write_text("s\n5\n", encoding="utf-8")
    file = write(tmp_path, short('      - {name: B, cycle_time: "empirical(times.csv, s)"}\n'))
    monkeypatch.chdir(tmp_path.parent)
    assert load_plant(file).lines[0].stations[1].planned_cycle == 5_000_000
    ((line, path, found, *_),) = problems(tmp_path, short('      - {name: B, cycle_time: "empirical(time.csv, s)"}\n'))
    assert (line, path) == (8, "lines.l.stations.B.cycle_time")
    assert found == "time.csv cannot be read: No such file or directory"


def test_thousands_of_mistakes_end(tmp_path):
    text = "plant: p\nlines:\n  - name: l\n    stations:\n" + "      - {name: A, cycle_time: soon}\n" * 500
    told = problems(tmp_path, text)
    assert len(told) > 500


# --- laws ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["engine-works", "lab-line", "ten-station"])
def test_what_is_loaded_can_be_written_and_loaded_again(tmp_path, name):
    plant = load_plant(EXAMPLES / f"{name}.yaml")
    text = yaml.safe_dump(plant.model_dump(mode="json", exclude_none=True), sort_keys=False)
    again = load_plant(write(tmp_path, text))
    assert again == plant
    assert again.run_id(1, 0) == plant.run_id(1, 0)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_typed_into_a_file_is_a_plant_or_problems_on_its_lines(tmp_path_factory, data):
    """No mistake ends in another error than ours; every problem has a line of the file and a text of one line."""
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        column = data.draw(st.integers(0, len(lines[at])))
        typed = data.draw(st.sampled_from([*"{}[]:,-#&*!|>'\"%@`\t ?0aé", "\n", ": ", "- ", "name: x\n"]))
        lines[at] = lines[at][:column] + typed + lines[at][column + data.draw(st.integers(0, 3)) :]
    file = write(tmp_path_factory.mktemp("typed"), "\n".join(lines))
    try:
        assert isinstance(load_plant(file), Plant)
    except PlantError as error:
        count = len(file.read_text(encoding="utf-8").splitlines()) + 1
        assert error.problems
        assert all(1 <= problem.line <= count for problem in error.problems)
        assert len(str(error).splitlines()) == len(error.problems)
        assert "Input should" not in str(error)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_plant_or_problems(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("bytes") / "plant.yaml"
    file.write_bytes(content)
    with pytest.raises(PlantError):
        load_plant(file)
