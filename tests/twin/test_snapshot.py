"""A run out of its snapshots is the run that they were taken of, and goes on as if nothing had been."""

import ast
import random
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from generated import whole_plants
from hearing import SMALL, simulated, spoiled
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import decode
from plant.time import MINUTE, SECOND
from twin.accounts import StateAccount
from twin.chain import FAN, REACH, Link, Span, crowded, opened, sound
from twin.intake import Connection, Run
from twin.kept import walk
from twin.measurements import Measurements
from twin.mirror import LineMirror, Machine, Mirror, Place
from twin.plan import Plan
from twin.sequence import Tracker
from twin.settling import COUNTING
from twin.snapshot import FOLDING, Recorder, linked, merged, unfold, version

VERSION = "v"

NOT_KEPT = {
    Plan: {"_described", "_own"},
    StateAccount: {"booked", "_begins", "_known", "_sums", "_settled", "_failures", "_stops"},
    Connection: {"heard", "node", "skew"},
    Run: {"name", "sinks", "remembering", "prefix", "_facts"},
    Measurements: {"_sums"},
    Mirror: {"plant", "things"},
    Machine: {"node", "path", "station", "own", "kinds"},
    Place: {"node", "path", "station", "again", "entry", "routed"},
    LineMirror: {"node", "path", "line", "by_name", "bottleneck", "times", "takt", "kinds", "state_topics"},
}
"""Attributes that follow from others, from the plant, or from nothing that lasts; all others are in snapshots."""


def fold(run: Run, deliveries) -> None:
    """One by one, as they come."""
    for delivery in deliveries:
        address, message = decode(delivery.topic, delivery.payload)
        sink = run.sinks.get(delivery.topic) or run.sink(delivery.topic, address)
        run.begin(message.ts)
        run.apply(sink, [message])


def objects(run: Run):
    """All that snapshots are made from, by name."""
    yield from walk("", run)
    for topic, sink in run.sinks.items():
        for session, tracker in sink.topic.trackers.items():
            yield f"{topic} {session}", tracker


def inside(run: Run) -> dict:
    """All that is kept of a run."""
    found = {}
    for name, kept in objects(run):
        of = kept.table
        columns = [column for group in of.columns for column in group]
        attributes = (*of.values, *columns, *of.tables, *of.lists)
        found[name] = {attribute: getattr(kept, attribute) for attribute in attributes}
    return found


def thawed(run: Run, plant, links) -> Run:
    again = Run(run.name, plant)
    for link in sound(links, VERSION):
        unfold(again, opened(link))
    return again


def cut(run: Run, deliveries, dice: random.Random, pieces: int) -> list[Link]:
    """Fold deliveries, with snapshots between."""
    recorder, links, borders = Recorder(run), [], sorted(dice.randrange(len(deliveries)) for _ in range(pieces))
    for begin, end in pairwise([0, *borders]):
        fold(run, deliveries[begin:end])
        links.append(linked(Span(links[-1].span.position if links else 0, end), VERSION, recorder.changes()))
    return links


@given(whole_plants(loops=True), st.integers(0, 99), st.integers(0, 10**6), st.integers(1, 6))
@settings(max_examples=60)
def test_a_run_out_of_snapshots_is_that_run_and_goes_on_like_it(plant, seed, order, pieces) -> None:
    dice = random.Random(order)
    told = simulated(plant, seed=seed, until=2 * MINUTE, telemetry=dice.random() < 0.2)
    loss = dice.choice([0.0, 0.05])
    deliveries, _, _ = spoiled(told, order, loss=loss, twice=0.1, far=dice.choice([0, 9, len(told)]))
    run = Run("r", plant)
    links = cut(run, deliveries, dice, pieces)
    first = dice.randrange(len(links))
    last = dice.randrange(first, len(links))
    links[first : last + 1] = [merged(links[first : last + 1])]
    again = thawed(run, plant, links)
    assert inside(again) == inside(run)
    assert again.mirror.digest() == run.mirror.digest()
    assert Recorder(again).changes() == {}, "it is known that all of it is in a snapshot"

    rest = deliveries[links[-1].span.position :]
    recorder = Recorder(again)
    fold(run, rest)
    fold(again, rest)
    assert inside(again) == inside(run)
    assert again.mirror.digest() == run.mirror.digest()
    links.append(linked(Span(links[-1].span.position, len(deliveries) + 1), VERSION, recorder.changes()))
    assert inside(thawed(run, plant, links)) == inside(run), "a chain that somebody else began goes on"


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_how_neighbours_are_merged_does_not_matter(order) -> None:
    dice = random.Random(order)
    told, _, _ = spoiled(simulated(), order, loss=0.05, far=50)
    links = cut(Run("r", SMALL), told, dice, 5)
    whole = opened(merged(links))
    step = dice.randrange(1, 4)
    assert opened(merged([merged(links[:step]), merged(links[step:])])) == whole


