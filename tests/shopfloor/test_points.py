"""A live plant records its past and its present where its historian is a point store."""

import pytest
from memory_store import MemoryStore
from rich.console import Console

from plant.loader import load_plant
from plant.time import HOUR, MINUTE, SECOND, parse_instant
from shopfloor.live import run_live
from shopfloor.settings import LiveSettings
from twin import DuckDbHistorian

START = "2026-01-05T00:00:00Z"


@pytest.mark.timeout(120)
def test_a_live_plant_records_its_past_and_goes_on(small, monkeypatch) -> None:
    store = MemoryStore()
    for name in ("record", "query", "recorded"):
        monkeypatch.setattr(DuckDbHistorian, name, staticmethod(getattr(store, name)), raising=False)
    start = parse_instant(START)
    past, length = {"backfill": HOUR, "start": start}, 12 * SECOND
    settings = LiveSettings(plant=load_plant(small), seed=5, speed=60.0, port=0, duration=length, **past)
    run_live(settings, Console(quiet=True))
    cells = {at for _, at in store.table("line_account")}
    assert {start + n * 5 * MINUTE for n in range(12)} <= cells, "all of the past"
    assert max(cells) >= start + HOUR + 5 * MINUTE, "and what came then"
    assert max(at for _, at in store.table("status")) > start + HOUR + 5 * MINUTE
    silent = {at for (_, at), values in store.table("status").items() if values["silent"]}
    assert silent <= {max(at for _, at in store.table("status"))}, "the end, when its source has said goodbye"
    (labels,) = {labels for labels, _ in store.table("health")}
    assert labels[0] == "small"
    assert labels[2:] == ("machining", "cell")
