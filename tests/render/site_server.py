"""What the browser asks for: the bundle, the boards, Grafana's icons, and the database behind the same address.

Not all that Grafana's packages ask for is published: an icon that is missing is an empty one, and its typeface is
whatever this machine has without serifs.
"""

import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit


class Database(NamedTuple):
    """An InfluxDB, and the database in it of each data source by uid."""

    url: str
    sources: Mapping[str, str]


class Site(ThreadingHTTPServer):
    """Folders by the first part of the path; what is asked of `/query/UID` goes to the database of a data source."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bundle: Path, boards: Path, icons: Path, database: Database) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders = {"/boards/": boards, "/public/build/": icons, "/": bundle}
        self.database = database

    def handle_error(self, *_: object) -> None:
        """A browser that goes away is nobody's business."""


class _Handler(SimpleHTTPRequestHandler):
    server: Site
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript", ".svg": "image/svg+xml"}

    def do_GET(self) -> None:
        if self.path.startswith("/query/"):
            self._ask()
        elif self.path.startswith("/public/fonts/"):
            self._send(200, "font/ttf", _typeface("Medium" in self.path))
        elif self.path.endswith(".svg") and not Path(self.translate_path(self.path)).is_file():
            self._send(200, "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"/>')
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        bare = path.split("?", maxsplit=1)[0]
        prefix = next(prefix for prefix in self.server.folders if bare.startswith(prefix))
        self.directory = str(self.server.folders[prefix])
        return super().translate_path("/" + bare.removeprefix(prefix))

    def _ask(self) -> None:
        parts = urlsplit(self.path)
        url, sources = self.server.database
        asked = {"db": sources[parts.path.removeprefix("/query/")], **dict(parse_qsl(parts.query))}
        try:
            with urllib.request.urlopen(f"{url}/query?{urlencode(asked)}", timeout=60) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        self._send(status, "application/json", content)

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@cache
def _typeface(bold: bool) -> bytes:  # noqa: FBT001 a weight or the other
    found = subprocess.run(
        ["fc-match", "-f", "%{file}", f"Liberation Sans:{'bold' if bold else 'regular'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(found.stdout).read_bytes()


@contextmanager
def site(bundle: Path, boards: Path, icons: Path, database: Database) -> Iterator[str]:
    """The address of a server, stopped at the end."""
    server = Site(bundle, boards, icons, database)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
