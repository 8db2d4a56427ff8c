"""A first plant file: from lists of stations in the forms that people keep, from answers; all mistakes at once."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from running import ENVIRONMENT, ROOT, shopfloor
from typer.testing import CliRunner

from plant.catalogue import CATALOGUE
from plant.errors import InputError
from plant.loader import load_plant
from plant.time import HOUR, MINUTE, SECOND
from shopfloor.cli import app
from shopfloor.columns import COLUMNS, plain
from shopfloor.draft import Draft, plant_text, valid_name, valid_names
from shopfloor.interview import ask_plant, ask_stations
from shopfloor.listing import ListedStation, Listing, Stops, read_list

GOLDEN = ROOT / "tests" / "golden" / "init"
GUIDE = ROOT / "docs" / "guides" / "start-from-a-list.md"


def listed(folder: Path, text: str, name: str = "list.csv") -> Listing:
    """What a CSV file of this text lists."""
    (folder / name).write_text(text, encoding="utf-8")
    return read_list(folder / name)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with a CSV file of this text, without the file's own path."""
    with pytest.raises(InputError) as caught:
        listed(folder, text)
    return [line.removeprefix(f"{folder}{os.sep}") for line in str(caught.value).splitlines()]


def workbook(path: Path, rows: list[list], sheets: tuple[str, ...] = ("Stations",)) -> Path:
    """An Excel file with these rows on its first sheet."""
    book = Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(row)
    for name in sheets[1:]:
        book.create_sheet(name)
    book.save(path)
    return path


def written(source: Path, out: Path, *options: str) -> str:
    """The file that `init` makes of a list."""
    result = CliRunner().invoke(app, ["init", str(source), "--out", str(out), *options])
    assert result.exit_code == 0, (result.output, result.exception)
    return out.read_text(encoding="utf-8")


# --- the whole file --------------------------------------------------------------------------------------------------


def test_the_file_made_of_a_list_is_the_golden_one(request, tmp_path):
    text = written(GOLDEN / "gear-line.csv", tmp_path / "plant.yaml")
    if request.config.getoption("--renew-golden"):
        (GOLDEN / "gear-line.yaml").write_text(text, encoding="utf-8", newline="\n")
    assert text == (GOLDEN / "gear-line.yaml").read_text(encoding="utf-8")


