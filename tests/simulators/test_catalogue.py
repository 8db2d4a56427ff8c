"""The catalogue: every type that ships measures what its machine does, and its faults show where and as they should."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from plant.catalogue import CATALOGUE
from plant.draws import key
from plant.machine_types import LEVELS, MachineType
from plant.time import DEFAULT_START as START
from plant.time import HOUR, MINUTE, SECOND
from plant.units import UNITS
from plant.variables import TagRow
from simulators import Simulation
from simulators.doings import Doings, Operation, at_rest
from simulators.panel import Instrumented, Panel
from simulators.sampling import analog, digital
from simulators.stretches import Floats, Ints
from simulators.track import Track
from tests.simulators.building import make

S = SECOND
HALL = 21.0
KINDS = tuple(CATALOGUE)
FAULTS = [(kind, fault) for kind in KINDS for fault in CATALOGUE[kind].faults]
SHOWN = [(kind, fault, shown) for kind, fault in FAULTS for shown in CATALOGUE[kind].faults[fault].shows]
BEARINGS = [(kind, fault) for kind, fault in FAULTS if "bearing" in fault]

LOADS = frozenset(
    {
        "drive_load", "spindle_load", "spindle_torque", "grinding_power", "press_force", "hone_torque",
    }
)  # fmt: skip
"""Tags that only a part, or a spindle that turns for one, can raise."""

FAINT = frozenset(
    {
        # some 50 W of friction, where power differs by ten times as much from a fresh tool to a worn one
        ("machining-center", "spindle-bearing", "power +"),
        ("lathe", "spindle-bearing", "power +"),
    }
)
"""What shows in truth, but no detector finds that looks at one cycle and knows nothing of the tool."""


# --- what the machines did -------------------------------------------------------------------------------------------

LOADING, WORK, UNLOADING = 3 * S, 54 * S, 3 * S
CYCLE = LOADING + WORK + UNLOADING
TOOL = 20  # parts that a tool lasts


def works(of: Doings, begin: int, parts: int, first: int = 0) -> int:
    """So many cycles in a row; where they end."""
    for number in range(first, first + parts):
        of.change(begin, "processing", "load")
        of.work(begin + LOADING, Operation(number, WORK, used=number % TOOL / TOOL, tool=number // TOOL))
        of.change(begin + LOADING, "processing", "")
        of.change(begin + LOADING + WORK, "processing", "unload")
        begin += CYCLE
        of.finish(begin, "")
    return begin


def mixed_hour() -> Doings:
    """Work, and everything else that a machine does in a bad hour."""
    of = Doings(at_rest(0, "starved"))
    now = works(of, 4 * MINUTE, 6)
    for state, minutes in (("blocked", 20), ("failed", 4), ("setup", 3), ("off", 4), ("starved", 2)):
        of.change(now, state, "")
        now += minutes * MINUTE
    works(of, now, 13, first=6)
    return of


def panel(kind: MachineType, of: Doings, fault: str | None = None, severity: float = 1.0, begin: int = 0) -> Panel:
    def strength(times: Ints) -> Floats:
        return np.where(times >= begin, severity, 0.0)

    machine = Instrumented(
        kind=kind,
        power=None,
        key=lambda purpose: key(11, "l/A/1", purpose),
        faults={} if fault is None else {fault: strength},
        edges=lambda after, before: [begin] if after < begin < before else [],  # in all runs: pieces must agree
    )
    return Panel([machine], [of], lambda times: np.full(times.shape, HALL))


def track(of: Panel, to: int) -> Track:
    return Track(of, of.stretches(to))


def reading(of: Track, name: str, times: Ints, *, before: bool = False) -> tuple[Floats, NDArray[np.bool_] | None]:
    """What the sensor of the one machine shows, and where it is at the end of its range."""
    row = of.panel.kind.tags[name]
    keys = np.array([key(11, "l/A/1", f"noise.{name}")], dtype=np.uint64)
    values = of.of_machine(0, times, before=before)
    shown, beyond = digital(row, values.tag(name), analog(row, name, values, keys, times))
    return shown[0], None if beyond is None else beyond[0]


# --- types fit together ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_types_are_whole(name: str) -> None:
    kind = CATALOGUE[name]
    kind.check()
    assert kind.title
    assert {"power", "energy", "part_count", "cycle_time", "ambient_temp", "door"} <= kind.tags.keys()
    for tag, row in kind.tags.items():
        assert row.unit in UNITS, tag
        assert row.words or row.min is not None, tag
        assert row.unit == "1" or row.max is not None or tag in {"power", "energy", "cycle_time", "air_flow"}, tag
    for fault in kind.faults.values():
        assert fault.title
        assert fault.shows or fault.shift or fault.spread
        assert all(shown[-2:] in {" +", " -"} for shown in fault.shows)


@pytest.mark.parametrize("name", KINDS)
def test_tags_stay_inside_their_range_in_any_state(name: str) -> None:
    of = track(panel(CATALOGUE[name], mixed_hour()), HOUR)
    times = np.arange(0, HOUR, S)
    for tag in of.panel.kind.tags:
        shown, beyond = reading(of, tag, times)
        assert np.isfinite(shown).all(), tag
        assert beyond is None, f"{tag} reads {shown[beyond].min():g} to {shown[beyond].max():g}"


@pytest.mark.parametrize("name", KINDS)
def test_no_load_without_a_part(name: str) -> None:
    of = track(panel(CATALOGUE[name], mixed_hour()), HOUR)
    times = np.arange(0, HOUR, S)
    values = of.at(times)
    works, waits = values["working"][0] > 0, values["processing"][0] == 0
    assert (values["drive_kw"][0][waits] == 0).all()
    assert values["power_now"].min() >= 0
    levels = [getattr(CATALOGUE[name].power, level) for level in LEVELS[:3]]
    assert levels == sorted(levels)
    assert values["power_now"][0][works].mean() > values["power_now"][0][waits].max()
    for tag in LOADS & of.panel.kind.tags.keys():
        shown = reading(of, tag, times)[0]
        assert np.abs(shown[waits]).max() < 0.2 * shown[works].max(), tag


@pytest.mark.parametrize("name", KINDS)
def test_energy_is_the_integral_of_power(name: str) -> None:
    kind = CATALOGUE[name]
    level = kind.power
    assert level is not None
    flat = kind.model_copy(update={"power": level.model_copy(update={"ramp": 0})})  # so power stands in each stretch
    of = track(panel(flat, mixed_hour()), HOUR)
    spans = np.minimum(of.of.end, HOUR) - of.of.begin
    spent = float((of.power(of.of.begin)[0] * spans).sum()) / HOUR
    assert of.energy(np.array([HOUR])).sum() == pytest.approx(spent, rel=1e-9)


@pytest.mark.parametrize("name", KINDS)
def test_pieces_leave_no_trace(name: str) -> None:
    kind, whole = CATALOGUE[name], mixed_hour()
    # also where the fault begins (7 min), slow things are renewed (10 min), and an operation or a phase may begin
    cuts = [7, 4 * MINUTE + LOADING, 7 * MINUTE, 7 * MINUTE + 1, 10 * MINUTE, 26 * MINUTE, 40 * MINUTE, 55 * MINUTE]
    fault = next(iter(kind.faults), None)
    once = track(panel(kind, whole, fault, 0.8, 7 * MINUTE), HOUR)
    of = panel(kind, Doings(at_rest(0, "starved")), fault, 0.8, 7 * MINUTE)
    (doings,) = of.doings
    todo, finished = whole.spells[1:], list(whole.finished)
    for cut in cuts:
        while todo and todo[0].begin <= cut:
            doings.spells.append(todo.pop(0))
        while finished and finished[0] <= cut:
            doings.finish(finished.pop(0), "")
        part, now = track(of, cut), np.array([cut])
        for tag in kind.tags:
            assert reading(part, tag, now)[0] == reading(once, tag, now)[0], tag
        assert part.energy(now).tolist() == once.energy(now).tolist()
        part.forget(0, cut)


@pytest.mark.parametrize("name", KINDS)
def test_a_type_like_another_keeps_what_it_does_not_tell(name: str) -> None:
    kind = CATALOGUE[name]
    retitled = {"like": name, "tags": {tag: {"title": "Other"} for tag in kind.tags}, "without": list(kind.faults)}
    own = MachineType.model_validate(retitled).onto(kind)
    assert own.tags == {tag: row.model_copy(update={"title": "Other"}) for tag, row in kind.tags.items()}
    assert (own.power, own.drive, own.variables) == (kind.power, kind.drive, kind.variables)
    assert not own.faults


def test_a_drive_comes_in_place_of_the_mean_power_of_the_type_below() -> None:
    own = MachineType.model_validate({"like": "machine", "drive": 7, "power": {"ready": "2 kW"}})
    of = track(panel(own.onto(CATALOGUE["machine"]), mixed_hour()), HOUR)
    assert of.power(np.array([4 * MINUTE + LOADING]))[0, 0] == 9


def test_a_plant_of_all_types_says_the_same_at_any_pace() -> None:
    """Pieces end where slow things are renewed, and where phases of cycles of 30 s begin."""
    plant = make([{"cycle_time": 30, "type": name, "load": 2, "unload": 1} for name in KINDS])
    end, pace = START + 15 * MINUTE, 150 * S
    once = list(Simulation(plant).advance(end))
    slowly = Simulation(plant)
    assert [e for until in range(START + pace, end + 1, pace) for e in slowly.advance(until)] == once


# --- faults show -----------------------------------------------------------------------------------------------------

WARM, PARTS, PAUSE = 400, 100, 200  # cycles until all is warm, in each period, and between them: a fault settles
ONSET = (WARM + PARTS) * CYCLE
FIRST, SECOND_ = WARM * CYCLE, (WARM + PARTS + PAUSE) * CYCLE  # where the two periods begin
END = SECOND_ + PARTS * CYCLE


@cache
def shift_of(name: str, fault: str | None, severity: float) -> Track:
    """A long shift without a stop; the fault comes after the first period."""
    of = Doings(at_rest(0, "starved"))
    works(of, 0, END // CYCLE)
    return track(panel(CATALOGUE[name], of, fault, severity, ONSET), END)


def windows(of: Track, tag: str, begin: int) -> Iterator[Floats]:
    """Mean and spread in each cycle of a period; the value of each where there is one a cycle or fewer."""
    row = of.panel.kind.tags[tag]
    ends = begin + CYCLE * np.arange(1, PARTS + 1)
    every = row.every or S
    if row.when == "cycle" or every > CYCLE / 2:
        yield reading(of, tag, ends, before=True)[0]
        return
    times = (ends[:, np.newaxis] - np.arange(0, CYCLE, every)).ravel()
    shown = reading(of, tag, np.sort(times))[0].reshape(PARTS, -1)
    yield shown.mean(axis=1)
    yield shown.std(axis=1)


def larger(of: Floats, than: Floats) -> float:
    """How often one of these lies above one of those: the area under the curve of a detector."""
    return float((of[:, np.newaxis] > than).mean() + (of[:, np.newaxis] == than).mean() / 2)


def found(name: str, fault: str, severity: float, shown: str) -> float:
    """How well a simple detector tells windows with the fault from those without it, in the direction it is said to."""
    tag, sign = shown.split()
    healthy, ill = windows(shift_of(name, None, 0.0), tag, FIRST), windows(
        shift_of(name, fault, severity), tag, SECOND_
    )
    above = [larger(then, than) for then, than in zip(ill, healthy, strict=True)]
    return max(above) if sign == "+" else 1 - min(above)


@pytest.mark.parametrize(("name", "fault", "shown"), SHOWN)
def test_faults_show_where_they_are_said_to(name: str, fault: str, shown: str) -> None:
    if (name, fault, shown) not in FAINT:
        assert found(name, fault, 1.0, shown) >= 0.9
        return
    tag, sign = shown.split()
    times = np.arange(SECOND_, END, S)  # of the same parts with the same tools
    healthy, ill = (shift_of(name, *of).of_machine(0, times).tag(tag) for of in ((None, 0.0), (fault, 1.0)))
    assert (ill.mean() - healthy.mean()) * (1 if sign == "+" else -1) > 0


@pytest.mark.parametrize(("name", "tag"), sorted({(name, shown.split()[0]) for name, _, shown in SHOWN}))
def test_without_a_fault_nothing_is_found(name: str, tag: str) -> None:
    """Two periods of the same work: with 100 windows each, the standard error is 0.04."""
    healthy = shift_of(name, None, 0.0)
    for one, other in zip(windows(healthy, tag, FIRST), windows(healthy, tag, SECOND_), strict=True):
        assert 0.35 < larger(one, other) < 0.65


def made_of(kind: MachineType, name: str, seen: set[str]) -> set[str]:
    """All names that a quantity follows from, by any way."""
    if name in seen:
        return seen
    seen.add(name)
    row = kind.quantities.get(name)
    direct: tuple[str, ...] = {"drive_kw": () if kind.drive is None else kind.drive.names}.get(name, ())
    direct += {"power_kw": ("drive_kw",), "power_now": ("power_kw",), "energy_now": ("power_kw",)}.get(name, ())
    if row is not None:
        direct += tuple(other for _, expression in row.expressions() for other in expression.names)
    if isinstance(row, TagRow) and row.noise is not None:
        direct += row.noise.names
    for other in direct:
        made_of(kind, other, seen)
    return seen


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_what_a_fault_has_no_way_to_stays_the_same_to_the_last_bit(name: str, fault: str) -> None:
    kind, ident = CATALOGUE[name], fault.replace("-", "_")
    apart = [tag for tag in kind.tags if ident not in made_of(kind, tag, set())]
    assert {"ambient_temp", "part_count"} <= set(apart)
    assert len(apart) < len(kind.tags) or not kind.faults[fault].shows
    times = np.arange(ONSET - MINUTE, END, 17 * S)
    for tag in apart:
        healthy, ill = (reading(shift_of(name, *of), tag, times)[0] for of in ((None, 0.0), (fault, 1.0)))
        assert healthy.tobytes() == ill.tobytes(), tag


@pytest.mark.parametrize(("name", "fault"), BEARINGS)
def test_bearings_show_in_the_order_of_their_damage(name: str, fault: str) -> None:
    """Envelope first, then velocity, then heat; what follows never shows before what comes first."""
    shows = CATALOGUE[name].faults[fault].shows
    damage = np.arange(1, 11) / 10
    seen = np.array([[found(name, fault, float(d), shown) >= 0.9 for d in damage] for shown in shows])
    onset = np.where(seen.any(axis=1), damage[seen.argmax(axis=1)], np.inf)
    assert onset.tolist() == sorted(onset.tolist())
    assert onset[0] <= 0.4
    assert onset[0] < onset[1]
