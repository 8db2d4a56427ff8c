"""The pictures of the modelling guide are those that the script draws. Renew them with --renew-golden."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

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