def test_the_same_table_in_excel_makes_the_same_file(tmp_path):
    """Numbers as numbers, percentages as Excel keeps them: fractions with a format."""
    with (GOLDEN / "gear-line.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter=";"))
    book = Workbook()
    for row, cells in enumerate(rows, 1):
        for column, text in enumerate(cells, 1):
            cell = book.active.cell(row, column, text or None)
            if re.fullmatch(r"[\d,]+( %)?", text):
                cell.value = float(text.removesuffix(" %").replace(",", "."))
            if text.endswith(" %"):
                cell.value, cell.number_format = cell.value / 100, "0.0 %"
    book.save(tmp_path / "gear-line.xlsx")
    text = written(tmp_path / "gear-line.xlsx", tmp_path / "plant.yaml")
    assert text == (GOLDEN / "gear-line.yaml").read_text(encoding="utf-8").replace("gear-line.csv", "gear-line.xlsx")


def test_the_file_describes_what_the_list_says():
    first, second, *_ = load_plant(GOLDEN / "gear-line.yaml").lines[0].stations
    assert (first.name, first.type, first.machines) == ("OP-10", "lathe", 2)
    assert first.cycle_time.mean == 92.5 * SECOND
    assert first.failures[0].availability == pytest.approx(0.985)
    assert first.failures[0].time_to_repair.mean == 20 * MINUTE
    assert first.quality.scrap == pytest.approx(0.004)
    assert (second.buffer, second.failures[0].interval.mean) == (6, 40 * HOUR)


@pytest.mark.parametrize("keys", ["one at a time", "all at once"])
def test_examples_in_comments_can_be_used_as_they_stand(tmp_path, keys):
    file = tmp_path / "plant.yaml"
    (tmp_path / "bare.csv").write_text("name,cycle\nA,10\nB,10\n")
    text = written(tmp_path / "bare.csv", file)
    examples = re.findall(r"^ *#[a-z_]+:", text, re.MULTILINE)
    assert len(examples) >= 10
    for example in examples if keys == "one at a time" else [""]:
        chosen = re.escape(example) if example else r"^ *#(?=[a-z_]+:)"
        file.write_text(re.sub(chosen, lambda match: match[0].replace("#", ""), text, flags=re.MULTILINE))
        load_plant(file)


def test_a_key_is_explained_once_and_an_assumption_each_time(tmp_path):
    text = written(GOLDEN / "gear-line.csv", tmp_path / "plant.yaml")
    assert text.count("places in front; those in its machines are extra") == 1
    (tmp_path / "bare.csv").write_text("name,cycle\nA,10\nB,10\nC,10\n")
    assert (
        written(tmp_path / "bare.csv", tmp_path / "bare.yaml").count("buffer: 0                       # assumed") == 2
    )


def test_what_is_made_can_be_simulated():
    done = shopfloor("simulate", str(GOLDEN / "gear-line.yaml"), "--for", "8h", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"]["line-1"]["parts_out"] > 100


def test_setups_and_operators_of_a_list_take_their_time(tmp_path):
    (tmp_path / "list.csv").write_text("name,cycle,setup,operators\nA,60 s,12 min,setters\nB,50 s,,2\n")
    written(tmp_path / "list.csv", tmp_path / "plant.yaml")
    done = shopfloor("simulate", str(tmp_path / "plant.yaml"), "--for", "31h", "--json")
    line = json.loads(done.stdout)["lines"]["line-1"]
    assert line["stations"]["A"]["share"]["setup"] == pytest.approx(12 / 62, abs=0.01)  # 50 parts an hour, then 12 min
    assert line["stations"]["A"]["share"]["processing"] == pytest.approx(50 / 62, abs=0.01)


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"setup": "12", "operators": "setters"}, id="products, setups and people"),
        pytest.param({"line": "north", "area": "Halle 3", "load": "5", "unload": "3", "transport": "12"}, id="ways"),
    ],
)
def test_every_column_makes_a_plant(tmp_path, columns):
    head, row = ",".join(["name", "cycle", *columns]), ",".join(["A", "60", *columns.values()])
    (tmp_path / "list.csv").write_text(f"{head}\n{row}\n{row}\n")
    written(tmp_path / "list.csv", tmp_path / "plant.yaml")
    plant = load_plant(tmp_path / "plant.yaml")
    station = plant.lines[0].stations[1]
    if "setup" in columns:
        assert station.setup.time.mean == 12 * MINUTE
        assert [step.quantity for step in plant.lines[0].sequence] == [50, 50]
        assert (plant.operators[0].pool, plant.operators[0].count) == ("setters", 2)
    else:
        assert (plant.lines[0].name, plant.lines[0].area) == ("north", "Halle-3")
        assert [time.mean / SECOND for time in (station.load, station.unload, station.transport)] == [5, 3, 12]