def test_a_snapshot_has_only_what_came_since_the_last_one() -> None:
    run, recorder = Run("r", SMALL), None
    deliveries = simulated(until=60 * MINUTE)
    sizes = []
    recorder = Recorder(run)
    for begin in range(0, len(deliveries) - 500, 500):
        fold(run, deliveries[begin : begin + 500])
        sizes.append(len(linked(Span(begin, begin + 500), VERSION, recorder.changes()).state))
    assert len(sizes) >= 8
    assert max(sizes[1:]) < 1.5 * min(sizes[1:])
    fold(run, deliveries[-1:])
    assert len(linked(Span(0, 1), VERSION, recorder.changes()).state) < max(sizes)


@pytest.mark.parametrize("flip", range(0, 100, 7))
def test_a_link_with_a_flipped_byte_is_found_out(flip) -> None:
    run = Run("r", SMALL)
    (link,) = cut(run, simulated(), random.Random(1), 1)
    state = bytearray(link.state)
    state[len(state) * flip // 100] ^= 1 + flip
    with pytest.raises(ValueError, match="checksum"):
        opened(link._replace(state=bytes(state)))
    with pytest.raises(ValueError, match="checksum"):
        opened(link._replace(span=Span(link.span.after + flip + 1, link.span.position)))


def test_a_chain_ends_where_a_link_is_missing_or_of_another_version() -> None:
    links = [Link(Span(after, after + 10), VERSION, b"", b"") for after in range(0, 50, 10)]
    assert sound(links, VERSION) == links
    assert sound([*links[:2], *links[3:]], VERSION) == links[:2]
    assert sound([*links[:3], links[3]._replace(version="w"), links[4]], VERSION) == links[:3]
    assert sound(links, "w") == sound(links[1:], VERSION) == []


@pytest.mark.parametrize("size", [1, 100, REACH // 3])
def test_a_chain_stays_short_and_no_link_of_it_gets_long(size) -> None:
    spans: list[Span] = []
    for number in range(2_000):
        spans.append(Span(number * size, (number + 1) * size))
        while last := crowded(spans):
            spans[-len(last) :] = [Span(last[0].after, last[-1].position, sum(span.weight for span in last))]
        assert all(a.position == b.after for a, b in pairwise(spans))
        assert sum(span.weight for span in spans) == number + 1
    assert max(span.position - span.after for span in spans) <= REACH
    assert len(spans) <= (FAN - 1) * 4 + FAN * 2_000 * size // REACH


def test_all_that_an_object_knows_is_in_snapshots_or_known_not_to_be() -> None:
    run = Run("r", SMALL)
    fold(run, simulated(until=10 * SECOND))
    for _, kept in objects(run):
        kind = type(kept)
        slots = {slot for base in kind.__mro__ for slot in base.__dict__.get("__slots__", ())}
        of, base = kind.table, {"dirty", "grown", "noted", "sizes", "stable"}
        columns = {name for group in of.columns for name in group}
        said = {*of.values, *columns, *of.tables, *of.lists, *of.parts, *NOT_KEPT.get(kind, ())}
        assert (slots | set(getattr(kept, "__dict__", ()))) - base == said, kind
    assert Tracker in {type(kept) for _, kept in objects(run)}


def imported(name: str, seen: set[str]) -> set[str]:
    """Modules of the twin that one of them needs, and theirs."""
    seen.add(name)
    for node in ast.walk(ast.parse(Path(find_spec(name).origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "twin":
            modules = [f"twin.{one.name}" for one in node.names] if node.module == "twin" else [node.module]
            for module in set(modules) - seen:
                imported(module, seen)
    return seen


def test_a_version_is_that_of_all_modules_that_fold() -> None:
    answers = {"alarm_states", "capability", "finality", "journal", "partition", "skew", "stops", "values"}
    folding = {name for name in FOLDING if name.startswith("twin.")}
    assert imported("twin.snapshot", set()) - {f"twin.{name}" for name in answers} == folding


def test_another_plant_or_other_topics_are_another_version(tmp_path, monkeypatch) -> None:
    other = SMALL.model_copy(update={"plant": "other"})
    assert version(SMALL, "a/v1") == version(SMALL, "a/v1")
    assert len({version(SMALL, "a/v1"), version(SMALL, "b/v1"), version(other, "a/v1")}) == 3
    (tmp_path / "strange.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    known = version(SMALL, "a/v1")
    empty = version(SMALL, "a/v1", (*FOLDING, "strange"))
    (tmp_path / "strange.py").write_text("pass")
    assert len({known, empty, version(SMALL, "a/v1", (*FOLDING, "strange"))}) == 3


def test_what_counts_is_that_of_all_modules_that_count() -> None:
    others = {"alarm_states", "journal", "skew", "snapshot", "chain", "values"}
    counting = {name for name in COUNTING if name.startswith("twin.")} - {"twin.snapshot", "twin.chain"}
    assert imported("twin.settling", set()) - {f"twin.{name}" for name in others} == counting
