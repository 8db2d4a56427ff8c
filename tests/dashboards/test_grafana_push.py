"""Pushing dashboards, against a small server that answers as Grafana's HTTP API is documented to.

It proves what is asked, in which order, and what becomes of answers. It does not prove that a Grafana takes the
dashboards, nor that its answers are as documented: no Grafana can be had here.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.grafana.provisioning import data_sources
from dashboards.grafana.push import GrafanaError, push
from plant.errors import InputError

TOKEN = "glsa_test"  # noqa: S105 of nobody
Json = dict[str, Any]
BOARDS: dict[str, Json] = {
    "shopfloor-a": {"uid": "shopfloor-a", "id": None, "title": "A", "tags": ["shopfloor"], "panels": []},
    "shopfloor-b": {"uid": "shopfloor-b", "id": None, "title": "B", "tags": ["shopfloor"], "panels": []},
}


class Grafana(ThreadingHTTPServer):
    """Folders, data sources and dashboards in memory."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.boards: dict[str, tuple[str, Json]] = {}
        self.refusing: int | None = None
        self.prefix = "/api/"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{self.prefix.removesuffix('/api/')}"


class Handler(BaseHTTPRequestHandler):
    server: Grafana

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        parts = urlsplit(self.path)
        status, answer = self._of(method, parts.path.removeprefix(self.server.prefix), parse_qs(parts.query), body)
        if not parts.path.startswith(self.server.prefix):
            status, answer = 404, {"message": "Not found"}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, answer = 401, {"message": "Invalid API key"}
        if self.server.refusing is not None:
            status, answer = self.server.refusing, {"message": "refused"}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _of(  # noqa: PLR0911 an answer for each address
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        server = self.server
        server.asked.append((method, path))
        match method, path.split("/"):
            case "GET", ["folders", uid]:
                return self._known(server.folders.get(uid))
            case "POST", ["folders"]:
                server.folders[body["uid"]] = body
                return 200, body
            case "PUT", ["folders", uid]:
                server.folders[uid] |= body
                return 200, body
            case "GET", ["datasources", "uid", uid]:
                return self._known(server.sources.get(uid))
            case "POST", ["datasources"]:
                server.sources[body["uid"]] = body
                return 200, {"message": "Datasource added"}
            case "PUT", ["datasources", "uid", uid]:
                server.sources[uid] = body
                return 200, {"message": "Datasource updated"}
            case "GET", ["dashboards", "uid", uid]:
                if uid not in server.boards:
                    return 404, {"message": "Dashboard not found"}
                folder, board = server.boards[uid]
                return 200, {"meta": {"folderUid": folder}, "dashboard": {**board, "id": 5, "version": 3}}
            case "POST", ["dashboards", "db"]:
                server.boards[body["dashboard"]["uid"]] = (body["folderUid"], body["dashboard"])
                return 200, {"status": "success", "uid": body["dashboard"]["uid"]}
            case "DELETE", ["dashboards", "uid", uid]:
                del server.boards[uid]
                return 200, {"title": uid, "message": "deleted"}
            case "GET", ["search"]:
                found = [
                    {"uid": uid, "folderUid": folder, "type": "dash-db"}
                    for uid, (folder, board) in server.boards.items()
                    if query["tag"][0] in board.get("tags", ()) and folder == query["folderUIDs"][0]
                ]
                return 200, found
        return 404, {"message": "Not found"}

    @staticmethod
    def _known(thing: Json | None) -> tuple[int, Any]:
        return (404, {"message": "not found"}) if thing is None else (200, thing)


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with Grafana() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_all_is_there_afterwards_and_a_second_push_changes_nothing(grafana: Grafana) -> None:
    first = push(url=grafana.url, token=TOKEN, dashboards=BOARDS)
    assert first.created == ("folder Shopfloor", "shopfloor-a", "shopfloor-b")
    assert grafana.boards == {uid: ("shopfloor", board) for uid, board in BOARDS.items()}
    grafana.asked.clear()
    again = push(url=grafana.url, token=TOKEN, dashboards=BOARDS)
    assert (again.created, again.changed) == ((), ())
    assert {method for method, _ in grafana.asked} == {"GET"}
    assert str(again) == "0 created, 0 changed, 3 unchanged, 0 deleted"


def test_a_change_is_pushed_and_a_board_that_was_moved_comes_back(grafana: Grafana) -> None:
    push(url=grafana.url, token=TOKEN, dashboards=BOARDS)
    grafana.boards["shopfloor-b"] = ("elsewhere", BOARDS["shopfloor-b"])
    renamed = {**BOARDS, "shopfloor-a": {**BOARDS["shopfloor-a"], "title": "Z"}}
    done = push(url=grafana.url, token=TOKEN, dashboards=renamed)
    assert done.changed == ("shopfloor-a", "shopfloor-b")
    assert push(url=grafana.url, token=TOKEN, dashboards=BOARDS, folder="Works").changed[0] == "folder Works"


def test_data_sources_go_along(grafana: Grafana) -> None:
    sources = data_sources("http://influxdb:8086", "secret", "shopfloor", "shopfloor-raw")
    done = push(url=grafana.url, token=TOKEN, dashboards={}, sources=sources)
    assert "data source Shopfloor" in done.created
    assert grafana.sources["shopfloor-influx-raw"]["jsonData"]["dbName"] == "shopfloor-raw"
    assert push(url=grafana.url, token=TOKEN, dashboards={}, sources=sources).created == ()


def test_pruning_takes_only_ours_in_our_folder(grafana: Grafana) -> None:
    stale = {"uid": "shopfloor-old", "tags": ["shopfloor"]}
    grafana.boards |= {
        "shopfloor-old": ("shopfloor", stale),
        "mine": ("shopfloor", {"uid": "mine", "tags": []}),
        "shopfloor-copy": ("elsewhere", {**stale, "uid": "shopfloor-copy"}),
    }
    assert push(url=grafana.url, token=TOKEN, dashboards=BOARDS).pruned == ()
    assert push(url=grafana.url, token=TOKEN, dashboards=BOARDS, prune=True).pruned == ("shopfloor-old",)
    assert set(grafana.boards) == {"mine", "shopfloor-copy", *BOARDS}


def test_a_grafana_under_a_path_is_found(grafana: Grafana) -> None:
    grafana.prefix = "/grafana/api/"
    assert push(url=f"{grafana.url}/", token=TOKEN, dashboards=BOARDS).created[1:] == tuple(BOARDS)


@pytest.mark.parametrize(
    ("refusing", "said"),
    [(401, "refuses the token"), (403, "may not do this"), (404, "no API of Grafana"), (500, "Grafana answers 500"),
     (302, "sends elsewhere")],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_a_line(grafana: Grafana, refusing: int, said: str) -> None:
    grafana.refusing = refusing
    with pytest.raises(GrafanaError, match=said) as caught:
        push(url=grafana.url, token=TOKEN, dashboards=BOARDS)
    assert "\n" not in str(caught.value) and TOKEN not in str(caught.value)


def test_a_wrong_token_is_told(grafana: Grafana) -> None:
    with pytest.raises(GrafanaError, match="401"):
        push(url=grafana.url, token=TOKEN + "x", dashboards=BOARDS)


def test_nobody_there_and_no_address_are_told(grafana: Grafana) -> None:
    grafana.server_close()
    with pytest.raises(GrafanaError, match="cannot be reached"):
        push(url="http://127.0.0.1:9", token=TOKEN, dashboards=BOARDS)
    for url in ("localhost:3000", "ftp://here", "http://"):
        with pytest.raises(InputError, match="no address of Grafana"):
            push(url=url, token=TOKEN, dashboards=BOARDS)


def test_the_command_pushes_and_needs_a_token(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    def shopfloor(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "shopfloor", "dashboards", "push", "--url", grafana.url, *words]
        return subprocess.run(command, text=True, capture_output=True, check=False, timeout=120)

    for name in ("GRAFANA_TOKEN", "INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_BUCKET", "INFLUXDB_RAW_BUCKET"):
        monkeypatch.delenv(name, raising=False)
    missing = shopfloor()
    assert missing.returncode == 2 and missing.stderr.startswith("--token: there is none")
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    done = shopfloor("--prune")
    assert done.returncode == 0, done.stderr
    assert "created" in done.stdout and "shopfloor-overview" in grafana.boards
    monkeypatch.setenv("INFLUXDB_URL", "http://influxdb:8086")
    half = shopfloor()
    assert half.returncode == 2 and "INFLUXDB_TOKEN" in half.stderr
    monkeypatch.setenv("GRAFANA_TOKEN", "other")
    monkeypatch.delenv("INFLUXDB_URL")
    refused = shopfloor()
    assert refused.returncode == 1 and "401" in refused.stderr and refused.stderr.count("\n") == 1
