"""Pushing dashboards, against a small server that answers as Grafana's HTTP API is documented to.

It proves what is asked, in which order, and what becomes of answers. It does not prove that a Grafana takes the
dashboards, nor that its answers are as documented: no Grafana can be had here.

The client of Grafana is in no environment but its own, which is made once: pushes run there, as processes.
"""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.grafana import pushing
from dashboards.grafana.provisioning import data_sources
from dashboards.grafana.pushing import Address, GrafanaError, Pushed
from plant.errors import InputError

ROOT = Path(__file__).parent.parent.parent
TOKEN = "glsa_test"  # noqa: S105 of nobody
Json = dict[str, Any]
BOARDS: dict[str, Json] = {
    "shopfloor-a": {"uid": "shopfloor-a", "id": None, "title": "A", "tags": ["shopfloor"], "panels": []},
    "shopfloor-b": {"uid": "shopfloor-b", "id": None, "title": "B", "tags": ["shopfloor"], "panels": []},
}
PUSH = """
import dataclasses, json, sys
from dashboards.grafana.push import push
from plant.errors import ShopfloorError
try:
    said = {"done": dataclasses.asdict(push(**json.load(sys.stdin)))}
except ShopfloorError as error:
    said = {"error": type(error).__name__, "text": str(error)}
print(json.dumps(said))
"""


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
        self.saying: tuple[str, bytes] | None = None
        self.dawdling = 0.0
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
        kind, text = self.server.saying or ("application/json", json.dumps(answer).encode())
        time.sleep(self.server.dawdling)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/login")
        self.send_header("Content-Type", kind)
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


