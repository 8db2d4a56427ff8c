"""What Grafana gets: the same bytes each time, equal to the committed files, and nothing that lint knows to be wrong.

No Grafana was started for any of this: how it draws is not tested here.
"""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.boards import boards_of
from dashboards.grafana import alerts, files, provisioning
from dashboards.grafana.compiler import dashboards_of, numbers
from dashboards.grafana.lint import lint, panels_of
from dashboards.grafana.queries import POINTS, RAW
from dashboards.grafana.units import GRAFANA, decimals, grafana_unit
from plant.description import Plant
from plant.loader import load_plant
from plant.states import STATES
from plant.units import UNITS
from shopfloor.bundled import demo_plant
from twin.influxql import BANNED
from twin.tables import machine_label

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
Json = dict[str, Any]


@pytest.fixture(scope="module")
def plant() -> Plant:
    return load_plant(demo_plant())


@pytest.fixture(scope="module")
def built(plant: Plant) -> list[Json]:
    return list(dashboards_of(plant).values())


@pytest.fixture
def boards(built: list[Json]) -> list[Json]:
    return copy.deepcopy(built)


def test_two_builds_are_equal_and_equal_to_the_committed_files(plant: Plant) -> None:
    once, again = files.files_of(plant), files.files_of(load_plant(demo_plant()))
    assert once == again
    folder = ROOT / "dashboards" / "grafana"
    committed = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for part in (files.BOARDS, files.PROVISIONING)
        for file in (folder / part).rglob("*")
        if file.is_file()
    }
    assert committed == once, "run `uv run shopfloor dashboards build` and look at the difference"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_dashboards_of_every_example_are_without_fault(path: Path) -> None:
    plant = load_plant(path)
    assert lint(list(dashboards_of(plant).values()), plant) == []


def _first(boards: list[Json], kind: str) -> Json:
    return next(panel for board in boards for panel in panels_of(board) if panel["type"] == kind)


def _target(boards: list[Json]) -> Json:
    target: Json = _first(boards, "bargauge")["targets"][0]
    return target


def _asks(query: str) -> Callable[[list[Json]], object]:
    return lambda boards: _target(boards).update(query=query)


