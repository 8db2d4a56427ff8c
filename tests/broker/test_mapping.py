"""Mapping files: every mistake is told once, with its line, and none hides another."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.mapping import Mapping, load_mapping, node_of, tags_of
from broker.shdr import Category
from plant.description import Plant
from plant.errors import PlantError
from plant.loader import load_plant
from plant.shape import keys, sections

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PLANT = Plant.model_validate(
    {
        "plant": "p",
        "products": [{"name": "gear", "share": 0.5}, {"name": "shaft", "share": 0.5}],
        "lines": [
            {
                "name": "l",
                "area": "hall",
                "stations": [
                    {"name": "OP10", "type": "lathe", "cycle_time": "5 s"},
                    {"name": "OP20", "machines": 2, "cycle_time": "5 s"},
                ],
            }
        ],
    }
)
GOOD = """\
machines:
  - station: OP10
    log: op10-*.shdr
    control: turning
  - station: OP20
    machine: 1
    device: left
    control: other
  - station: OP20
    machine: 2
    device: right
    control: other
controls:
  - name: turning
    states:
      - when: {avail: UNAVAILABLE}
        state: "off"
      - when: {exec: ACTIVE, mode: [AUTOMATIC, 7]}
        state: processing
      - state: waiting
        reason: operator
    parts:
      count: pcount
      begins: {exec: ACTIVE}
      ends: {exec: DONE}
      name: g
      product: gear
      by: program
      products: {O1: shaft}
    tags:
      - tag: spindle_load
        item: S1load
      - tag: feed
        item: Fact
        unit: mm/s
        factor: 0.5
        offset: 1
        title: Feed
    alarms:
      - items: [system]
        fault: 1
        warning: 4
        text: Control
    conditions: [pressure]
    messages: [note]
    series: [shake]
  - name: other
    states:
      - {when: {exec: ACTIVE}, state: processing}
