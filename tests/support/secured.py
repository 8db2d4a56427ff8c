"""A real Mosquitto with the files that `shopfloor prepare` writes for a plant of two lines, and clients to try it."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from plant.loader import load_plant
from shopfloor.preparing import PrepareSettings, password, run_prepare

TWO_LINES = """\
plant: two
telemetry: {sample: 1 s, block: 5 s}
lines:
  - {name: first, area: machining, stations: [{name: A, cycle_time: 3 s}, {name: B, machines: 2, cycle_time: 5 s}]}
  - {name: second, area: machining, stations: [{name: C, cycle_time: 3 s}]}
"""
SITE = "shopfloor/v1/local/two"
SECRETS = {
    "SHOPFLOOR_TWIN_PASSWORD": "twins-own-secret",
    "SHOPFLOOR_VIEWER_PASSWORD": "viewers-own-secret",
    "SHOPFLOOR_HEALTH_PASSWORD": "healths-own-secret",
    "SHOPFLOOR_LINES_SECRET": "secret-of-all-lines",
}
V5 = paho.MQTTv5
V311 = paho.MQTTv311


@dataclass
class Secured:
    """The broker of a plant, with users."""

    plant_file: Path
    folder: Path
    port: int
    tls_port: int
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"mqtts://localhost:{self.tls_port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "certificates" / "ca.crt"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


class Client:
    """An MQTT client that knows nothing of our code."""

    def __init__(self, broker: Secured, user: str | None, word: str | None = None, version: int = V5) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.codes: dict[int, int] = {}
        self.granted: list[int] = []
        self.connected: list[str] = []
        self._five = version == V5
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=version)
        if user is not None:
            self._client.username_pw_set(user, broker.passwords[user] if word is None else word)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self.connected.append(str(reason))
        self._client.on_message = lambda _c, _u, message: self.heard.append((message.topic, message.payload))
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self.codes.update({mid: reason.value})
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.extend(r.value for r in reasons)
        self._client.connect("127.0.0.1", broker.port)
        self._open = True
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()
        until(lambda: self.connected)

    def _loop(self) -> None:
        """In short turns: a turn of the library's own thread may last a second."""
        while self._open:
            self._client.loop(0.01)

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> int:
        """Publish with QoS 1 and give the reason code of the acknowledgement (MQTT 3.1.1 has none: 0)."""
        return self.publish_all([topic], payload, retain=retain)[topic]

    def publish_all(self, topics: Iterable[str], payload: bytes = b"{}", *, retain: bool = False) -> dict[str, int]:
        """The same for several topics, in their order."""
        sent = {topic: self._client.publish(topic, payload, qos=1, retain=retain).mid for topic in topics}
        until(lambda: all(mid in self.codes for mid in sent.values()))
        return {topic: self.codes[mid] for topic, mid in sent.items()}

    def subscribe(self, *filters: str) -> None:
        before = len(self.granted)
        self._client.subscribe([(pattern, SubscribeOptions(qos=1) if self._five else 1) for pattern in filters])
        until(lambda: len(self.granted) >= before + len(filters))

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._client.disconnect()


def until(condition, patience: float = 10.0) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@contextlib.contextmanager
def client(broker: Secured, user: str | None, word: str | None = None, version: int = V5) -> Iterator[Client]:
    opened = Client(broker, user, word, version)
    try:
        yield opened
    finally:
        opened.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def secured(mosquitto: str, folder: Path, *, tls: bool = False) -> Iterator[Secured]:
    """Prepare the files by our own command and start the broker with them, on the loopback interface."""
    plant_file = folder / "two.yaml"
    plant_file.write_text(TWO_LINES)
    plant = load_plant(plant_file)
    (folder / "state").mkdir()
    settings = PrepareSettings(
        plant=plant,
        access=folder / "access",
        broker_data=str(folder / "state"),
        certificates=folder / "certificates" if tls else None,
        hosts=("localhost", "127.0.0.1") if tls else (),
    )
    list(run_prepare(settings, SECRETS))
    broker = Secured(plant_file, folder, free_port(), free_port())
    broker.passwords = {
        user: password(plant, user, SECRETS) for user in ("twin", "viewer", "health", "line-first", "line-second")
    }
    config = folder / "access" / "mosquitto.conf"
    ours = config.read_text().replace("listener 1883", f"listener {broker.port} 127.0.0.1")
    ours = ours.replace("listener 8883", f"listener {broker.tls_port} 127.0.0.1")
    own = folder / "own.conf"
    own.write_text(ours + "user root\n")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([mosquitto, "-c", str(own)], stdout=log, stderr=log)
        try:
            until(lambda: _answers(broker.port) or process.poll() is not None)
            assert process.poll() is None, broker.log
            yield broker
        finally:
            process.terminate()
            process.wait(10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