BROKEN: dict[str, tuple[Callable[[list[Json]], object], str]] = {
    "the same uid twice": (lambda b: b[1].update(uid=b[0]["uid"]), "more than once"),
    "an id of another server": (lambda b: b[0].update(id=7), "id is not null"),
    "another schema": (lambda b: b[0].update(schemaVersion=39), "schemaVersion is 39"),
    "inputs": (lambda b: b[0].update(__inputs=[]), "__inputs"),
    "no title": (lambda b: b[0].update(title=""), "title or uid"),
    "a long uid": (lambda b: b[0].update(uid="x" * 41), "more than 40"),
    "the same panel id twice": (lambda b: b[0]["panels"][1].update(id=b[0]["panels"][2]["id"]), "panel id"),
    "overlap": (lambda b: b[0]["panels"][2]["gridPos"].update(x=3), "overlap"),
    "beside the grid": (lambda b: b[0]["panels"][2]["gridPos"].update(x=20), "outside"),
    "a plug-in": (lambda b: _first(b, "bargauge").update(type="dynamictext-panel"), "no kind of panel"),
    "no description": (lambda b: _first(b, "bargauge").pop("description"), "no description"),
    "no unit": (lambda b: _first(b, "bargauge")["fieldConfig"]["defaults"].pop("unit"), "no unit"),
    "no question": (lambda b: _first(b, "bargauge").pop("targets"), "asks nothing"),
    "a ref twice": (lambda b: _first(b, "bargauge").update(targets=[_target(b), _target(b)]), "refId"),
    "another source": (lambda b: _target(b)["datasource"].update(uid="prometheus"), "no data source"),
    "the other source": (lambda b: _target(b)["datasource"].update(uid=RAW), "is in shopfloor-influx"),
    "an unknown measurement": (_asks('SELECT last("a") FROM "oee"'), "no measurement 'oee'"),
    "an unknown field": (_asks('SELECT last("oe") FROM "account"'), "neither field nor label 'oe'"),
    "an unknown label": (_asks('SELECT last("GQ") FROM "account" GROUP BY "cell"'), "neither field nor label 'cell'"),
    "no measurement": (_asks("SELECT 1"), "0 measurements"),
    "what 3 Core lacks": (_asks('SELECT integral("GQ") FROM "account"'), "InfluxDB 3 Core"),
    "an unknown variable": (_asks('SELECT last("GQ") FROM "account" WHERE "line" =~ /^${hall:regex}$/'), "hall"),
    "a lost variable": (lambda b: b[0]["templating"]["list"].pop(), "shift is not defined"),
    "a bad variable": (
        lambda b: b[0]["templating"]["list"][0].update(query='SHOW TAG VALUES FROM "x"'), "variable plant",
    ),
    "a bad annotation": (lambda b: b[0]["annotations"]["list"][0]["target"].update(query="SELECT 1"), "annotation"),
    "a link to nowhere": (
        lambda b: _first(b, "bargauge")["fieldConfig"]["defaults"]["links"][0].update(url="/d/gone?x=1"), "opens gone",
    ),
    "a link with an unknown variable": (
        lambda b: _first(b, "bargauge")["fieldConfig"]["defaults"]["links"][0].update(url="/d/a?${hall:queryparam}"),
        "hall",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_lint_finds(name: str, boards: list[Json], plant: Plant) -> None:
    spoil, said = BROKEN[name]
    spoil(boards)
    found = lint(boards, plant)
    assert any(said in line for line in found), found


def test_ids_of_panels_are_those_that_are_told(plant: Plant, built: list[Json]) -> None:
    for board, told in zip(boards_of(plant), built, strict=True):
        titles = {panel["id"]: panel["title"] for panel in panels_of(told)}
        assert {titles[number] for number in numbers(board).values()} == {panel.title for panel in board.panels}


def test_states_are_drawn_in_the_colours_of_their_table(built: list[Json]) -> None:
    mapped = _first(built, "state-timeline")["fieldConfig"]["defaults"]["mappings"][0]["options"]
    for number, row in enumerate(STATES.values()):
        shown = mapped[str(number)]
        assert shown["text"] == row.title
        assert shown["color"] == row.colour or row.title == "Unknown"


def test_a_drawing_binds_to_fields_that_its_question_gives(plant: Plant, built: list[Json]) -> None:
    panel = _first(built, "canvas")
    given = set(re.findall(r'AS "([^"]+)"', panel["targets"][0]["query"]))
    bound = set(re.findall(r'"field": "([^"]+)"', json.dumps(panel["options"])))
    assert bound <= given
    line = plant.lines[0]
    names = [element["name"] for element in panel["options"]["root"]["elements"]]
    assert len(set(names)) == len(names)
    labels = {machine_label(node) for station in line.stations for node in line.machines(station)}
    boxes = [element for element in panel["options"]["root"]["elements"] if element["name"] in labels]
    assert len(boxes) == len(labels) and all(box["links"] for box in boxes)
    lefts = [box["placement"]["left"] for box in boxes]
    assert lefts == sorted(lefts), "stations stand in the order of the flow"


def test_machines_of_a_drawing_do_not_cover_each_other(plant: Plant, built: list[Json]) -> None:
    line = plant.lines[0]
    labels = {machine_label(node) for station in line.stations for node in line.machines(station)}
    boxes = [e["placement"] for e in _first(built, "canvas")["options"]["root"]["elements"] if e["name"] in labels]
    assert len(boxes) == len(labels)
    for place, a in enumerate(boxes):
        for b in boxes[place + 1 :]:
            apart = a["left"] + a["width"] <= b["left"] or b["left"] + b["width"] <= a["left"]
            assert apart or a["top"] + a["height"] <= b["top"] or b["top"] + b["height"] <= a["top"]


def test_every_unit_has_a_name_in_grafana_and_a_count_has_none() -> None:
    assert all(GRAFANA.values())
    assert grafana_unit("1") == "percentunit"
    assert grafana_unit("{part}") == "none"
    assert grafana_unit("1/h") == "suffix:/h"


def test_no_unit_is_rescaled_where_values_are_compared_and_none_has_two_blanks() -> None:
    """Grafana itself puts a blank before a suffix."""
    assert not [unit for unit in map(grafana_unit, {*UNITS, "{times}", "1/s"}) if unit.startswith("suffix: ")]
    assert {grafana_unit(unit) for unit in ("min", "h", "kW", "kW.h")} == {
        "suffix:min", "suffix:h", "suffix:kW", "suffix:kWh",
    }  # fmt: skip


def test_counts_have_no_decimals_but_as_means() -> None:
    assert (decimals("{part}"), decimals("{part}", mean=True), decimals("{times}")) == (0, 1, None)
    assert (decimals("min"), decimals("min", bars=True), decimals("kW.h"), decimals("s")) == (1, 0, 2, None)


def test_names_beside_bars_have_room(plant: Plant, built: list[Json]) -> None:
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "bargauge"):
        told = panel["options"]
        assert told["sizing"] == "manual" and told["maxVizHeight"] <= 64, panel["title"]
        assert told["text"]["titleSize"] <= 14, panel["title"]
        assert told["namePlacement"] == ("top" if panel["gridPos"]["w"] <= 8 else "left"), panel["title"]


def test_a_text_that_is_empty_or_not_there_is_no_blank(built: list[Json]) -> None:
    """Texts are shown by panels that take fields of any type."""
    found = set()
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "stat"):
        if panel["options"]["reduceOptions"]["fields"]:
            found.add(panel["title"])
            told = panel["fieldConfig"]["defaults"]
            assert told["noValue"] == "–", panel["title"]
            assert {one["options"]["match"] for one in told["mappings"]} == {"empty", "null"}, panel["title"]
            assert {one["options"]["result"]["text"] for one in told["mappings"]} == {"–"}, panel["title"]
    assert found == {"Reason", "Part", "Order", "Bottleneck"}


