"""The tables of the shared language: states, units, machine types, addresses, and what the package exports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plant
from plant.catalogue import CATALOGUE
from plant.paths import NAME, Node, parse_node
from plant.states import STATES, State, legal
from plant.units import UNITS, from_mtconnect, symbol, to_mtconnect

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


UNIT_IDS = {
    "Cel": 4408652, "%": 20529, "/min": 5394509, "N.m": 20053, "kN": 4338743, "kW": 4937556, "kW.h": 4937544,
    "A": 4279632, "V": 5655636, "Hz": 4740186, "bar": 4342098, "mbar": 5063250, "Pa": 5259596, "mm": 5066068,
    "um": 13384, "mm/s": 4403510, "m/s2": 5067595, "mm/min": 4732977, "m/min": 12888, "m/s": 5067859, "L/min": 19506,
    "mL/min": 13361, "m3/h": 5067080, "m3/min": 4666675, "s": 5457219, "min": 5065038, "h": 4740434, "deg": 17476,
    "g/L": 18252, "uS/cm": 4666418, "V.A": 4469814, "kV.A": 4937281, "m": 5067858, "mg": 5064525, "dB[SPL]": 12878,
    "[pH]": 5321520, "1": 4404786,
}  # fmt: skip
"""Numbers as the OPC Foundation's list has them."""


def test_units_have_the_numbers_that_opc_ua_knows_them_by():
    assert {unit: UNITS[unit].unit_id for unit in UNIT_IDS} == UNIT_IDS
    assert {unit: row.unit_id for unit, row in UNITS.items() if not row.cefact} == dict.fromkeys(
        ["kJ/mm", "N.m/deg", "HRC", "kW/(m3/min)"], -1
    )


def test_units_have_codes_of_their_own():
    codes = [unit.cefact for unit in UNITS.values() if unit.cefact]
    assert len(set(codes)) == len(codes)
    assert all(code.isalnum() and code == code.upper() and len(code) in {2, 3} for code in codes)
    assert symbol("kW.h") == "kWh"
    assert symbol("furlong") == "furlong"


def test_a_unit_is_read_back_from_what_each_wire_calls_it():
    by_number = {row.unit_id: unit for unit, row in UNITS.items() if row.cefact}
    for number, unit in by_number.items():
        assert number.to_bytes(3, "big").lstrip(b"\0").decode() == UNITS[unit].cefact
    by_name = {(row.mtconnect, row.factor): unit for unit, row in UNITS.items() if row.mtconnect}
    assert len(by_name) == sum(bool(row.mtconnect) for row in UNITS.values()), "a name and a factor are one unit"


@given(st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_values_are_read_back_from_mtconnect(unit, value):
    assert from_mtconnect(to_mtconnect(value, unit), unit) == pytest.approx(value, rel=1e-12)


def test_values_of_mtconnect_are_in_its_units():
    assert to_mtconnect(2.0, "bar") == 200_000
    assert to_mtconnect(36.0, "m3/h") == pytest.approx(to_mtconnect(0.6, "m3/min")) == pytest.approx(10)
    assert to_mtconnect(1.0, "kW.h") == 3.6e6


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