"""

TURNING = "controls.turning."

# Lines of GOOD, what stands there instead, and what is said: path, and words of found, allowed and hint.
MISTAKES = [
    (
        "  - station: OP10", "  - station: OP1", "machines.OP1.station",
        "there is no station 'OP1'", "OP10, OP20", "OP10?",
    ),
    (
        "    control: turning", "    control: turnin", "machines.OP10.control",
        "no control 'turnin'", "turning, other", "turning?",
    ),
    (
        "    control: turning", "    controle: turning", "machines.OP10.controle",
        "unknown key", "station, machine", "control?",
    ),
    ("    control: turning\n", "", "machines.OP10.control", "control is missing", "control: okuma", ""),
    ("    machine: 1", "    machine: 3", "machines.OP20.machine", "OP20 has no machine 3", "from 1 to 2", ""),
    ("    machine: 1\n", "", "machines.OP20", "OP20 has 2 machines", "machine: a number from 1 to 2", ""),
    (
        "    machine: 1", "    machine: 2", "machines.OP20",
        "the machine of OP20 stands here for the second", "once", "",
    ),
    ("    device: left", "    device: right", "machines.OP20", "any log speaks of OP20 already", "that no other", ""),
    ("  - name: turning", "  - name: other", "controls.other", "there is a control other already", "differ", ""),
    (
        '        state: "off"', "        state: of", TURNING + "states.#1.state",
        "'of' is not known", "off, pause", "off?",
    ),
    (
        "when: {avail: UNAVAILABLE}", "whn: {avail: x}", TURNING + "states.#1.whn",
        "unknown key 'whn'", "when, state", "when?",
    ),
    (
        "when: {avail: UNAVAILABLE}", "when: {a|b: x}", TURNING + "states.#1.when",
        "'a|b' is no data item", "without |", "",
    ),
    (
        "when: {avail: UNAVAILABLE}", "when: {avail: []}", TURNING + "states.#1.when.avail",
        "a list cannot", "ACTIVE", "",
    ),
    (
        "when: {avail: UNAVAILABLE}", "when: avail", TURNING + "states.#1.when",
        "'avail' is not a mapping", "Items", "",
    ),
    (
        "      - when: {avail: UNAVAILABLE}\n        state:", "      - state:", TURNING + "states.#1",
        "fits always", "end", "",
    ),
    ("      count: pcount\n", "", TURNING + "parts.count", "count is missing", "count: ppartcount", ""),
    (
        "      count: pcount", "      count: system", TURNING + "parts.count",
        "'system' is a condition", "plain data", "",
    ),
    ("      by: program\n", "", TURNING + "parts.products", "products without by", "both or neither", ""),
    (
        "      product: gear", "      product: gaer", TURNING + "parts.product",
        "no product 'gaer'", "gear, shaft", "gear?",
    ),
    (
        "{O1: shaft}", "{O1: shft}", TURNING + "parts.products.O1",
        "there is no product 'shft'", "gear, shaft", "shaft?",
    ),
    ("      name: g", "      name: g h", TURNING + "parts.name", "'g h' is not a name", "letters", ""),
    (
        "tag: spindle_load", "tag: spindel_load", TURNING + "tags.spindel_load.tag",
        "OP10, a lathe, has no signal", "power, vibration_rms", "spindle_load?",
    ),
    (
        "        item: S1load", "        item: shake|", TURNING + "tags.spindle_load.item",
        "is no data item", "the key", "",
    ),
    (
        "        item: S1load", "        item: note", TURNING + "tags.spindle_load.item",
        "'note' is a message", "plain data", "",
    ),
    (
        "      - tag: feed", "      - tag: power", TURNING + "tags.power.unit",
        "is in kW, not in mm/s", "kW, with a factor", "",
    ),
    (
        "      - tag: feed", "      - tag: spindle_load", TURNING + "tags.spindle_load",
        "a tag spindle_load already", "differ", "",
    ),
    (
        "        factor: 0.5", "        factor: 0", TURNING + "tags.feed.factor",
        "0 makes every value 0", "other than 0", "",
    ),
    ("        factor: 0.5", "        factor: half", TURNING + "tags.feed.factor", "'half' is no number", "0.001", ""),
    ("        unit: mm/s", "        unit: 7", TURNING + "tags.feed.unit", "7 is no text", "in quotes", ""),
    (
        "      - items: [system]", "      - items: []", TURNING + "alarms.#1.items",
        "the list is empty", "at least one", "",
    ),
    (
        "        fault: 1", "        fault: 5", TURNING + "alarms.#1.fault",
        "5 cannot", "a whole number from 1 to 4", "",
    ),
    (
        "conditions: [pressure]", "conditions: [system]", TURNING + "conditions",
        "for the second time", "each item once", "",
    ),
    ("messages: [note]", "message: [note]", TURNING + "message", "unknown key 'message'", "messages", "messages?"),
    (
        "controls:\n", "controls:\n  - name: turning\n    states: [{state: pause}]\n", "controls.turning",
        "already", "differ", "",
    ),
]  # fmt: skip


def problems(folder: Path, text: str) -> list:
    file = folder / "map.yaml"
    file.write_text(text)
    with pytest.raises(PlantError) as error:
        load_mapping(file, PLANT)
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("line", "instead", "path", "found", "allowed", "hint"), MISTAKES, ids=[mistake[1] for mistake in MISTAKES]
)
def test_a_mistake_is_told_once_with_its_line(line, instead, path, found, allowed, hint, tmp_path: Path) -> None:
    assert GOOD.count(line) >= 1
    wrong = GOOD.replace(line, instead, 1)
    (problem,) = problems(tmp_path, wrong)
    assert problem.path.startswith(path)
    assert found in problem.found
    assert allowed in problem.allowed
    assert hint in problem.hint
    assert 1 <= problem.line <= wrong.count("\n")
    last = path.rpartition(".")[2]
    if last.isidentifier() and "missing" not in found:
        assert last in "".join(wrong.splitlines()[problem.line - 1 : problem.line])


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("OP10", "OP1", 1).replace("fault: 1", "fault: 9").replace("gear\n", "gaer\n")
    text = text.replace("state: processing", "state: procesing", 1).replace("series:", "serie:")
    assert [p.path.rpartition(".")[2] for p in problems(tmp_path, text)] == [
        "station", "state", "product", "fault", "serie",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["- a", "machines", "plant: p", "machines: []\ncontrols: []"])
def test_another_file_is_no_mapping(text: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text)


def test_a_mapping_is_read_against_its_plant(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(GOOD)
    mapping = load_mapping(file, PLANT)
    first, second, _ = mapping.machines
    line = PLANT.lines[0]
    paths = [node_of(line, machine).path for machine in mapping.machines]
    assert paths == ["hall/l/OP10", "hall/l/OP20/1", "hall/l/OP20/2"]
    control = mapping.control_of(first)
    assert control.states[1].when == {"exec": ("ACTIVE",), "mode": ("AUTOMATIC", "7")}
    assert control.categories == {
        "system": Category.CONDITION, "pressure": Category.CONDITION,
        "note": Category.MESSAGE, "shake": Category.SERIES,
    }  # fmt: skip
    assert control.items == {
        "avail", "exec", "mode", "pcount", "program", "S1load", "Fact", "system", "pressure", "note", "shake",
    }  # fmt: skip
    tags = tags_of(control, PLANT.kind(line.stations[0]))
    assert (tags["feed"].unit, tags["feed"].title, tags["spindle_load"].unit) == ("mm/s", "Feed", "%")
    assert first.told_by(Path("logs/op10-1.shdr"), "any")
    assert not first.told_by(Path("op20.shdr"), "")
    assert second.told_by(Path("any"), "left")
    assert not second.told_by(Path("any"), "")


def test_a_log_may_be_told_apart_by_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(GOOD.replace("op10-*.shdr", "OP10/*.shdr"))
    machine = load_mapping(file, PLANT).machines[0]
    assert machine.told_by(Path("/logs/OP10/today.shdr"), "")
    assert not machine.told_by(Path("/logs/OP20/today.shdr"), "")


@pytest.mark.parametrize("file", sorted((EXAMPLES / "mappings").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_mappings_of_the_gallery_fit_their_plants(file: Path) -> None:
    assert load_mapping(file, load_plant(EXAMPLES / file.name)).machines


@given(at=st.integers(0, GOOD.count("\n") - 1), how=st.sampled_from(["less", "twice", "more", "no colon"]))
def test_a_file_with_a_broken_line_is_right_or_has_problems(at: int, how: str, tmp_path_factory) -> None:
    """Whatever is wrong, it is said in our words."""
    lines = GOOD.splitlines()
    line = lines[at]
    instead = {"less": [], "twice": [line, line], "more": [line + " x"], "no colon": [line.replace(":", "", 1)]}[how]
    file = tmp_path_factory.getbasetemp() / "map.yaml"
    file.write_text("\n".join([*lines[:at], *instead, *lines[at + 1 :]]))
    try:
        load_mapping(file, PLANT)
    except PlantError as error:
        assert all(problem.found and problem.allowed for problem in error.problems)


def keys_of_the_file() -> str:
    """The keys of mapping files, as the guide has them."""
    text = ""
    for title, model in sections(Mapping).items():
        text += f"{f'`{title}`' if title else 'The file'}:\n\n| key | default | meaning |\n|---|---|---|\n"
        for key, field in keys(model).items():
            name = f"**`{key}`**" if field.is_required() else f"`{key}`"
            plain = isinstance(field.default, str | int | float) and field.default != ""
            default = f"`{field.default:g}`" if plain and not isinstance(field.default, str) else "–"
            text += f"| {name} | {'' if field.is_required() else default} | {field.description} |\n"
        text += "\n"
    return text


def test_the_guide_has_every_key(request) -> None:
    page = ROOT / "docs" / "guides" / "replay-a-recording.md"
    before, rest = page.read_text(encoding="utf-8").split("<!-- keys -->\n")
    told, after = rest.split("<!-- /keys -->")
    if request.config.getoption("--renew-golden"):
        page.write_text(f"{before}<!-- keys -->\n\n{keys_of_the_file()}<!-- /keys -->{after}", encoding="utf-8")
        return
    assert told == f"\n{keys_of_the_file()}"


def test_the_mapping_of_the_guide_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "guides" / "replay-a-recording.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml saw\.map\.yaml\n(.*?)```", page, re.DOTALL)
    plant = {
        "plant": "p",
        "products": [{"name": "bar", "share": 0.5}, {"name": "tube", "share": 0.5}],
        "lines": [{"name": "l", "stations": [{"name": "SAW", "cycle_time": "5 s"}]}],
    }
    file = tmp_path / "saw.map.yaml"
    file.write_text(text)
    assert load_mapping(file, Plant.model_validate(plant)).controls[0].items >= {"partcount", "Sload", "system"}
