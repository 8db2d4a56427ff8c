"""Paths lead to what the file names, and set nothing that its schema forbids."""

import pytest
from experiment_files import LINE
from hypothesis import given
from hypothesis import strategies as st

from experiments.paths import Described
from plant.document import read_document
from plant.errors import EntryError, PlantError

OP20 = "lines.line.stations.OP20"


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    file = tmp_path_factory.mktemp("paths") / "line.yaml"
    file.write_text(LINE, encoding="utf-8")
    return Described(read_document(file))


def test_lists_go_by_the_names_of_their_items(described) -> None:
    station = described.plant.lines[0].stations[1]
    assert described.standing(f"{OP20}.buffer") == station.buffer
    assert described.standing(f"{OP20}.machines") == 1  # a default
    assert described.standing(f"{OP20}.failures.worn.availability") == "95 %"
    assert described.standing("operators.fitters.count") == 1
    assert described.standing("lines.line.stations.OP30.maintenance.maintenance.every") == "1 h"


def test_a_star_stands_for_all_that_there_are(described) -> None:
    every = [f"lines.line.stations.{name}.buffer" for name in ("OP10", "OP20", "OP30")]
    assert described.expand("lines.*.stations.*.buffer") == every
    assert described.expand("lines.line.stations.*.failures.*.time_to_repair") == [
        f"{OP20}.failures.jam.time_to_repair",
        f"{OP20}.failures.worn.time_to_repair",
    ]
    assert described.expand("lines.line.stations.*.tool.life") == []


@given(buffers=st.lists(st.integers(0, 50), min_size=3, max_size=3))
def test_what_is_set_is_there_and_the_file_is_as_it_was(described, buffers) -> None:
    before = described.plant.canonical()
    paths = described.expand("lines.line.stations.*.buffer")
    plant = described.set(dict(zip(paths, buffers, strict=True)))
    assert [station.buffer for station in plant.lines[0].stations] == buffers
    assert described.plant.canonical() == before == described.set({}).canonical()


def test_what_is_not_there_is_made(described) -> None:
    plant = described.set({"lines.line.wip_limit": 9, f"{OP20}.tool.life": "50 parts", f"{OP20}.tool.change": "30 s"})
    assert plant.lines[0].wip_limit == 9
    assert str(plant.lines[0].stations[1].tool.life) == "50 parts"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"{OP20}.bufer", "did you mean buffer"),
        ("lines.line.stations.OP21.buffer", "did you mean OP20"),
        (f"{OP20}.buffer.places", "nothing inside"),
        ("line.line", "did you mean lines"),
        ("lines.line.stations.*.tool.life", "no"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(described, path, words) -> None:
    with pytest.raises(EntryError, match=words):
        described.judge(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({f"{OP20}.buffer": -1}, "whole number from 0"),
        ({f"{OP20}.cycle_time": "fast"}, "a duration or a distribution"),
        ({f"{OP20}.tool.life": "5 parts"}, "change is missing"),
        ({f"{OP20}.operators.fitters.pool": "setters"}, "setters"),
    ],
)
def test_a_value_outside_the_schema_makes_no_plant(described, settings, words) -> None:
    with pytest.raises(PlantError, match=words):
        described.set(settings)
