"""A real Mosquitto as a plant has it: passwords, an ACL, and TLS with certificates that are made for the test."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from influx_process import free_port

from broker.deployment import HEALTH, TWIN, VIEWER, Paths, access_rules, line_user, mosquitto_conf, password_file
from plant.description import Plant


@dataclass
class Guarded:
    """A broker that wants to know who speaks.

    Attributes:
        url: its encrypted address.
        ca_file: the certificate that its own leads to.
        passwords: by user.
    """

    url: str
    ca_file: Path
    passwords: dict[str, str]

    def environment(self, user: str) -> dict[str, str]:
        """Variables with which our commands come to it."""
        return {
            "SHOPFLOOR_MQTT_USER": user,
            "SHOPFLOOR_MQTT_PASSWORD": self.passwords[user],
            "SHOPFLOOR_MQTT_CA_FILE": str(self.ca_file),
        }


def certificates(openssl: str, folder: Path) -> None:
    """``ca.crt``, and ``server.crt`` with its key for the loopback interface."""

    def run(*arguments: str) -> None:
        done = subprocess.run([openssl, *arguments], capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stderr

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=a test's own")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    run(
        "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
        "-out", "server.crt", "-days", "2", "-extfile", "names",
    )  # fmt: skip


@contextmanager
def mosquitto_with_tls(program: str, openssl: str, plant: Plant, folder: Path) -> Iterator[Guarded]:
    """A broker for a plant with the users, rules and configuration that a plant gets, stopped at the end."""
    folder.mkdir(parents=True)
    certificates(openssl, folder)
    users = [TWIN, VIEWER, HEALTH, *(line_user(line.name) for line in plant.lines)]
    passwords = {user: secrets.token_urlsafe(18) for user in users}
    (folder / "passwords").write_text(password_file(passwords, (secrets.token_bytes(12) for _ in repeat(None))))
    (folder / "acl").write_text(access_rules(plant))
    port = free_port()
    paths = Paths(access=str(folder), data=str(folder), certificates=str(folder))
    config = mosquitto_conf(paths, port=free_port(), tls_port=port, address="127.0.0.1")
    (folder / "mosquitto.conf").write_text(config + "user root\n")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                ended = process.poll() is not None
                assert not ended and time.monotonic() < deadline, (folder / "mosquitto.log").read_text()
                time.sleep(0.02)
        yield Guarded(f"mqtts://127.0.0.1:{port}", folder / "ca.crt", passwords)
    finally:
        process.terminate()
        process.wait(10)