def test_a_cell_without_a_number_is_no_blank(built: list[Json]) -> None:
    found = 0
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "table"):
        for rule in panel["fieldConfig"]["overrides"]:
            told = {one["id"]: one["value"] for one in rule["properties"]}
            if "unit" in told:
                found += 1
                assert told["noValue"] == "–", (panel["title"], rule)
    assert found > 10


def test_columns_of_a_table_have_names_of_their_own(built: list[Json]) -> None:
    """Grafana's table finds values of a row by what people read above them, so one of two equals shows the other's."""
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "table"):
        rules = {one["matcher"]["options"]: one["properties"] for one in panel["fieldConfig"]["overrides"]}
        names = [told["value"] for rule in rules.values() for told in rule if told["id"] == "displayName"]
        assert len({"Time", *names}) == len(names) + 1, panel["title"]


def test_a_share_in_a_cell_is_a_bar_of_all(built: list[Json]) -> None:
    found = 0
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "table"):
        for rule in panel["fieldConfig"]["overrides"]:
            told = {one["id"]: one["value"] for one in rule["properties"]}
            if told.get("custom.cellOptions", {}).get("type") == "gauge":
                found += 1
                assert (told["min"], told["max"]) == (0, 1), (panel["title"], rule)
    assert found > 10


def test_shares_have_steps_of_half_an_hour(built: list[Json]) -> None:
    found = 0
    for panel in (panel for board in built for panel in panels_of(board) if panel["type"] == "timeseries"):
        if panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
            found += 1
            assert panel["interval"] == "30m", panel["title"]
    assert found >= 3


def test_only_names_of_runs_are_offered(plant: Plant, built: list[Json]) -> None:
    """An answer has a number beside each name: 0, whatever is stored."""
    names = [one for board in built for one in board["templating"]["list"] if one["name"].startswith("run")]
    assert len(names) > len(built)
    for one in names:
        assert '"elapsed" * 0 AS' in one["query"]
        only = re.compile(one["regex"].strip("/"))
        assert only.search(plant.run_id(1, 0)) and only.search("000000000000")
        assert not only.search("0") and not only.search("0.0")


def test_alerts_are_three_steps_without_a_dollar(plant: Plant) -> None:
    """Grafana expands `$NAME` in provisioning files; a question that has one would lose it."""
    group = alerts.group(plant)["groups"][0]
    assert "$" not in yaml.safe_dump(group)
    for rule in group["rules"]:
        assert [step["refId"] for step in rule["data"]] == ["A", "B", "C"]
        assert rule["data"][0]["datasourceUid"] in {POINTS, RAW}
        assert not BANNED.search(rule["data"][0]["model"]["query"])
        assert rule["annotations"]["__dashboardUid__"] in dashboards_of(plant)
    titles = {rule["title"] for rule in group["rules"]}
    assert {"OEE below its target", "Machine down for long", "Machine silent", "Messages or rows are lost"} <= titles


def test_a_plant_that_measures_parts_watches_its_control_charts(plant: Plant) -> None:
    measuring = load_plant(ROOT / "examples" / "block-line.yaml")
    has = {rule.uid for rule in alerts.rules_of(measuring)}
    assert ("shopfloor-spc" in has) and "shopfloor-spc" not in {rule.uid for rule in alerts.rules_of(plant)}
    (peak,) = (rule for rule in alerts.rules_of(plant, 123.0) if rule.uid == "shopfloor-energy-peak")
    assert peak.limit == 123


def test_provisioning_takes_only_what_it_says_from_the_environment(plant: Plant) -> None:
    found = set()
    for text in provisioning.files(plant).values():
        found |= set(re.findall(r"\$(\w+)", text))
        assert yaml.safe_load(text)["apiVersion"] == 1
    assert found == set(provisioning.ENVIRONMENT)


def test_built_files_replace_those_of_an_earlier_build_and_spare_others(tmp_path: Path, plant: Plant) -> None:
    folder = tmp_path / files.BOARDS
    folder.mkdir()
    (folder / "old.json").write_text('{"tags": ["shopfloor"]}', encoding="utf-8")
    (folder / "mine.json").write_text('{"tags": ["mine"]}', encoding="utf-8")
    (folder / "odd.json").write_text("[", encoding="utf-8")
    assert files.write(files.files_of(plant), tmp_path)[1] == 1
    assert {"mine.json", "odd.json"} <= {file.name for file in folder.iterdir()}
    assert not (folder / "old.json").exists()


def test_the_command_builds_and_says_what_is_wrong(tmp_path: Path) -> None:
    def shopfloor(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "shopfloor", "dashboards", *words], text=True, capture_output=True,
                              check=False, cwd=tmp_path, timeout=120)  # fmt: skip

    done = shopfloor("build", str(ROOT / "examples" / "block-line.yaml"), "--out", "there")
    assert done.returncode == 0, done.stderr
    assert "files in there" in done.stdout
    assert json.loads((tmp_path / "there/boards/shopfloor-overview.json").read_text(encoding="utf-8"))["id"] is None
    (tmp_path / "file").write_text("")
    wrong = shopfloor("build", "--out", "file")
    assert wrong.returncode == 2 and wrong.stderr.startswith("--out: ") and wrong.stderr.count("\n") == 1
