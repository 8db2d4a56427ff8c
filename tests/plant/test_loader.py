"""Plant files: every mistake is told once, with its line, and none hides another."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.document import read_document
from plant.errors import PlantError
from plant.loader import load_plant
from plant.shape import keys, sections
from plant.wording import example

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
        "lathe, leak-test",
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


A = "lines.l.stations.A."

# What stands on line 8, of the station or the plant, and what is told: path, and words of found, allowed and hint.
WHOLE_LINES = [
    (
        "        transport: {lenght: 3 m, speed: 1 m/s, capacity: 4}",
        [("transport.lenght", "unknown key 'lenght'", "length, speed, capacity", "did you mean length?")],
    ),
    (
        "        transport: {length: 3 m, speed: 1 m/s}",
        [("transport.capacity", "capacity is missing", "capacity: 10", "")],
    ),
    ("        transport: {length: 0, speed: 1, capacity: 4}", [("transport.length", "0 cannot", "12 m", "")]),
    (
        "        transport: {flet: agv}",
        [
            ("transport.flet", "unknown key 'flet'", "accumulating, fleet", "did you mean fleet?"),
            ("transport.fleet", "there is no fleet 'agv'", "there is none", ""),
        ],
    ),
    (
        "        transport: {length: 3 m, speed: 1, capacity: 4, accumulating: yes}",
        [("transport.accumulating", "'yes' cannot be used", "true, false", "")],
    ),
    ("        transport: [3 s]", [("transport", "a list is no time", "90 s", "")]),
    (
        "        next: {policy: least-load, to: [B, C]}",
        [("next.policy", "'least-load' is not known", "least-loaded, round-robin", "did you mean least-loaded?")],
    ),
    ("        next: {policy: round-robin}", [("next.to", "to is missing", "to: [OP20, OP30]", "")]),
    ("        next: {policy: round-robin, to: [A]}", [("next.to", "too short: 1 item", "at least 2 items", "")]),
    ("        next: [{to: out, share: 140}]", [("next.#1.share", "140 is not a share", "percentage", "")]),
    ("        next: [{too: out}]", [("next.#1.too", "unknown key 'too'", "to, share, product", "did you mean to?")]),
    ("        next: [{to: B, share: 0.1, product: x}]", [("next.#1.share", "both share and product", "one", "")]),
    ("        next: out", [("next", "'out' is not a list", "- …", "")]),
    ("        joins: [5]", [("joins.#1", "5 is not a mapping", "the name of a station, or the keys from", "")]),
    ("        joins: [a b]", [("joins.#1", "'a b' is not a name", "letters", "")]),
    ("        joins: [B, {from: C, quantity: 0}]", [("joins.#2.quantity", "0 cannot", "from 1 to 10000", "")]),
    ("        batch: {size: 3, minimum: 4}", [("batch.minimum", "a minimum of 4 is above", "at most size", "")]),
    ("        setup: {when: product changes}", [("setup", "neither time nor matrix", "a time", "")]),
    (
        "        setup: {matrix: {A: 3 min}}",
        [("setup.matrix.A", "'3 min' is not a mapping", "from the one before to the next", "")],
    ),
    ("        setup: {matrix: {A: {x: y}}}", [("setup.matrix.A.x", "'y' is no time", "90 s", "")]),
    ("        setup: {matrix: {A: {b c: 1 s}}}", [("setup.matrix.A.b c", "'b c' is not a name", "letters", "")]),
    ("        tool: {life: 0 parts, change: 1 min}", [("tool.life", "'0 parts' is nothing", "180 parts", "")]),
    ("        tool: {life: long, change: 1 min}", [("tool.life", "'long' is no amount", "180 parts", "")]),
    ("        maintenance: [{time: 1 h}]", [("maintenance.#1", "neither is given", "either every or at_wear", "")]),
    (
        "        maintenance: [{at_wear: 0.8, time: 1 h}]",
        [("maintenance.#1", "at_wear without renews", "the modes in renews", "")],
    ),
    ("        supply: {quantity: 5, lead_time: 1 d}", [("supply", "not clear when to order", "or cards", "")]),
    (
        "        operators: [{pool: x, for: [weld]}]",
        [("operators.x.for.#1", "'weld' is not known", "load, process", "")],
    ),
    (
        "        operators: [{pool: x, tasks: [load]}]",
        [
            ("operators.x.tasks", "unknown key 'tasks'", "pool, for, count, priority", ""),
            ("operators.x.for", "for is missing", "for: [setup, repair]", ""),
        ],
    ),
    ("        quality: {rework: {share: 95 %}}", [("quality.rework.to", "to is missing", "to: OP20", "")]),
    (
        "        quality: {scrap: 50 %, rework: {share: 51 %, to: A}}",
        [("quality.rework.share", "more than all parts", "at most 1", "")],
    ),
    (
        "        quality: {characteristics: [{name: d, nominal: 5 mm, lower: 6 mm, upper: 5 mm, sigma: 1 um}]}",
        [("quality.characteristics.d.sigma", "sigma is in um", "the unit of nominal, mm", "")],
    ),
    ("        inspection: {detects: 98}", [("inspection.detects", "98 is not a share", "percentage", "98 %")]),
    ("        disassembly: [{quantity: 2}]", [("disassembly.#1.to", "to is missing", "to: OP20", "")]),
    ("        dispatch: lifo", [("dispatch", "'lifo' is not known", "fifo, edd, spt", "did you mean fifo?")]),
    ("        power: {standby: 2 kW, ready: 1 kW}", [("power.ready", "ready draws 1 kW", "at least 2 kW", "")]),
    ("        arrivals: {every: 3 s}", [("arrivals", "a mapping is no way to arrive", "saturated, orders", "")]),
    ("orders: [{order: o, quantity: 0}]", [("orders.o.quantity", "0 cannot", "from 1 to 10000000", "")]),
    ("orders: [{quantity: 3}]", [("orders.#1.order", "order is missing", "order: order-1", "")]),
    ("orders: [{every: 0 s}]", [("orders.#1.every", "no time lies between", "above 0", "")]),
    (
        "orders: [{evry: 3 h}]",
        [("orders.#1.evry", "unknown key 'evry'", "due, line, every", "did you mean every?")],
    ),
    ("orders: [3]", [("orders.#1", "3 is not a mapping", "the keys order, product", "")]),
    ("products: [{name: p, cycle_times: 3}]", [("products.p.cycle_times", "3 is not a mapping", "{OP20: 80 s}", "")]),
    ("products: [{name: p, cycle_times: {A: 0 s}}]", [("products.p.cycle_times.A", "0 s is no time", "above 0", "")]),
    (
        "products: [{name: p, shre: 1}]",
        [("products.p.shre", "unknown key 'shre'", "name, share", "did you mean share?")],
    ),
    ("operators: [{pool: x, count: 2.5}]", [("operators.x.count", "2.5 cannot", "from 1 to 10000", "")]),
    ("operators: [{pool: x, count: {early: -1}}]", [("operators.x.count.early", "-1 cannot", "from 0 to 10000", "")]),
    ("operators: [{pool: x, count: {}}]", [("operators.x.count", "nobody works", "at least one", "")]),
    ("operators: [{count: 2}]", [("operators.#1.pool", "pool is missing", "pool: setters", "")]),
    (
        "fleets: [{fleet: f, speed: 1, distance: 5 parsecs}]",
        [("fleets.f.distance", "'5 parsecs' cannot", "12 m", "")],
    ),
    ("fleets: [{fleet: f, speed: 1}]", [("fleets.f", "neither a distance nor a time", "one of the two", "")]),
    (
        "fleets: [{fleet: f, speed: 1, time: 5 s, distances: [{from: A, to: A, distance: 5, time: 3 s}]}]",
        [("fleets.f.distances.#1.distance", "both a distance and a time", "one of the two", "")],
    ),
    (
        "fleets: [{fleet: f, distance: 5 m}]",
        [("fleets.f", "a way has a length, and the fleet no speed", "a speed, or times", "")],
    ),
    (
        "fleets: [{fleet: f, speed: 1, distance: 5, charging: {after: 1 h}}]",
        [("fleets.f.charging.time", "time is missing", "time: 12 min", "")],
    ),
    ('shifts: [{name: s, start: 6, end: "14:00"}]', [("shifts.s.start", "6 is no time of day", "00:00", "06:00")]),
    (
        'shifts: [{name: s, start: "06:00", end: "14:00", breaks: [{start: "20:00", for: 1 h}]}]',
        [("shifts.s.breaks", "not inside the shift", "inside the shift", "")],
    ),
    ("holidays: [christmas]", [("holidays.#1", "'christmas' is no date", "2026-01-01", "")]),
]


@pytest.mark.parametrize(("text", "mistakes"), WHOLE_LINES, ids=[text.strip() for text, _ in WHOLE_LINES])
def test_a_mistake_in_any_element_is_told_once(tmp_path, text, mistakes):
    beside = "      - {name: B, cycle_time: 1 s}\n      - {name: C, cycle_time: 1 s}\n"
    beside += "operators: [{pool: x, count: 1}]\nproducts: [{name: x}, {name: A, share: 20 %}]\n"
    plant = short(f"{text}\n{beside if text[0] == ' ' else ''}")
    if text.startswith("orders"):
        plant = plant.replace("area: m", "arrivals: orders")
    found = problems(tmp_path, plant)
    assert len(found) == len(mistakes), found
    for (line, path, *said), (expected, *words) in zip(found, mistakes, strict=True):
        assert (line, path) == (8, expected if text[0] != " " else A + expected)
        assert all(
            word in sentence and bool(word) == bool(sentence) for word, sentence in zip(words, said, strict=True)
        )


def test_every_key_that_must_be_given_is_shown_by_example():
    for model in sections().values():
        for key, field in keys(model).items():
            assert not field.is_required() or example(model, key)


ALL_ELEMENTS = re.search(
    r"```yaml\n(.*?)```", (EXAMPLES.parent / "docs" / "reference" / "plant.md").read_text(encoding="utf-8"), re.DOTALL
)[1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_wrong_value_anywhere_is_told_and_the_rest_is_judged(tmp_path_factory, data):
    """Whatever stands in place of a value, the rest is mended so far that also contradictions are looked for."""
    document = read_document(write(tmp_path_factory.mktemp("plant"), ALL_ELEMENTS))
    place = data.draw(st.sampled_from([place for place in document.lines if place]))
    parent = document.tree
    for step in place[:-1]:
        parent = parent[step]
    wrong = data.draw(st.sampled_from([{"colour": "red"}, {}, "?!", "9 d", ["?!"], [], -1.5, 0, True]))
    file = write(tmp_path_factory.mktemp("plant"), "plant: p\n")
    parent[place[-1]] = wrong
    file.write_text(yaml.safe_dump(document.tree, sort_keys=False), encoding="utf-8")
    try:
        assert load_plant(file)
    except PlantError as error:
        lines = len(file.read_text(encoding="utf-8").splitlines())
        assert all(1 <= problem.line <= lines for problem in error.problems)
        assert len(str(error).splitlines()) == len(error.problems)
        assert not re.search("Input should|unnamed-|<|value_error", str(error))


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
    """Rule 28 of the line rules."""
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
