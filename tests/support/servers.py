"""Small HTTP servers that answer as the programs of a stack do, on the loopback interface."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    question: dict[str, str]
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, Any]


@dataclass
class Server:
    """Answers, and keeps what it was asked."""

    url: str
    asked: list[Request] = field(default_factory=list)


@contextlib.contextmanager
def server(answer: Callable[[Request], Answer]) -> Iterator[Server]:
    """A server that answers each request by a function: status, and what is sent as JSON."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            question = {key: values[0] for key, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {key.lower(): value for key, value in self.headers.items()}
            request = Request(self.command, parts.path, question, headers, body)
            known.asked.append(request)
            status, told = answer(request)
            sent = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _any  # noqa: N815 named by the library

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        known = Server(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield known
        finally:
            listening.shutdown()
            thread.join()


class Influx:
    """What the checks and the set-up need of InfluxDB 2: ping, write, query, organisations, buckets."""

    def __init__(self, token: str = "right", *, buckets: tuple[str, ...] = ("shopfloor",)) -> None:
        self.token = token
        self.buckets: dict[str, dict[str, Any]] = {name: {} for name in buckets}
        self.points: dict[str, int] = {}
        self.forgets = False

    def __call__(self, request: Request) -> Answer:
        if request.path == "/ping":
            return 204, None
        if request.headers.get("authorization") != f"Token {self.token}":
            return 401, {"code": "unauthorized", "message": f"unauthorized access by {self.token}"}
        return getattr(self, (request.method + request.path.replace("/", "_")).lower())(request)

    def post_api_v2_write(self, request: Request) -> Answer:
        if request.question["bucket"] not in self.buckets:
            return 404, {"code": "not found", "message": "bucket not found"}
        found = re.fullmatch(r"shopfloor_doctor,probe=(\w+) value=(\d+)i \d+", request.body.decode())
        assert found
        self.points[found[1]] = int(found[2])
        return 204, None

    def get_query(self, request: Request) -> Answer:
        probe = re.search(r"'(\w+)'", request.question["q"])[1]
        assert request.question["db"] in self.buckets
        if self.forgets or probe not in self.points:
            return 200, {"results": [{"statement_id": 0}]}
        return 200, {"results": [{"series": [{"columns": ["time", "last"], "values": [["t", self.points[probe]]]}]}]}

    def get_api_v2_orgs(self, request: Request) -> Answer:
        return 200, {"orgs": [{"id": "0123", "name": "shopfloor"}] if request.question["org"] == "shopfloor" else []}

    def get_api_v2_buckets(self, request: Request) -> Answer:
        assert request.question["orgID"] == "0123"
        return 200, {"buckets": [{"name": name} for name in self.buckets if name == request.question["name"]]}

    def post_api_v2_buckets(self, request: Request) -> Answer:
        told = json.loads(request.body)
        self.buckets[told["name"]] = told
        return 201, {"name": told["name"]}
