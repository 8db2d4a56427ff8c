"""Plants that contradict themselves are refused: a line per contradiction, at the decisive key, all at once."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plant.contradictions import contradictions
from plant.description import Plant
from plant.errors import PlantError
from plant.flow import circles, unreachable
from plant.loader import load_plant
from plant.ways import OUT

GOOD = """\
plant: works
shifts:
  - {name: early, start: "06:00", end: "14:00", days: mon-fri}
  - {name: late, start: "14:00", end: "22:00", days: mon-fri}
  - {name: night, start: "22:00", end: "06:00", days: daily}
operators:
  - {pool: setters, count: {early: 2, night: 1}, skills: [setup, repair]}
  - {pool: loaders, count: 3, shifts: [late]}
fleets:
  - fleet: agv
    speed: 1 m/s
    distance: 20 m
    distances:
      - {from: DRILL, to: WASH, distance: 10 m}
      - {from: WASH, to: DRILL, distance: 12 m}
products:
  - name: gear
    share: 60 %
    cycle_times: {MILL: 80 s}
    ideal_cycles: {DRILL: 70 s}
  - name: shaft
    share: 40 %
  - name: flange
    route: [SAW, LATHE, SAW]
  - name: bush
    route: [SAW, TEST]
orders:
  - {order: first, product: flange, quantity: 10, line: shop}
  - {order: more, every: 2 h, quantity: 5, product: bush, line: shop}
  - {order: spare, product: gear, quantity: 5, line: cell}
lines:
  - name: main
    products: [gear, shaft]
    sequence: [gear, {product: shaft, quantity: 2}]
    stations:
      - name: DRILL
        cycle_time: 60 s
        minimum_cycle: 50 s
        failures: [{mode: spindle, time_to_failure: 40 h, time_to_repair: 1 h}]
        maintenance: [{every: 100 h, time: 1 h, renews: [spindle]}]
        setup: {matrix: {gear: {shaft: 10 min}}, time: 8 min}
        power: {by_product: {shaft: 9 kW}}
        operators: [{pool: setters, for: [setup, repair]}]
        shifts: [early, late]
        next: [{to: WASH, share: 30 %}]
      - name: MILL
        cycle_time: 90 s
        quality: {rework: {share: 10 %, to: DRILL}}
        batch: {size: 4}
      - name: WASH
        cycle_time: 40 s
        transport: {fleet: agv}
        inspection: {detects: 90 %, to: DRILL}
      - name: BASE
        cycle_time: 30 s
        supply: {quantity: 50, lead_time: 1 d, cards: 3}
      - name: ASSY
        joins: [WASH, {from: BASE, quantity: 2}]
        cycle_time: 30 s
        buffer: 2
      - name: STRIP
        cycle_time: 30 s
        disassembly: [{to: PACK}, {to: CRATE, product: gear}]
      - name: PACK
        cycle_time: 10 s
        next: [{to: out}]
      - name: CRATE
        cycle_time: 10 s
  - name: shop
    arrivals: orders
    products: [flange, bush]
    stations:
      - {name: SAW, cycle_time: 20 s}
      - {name: LATHE, cycle_time: 20 s}
      - {name: TEST, cycle_time: 20 s}
  - name: ring
    pallets: {count: 4, until: UNLOAD}
    products: [shaft, gear]
    stations:
      - name: LOAD
        cycle_time: 5 s
        next: {policy: round-robin, to: [A, B]}
      - name: A
        cycle_time: 20 s
        next: [{to: UNLOAD}]
      - name: B
        cycle_time: 20 s
      - name: UNLOAD
        cycle_time: 5 s
        next: [{to: B, share: 5 %}, {to: out, product: gear}]
  - name: cell
    arrivals: orders
    blocking: before-service
    products: [gear]
    stations:
      - name: X
        cycle_time: 5 s