@pytest.fixture(scope="session")
def pusher(uv_program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of an environment that has the client of Grafana, in the versions of the constraints."""
    place = tmp_path_factory.mktemp("pusher")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = ["--constraint", "constraints.txt", "--editable", ".[grafana]"]
    for command in (
        [uv_program, "venv", "--quiet", "--python", version, str(place)],
        [uv_program, "pip", "install", "--quiet", "--no-compile-bytecode", "--python", str(place), *packages],
    ):
        made = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, timeout=240)
        if made.returncode != 0:
            reason = f"no environment with the client of Grafana: {made.stderr.strip()[-500:]}"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return place / ("Scripts" if sys.platform == "win32" else "bin")


@pytest.mark.slow
def test_all_that_the_extra_brings_has_a_tested_version(uv_program: str, pusher: Path) -> None:
    command = [uv_program, "pip", "freeze", "--quiet", "--exclude-editable", "--python", str(pusher.parent)]
    installed = set(subprocess.run(command, text=True, capture_output=True, check=True, cwd=ROOT).stdout.split("\n"))
    pinned = {line.split(" ")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")}
    assert any(line.startswith("urllib3-future==") for line in installed)
    assert installed <= pinned


class Push:
    """`push`, in the environment that has the client; what it says comes back as if it had run here."""

    def __init__(self, programs: Path) -> None:
        self._python = str(programs / "python")

    def __call__(
        self, *, url: str, dashboards: Mapping[str, Json] = BOARDS, sources: Sequence[Json] = (), **more: Any
    ) -> Pushed:
        told = {"url": url, "token": TOKEN, "dashboards": dashboards, "sources": list(sources), **more}
        command = [self._python, "-I", "-W", "error", "-c", PUSH]
        ran = subprocess.run(
            command, input=json.dumps(told), text=True, capture_output=True, check=False, timeout=120
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        said = json.loads(ran.stdout)
        if "done" in said:
            return Pushed(**{name: tuple(names) for name, names in said["done"].items()})
        raise {"InputError": InputError, "GrafanaError": GrafanaError}[said["error"]](said["text"])


@pytest.fixture
def push(pusher: Path) -> Push:
    return Push(pusher)


@pytest.mark.slow
def test_all_is_there_afterwards_and_a_second_push_changes_nothing(grafana: Grafana, push: Push) -> None:
    first = push(url=grafana.url, dashboards=BOARDS)
    assert first.created == ("folder Shopfloor", "shopfloor-a", "shopfloor-b")
    assert grafana.boards == {uid: ("shopfloor", board) for uid, board in BOARDS.items()}
    grafana.asked.clear()
    again = push(url=grafana.url, dashboards=BOARDS)
    assert (again.created, again.changed) == ((), ())
    assert {method for method, _ in grafana.asked} == {"GET"}
    assert str(again) == "0 created, 0 changed, 3 unchanged, 0 deleted"


@pytest.mark.slow
def test_a_change_is_pushed_and_a_board_that_was_moved_comes_back(grafana: Grafana, push: Push) -> None:
    push(url=grafana.url, dashboards=BOARDS)
    grafana.boards["shopfloor-b"] = ("elsewhere", BOARDS["shopfloor-b"])
    renamed = {**BOARDS, "shopfloor-a": {**BOARDS["shopfloor-a"], "title": "Z"}}
    done = push(url=grafana.url, dashboards=renamed)
    assert done.changed == ("shopfloor-a", "shopfloor-b")
    assert push(url=grafana.url, dashboards=BOARDS, folder="Works").changed[0] == "folder Works"


@pytest.mark.slow
def test_data_sources_go_along(grafana: Grafana, push: Push) -> None:
    sources = data_sources("http://influxdb:8086", "secret", "shopfloor", "shopfloor-raw")
    done = push(url=grafana.url, dashboards={}, sources=sources)
    assert "data source Shopfloor" in done.created
    assert grafana.sources["shopfloor-influx-raw"]["jsonData"]["dbName"] == "shopfloor-raw"
    assert push(url=grafana.url, dashboards={}, sources=sources).created == ()


@pytest.mark.slow
def test_pruning_takes_only_ours_in_our_folder(grafana: Grafana, push: Push) -> None:
    stale = {"uid": "shopfloor-old", "tags": ["shopfloor"]}
    grafana.boards |= {
        "shopfloor-old": ("shopfloor", stale),
        "mine": ("shopfloor", {"uid": "mine", "tags": []}),
        "shopfloor-copy": ("elsewhere", {**stale, "uid": "shopfloor-copy"}),
    }
    assert push(url=grafana.url, dashboards=BOARDS).pruned == ()
    assert push(url=grafana.url, dashboards=BOARDS, prune=True).pruned == ("shopfloor-old",)
    assert set(grafana.boards) == {"mine", "shopfloor-copy", *BOARDS}


@pytest.mark.slow
def test_a_grafana_under_a_path_is_found(grafana: Grafana, push: Push) -> None:
    grafana.prefix = "/grafana/api/"
    assert push(url=f"{grafana.url}/", dashboards=BOARDS).created[1:] == tuple(BOARDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusing", "said"),
    [(401, "refuses the token"), (403, "may not do this"), (404, "no API of Grafana"), (500, "Grafana answers 500"),
     (302, "sends elsewhere")],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_a_line(grafana: Grafana, push: Push, refusing: int, said: str) -> None:
    grafana.refusing = refusing
    with pytest.raises(GrafanaError, match=said) as caught:
        push(url=grafana.url, dashboards=BOARDS)
    assert "\n" not in str(caught.value) and TOKEN not in str(caught.value)


@pytest.mark.slow
def test_a_wrong_token_is_told(grafana: Grafana, push: Push) -> None:
    with pytest.raises(GrafanaError, match="401"):
        push(url=grafana.url, token=TOKEN + "x")


@pytest.mark.slow
@pytest.mark.parametrize(
    "saying", [("text/html", b"<html>Welcome</html>"), ("application/json", b"{"), ("application/json", b"[]"),
               ("application/json", b"")],
)  # fmt: skip
def test_something_else_that_answers_is_told(grafana: Grafana, push: Push, saying: tuple[str, bytes]) -> None:
    grafana.saying = saying
    with pytest.raises(GrafanaError, match="no Grafana answers there"):
        push(url=grafana.url)


@pytest.mark.slow
def test_nobody_there_and_nobody_who_answers_are_told(grafana: Grafana, push: Push) -> None:
    grafana.dawdling = 1.5
    with pytest.raises(GrafanaError, match=r"no answer within 0\.2 s$"):
        push(url=grafana.url, patience=0.2)
    with pytest.raises(GrafanaError, match=r"it cannot be reached \(.*refused.*\)$") as caught:
        push(url="http://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    with pytest.raises(GrafanaError, match="cannot be reached"):
        push(url="http://nobody.invalid:3000")


def environment(**told: str) -> dict[str, str]:
    names = ("GRAFANA_TOKEN", "INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_BUCKET", "INFLUXDB_RAW_BUCKET")
    return {name: value for name, value in os.environ.items() if name not in names} | told


@pytest.mark.slow
def test_the_command_pushes_and_says_what_it_did(grafana: Grafana, pusher: Path, tmp_path: Path) -> None:
    def shopfloor(token: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(pusher / "shopfloor"), "dashboards", "push", "--url", grafana.url, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(GRAFANA_TOKEN=token), text=True, capture_output=True, check=False,
            timeout=120,
        )  # fmt: skip

    done = shopfloor(TOKEN, "--prune")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(grafana.boards) + 1} created, 0 changed, 0 unchanged, 0 deleted" in done.stdout
    assert "shopfloor-overview" in grafana.boards
    again = shopfloor(TOKEN, "--prune")
    assert f"0 created, 0 changed, {len(grafana.boards) + 1} unchanged, 0 deleted" in again.stdout
    refused = shopfloor("other")
    assert refused.returncode == 1 and "401" in refused.stderr and refused.stderr.count("\n") == 1


def without_client(url: str, **told: str) -> subprocess.CompletedProcess[str]:
    """The command where there is no client of Grafana, whatever else this environment has."""
    code = "import sys; sys.modules['grafana_client'] = None; from shopfloor.cli import main; main()"
    command = [sys.executable, "-c", code, "dashboards", "push", "--url", url]
    return subprocess.run(
        command, env=environment(**told), text=True, capture_output=True, check=False, timeout=120, cwd=ROOT
    )


def test_without_its_client_the_command_says_what_to_run() -> None:
    ran = without_client("http://127.0.0.1:9", GRAFANA_TOKEN=TOKEN)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert "uv run --isolated --no-dev --extra grafana shopfloor dashboards push" in ran.stderr
    assert "urllib3-future" in ran.stderr


@pytest.mark.parametrize(
    ("url", "told", "said"),
    [
        ("http://127.0.0.1:9", {}, "--token: there is none"),
        ("http://127.0.0.1:9", {"GRAFANA_TOKEN": TOKEN, "INFLUXDB_URL": "http://influxdb:8086"}, "INFLUXDB_TOKEN"),
        ("localhost:3000", {"GRAFANA_TOKEN": TOKEN}, "--url: 'localhost:3000' is no address"),
    ],
)
def test_wrong_input_is_told_before_anything_is_asked(url: str, told: dict[str, str], said: str) -> None:
    ran = without_client(url, **told)
    assert ran.returncode == 2 and ran.stderr.startswith(said) and ran.stderr.count("\n") == 1


def test_the_client_of_influxdb_runs_on_its_own_urllib3() -> None:
    assert importlib.util.find_spec("urllib3_future") is None, "the extra grafana belongs elsewhere"


@pytest.mark.parametrize(
    ("url", "protocol", "host", "port", "path"),
    [
        ("http://localhost:3000", "http", "localhost", 3000, ""),
        ("http://localhost:3000/", "http", "localhost", 3000, ""),
        ("https://plant.example/grafana", "https", "plant.example", None, "grafana/"),
        ("https://plant.example/a/b//", "https", "plant.example", None, "a/b/"),
        ("http://[::1]:3000", "http", "[::1]", 3000, ""),
    ],
)
def test_an_address_is_taken_apart(url: str, protocol: str, host: str, port: int | None, path: str) -> None:
    assert Address.of(url) == Address(protocol=protocol, host=host, port=port, path=path)


@pytest.mark.parametrize(
    "url",
    ["localhost:3000", "ftp://here", "http://", "", "http://[::1", "http://here:port", "http://here:99999",
     "http://here?verify=0", "http://here#there"],
)  # fmt: skip
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(InputError, match="is no address of Grafana"):
        Address.of(url)


def test_a_password_in_an_address_is_not_told_to_anybody() -> None:
    with pytest.raises(InputError, match="has a user") as caught:
        Address.of("http://admin:secret@localhost:3000")
    assert "secret" not in str(caught.value)


def test_a_dashboard_is_the_same_but_for_what_the_server_keeps_for_itself() -> None:
    board = BOARDS["shopfloor-a"]
    there = {"meta": {"folderUid": "shopfloor"}, "dashboard": {**board, "id": 5, "version": 3}}
    assert pushing.is_same(there, board)
    assert not pushing.is_same({**there, "meta": {"folderUid": "elsewhere"}}, board)
    assert not pushing.is_same({**there, "meta": {}}, board)
    assert not pushing.is_same(there, {**board, "title": "Z"})
    assert not pushing.is_same(there, {**board, "more": 1})


def test_what_goes_is_in_our_folder_and_was_not_pushed() -> None:
    found = [
        {"uid": "old", "folderUid": "shopfloor"},
        {"uid": "shopfloor-a", "folderUid": "shopfloor"},
        {"uid": "copy", "folderUid": "elsewhere"},
        {"uid": "nowhere"},
    ]
    assert pushing.stale(found, BOARDS) == ["old"]
    assert pushing.stale([], BOARDS) == []


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 412, 500, 503])
def test_a_refusal_is_one_line_with_its_status(status: int) -> None:
    said = pushing.refusal(status, "it\nsays\n" + "much " * 100, "/login")
    assert f"{status}" in said and "\n" not in said and len(said) < 300
    assert ("/login" in said) == (300 <= status < 400)
