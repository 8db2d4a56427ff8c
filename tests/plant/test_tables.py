"""The tables of the shared language: states, units, machine types, addresses, and what the package exports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plant
from plant.catalogue import CATALOGUE
from plant.paths import NAME, Node, parse_node
from plant.states import STATES, State, legal
from plant.units import UNITS, symbol

TAGS = [(kind, tag, about) for kind, row in CATALOGUE.items() for tag, about in row.told_tags.items()]
NAMES = st.from_regex(NAME, fullmatch=True)


def test_the_package_exports_a_short_sorted_list():
    assert plant.__all__ == sorted(plant.__all__)
    assert [name for name in plant.__all__ if not hasattr(plant, name)] == []
    assert len(plant.__all__) < 20


@pytest.mark.parametrize(("kind", "tag", "about"), TAGS, ids=[f"{kind}.{tag}" for kind, tag, _ in TAGS])
def test_every_signal_has_a_unit_that_the_table_knows(kind, tag, about):
    assert about.unit in UNITS, f"{kind}.{tag} is in {about.unit!r}"
    assert about.min is None or about.max is None or about.min < about.max
    assert about.title


def test_units_have_codes_of_their_own():
    codes = [unit.cefact for unit in UNITS.values()]
    assert len(set(codes)) == len(codes)
    assert all(code.isalnum() and code.isupper() and len(code) in {2, 3} for code in codes)
    assert symbol("kW.h") == "kWh"
    assert symbol("furlong") == "furlong"


@pytest.mark.parametrize(("name", "row"), CATALOGUE.items(), ids=CATALOGUE)
def test_everything_in_a_type_fits_together(name, row):
    assert NAME.fullmatch(name)
    row.check()
    levels = [row.power.off, row.power.standby, row.power.ready]
    assert levels == sorted(set(levels)), "each energy state above the one before"
    assert row.drive is not None or row.power.processing > row.power.ready


def test_every_state_has_a_row_that_people_can_tell_from_the_others():
    assert set(STATES) == set(State)
    assert len({row.title for row in STATES.values()}) == len(STATES)
    assert len({row.symbol for row in STATES.values()}) == len(STATES)
    looks = [(row.colour, row.hatch) for row in STATES.values()]
    assert len(set(looks)) == len(looks)


def test_a_machine_does_not_change_into_what_it_is_and_starved_does_not_become_blocked():
    assert not any(legal(state, state) for state in State)
    assert not legal(State.STARVED, State.BLOCKED)
    assert legal(State.PROCESSING, State.BLOCKED)
    assert legal(State.BLOCKED, State.STARVED)


@given(NAMES, NAMES, st.none() | NAMES, st.integers(1, 1000))
def test_addresses_are_read_back(area, line, station, machine):
    node = Node(area, line, station, machine if station else None)
    assert parse_node(node.path) == node
    assert node.parent == Node(area, line)
    assert node.parent.parent == node.parent


@pytest.mark.parametrize("path", ["", "area", "a//b", "a/b/c/d", "a/b/c/1/2", "a b/c", "a/ü"])
def test_what_is_no_address_is_refused(path):
    with pytest.raises(ValueError, match="is not a path"):
        parse_node(path)