"""

MAIN, SHOP, RING, CELL = ("lines.main.", "lines.shop.", "lines.ring.", "lines.cell.")
DRILL, MILL, WASH, BASE, ASSY, STRIP = (
    f"{MAIN}stations.{name}." for name in ("DRILL", "MILL", "WASH", "BASE", "ASSY", "STRIP")
)
LOAD, UNLOAD = (f"{RING}stations.{name}." for name in ("LOAD", "UNLOAD"))
X = CELL + "stations.X."
STATION_OF_MAIN = "DRILL, MILL, WASH, BASE, ASSY, STRIP, PACK, CRATE"

# What GOOD says, what stands there instead, and what is told: path, and words of found, allowed and hint.
MISTAKES = [
    # names that nothing has
    (
        "next: [{to: WASH, share: 30 %}]",
        "next: [{to: WAHS, share: 30 %}]",
        DRILL + "next.#1.to",
        "no station 'WAHS' in the line",
        STATION_OF_MAIN,
        "did you mean WASH?",
    ),
    ("to: [A, B]}", "to: [A, C]}", LOAD + "next.to.#2", "no station 'C'", "LOAD, A, B, UNLOAD", ""),
    ("to: [A, B]}", "to: [A, B, out]}", LOAD + "next.to.#3", "no station 'out'", "LOAD, A, B, UNLOAD", ""),
    (
        "rework: {share: 10 %, to: DRILL}",
        "rework: {share: 10 %, to: DRIL}",
        MILL + "quality.rework.to",
        "no station 'DRIL'",
        "DRILL",
        "did you mean DRILL?",
    ),
    (
        "detects: 90 %, to: DRILL}",
        "detects: 90 %, to: DRILLS}",
        WASH + "inspection.to",
        "no station 'DRILLS'",
        "DRILL",
        "did you mean DRILL?",
    ),
    (
        "{to: CRATE, product: gear}",
        "{to: CRATES, product: gear}",
        STRIP + "disassembly.#2.to",
        "no station 'CRATES'",
        "CRATE, out",
        "did you mean CRATE?",
    ),
    (
        "{from: BASE, quantity: 2}",
        "{from: BASIS, quantity: 2}",
        ASSY + "joins.#2.from",
        "no station 'BASIS'",
        "BASE",
        "did you mean BASE?",
    ),
    ("joins: [WASH,", "joins: [WASCH,", ASSY + "joins.#1", "no station 'WASCH'", "WASH", "did you mean WASH?"),
    (
        "until: UNLOAD}",
        "until: UNLAOD}",
        RING + "pallets.until",
        "no station 'UNLAOD'",
        "UNLOAD",
        "did you mean UNLOAD?",
    ),
    (
        "cycle_times: {MILL: 80 s}",
        "cycle_times: {MIL: 80 s}",
        "products.gear.cycle_times.MIL",
        "no station 'MIL' that makes gear",
        "MILL",
        "did you mean MILL?",
    ),
    (
        "ideal_cycles: {DRILL: 70 s}",
        "ideal_cycles: {SAW: 70 s}",
        "products.gear.ideal_cycles.SAW",
        "no station 'SAW'",
        "DRILL",
        "",
    ),
    (
        "route: [SAW, TEST]",
        "route: [SAW, TESD]",
        "products.bush.route.#2",
        "no station 'TESD'",
        "SAW, LATHE, TEST",
        "did you mean TEST?",
    ),
    ("sequence: [gear,", "sequence: [bush,", MAIN + "sequence.#1", "no product 'bush' in the line", "gear, shaft", ""),
    (
        "{product: shaft, quantity: 2}",
        "{product: shaf, quantity: 2}",
        MAIN + "sequence.#2.product",
        "no product 'shaf'",
        "gear, shaft",
        "did you mean shaft?",
    ),
    (
        "products: [flange, bush]",
        "products: [flange, bush, nut]",
        SHOP + "products.#3",
        "no product 'nut'",
        "gear, shaft, flange, bush",
        "",
    ),
    (
        "{to: out, product: gear}",
        "{to: out, product: gera}",
        UNLOAD + "next.#2.product",
        "no product 'gera'",
        "gear",
        "did you mean gear?",
    ),
    (
        "{to: CRATE, product: gear}",
        "{to: CRATE, product: bush}",
        STRIP + "disassembly.#2.product",
        "no product 'bush' in the line",
        "gear, shaft",
        "",
    ),
    (
        "matrix: {gear: {shaft: 10 min}}",
        "matrix: {gaer: {shaft: 10 min}}",
        DRILL + "setup.matrix.gaer",
        "no product 'gaer'",
        "gear",
        "did you mean gear?",
    ),
    (
        "matrix: {gear: {shaft: 10 min}}",
        "matrix: {gear: {shafts: 10 min}}",
        DRILL + "setup.matrix.gear.shafts",
        "no product 'shafts'",
        "shaft",
        "did you mean shaft?",
    ),
    (
        "by_product: {shaft: 9 kW}",
        "by_product: {shift: 9 kW}",
        DRILL + "power.by_product.shift",
        "no product 'shift'",
        "shaft",
        "did you mean shaft?",
    ),
    (
        "order: first, product: flange",
        "order: first, product: flansh",
        "orders.first.product",
        "no product 'flansh'",
        "flange, bush",
        "did you mean flange?",
    ),
    (
        "product: bush, line: shop",
        "product: gear, line: shop",
        "orders.more.product",
        "no product 'gear' in line shop",
        "flange, bush",
        "",
    ),
    (
        "quantity: 10, line: shop",
        "quantity: 10, line: shoe",
        "orders.first.line",
        "no line 'shoe'",
        "main, shop, ring, cell",
        "did you mean shop?",
    ),
    (
        "{pool: setters, for: [setup, repair]}",
        "{pool: setter, for: [setup, repair]}",
        DRILL + "operators.setter.pool",
        "no pool 'setter'",
        "setters, loaders",
        "did you mean setters?",
    ),
    ("transport: {fleet: agv}", "transport: {fleet: crane}", WASH + "transport.fleet", "no fleet 'crane'", "agv", ""),
    (
        "shifts: [early, late]",
        "shifts: [early, lat]",
        DRILL + "shifts.#2",
        "no shift 'lat'",
        "early, late, night",
        "did you mean late?",
    ),
    (
        "count: 3, shifts: [late]",
        "count: 3, shifts: [noon]",
        "operators.loaders.shifts.#1",
        "no shift 'noon'",
        "early, late, night",
        "",
    ),
    (
        "count: {early: 2, night: 1}",
        "count: {early: 2, nigth: 1}",
        "operators.setters.count.nigth",
        "no shift 'nigth'",
        "night",
        "did you mean night?",
    ),
    (
        "{from: DRILL, to: WASH, distance: 10 m}",
        "{from: DRIL, to: WASH, distance: 10 m}",
        "fleets.agv.distances.#1.from",
        "no station 'DRIL'",
        "DRILL",
        "did you mean DRILL?",
    ),
    (
        "{from: DRILL, to: WASH, distance: 10 m}",
        "{from: DRILL, to: WASCH, distance: 10 m}",
        "fleets.agv.distances.#1.to",
        "no station 'WASCH'",
        "WASH",
        "did you mean WASH?",
    ),
    (
        "renews: [spindle]",
        "renews: [spindel]",
        DRILL + "maintenance.#1.renews.#1",
        "no mode 'spindel'",
        "spindle",
        "did you mean spindle?",
    ),
    # ways
    (
        "next: [{to: WASH, share: 30 %}]",
        "next: [{to: WASH, share: 70 %}, {to: MILL, share: 50 %}]",
        DRILL + "next",
        "add up to 120 %",
        "at most 100 %",
        "",
    ),
    (
        "next: [{to: WASH, share: 30 %}]",
        "next: [{to: DRILL, share: 30 %}]",
        DRILL + "next.#1.to",
        "leads back to DRILL itself",
        "quality.rework",
        "",
    ),
    ("to: [A, B]}", "to: [A, LOAD, B]}", LOAD + "next.to.#2", "leads back to LOAD itself", "another station", ""),
    (
        "next: [{to: WASH, share: 30 %}]",
        "next: [{to: WASH}, {to: MILL}]",
        DRILL + "next.#2",
        "two ways are for all the rest",
        "one way",
        "",
    ),
    (
        "{to: out, product: gear}",
        "{to: out, product: gear}, {to: B, product: gear}",
        UNLOAD + "next.#3",
        "two ways are for product gear",
        "one way",
        "",
    ),
    (
        "disassembly: [{to: PACK},",
        "next: [{to: PACK}]\n        disassembly: [{to: PACK},",
        STRIP + "next",
        "disassembly says where",
        "one of the two",
        "",
    ),
    (
        "disassembly: [{to: PACK},",
        "disassembly: [{to: PACK}, {to: STRIP},",
        STRIP + "disassembly.#2.to",
        "goes back to STRIP itself",
        "another station",
        "",
    ),
    ("name: X", "name: Out", CELL + "stations.Out.name", "the way out of the line", "another name", ""),
    # assemblies
    ("joins: [WASH,", "joins: [WASH, ASSY,", ASSY + "joins.#2", "ASSY joins itself", "other stations", ""),
    (
        "joins: [WASH, {from: BASE, quantity: 2}]",
        "joins: [WASH, BASE, BASE]",
        ASSY + "joins.#3",
        "BASE is joined twice",
        "quantity: 2",
        "",
    ),
    (
        "{from: BASE, quantity: 2}]",
        "BASE, PACK]",
        ASSY + "joins",
        "PACK sends no parts to ASSY",
        "among their ways",
        "",
    ),
    # people
    (
        "for: [setup, repair]",
        "for: [setup, tool]",
        DRILL + "operators.setters.for.#2",
        "the operators of setters cannot tool",
        "setup, repair",
        "",
    ),
    (
        "for: [setup, repair]",
        "for: [setup], count: 3",
        DRILL + "operators.setters.count",
        "3 operators at once are needed, and setters has 2",
        "at most 2",
        "",
    ),
    (
        "shifts: [early, late]",
        "shifts: [late]",
        DRILL + "operators.setters.pool",
        "setters is never there when DRILL works",
        "at the same time",
        "",
    ),
    ("shifts: [early, late]", "shifts: []", DRILL + "shifts", "nobody ever works", "one or more", ""),
    # a station in itself
    (
        "minimum_cycle: 50 s",
        "minimum_cycle: 70 s",
        DRILL + "minimum_cycle",
        "70 s is above the mean of cycle_time, 1 min",
        "at most 1 min",
        "",
    ),
    (
        "minimum_cycle: 50 s",
        "minimum_cycle: 50 s\n        ideal_cycle: 40 s",
        DRILL + "minimum_cycle",
        "50 s is above ideal_cycle 40 s",
        "at most 40 s",
        "",
    ),
    (
        "every: 100 h",
        "every: 10 ms",
        DRILL + "maintenance.#1.every",
        "leaves no time to work",
        "1 s or more",
        "",
    ),
    (
        "share: 10 %, to: DRILL}",
        "share: 100 %, to: DRILL}",
        MILL + "quality.rework.share",
        "for ever",
        "or a limit",
        "",
    ),
    (
        "detects: 90 %, to: DRILL}",
        "false_alarm: 100 %, to: DRILL}",
        WASH + "inspection.false_alarm",
        "for ever",
        "or a limit",
        "",
    ),
    (
        "        joins: [WASH,",
        "        batch: {size: 3}\n        joins: [WASH,",
        ASSY + "batch",
        "batch and joins",
        "one of the two",
        "",
    ),
    (
        "        disassembly: [{to: PACK},",
        "        batch: {size: 3}\n        disassembly: [{to: PACK},",
        STRIP + "batch",
        "batch and disassembly",
        "one of the two",
        "",
    ),
    (
        "        cycle_time: 5 s\n",
        "        cycle_time: 5 s\n        transport: {fleet: agv}\n",
        X + "transport",
        "what a fleet means with blocking before service",
        "after-service",
        "",
    ),
    (
        "        cycle_time: 5 s\n",
        "        cycle_time: 5 s\n        batch: {size: 2}\n",
        X + "batch",
        "what batch means",
        "after-service",
        "",
    ),
    (
        "        cycle_time: 5 s\n",
        "        cycle_time: 5 s\n        disassembly: [{to: out}]\n",
        X + "disassembly",
        "what disassembly means",
        "after-service",
        "",
    ),
    (
        "- {from: WASH, to: DRILL, distance: 12 m}",
        "- {from: DRILL, to: WASH, distance: 12 m}",
        "fleets.agv.distances.#2",
        "is there already",
        "each way once",
        "",
    ),
    # orders and products
    (
        "quantity: 10, line: shop",
        "quantity: 10, line: main",
        "orders.first.line",
        "the arrivals of main are not orders",
        "shop, cell",
        "",
    ),
    (
        "quantity: 10, line: shop",
        "quantity: 10",
        "orders.first",
        "nothing says which of them makes first",
        "line: shop",
        "",
    ),
    (
        "order: first, product: flange, quantity",
        "order: first, quantity",
        "orders.first",
        "nothing says which of them first wants",
        "flange, bush",
        "",
    ),
    ("order: first,", "order: more-7,", "orders.more-7.order", "the orders of more come to have", "another name", ""),
    (
        "spare, product: gear, quantity: 5, line: cell",
        "spare, product: bush, quantity: 5, line: shop",
        CELL + "arrivals",
        "there is no order for it",
        "or other arrivals",
        "",
    ),
    (
        "share: 60 %",
        "share: 70 %",
        "products.shaft.share",
        "products of line main add up to 110 %",
        "at most 100 %",
        "",
    ),
    (
        "share: 60 %",
        "share: 50 %",
        "products.shaft.share",
        "all products of line ring add up to 90 %",
        "without share",
        "",
    ),
    (
        "  - name: flange",
        "  - name: nut\n  - name: flange",
        "products.nut",
        "no line makes nut",
        "among the products",
        "",
    ),
    ("products: [gear]", "products: []", CELL + "products", "the line makes nothing", "one product", ""),
]
LAST = {"        cycle_time: 5 s\n", "products: [gear]"}
"""What stands in GOOD more than once: the last one is meant."""


def write(folder: Path, text: str) -> Path:
    file = folder / "plant.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def told(folder: Path, text: str) -> list[tuple[int, str, str, str, str]]:
    with pytest.raises(PlantError) as caught:
        load_plant(write(folder, text))
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)
    return [(one.line, one.path, one.found, one.allowed, one.hint) for one in caught.value.problems]


def test_the_good_plant_is_good(tmp_path):
    assert contradictions(load_plant(write(tmp_path, GOOD))) == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{mistake[2]}: {mistake[3]}"[-90:] for mistake in MISTAKES])
def test_a_contradiction_is_told_once_at_its_key(tmp_path, mistake):
    _, _, path, *words = mistake
    text = spoiled([mistake])
    ((line, told_path, *said),) = told(tmp_path, text)
    assert told_path == path
    for expected, sentence in zip(words, said, strict=True):
        assert expected in sentence
        assert bool(expected) == bool(sentence)
    assert text.splitlines()[line - 1]


# Lines in short, and what is told of them: path, and words of found and allowed. Each line stands on line 3.
FLOWS = [
    # unreachable
    (
        "stations: [{name: A, next: [{to: out}]}, {name: B, next: [{to: C}]}, {name: C, next: [{to: B}]}]",
        "stations.B",
        "no part ever comes to B, C",
        "begins at A",
    ),
    (
        "products: [p], stations: [{name: A}, {name: B}, {name: C}]",
        "stations.C",
        "no part ever comes to C",
        "begins at A",
    ),
    # no way out
    (
        "stations: [{name: A}, {name: B, next: [{to: A}]}]",
        "stations.B.next",
        "A → B → A is a circle without a way out",
        "out",
    ),
    ("stations: [{name: A}, {name: B}, {name: C, next: [{to: B}]}]", "stations.C.next", "B → C → B is a circle", "out"),
    (
        "stations: [{name: A}, {name: B}, {name: C, next: {policy: round-robin, to: [A, B]}}]",
        "stations.C.next",
        "A → B → C → A is a circle",
        "out",
    ),
    # assemblies
    (
        "stations: [{name: A, joins: [B, C], next: [{to: out}]}, {name: B}, {name: C}]",
        "stations.A",
        "the first station, where parts come from outside",
        "before it",
    ),
    (
        "stations: [{name: A}, {name: B}, {name: C, buffer: 1, joins: [{from: A, quantity: 2}]}]",
        "stations.B",
        "parts go on to C, an assembly that does not join B",
        "another next",
    ),
    (
        "stations: [{name: A}, {name: B}, {name: C, joins: [A, B]}, {name: D}, {name: E, joins: [A, D]}]",
        "stations.E.joins.#1",
        "A is joined by C already",
        "no other assembly",
    ),
    (
        "stations: [{name: A}, {name: B}, {name: C, buffer: 1, joins: [A, {from: B, quantity: 3}]}]",
        "stations.C.joins.#2",
        "a set takes 3 of B, and 1 can wait here and 1 on the machines of B",
        "a buffer of at least 2 for them",
    ),
    (
        "stations: [{name: A}, {name: B}, {name: C, transport: 5 s, buffer: 1, joins: [A, {from: B, buffer: 0}]}]",
        "stations.C.joins.#2",
        "a set takes 1 of B, and 0 can wait here",
        "a buffer of at least 1 for them",
    ),
    # limits
    (
        "wip_limit: 5, stations: [{name: A}, {name: B}, {name: C, joins: [A, B]}]",
        "wip_limit",
        "a line with one entry, and parts come in at A, B",
        "one entry",
    ),
    (
        "pallets: {count: 5}, stations: [{name: A, next: [{to: C}]}, {name: B}, {name: C}]",
        "pallets",
        "parts come in at A, B",
        "one entry",
    ),
    (
        "pallets: {count: 5}, wip_limit: 3, stations: [{name: A}]",
        "pallets",
        "both wip_limit and pallets",
        "one of the two",
    ),
    (
        "pallets: {count: 5}, products: [p, q], arrivals: 1 h, stations: [{name: A}, {name: B}]",
        "pallets",
        "parts come in at A, B",
        "one entry",
    ),
    # entries
    ("stations: [{name: A}, {name: B, arrivals: 1 h}]", "stations.B.arrivals", "B is no entry", "arrivals at A"),
    (
        "products: [r], stations: [{name: A}, {name: B, product: r}]",
        "stations.B.product",
        "B is no entry",
        "product at A",
    ),
    (
        "stations: [{name: A}, {name: B, supply: {quantity: 1, lead_time: 1 h, cards: 2}}]",
        "stations.B.supply",
        "B is no entry",
        "supply at A",
    ),
    (
        "products: [p, q], arrivals: saturated, stations: [{name: A}, {name: B}]",
        "arrivals",
        "the products begin at A, B; saturated",
        "a wip_limit",
    ),
    (
        "arrivals: orders, stations: [{name: A}]",
        "arrivals",
        "l works to orders, and there is no order for it",
        "other arrivals",
    ),
    ("stations: [{name: A, arrivals: orders}]", "stations.A.arrivals", "l works to orders", "other arrivals"),
]
PRODUCTS = {"p": ["A", "B"], "q": ["B", "A"], "r": []}


def flow_of(text: str) -> str:
    made = re.findall(r"\b[pqr]\b", re.match(r".*?products: \[(.*?)\]|", text)[1] or "")
    products = [{"name": name, **({"route": PRODUCTS[name]} if PRODUCTS[name] else {})} for name in made]
    text = re.sub(r"{name: (\w)", r"{name: \1, cycle_time: 1 s", text)
    return f"plant: works\nlines:\n  - {{name: l, {text}}}\nproducts: {json.dumps(products)}\n"


@pytest.mark.parametrize("mistake", FLOWS, ids=[f"{mistake[1]}: {mistake[2]}"[-90:] for mistake in FLOWS])
def test_parts_come_to_every_station_and_out_of_the_line(tmp_path, mistake):
    text, path, found, allowed = mistake
    ((line, told_path, told_found, told_allowed, _),) = told(tmp_path, flow_of(text))
    assert (line, told_path) == (3, f"lines.l.{path}")
    assert found in told_found
    assert allowed in told_allowed


def test_what_is_sound_is_taken(tmp_path):
    for text in (
        "stations: [{name: A}, {name: B, next: [{to: A, share: 5 %}]}]",  # back by a share, and on
        "stations: [{name: A, next: [{to: C}]}, {name: B}, {name: C}]",  # two entries that merge
        "stations: [{name: A}, {name: B}, {name: C, joins: [A, B]}, {name: D, quality: {rework: {share: 0.1, to: C}}}]",
        "stations: [{name: A}, {name: B, next: [{to: D}]}, {name: C, joins: [A, D], next: [{to: out}]}, {name: D}]",
        "products: [p, q], wip_limit: 4, stations: [{name: A}, {name: B}]",
        "products: [p, q], arrivals: every 5 s, stations: [{name: A}, {name: B}]",
        "wip_limit: 4, arrivals: every 5 s, stations: [{name: A}, {name: B, next: [{to: out}]}]",
        "stations: [{name: A}, {name: B, arrivals: 3 s}, {name: C, buffer: 2, joins: [A, {from: B, quantity: 2}]}]",
        "stations: [{name: A}, {name: B, machines: 2}, {name: C, joins: [A, {from: B, quantity: 2}]}]",
        "stations: [{name: A, quality: {rework: {share: 100 %, to: A, limit: 1}}}]",
        "stations: [{name: A, disassembly: [{to: B}, {to: C}]}, {name: B, next: [{to: out}]}, {name: C}]",
    ):
        assert load_plant(write(tmp_path, flow_of(text)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("stations: [{name: A}, {name: B, joins: [A, out]}]", ["out"]),
        ("stations: [{name: A}, {name: B, joins: [A, elsewhere]}]", ["elsewhere"]),
        ("stations: [{name: A, next: [{to: ouut}]}, {name: B}]", ["ouut"]),
        ("stations: [{name: A, next: [{to: elsewhere}]}, {name: B}]", ["elsewhere"]),
        ("stations: [{name: A, next: {policy: round-robin, to: [elsewhere, B]}}, {name: B}]", ["elsewhere"]),
        ("stations: [{name: A, next: {policy: round-robin, to: [x, y]}}, {name: B}]", ["x", "y"]),
        ("stations: [{name: A, disassembly: [{to: elsewhere}]}, {name: B}]", ["elsewhere"]),
        ("stations: [{name: A, quality: {rework: {share: 1 %, to: elsewhere}}}]", ["elsewhere"]),
        ("products: [p], stations: [{name: A}, {name: C}]", ["B"]),
    ],
)
def test_a_name_that_leads_nowhere_is_no_reason_for_more(tmp_path, text, names):
    said = [one for _, _, one, *_ in told(tmp_path, flow_of(text))]
    assert [one.removesuffix(" in the line") for one in said] == [f"there is no station {name!r}" for name in names]


# --- together ------------------------------------------------------------------------------------------------------


def spoiled(mistakes: list[tuple[str, ...]]) -> str:
    text = GOOD
    for was, instead, *_ in mistakes:
        at = text.rindex(was) if was in LAST else text.index(was)
        text = text[:at] + instead + text[at + len(was) :]
    return text


APART = [  # mistakes of which none changes what another one says
    mistake for mistake in MISTAKES
    if mistake[0] in {
        "to: [A, B]}", "until: UNLOAD}", "cycle_times: {MILL: 80 s}", "transport: {fleet: agv}", "renews: [spindle]",
        "matrix: {gear: {shaft: 10 min}}", "minimum_cycle: 50 s", "count: 3, shifts: [late]", "every: 100 h",
        "{from: DRILL, to: WASH, distance: 10 m}", "{product: shaft, quantity: 2}", "for: [setup, repair]",
        "share: 10 %, to: DRILL}", "name: X",
    }
]  # fmt: skip


@settings(max_examples=30, deadline=None, derandomize=True)
@given(chosen=st.lists(st.sampled_from(APART), min_size=2, unique_by=lambda mistake: mistake[0]))
def test_contradictions_are_told_all_at_once(tmp_path_factory, chosen):
    found = told(tmp_path_factory.mktemp("plant"), spoiled(chosen))
    assert sorted(path for _, path, *_ in found) == sorted(mistake[2] for mistake in chosen)
    assert [line for line, *_ in found] == sorted(line for line, *_ in found)


def test_the_contradictions_of_a_plant_are_told_with_its_other_mistakes(tmp_path):
    text = spoiled(
        [
            ("cycle_time: 60 s", "cycletime: 60 s"),
            ("next: [{to: WASH, share: 30 %}]", "next: [{to: WASH, share: 70 %}, {to: MILL, share: 50 %}]"),
            ("batch: {size: 4}", "batch: {size: 0}"),
            ("{pool: setters, for: [setup, repair]}", "{pool: setter, for: [setup, weld]}"),
            ("until: UNLOAD", "until: NOWHERE"),
            ("supply: {quantity: 50,", "buffer: -1\n        supply: {quantity: 50,"),
        ]
    )
    assert [path for _, path, *_ in told(tmp_path, text)] == [
        DRILL + "cycletime",
        DRILL + "operators.setter.for.#2",
        DRILL + "operators.setter.pool",
        DRILL + "next",
        MILL + "batch.size",
        BASE + "buffer",
        RING + "pallets.until",
    ]


@pytest.mark.parametrize(
    ("was", "instead", "paths"),
    [
        ("- name: WASH", "- name: W ASH", [MAIN + "stations.W ASH.name"]),  # names of stations are in doubt
        ("share: 40 %", "share: 400", ["products.shaft.share"]),
        ("- {pool: loaders,", "- {pool: 7,", ["operators.#2.pool"]),
        ("next: [{to: WASH, share: 30 %}]", "next: [{to: 5}]", [DRILL + "next.#1.to"]),
        ("  - name: gear", "  - nmae: gear", ["products.#1.nmae"]),
    ],
)
def test_what_follows_from_another_mistake_is_not_told(tmp_path, was, instead, paths):
    assert [path for _, path, *_ in told(tmp_path, spoiled([(was, instead)]))] == paths


def test_a_plant_that_is_not_of_a_file_is_refused_too():
    tree = yaml.safe_load(spoiled([("next: [{to: WASH, share: 30 %}]", "next: [{to: WAHS}]"), ("X", "Out")]))
    with pytest.raises(ValidationError) as caught:
        Plant.model_validate(tree)
    text = str(caught.value)
    assert "lines.main.stations.DRILL.next.#1.to: there is no station 'WAHS' in the line; allowed: DRILL" in text
    assert "(did you mean WASH?, and 1 more)" in text


# --- laws ----------------------------------------------------------------------------------------------------------

NAMES = [f"S{number}" for number in range(1, 9)]


@st.composite
def plants(draw) -> dict:
    """Plants that are right by construction: not all parts go back, assemblies join their branches."""
    names = NAMES[: draw(st.integers(2, 8))]
    stations = [{"name": name, "cycle_time": "10 s"} for name in names]
    for place, station in enumerate(stations[:-1]):
        others = [name for name in names if name != station["name"]]
        match draw(st.sampled_from(["on", "share", "choice", "rework", "inspection", "out"])):
            case "share":
                shares = draw(st.lists(st.integers(0, 30), min_size=1, max_size=3))
                station["next"] = [{"to": draw(st.sampled_from(others)), "share": f"{share} %"} for share in shares]
            case "choice" if place + 2 < len(names):
                station["next"] = {"policy": "least-loaded", "to": names[place + 1 : place + 3]}
            case "rework":
                share, to = draw(st.integers(0, 99)), draw(st.sampled_from(names))
                station["quality"] = {"rework": {"share": f"{share} %", "to": to}}
            case "inspection":
                station["inspection"] = {"detects": "90 %", "to": draw(st.sampled_from(names))}
            case "out":
                station["next"] = [{"to": "out", "share": "10 %"}]
    branches = [f"B{number}" for number in range(draw(st.integers(0, 3)))]
    if branches:
        stations += [{"name": name, "cycle_time": "5 s"} for name in branches]
        joins = [names[-1], *({"from": name, "quantity": draw(st.integers(1, 3))} for name in branches)]
        stations += [
            {"name": "ASSY", "cycle_time": "5 s", "buffer": 3, "joins": joins},
            {"name": "END", "cycle_time": "5 s"},
        ]
    line = {"name": "l", "stations": stations}
    tree = {"plant": "p", "lines": [line]}
    if draw(st.booleans()):
        tree["operators"] = [{"pool": "crew", "count": draw(st.integers(1, 3))}]
        stations[0]["operators"] = [{"pool": "crew", "for": ["repair", "setup"]}]
    if draw(st.booleans()):
        shares = draw(st.lists(st.integers(1, 100), min_size=1, max_size=4))
        total = sum(shares)
        tree["products"] = [{"name": f"P{k}", "share": share / total} for k, share in enumerate(shares)]
    return tree


@settings(max_examples=120, deadline=None, derandomize=True)
@given(plants())
def test_a_plant_that_is_right_has_no_contradictions(tree):
    assert contradictions(Plant.model_validate(tree)) == ()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, OUT]), min_size=1, max_size=3)))
def test_a_graph_is_told_by_its_paths(ways):
    """Whatever is not on a path from the beginning is unreachable; each circle is one, and closed."""
    graph = {name: tuple(to for to in ways.get(name, [OUT])) for name in NAMES}

    def follow(start: str) -> set[str]:
        seen, more = {start}, {start}
        while more := {to for name in more for to in graph.get(name, ())} - seen:
            seen |= more
        return seen

    missing = [name for group in unreachable(graph, ["S1"]) for name in group]
    assert sorted(missing) == sorted(set(NAMES) - follow("S1"))
    stuck = {name for name in follow("S1") - {OUT} if OUT not in follow(name)}
    rings = circles(graph, ["S1"])
    assert bool(rings) == bool(stuck)
    for ring in rings:
        assert ring[0] == ring[-1]
        assert all(to in graph[name] for name, to in pairwise(ring))
    assert all(any(ring[0] in follow(name) for ring in rings) for name in stuck)
