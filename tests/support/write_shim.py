"""The write API of InfluxDB 2 in front of an InfluxDB 1.6: for tests only.

`/api/v2/write` with ``bucket=db`` or ``bucket=db/rp`` and ``precision`` becomes `/write` with ``db``, ``rp`` and
``precision`` (``us`` is called ``u`` there); `/health` goes to `/ping`; the authorization header is dropped; the rest
passes as it is. So a test proves what our writer sends, the store and its InfluxQL. It proves nothing about
organisations, tokens and the bodies of errors of InfluxDB 2: those that `refuse` gives are written after its manual.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

PRECISIONS = {"us": "u", "ns": "n", "ms": "ms", "s": "s"}
TROUBLE = {
    400: {"code": "invalid", "message": "unable to parse"},
    401: {"code": "unauthorized", "message": "unauthorized access"},
    404: {"code": "not found", "message": "bucket not found"},
    500: {"code": "internal error", "message": "engine: out of luck"},
    503: {"code": "unavailable", "message": "busy"},
}


class Shim(ThreadingHTTPServer):
    """The proxy.

    Attributes:
        url: its address.
        trouble: status with which it answers writes and queries, or ``hang``; none: it passes them on.
        tokens: what the authorization headers said.
        bodies: what was written, and was taken, in order: the bucket and the bytes.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.trouble: int | str | None = None
        self.released = threading.Event()
        self.tokens: set[str] = set()
        self.bodies: list[tuple[str, bytes]] = []

    def handle_error(self, *_: object) -> None:
        """A client that went away is none of a test's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for 40 ms
    server: Shim

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.tokens.add(self.headers.get("Authorization", ""))
        parts = urlsplit(self.path)
        if self.server.trouble == "hang":
            self.server.released.wait(60)
            self.close_connection = True
            return
        if self.server.trouble is not None:
            self._answer(self.server.trouble, json.dumps(TROUBLE[self.server.trouble]).encode())
            return
        path, bucket = self.path, ""
        if parts.path == "/api/v2/write":
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            bucket = asked["bucket"]
            db, _, rp = bucket.partition("/")
            told = {"db": db, "precision": PRECISIONS[asked["precision"]]} | ({"rp": rp} if rp else {})
            path = f"/write?{urlencode(told)}"
        status = self._pass("POST", path, body)
        if bucket and status == 204:
            self.server.bodies.append((bucket, body))

    def do_GET(self) -> None:
        self._pass("GET", "/ping" if self.path == "/health" else self.path, b"")

    def _pass(self, method: str, path: str, body: bytes) -> int:
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        wanted = ("Content-Type", "Content-Encoding")
        headers = {name: self.headers[name] for name in wanted if self.headers.get(name)}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            self.close_connection = True  # as if nobody were there
            return 0
        finally:
            connection.close()
        self._answer(answer.status, content)
        return answer.status

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def write_shim(target: str) -> Iterator[Shim]:
    """A proxy in front of a server, stopped at the end."""
    shim = Shim(target)
    thread = threading.Thread(target=shim.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield shim
    finally:
        shim.released.set()
        shim.shutdown()
        shim.server_close()
        thread.join()
