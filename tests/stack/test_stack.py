"""A stack that runs: Grafana and InfluxDB themselves, which CI has not. Skipped unless their addresses are given.

    docker compose --profile demo up --build --wait
    set -a; . ./.env; set +a
    SHOPFLOOR_TEST_GRAFANA=http://127.0.0.1:$GRAFANA_PORT SHOPFLOOR_TEST_INFLUXDB=http://127.0.0.1:$INFLUXDB_PORT \\
        uv run pytest -n 0 tests/stack

For InfluxDB 3 Core: SHOPFLOOR_TEST_INFLUXDB3=http://127.0.0.1:8181, with INFLUXDB3_TOKEN if it asks for one.
"""

import json
import os
import re
import time
import uuid
from pathlib import Path

import pytest

from shopfloor.asking import ask
from shopfloor.server_checks import SOURCES, Database, Grafana, database_findings, grafana_findings

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
BOARDS = sorted((ROOT / "dashboards" / "grafana" / "boards").glob("*.json"))
MACROS = {"$__interval_ms": "60000", "$__interval": "1m", "$__rate_interval": "1m", "$__range_s": "28800"}
WINDOW = 8 * 3600 * 1000  # milliseconds
EMPTY = re.compile("experiment|alert|correction", re.IGNORECASE)  # panels that a fresh demo may leave empty


def address(name: str) -> str:
    if url := os.environ.get(name):
        return url.rstrip("/")
    pytest.skip(f"{name} is not set")


@pytest.fixture(scope="module")
def grafana() -> Grafana:
    url = address("SHOPFLOOR_TEST_GRAFANA")
    return Grafana(
        url=url, token=os.environ.get("GRAFANA_TOKEN", ""), password=os.environ.get("GRAFANA_PASSWORD", "admin")
    )


def panels() -> list:
    """Each panel of each board that asks something, rows opened."""
    found = []
    for file in BOARDS:
        waiting = list(json.loads(file.read_text(encoding="utf-8"))["panels"])
        while waiting:
            panel = waiting.pop(0)
            waiting += panel.get("panels", [])
            if panel.get("targets"):
                found.append(pytest.param(file, panel, id=f"{file.stem}: {panel.get('title', panel['id'])}"))
    return found


def filled(query: str, board: dict) -> str:
    """A query with its macros and variables filled in as for `All`."""
    names = {variable["name"] for variable in board.get("templating", {}).get("list", [])}
    query = query.replace("$timeFilter", f"time >= {now() - WINDOW}ms and time <= {now()}ms")
    for macro, value in MACROS.items():
        query = query.replace(macro, value)
    for name in sorted(names, key=len, reverse=True):
        query = re.sub(rf"\$\{{{name}(:\w+)?\}}|\${name}\b", ".*", query)
    return query


def now() -> int:
    return time.time_ns() // 1_000_000


def test_grafana_has_our_data_sources_and_boards(grafana):
    wrong = [finding for finding in grafana_findings(grafana) if finding.outcome != "ok"]
    assert not wrong


def test_every_board_is_there_under_its_uid(grafana):
    answer = ask(f"{grafana.url}/api/search", {"type": "dash-db"}, headers=grafana.headers)
    assert BOARDS, "shopfloor dashboards build"
    uids = {json.loads(file.read_text(encoding="utf-8"))["uid"] for file in BOARDS}
    assert uids <= {board["uid"] for board in answer.json()}


@pytest.mark.parametrize(("file", "panel"), panels())
def test_every_query_of_a_panel_runs(grafana, file, panel):
    board = json.loads(file.read_text(encoding="utf-8"))
    queries = [
        {**target, "query": filled(target["query"], board), "intervalMs": 60_000, "maxDataPoints": 500}
        for target in panel["targets"]
        if (target.get("datasource") or panel.get("datasource") or {}).get("uid") in SOURCES
    ]
    if not queries:
        pytest.skip("asks none of our data sources")
    told = {"from": str(now() - WINDOW), "to": str(now()), "queries": queries}
    answer = ask(f"{grafana.url}/api/ds/query", headers=grafana.headers, told=told, patience=30)
    assert answer.status == 200, answer.trouble
    results = answer.json()["results"].values()
    assert not [result["error"] for result in results if result.get("error")]
    frames = [frame for result in results for frame in result["frames"]]
    if not EMPTY.search(f"{file.stem} {panel.get('title', '')}"):
        assert any(column for frame in frames for column in frame["data"]["values"])


def test_influxdb_2_takes_points_and_gives_them_back():
    at = Database(
        url=address("SHOPFLOOR_TEST_INFLUXDB"),
        token=os.environ.get("INFLUXDB_TOKEN", ""),
        org=os.environ.get("INFLUXDB_ORG", "shopfloor"),
        bucket=os.environ.get("INFLUXDB_BUCKET", "shopfloor"),
    )
    assert {finding.outcome for finding in database_findings(at)} == {"ok"}


def test_influxdb_3_core_takes_points_and_gives_them_back():
    at = Database(
        url=address("SHOPFLOOR_TEST_INFLUXDB3"),
        token=os.environ.get("INFLUXDB3_TOKEN", ""),
        bucket=f"shopfloor_test_{uuid.uuid4().hex[:8]}",
    )
    assert {finding.outcome for finding in database_findings(at)} == {"ok"}
