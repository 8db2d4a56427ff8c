"""A picture of a run shows what the run did: states of the ledger and samples of the messages."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import ROOT

from plant.description import Sampling
from plant.errors import InputError
from plant.loader import load_plant
from plant.messages import Meta, Tag
from plant.paths import Node
from plant.states import STATES, State
from plant.time import DEFAULT_START, HOUR, MINUTE
from shopfloor.cli import app
from shopfloor.run_picture import WIDTH, draw
from shopfloor.settings import OfflineSettings
from shopfloor.trends import Lane, Record, Span, Trend, _usual, record
from simulators import Simulation

SVG = "{http://www.w3.org/2000/svg}"
START = DEFAULT_START
PLANT = load_plant(ROOT / "examples" / "block-line.yaml").model_copy(
    update={"telemetry": Sampling(sample="30 s", block="5 min")}
)


@pytest.fixture(scope="module")
def day() -> Record:
    """The first day of a line with two shifts, half an hour in."""
    settings = OfflineSettings(plant=PLANT, duration=20 * HOUR, warm_up=30 * MINUTE)
    return record(settings, None, lambda: ("block-line", "OP10"), WIDTH)


def test_bars_have_the_time_in_state_of_the_ledger(day):
    simulation = Simulation(PLANT, telemetry=False)
    simulation.advance(START + 21 * HOUR)
    for node, lane in day.lanes.items():
        told: dict[str, int] = {}
        for of in simulation.ledger.intervals(node):
            inside = min(of.end, 20 * HOUR + 30 * MINUTE) - max(of.begin, 30 * MINUTE)
            if inside > 0:
                told[of.state] = told.get(of.state, 0) + inside
        booked: dict[str, int] = {}
        for times in lane._times:
            assert sum(times.values()) == 20 * HOUR // WIDTH
            for state, time in times.items():
                booked[state] = booked.get(state, 0) + time
        assert booked == told
        runs = list(lane.runs())
        assert [begin for begin, _, _ in runs] == [0, *(end for _, end, _ in runs[:-1])]
        assert runs[-1][1] == WIDTH
        shown = {state for _, _, state in runs}
        assert "off" in shown and "processing" in shown


def test_a_short_failure_shows_and_a_shorter_one_gives_way():
    lane = Lane(span=Span(0, 1000, 10))
    story = [(0, "processing"), (100, "failed"), (110, "processing"), (205, "failed"), (212, "starved"), (1000, "")]
    for ts, state in story:
        lane.change(ts, state)
    assert list(lane.runs()) == [(0, 1, "processing"), (1, 2, "failed"), (2, 10, "starved")]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(1, 20), st.integers(1, 50))
def test_a_trend_keeps_the_ends_and_extremes_of_every_column(values, columns, piece):
    span = Span(0, 200, columns)
    trend = Trend(node=Node("a", "l", "A"), name="x", tag=Tag(unit="1"), span=span)
    times = list(range(len(values)))
    for i in range(0, len(values), piece):
        trend.add(times[i : i + piece], values[i : i + piece])
    assert trend.points == sorted(trend.points, key=lambda point: point[0])
    for column in range(columns):
        inside = [value for t, value in zip(times, values, strict=True) if span.column(t) == column]
        kept = [y for x, y in trend.points if int(x + 1e-9) == column]
        if inside:
            assert (kept[0], min(kept), max(kept), kept[-1]) == (inside[0], min(inside), max(inside), inside[-1])
            assert set(kept) <= set(inside)


def test_without_tags_the_usual_ones_of_the_busiest_machine_are_shown(day):
    assert {trend.node.path for trend in day.trends} == {"machining/block-line/OP10/1"}
    (power, load, temp, vibration) = (trend.name for trend in day.trends)
    assert (power, load, vibration) == ("power", "spindle_load", "vibration_rms")
    assert "temp" in temp and not temp.startswith("ambient")
    assert all(trend.points for trend in day.trends)
    assert len(day.trends[0].points) > WIDTH


def test_usual_tags_are_numbers_of_the_machine_itself():
    tags = {
        "ambient_temp": Tag(unit="Cel"),
        "load_state": Tag(unit="1", datatype="str"),
        "x_load": Tag(unit="%", datatype="int"),
        "oil_temp": Tag(unit="Cel"),
        "bath_temp": Tag(unit="Cel"),
    }
    births = {Node("a", "l", station): Meta(ts=0, schema="", type="", tags=tags) for station in "AB"}
    found = [(node.station, name) for node, name, _ in _usual(births, "l", "B")]
    assert found == [("B", "x_load"), ("B", "oil_temp")]


def test_a_picture_has_names_units_colours_and_nothing_outside_or_on_top_of_each_other(day):
    tree = ET.fromstring(draw(day))  # noqa: S314 - our own text
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    texts = [(text.text, text.attrib) for text in tree.iter(f"{SVG}text")]
    words = [text for text, _ in texts]
    for word in ("block-works", "OP10/1", "INSPECT", "OP10/1 · Power", "kW", "°C", "mm/s", "%", "Failed", "Off", "20"):
        assert word in words
    assert "Plant time since 2026-01-05 00:30 UTC, h" in words
    for rect in tree.iter(f"{SVG}rect"):
        if "x" in rect.attrib:
            x, y, wide, high = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
            assert 0 <= x <= x + wide <= width
            assert 0 <= y <= y + high <= height
    for line in tree.iter(f"{SVG}polyline"):
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert all(0 < x < width and 0 < y < height for x, y in points)
    boxes = []
    for text, at in texts:
        if "x" in at:
            wide, x = 7.5 * len(text), float(at["x"])
            left = {"end": x - wide, "middle": x - wide / 2}.get(at.get("class", ""), x)
            boxes.append((left, left + wide, float(at["y"]), text))
    assert all(left >= 0 and right <= width + 8 for left, right, _, _ in boxes)
    for i, (left, right, y, text) in enumerate(boxes):
        for other_left, other_right, other_y, other in boxes[:i]:
            assert abs(y - other_y) >= 10 or right <= other_left or other_right <= left, (text, other)
    fills = {path.attrib["fill"] for path in tree.iter(f"{SVG}path") if path.attrib.get("fill", "none") != "none"}
    assert STATES[State.FAILED].colour in fills
    assert "url(#starved)" in fills
    assert re.search(r'<pattern id="starved".*?' + STATES[State.STARVED].colour, draw(day))


@pytest.mark.parametrize("duration", [MINUTE, 7 * HOUR, 30 * 24 * HOUR, 400 * 24 * HOUR])
def test_axes_have_a_handful_of_round_numbers(duration):
    """Also where a value never changes, and where there is none."""
    span = Span(START, START + duration, WIDTH)
    nodes = [Node("a", "l", "A"), Node("a", "l", "B")]
    trends = [Trend(node=node, name="x", tag=Tag(unit="Cel"), span=span) for node in nodes]
    trends[0].add([START, START + duration // 2], [7.0, 7.0])
    lanes = {node: Lane(span=span) for node in nodes}
    settings = OfflineSettings(plant=PLANT, duration=duration)
    tree = ET.fromstring(draw(Record(settings=settings, span=span, lanes=lanes, trends=trends)))  # noqa: S314
    _, _, _, height = map(float, tree.attrib["viewBox"].split())
    ticks = [t.text for t in tree.iter(f"{SVG}text") if t.attrib.get("y") == str(int(height) - 34)]
    assert 3 <= len(ticks) <= 14
    assert len(set(ticks)) == len(ticks)


def test_the_command_draws_what_is_asked_for_and_the_same_twice(small, tmp_path):
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        app(
            ["simulate", str(small), "--for", "10min", "--json", "--plot", str(file), "--tags", "B/2.power,A.energy"],
            standalone_mode=False,
        )
    first, second = (file.read_text(encoding="utf-8") for file in files)
    assert first == second
    for words in ("A · Energy", "B/2 · Power", "kWh"):
        assert words in first
    assert first.count('class="trend"') == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--plot", "run.png"), "allowed is FILE.svg"),
        (("--tags", "power"), "--plot FILE.svg"),
        (("--plot", "OUT.svg", "--tags", "powr"), "did you mean power?"),
        (("--plot", "nowhere/run.svg"), "cannot be written"),
    ],
)
def test_what_cannot_be_drawn_is_said(small, tmp_path, options, words):
    chosen = [str(tmp_path / word) if word.startswith(("OUT", "nowhere")) else word for word in options]
    with pytest.raises(InputError, match=re.escape(words)):
        app(["simulate", str(small), "--for", "1min", "--json", *chosen], standalone_mode=False)
    assert not list(Path(tmp_path).glob("*.svg"))


def test_results_are_the_same_with_a_picture(small, tmp_path, capsys):
    told = []
    for picture in ((), ("--plot", str(tmp_path / "run.svg"))):
        app(["simulate", str(small), "--for", "5min", "--json", *picture], standalone_mode=False)
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != ""
