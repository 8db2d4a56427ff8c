"""The pictures of the guides are those that the scripts draw. Renew them with --renew-golden."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs import line_charts, signal_pictures
from docs.pictures import FOLDER, PICTURES, draw

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "modelling.md"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_script_draws(name, request):
    file = FOLDER / f"{name}.svg"
    if request.config.getoption("--renew-golden"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        file.write_text(draw(PICTURES[name]), encoding="utf-8", newline="\n")
    assert file.read_text(encoding="utf-8") == draw(PICTURES[name])


@pytest.mark.parametrize("name", PICTURES)
def test_ways_of_a_picture_lead_to_boxes_that_it_has(name):
    picture = PICTURES[name]
    boxes = {"", *(box.name for box in picture.boxes)}
    assert {end for way in picture.ways for end in (way.start, way.end)} <= boxes


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_lies_outside_a_picture(name):
    tree = ET.fromstring(draw(PICTURES[name]))  # noqa: S314 - our own text
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    svg = "{http://www.w3.org/2000/svg}"
    for box in tree.iter(f"{svg}rect"):
        x, y, wide, high = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    for line in tree.iter(f"{svg}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_the_guide_shows_every_picture_once():
    text = GUIDE.read_text(encoding="utf-8")
    assert {name: text.count(f"modelling/{name}.svg") for name in PICTURES} == dict.fromkeys(PICTURES, 1)
    assert sorted(file.stem for file in FOLDER.glob("*.svg")) == sorted(PICTURES)


# --- the guide to signals --------------------------------------------------------------------------------------------

SIGNALS = GUIDE.parent / "signals.md"
SVG = "{http://www.w3.org/2000/svg}"


def test_pictures_of_signals_are_what_runs_give(request):
    """All in one test, since they share runs."""
    renew = request.config.getoption("--renew-golden")
    if renew:
        signal_pictures.FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in signal_pictures.PICTURES.items():
        file = signal_pictures.FOLDER / f"{name}.svg"
        drawn = line_charts.draw(make())
        if renew:
            file.write_text(drawn, encoding="utf-8", newline="\n")
        if file.read_text(encoding="utf-8") != drawn:
            stale.append(name)
    assert stale == []


@pytest.mark.parametrize("name", signal_pictures.PICTURES)
def test_a_picture_of_signals_has_something_inside_its_frames(name):
    tree = ET.fromstring((signal_pictures.FOLDER / f"{name}.svg").read_text(encoding="utf-8"))  # noqa: S314 - ours
    _, _, width, _ = map(float, tree.attrib["viewBox"].split())
    paths = [path.attrib["d"] for path in tree.iter(f"{SVG}path") if path.attrib["class"] in {"line", "second"}]
    curves = [path for path in paths if "h" not in path]  # what has one is a swatch of the legend
    assert any(len(curve) > 300 for curve in curves) or len(list(tree.iter(f"{SVG}circle"))) > 50
    frames = [float(rect.attrib["y"]) for rect in tree.iter(f"{SVG}rect") if rect.attrib.get("class") == "frame"]
    for curve in curves:
        numbers = [float(number) for number in re.findall(r"[\d.]+", curve)]
        assert all(line_charts.LEFT <= x <= width - line_charts.RIGHT + 0.1 for x in numbers[::2])
        assert min(frames) <= min(numbers[1::2])
        assert max(numbers[1::2]) <= max(frames) + line_charts.PANEL + 0.1


def test_the_guide_to_signals_shows_every_picture_once():
    text = SIGNALS.read_text(encoding="utf-8")
    names = dict.fromkeys(signal_pictures.PICTURES, 1)
    assert {name: text.count(f"signals/{name}.svg") for name in names} == names
    assert sorted(file.stem for file in signal_pictures.FOLDER.glob("*.svg")) == sorted(names)