# --- dialects, words, units ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_common_delimiter(tmp_path, delimiter, end, mark):
    rows = [["name", "cycle", "buffer"], ["A", "92.5", "1"], ["B; C, D", "80", "2"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    stations = listed(tmp_path, mark + text.getvalue()).stations
    assert [(one.name, one.cycle, one.buffer) for one in stations] == [
        ("A", 92_500_000, 1),
        ("B; C, D", 80 * SECOND, 2),
    ]


def test_a_decimal_comma_is_one_unless_commas_separate_cells(tmp_path):
    (station,) = listed(tmp_path, "name;cycle;availability;mttr\nA;92,5;98,5;7,5\n").stations
    assert (station.cycle, station.stops.availability) == (92_500_000, Decimal("0.985"))
    assert mistakes(tmp_path, 'name,cycle\nA,"92,5"\n') == [
        (
            "list.csv:2: cycle: '92,5' is not a time; allowed: a time such as 92, 92 s, 1.5 min or 0:01:32, with a "
            "decimal point"
        )
    ]
    assert mistakes(tmp_path, "name,cycle\nA,92,5\n") == [
        "list.csv:2: 3 cells under 2 headers; allowed: a cell for each header (for decimal commas put ; between them)"
    ]


def test_excels_own_hint_at_the_delimiter_is_taken(tmp_path):
    (station,) = listed(tmp_path, "sep=;\nname;cycle\nA, B, C, D, E;5\n").stations
    assert station.name == "A, B, C, D, E"


def test_a_title_empty_rows_and_empty_columns_do_not_matter(tmp_path):
    text = "Line list, March;;\n;;\nname;;cycle\n\nA;;5\n;;\nB;;6\n"
    assert [station.name for station in listed(tmp_path, text).stations] == ["A", "B"]


@pytest.mark.parametrize(
    ("name", "cycle", "availability"),
    [
        ("Station", "Cycle time [s]", "Availability"),
        ("OPERATION", "cycle_time_s", "availability %"),
        ("Arbeitsgang", "Zykluszeit in s", "Verfügbarkeit (%)"),
        ("Операция", "Время цикла, с", "Коэффициент готовности"),
        ("Рабочее место", "такт (сек.)", "готовность, %"),
        ("Name", "Takt [s/part]", "Technical Availability"),
    ],
)
def test_headers_are_known_in_three_languages(tmp_path, name, cycle, availability):
    listing = listed(tmp_path, f"{name};{cycle};{availability}\nA;60;98\n")
    assert listing.stations[0].cycle == 60 * SECOND
    assert listing.stations[0].stops.availability == Decimal("0.98")
    assert (listing.unused, listing.assumed) == ((), ())


def test_no_word_means_two_columns():
    words = [plain(word) for column in COLUMNS.values() for word in column.words]
    assert len(words) == len(set(words))
    assert all(words)


@pytest.mark.parametrize(
    ("header", "cell", "micros"),
    [
        ("cycle", "92", 92 * SECOND),
        ("cycle [min]", "1.5", 90 * SECOND),
        ("cycle (net) [min]", "1.5", 90 * SECOND),
        ("cycle [min]", "92 s", 92 * SECOND),
        ("cycle_min", "2", 2 * MINUTE),
        ("cycle (h)", "0.5 min", 30 * SECOND),
        ("cycle [ms]", "1 500", 1_500_000),
        ("cycle", "1:02:03.5", 3_723_500_000),
        ("cycle", "5 Min.", 5 * MINUTE),
        ("cycle", "5 мин", 5 * MINUTE),
        ("cycle", "1e2", 100 * SECOND),
        ("cycle", "0.0000015", 2),
    ],
)
def test_the_unit_of_the_cell_goes_before_that_of_the_header(tmp_path, header, cell, micros):
    assert listed(tmp_path, f"name;{header}\nA;{cell}\n").stations[0].cycle == micros


def test_units_that_nobody_names_are_told_as_assumptions(tmp_path):
    listing = listed(tmp_path, "name;cycle;mtbf;mttr\nA;60;40;20\nB;60;40 h;20 min\n")
    assert listing.stations[0].stops == listing.stations[1].stops == Stops(between=40 * HOUR, repair=20 * MINUTE)
    assert listing.assumed == (
        "cycle: numbers without a unit are seconds",
        "mttr: numbers without a unit are minutes",
        "mtbf: numbers without a unit are hours",
    )
    assert listed(tmp_path, "name;cycle [s];mtbf;mttr [min]\nA;60;40 h;20\n").assumed == ()


@pytest.mark.parametrize(
    ("header", "cells", "shares"),
    [
        ("scrap", ["0.4 %", "0.004"], ["0.004", "0.004"]),
        ("scrap [%]", ["0.4", "1"], ["0.004", "0.01"]),
        ("scrap", ["0.4", "1.2"], ["0.004", "0.012"]),
        ("scrap", ["0.05", "0"], ["0.05", "0"]),
    ],
)
def test_bare_shares_of_scrap_are_per_cent_if_the_column_says_so(tmp_path, header, cells, shares):
    text = "\n".join([f"name,cycle,{header}", *(f"S{i},5,{cell}" for i, cell in enumerate(cells))])
    assert [station.scrap for station in listed(tmp_path, text).stations] == list(map(Decimal, shares))


@pytest.mark.parametrize("cell", ["0.98", "98", "98 %", "98%"])
@pytest.mark.parametrize("header", ["availability", "availability [%]"])
def test_an_availability_in_any_form(tmp_path, header, cell):
    assert listed(tmp_path, f"name,cycle,{header}\nA,5,{cell}\n").stations[0].stops == Stops(
        availability=Decimal("0.98"), repair=10 * MINUTE, repair_assumed=True
    )


@pytest.mark.parametrize(
    ("availability", "mtbf", "mttr", "stops"),
    [
        ("", "", "", None),
        ("100 %", "", "", None),
        ("100 %", "", "20", None),
        ("98 %", "", "20", Stops(availability=Decimal("0.98"), repair=20 * MINUTE)),
        ("", "40", "", Stops(between=40 * HOUR, repair=10 * MINUTE, repair_assumed=True)),
        ("90 %", "9", "", Stops(between=9 * HOUR, repair=1 * HOUR)),
        ("99 %", "40", "20", Stops(between=40 * HOUR, repair=20 * MINUTE)),
    ],
)
def test_two_figures_say_how_a_station_fails(tmp_path, availability, mtbf, mttr, stops):
    text = f"name,cycle,availability,mtbf,mttr\nA,5,{availability},{mtbf},{mttr}\n"
    assert listed(tmp_path, text).stations[0].stops == stops


def test_excel_cells_are_read_as_people_see_them(tmp_path):
    rows = [
        ["Line list", None, None],
        ["Station", "Cycle time", "MTTR"],
        [10, time(0, 1, 32), timedelta(minutes=90)],
        ["OP 20", 0.1 + 0.2, "7,5"],
        ["OP 30", 92, "-"],
    ]
    file = workbook(tmp_path / "list.xlsx", [[*row, 97] if i else row for i, row in enumerate(rows)])
    with pytest.raises(InputError, match="how often it fails is missing"):
        read_list(file)
    rows = [[*row, "Availability" if i == 1 else 97] if i else row for i, row in enumerate(rows)]
    stations = read_list(workbook(file, rows)).stations
    assert [station.name for station in stations] == ["10", "OP 20", "OP 30"]
    assert [station.cycle for station in stations] == [92 * SECOND, 300_000, 92 * SECOND]
    assert [station.stops.repair / MINUTE for station in stations] == [90, 7.5, 10]


def test_units_in_the_format_of_an_excel_cell_count(tmp_path):
    book = Workbook()
    for row in (["name", "cycle", "scrap"], ["A", 1.5, 0.4], ["B", 92, 0.004]):
        book.active.append(row)
    for cell, style in (("B2", '0.0" min"'), ("B3", "0.00"), ("C2", '0.0" %";-0.0'), ("C3", "0.0%")):
        book.active[cell].number_format = style
    book.save(tmp_path / "list.xlsx")
    stations = read_list(tmp_path / "list.xlsx").stations
    assert [(one.cycle, one.scrap) for one in stations] == [
        (90 * SECOND, Decimal("0.004")),
        (92 * SECOND, Decimal("0.004")),
    ]


def test_a_hidden_sheet_is_not_the_first_one(tmp_path):
    book = Workbook()
    book.active.sheet_state = "hidden"
    page = book.create_sheet("Stations")
    page.append(["name", "cycle"])
    page.append(["A", 5])
    book.save(tmp_path / "list.xlsx")
    assert len(read_list(tmp_path / "list.xlsx").stations) == 1


def test_a_sheet_is_chosen_by_its_name(tmp_path):
    file = workbook(tmp_path / "list.xlsx", [["name", "cycle"], ["A", 5]], ("Stations", "Costs"))
    assert read_list(file, "Stations") == read_list(file)
    with pytest.raises(InputError, match=r"no sheet 'stations'; allowed: Stations, Costs \(did you mean Stations\?\)"):
        read_list(file, "stations")
    with pytest.raises(InputError, match="the list is empty"):
        read_list(file, "Costs")


def test_merged_cells_of_line_and_area_count_for_the_rows_below(tmp_path):
    text = "line;area;name;cycle\nNorth;Milling;A;5\n;;B;5\nSouth;Assembly;A;5\n;;C;5\n"
    assert [(one.line, one.area) for one in listed(tmp_path, text).stations] == [
        ("North", "Milling"), ("North", "Milling"), ("South", "Assembly"), ("South", "Assembly"),
    ]  # fmt: skip
    written(tmp_path / "list.csv", tmp_path / "plant.yaml")
    lines = load_plant(tmp_path / "plant.yaml").lines
    assert [(line.name, line.area, [one.name for one in line.stations]) for line in lines] == [
        ("North", "Milling", ["A", "B"]),
        ("South", "Assembly", ["A", "C"]),
    ]


def test_of_two_columns_with_one_meaning_the_better_word_is_taken_and_the_other_named(tmp_path):
    listing = listed(tmp_path, "Operation,Takt,Station,Cycle time,Cost centre\nmill,95,A,92,4711\n")
    assert (listing.stations[0].name, listing.stations[0].cycle) == ("A", 92 * SECOND)
    assert listing.unused == ("Operation", "Takt", "Cost centre")
    assert listed(tmp_path, "name,cycle,Bufer\nA,5,3\n").unused == ("Bufer (did you mean buffer?)",)
    done = CliRunner().invoke(app, ["init", str(tmp_path / "list.csv"), "--out", str(tmp_path / "plant.yaml")])
    assert done.stderr == f"{tmp_path / 'list.csv'}: columns that are not used: Bufer (did you mean buffer?)\n"


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed_name", "name"),
    [
        ("OP10", "OP10"), ("OP 10", "OP-10"), ("  OP_10. ", "OP_10"), ("Fräsen & Bohren", "Fraesen-Bohren"),
        ("Größe", "Groesse"), ("Токарный №5", "Tokarnyy-No5"), ("Щётка", "Shchetka"), ("café", "cafe"),
        ("état", "etat"), ("→", "station"), ("part", "part-1"), ("x" * 99, "x" * 60),
    ],
)  # fmt: skip
def test_names_become_valid(listed_name, name):
    assert valid_name(listed_name, "station") == name


def test_equal_names_are_numbered_and_the_comment_says_what_the_list_said(tmp_path):
    assert list(valid_names(["a", "A", "a 2", "a"], "s")) == ["a", "A-2", "a-2-2", "a-3"]
    (tmp_path / "list.csv").write_text("name,cycle,note\nOP 10,5,rough\nOP 10,5,fine\n10,5,\n")
    text = written(tmp_path / "list.csv", tmp_path / "plant.yaml")
    assert '- name: OP-10                     # "OP 10" in the list; rough\n' in text
    assert '- name: OP-10-2                   # "OP 10" in the list; fine\n' in text
    assert '- name: "10"\n' in text


anything = st.text(max_size=30)
durations = st.integers(1, 10**12)
stops = st.builds(
    Stops,
    repair=durations,
    repair_assumed=st.booleans(),
    availability=st.decimals("0.01", "0.9999", places=4),
)
stations = st.builds(
    ListedStation,
    name=anything,
    cycle=durations,
    machines=st.none() | st.integers(1, 1000),
    buffer=st.none() | st.integers(0, 1000),
    ideal=st.none() | durations,
    load=st.none() | st.integers(0, 10**9),
    unload=st.none() | st.integers(0, 10**9),
    transport=st.none() | st.integers(0, 10**9),
    setup=st.none() | st.integers(0, 10**9),
    scrap=st.none() | st.decimals(0, 1, places=4),
    type=st.none() | st.sampled_from(sorted(CATALOGUE)),
    stops=st.none() | stops,
    pool=st.none() | anything,
    operators=st.integers(1, 3),
    line=st.none() | st.sampled_from(["north", "North", "süd"]),
    area=st.none() | anything,
    note=st.none() | anything,
)


@given(plant=anything, source=anything, listed=st.lists(stations, min_size=1, max_size=6), assumed=st.lists(anything))
def test_whatever_a_list_says_the_file_is_a_plant_with_its_figures(plant, source, listed, assumed):
    draft = Draft(plant=plant, source=source, stations=tuple(listed), assumed=tuple(assumed))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plant.yaml"
        file.write_text(plant_text(draft), encoding="utf-8", newline="\n")
        made = [station for line in load_plant(file).lines for station in line.stations]
    order = list(dict.fromkeys(one.line for one in listed))
    for was, now in zip(sorted(listed, key=lambda one: order.index(one.line)), made, strict=True):
        assert now.cycle_time.mean == was.cycle
        assert (now.machines, now.ideal_cycle) == (was.machines or 1, was.ideal)
        assert now.load.mean == (was.load or 0)
        assert now.quality.scrap == pytest.approx(float(was.scrap or 0))
        assert (now.buffer or 0) == (was.buffer or 0)
        if was.stops is not None:
            assert now.failures[0].availability == pytest.approx(float(was.stops.availability))
            assert now.failures[0].time_to_repair.mean == was.stops.repair


# --- mistakes --------------------------------------------------------------------------------------------------------


def test_all_wrong_cells_are_told_at_once(tmp_path):
    text = """\
Station;Cycle [s];Machines;Buffer;Availability;MTTR;MTBF;Scrap;Type;Operators
OP10;fast;0;-1;120 %;5 parsecs;;;;
OP20;;2.5;x;;;;0.4;lathes;
;5;;;;20;;;;
OP40;0;;;0;;;-1;;1.5
OP50;5;;;90 %;20;40;;;
OP60;-5 s;;;;;;;;
"""
    found = mistakes(tmp_path, text)
    assert [re.match(r"list\.csv:(\d+): (.*?): ", line).groups() for line in found] == [
        ("2", "Cycle [s]"),
        ("2", "Machines"), ("2", "Buffer"), ("2", "Availability"), ("2", "MTTR"),
        ("3", "Cycle [s]"), ("3", "Machines"), ("3", "Buffer"), ("3", "Scrap"), ("3", "Type"),
        ("4", "Station"),
        ("5", "Cycle [s]"), ("5", "Availability"), ("5", "Scrap"),
        ("6", "Availability"),
        ("7", "Cycle [s]"),
    ]  # fmt: skip
    for line in found:
        assert "; allowed: " in line
    assert "'fast' is not a time" in found[0]
    assert found[8].endswith("'0.4' may be 40 % or 0.4 %; allowed: a percentage with its sign, or [%] in the header")
    assert found[9].endswith("(did you mean lathe?)")
    assert "90 %, where MTBF and MTTR give 99.17 %" in found[14]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the list is empty"),
        ("name,cycle\n", ":1: no rows below the header; allowed: a row for each station"),
        ("Station,Buffer\nA,3\n", ":1: no column cycle among Station, Buffer; allowed: cycle time, cycle"),
        ("foo,bar\nA,3\n", ":1: no column name among foo, bar; allowed: name, station"),
        ("name,cycle [furlongs]\nA,3\n", ":1: cycle [furlongs]: 'furlongs' is no unit of time; allowed: [ms], [s]"),
        ("name,cycle,mttr\nA,3,20\n", ":2: mttr: how often it fails is missing; allowed: availability or MTBF"),
        ("name,cycle,operators\nA,3,1.5\n", ":2: operators: '1.5' cannot be used; allowed: the name of a pool, or a"),
        ("name,cycle,availability,mtbf\nA,3,100,40\n", ":2: availability: 100 %, although it fails now and then"),
        ("name,cycle,area\nA,3,x\nB,3,y\n", ":3: area: 'y', and 'x' above; allowed: one area for a line"),
        ("name,cycle\nA,1e300\n", ":2: cycle: '1e300' is too long; allowed: at most"),
    ],
)
def test_a_mistake_says_where_and_what_is_allowed(tmp_path, text, told):
    assert f"list.csv{told}" in mistakes(tmp_path, text)[0] or told in mistakes(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("list.csv", "Station;Fräsen\n".encode("latin-1"), "list.csv:1: not in UTF-8; allowed: UTF-8 (Excel saves it"),
        ("list.csv", b"PK\x03\x04rest", "this is a workbook, not CSV"),
        ("list.xlsx", b"name,cycle\n", "no Excel file"),
        ("list.xls", b"\xd0\xcf\x11\xe0rest", "this is a workbook, not CSV; allowed: CSV, or Excel's own format"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_list(tmp_path / name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


cells = st.sampled_from([word for column in COLUMNS.values() for word in column.words[:2]]) | st.text(max_size=8)
numbers = st.from_regex(r"-?[0-9]{1,3}([.,][0-9]{1,2})?( ?(%|s|min|h))?", fullmatch=True)
tables = st.lists(st.lists(cells | numbers, max_size=6), max_size=6)


@given(table=tables, delimiter=st.sampled_from(",;\t|"), mess=st.binary(max_size=20))
def test_whatever_stands_in_a_csv_file_it_is_a_list_or_told_to_be_none(table, delimiter, mess):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["name", "cycle", *table[0]], *table] if table else [])
    for content in (text.getvalue().encode(), text.getvalue().encode() + mess, mess):
        told_or_listed("list.csv", content)


MOMENT = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


def documents() -> dict[str, bytes]:
    """What a workbook is made of, the same at all times."""
    file = io.BytesIO()
    book = Workbook()
    for row in (["name", "cycle"], ["A", 5], ["B", "7 s"]):
        book.active.append(row)
    book.save(file)
    with ZipFile(file) as archive:
        return {name: re.sub(MOMENT, b"2026-01-05T00:00:00", archive.read(name)) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(ZipInfo(name), part)
    return file.getvalue()


@st.composite
def broken(draw, content: bytes) -> bytes:
    """Up to four bytes in the place of one."""
    place = draw(st.integers(0, len(content) - 1))
    return content[:place] + draw(st.binary(max_size=4)) + content[place + 1 :]


BOOK = documents()
broken_parts = st.sampled_from(sorted(BOOK)).flatmap(
    lambda name: broken(BOOK[name]).map(lambda part: packed(BOOK | {name: part}))
)


@given(content=broken(packed(BOOK)) | broken_parts)
def test_whatever_is_broken_in_an_excel_file_it_is_a_list_or_told_to_be_none(content):
    told_or_listed("list.xlsx", content)


def told_or_listed(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        try:
            assert read_list(file).stations
        except InputError as told:
            assert str(told)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_file_is_called_like_the_list_or_the_plant_and_never_overwritten(tmp_path):
    (tmp_path / "my list.csv").write_text("name,cycle\nA,5\n")

    def run(*options):
        return subprocess.run(
            [sys.executable, "-m", "shopfloor", "init", "my list.csv", *options],
            cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "my-list.yaml: 1 station, the description is valid." in done.stdout
    assert "shopfloor simulate my-list.yaml --for 8h" in done.stdout
    (tmp_path / "my-list.yaml").write_text("mine")
    again = run()
    assert again.returncode == 2
    assert again.stderr == "my-list.yaml: is there already; allowed: another --out, or --force to write it anew\n"
    assert (tmp_path / "my-list.yaml").read_text() == "mine"
    assert run("--name", "Werk 2").returncode == 0
    assert load_plant(tmp_path / "Werk-2.yaml").plant == "Werk-2"
    assert run("--force").returncode == 0
    assert load_plant(tmp_path / "my-list.yaml").plant == "my-list"
    assert run("--out", "no/folder/plant.yaml").returncode == 2


def test_a_wrong_list_leaves_no_file(tmp_path):
    (tmp_path / "list.csv").write_text("name,cycle\nA,fast\n")
    done = shopfloor("init", str(tmp_path / "list.csv"), "--out", str(tmp_path / "plant.yaml"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / 'list.csv'}:2: cycle: 'fast' is not a time")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "plant.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "nowhere.csv: No such file or directory"),
        ([str(GOLDEN / "gear-line.csv"), "--out", "x.yaml", "--sheet", "A"], "is read as CSV and has no sheets"),
        (["--sheet", "A"], "--sheet: there is no list"),
        ([], "init: nobody is here to ask; allowed: a list (CSV or Excel), or questions on a terminal"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, told):
    done = CliRunner().invoke(app, ["init", *arguments], input="")
    assert isinstance(done.exception, InputError)
    assert told in str(done.exception)
    assert "\n" not in str(done.exception)


# --- questions -------------------------------------------------------------------------------------------------------


def asked(answers: str) -> tuple[str, tuple[ListedStation, ...], str]:
    """Name of the plant, stations and what stood on the terminal, for these answers, one a line."""
    heard = []
    questions = typer.Typer()

    @questions.command()
    def ask() -> None:
        heard.extend([ask_plant(), ask_stations()])

    result = CliRunner().invoke(questions, input=answers)
    assert result.exit_code == 0, result.output
    return heard[0], heard[1], result.output


def test_enter_all_the_way_makes_a_plant(tmp_path):
    name, stations, _ = asked("\n" * 30)
    assert [station.name for station in stations] == ["OP10", "OP20", "OP30"]
    file = tmp_path / "plant.yaml"
    file.write_text(plant_text(Draft(plant=name, source="answers", stations=stations)), encoding="utf-8")
    plant = load_plant(file)
    assert (plant.plant, plant.lines[0].name) == ("my-plant", "line-1")
    assert plant.lines[0].stations[1].buffer == 2


def test_an_answer_that_cannot_be_used_is_asked_for_again():
    answers = [
        "Werk",
        "Nord",
        "0",
        "2",
        "Drehen",
        "fast",
        "1,5 min",
        "100 %",
        "Fräsen",
        "90",
        "-1",
        "4",
        "97",
        "soon",
        "20",
    ]
    name, stations, told = asked("\n".join(answers) + "\n")
    assert name == "Werk"
    assert stations == (
        ListedStation(name="Drehen", cycle=90 * SECOND, line="Nord"),
        ListedStation(
            name="Fräsen", cycle=90 * SECOND, line="Nord", buffer=4,
            stops=Stops(availability=Decimal("0.97"), repair=20 * MINUTE),
        ),
    )  # fmt: skip
    assert told.count("Error: ") == 4
    assert "'fast' is not a time; allowed: a time such as" in told


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of Unix")
def test_questions_are_asked_on_a_terminal(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    with open(ours, "wb", buffering=0) as keyboard, open(theirs, "rb", buffering=0) as terminal:  # noqa: PTH123
        keyboard.write(b"\n" * 30)
        done = subprocess.run(
            [sys.executable, "-m", "shopfloor", "init"],
            cwd=tmp_path, env=ENVIRONMENT, stdin=terminal, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(load_plant(tmp_path / "my-plant.yaml").lines[0].stations) == 3


# --- the guide -------------------------------------------------------------------------------------------------------


def block(info: str) -> str:
    return re.search(rf"^```{re.escape(info)}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]


def test_the_guide_shows_what_is_made_of_its_list(request, tmp_path):
    (tmp_path / "stations.csv").write_text(block("text stations.csv"), encoding="utf-8")
    text = written(tmp_path / "stations.csv", tmp_path / "stations.yaml")
    if request.config.getoption("--renew-golden"):
        page = GUIDE.read_text("utf-8")
        GUIDE.write_text(
            page.replace(block("yaml stations.yaml"), text)
            if block("yaml stations.yaml")
            else page.replace("```yaml stations.yaml\n", f"```yaml stations.yaml\n{text}"),
            "utf-8",
        )
    assert block("yaml stations.yaml") == text


def test_the_guide_shows_the_columns(request):
    units = {SECOND: "s", MINUTE: "min", HOUR: "h"}
    table = "| it says | bare numbers | words for it |\n|---|---|---|\n" + "".join(
        f"| {column.about} | {units[column.unit] if column.timed else ''} | {', '.join(column.words)} |\n"
        for column in COLUMNS.values()
    )
    page = GUIDE.read_text("utf-8")
    told = re.search(r"<!-- columns -->\n(.*)<!-- /columns -->", page, re.DOTALL)[1]
    if request.config.getoption("--renew-golden"):
        GUIDE.write_text(page.replace(f"<!-- columns -->\n{told}", f"<!-- columns -->\n\n{table}\n"), "utf-8")
        return
    assert told == f"\n{table}\n"
