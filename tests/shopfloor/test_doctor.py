"""`shopfloor doctor`: what it finds on real and on broken hops, what it advises, and what it never prints."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import ENVIRONMENT, ROOT
from secured import SITE, client, secured
from servers import Influx, Request, server

pytestmark = [pytest.mark.mosquitto]

CLEAN = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("SHOPFLOOR_", "INFLUXDB_"))}


def doctor(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shopfloor", "doctor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env={**CLEAN, **environment}
    )


def rows(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], str]:
    """Result of each hop and check of the table."""
    found = re.findall(r"^(\w+) +(\S.*?) +(ok|failed|skipped)\b", done.stdout, re.MULTILINE)
    return {(hop, check): result for hop, check, result in found}


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def twin_of(token: str):
    def answer(request: Request):
        if request.headers.get("authorization") != f"Bearer {token}":
            return 401, {"errors": []}
        now = time.time_ns() // 1000
        return 200, {"status": "ok", "run": "abc", "runs": ["abc"], "position": 7, "to": now}

    return answer


def grafana(request: Request):
    if request.path == "/api/health":
        return 200, {"database": "ok", "version": "13.2.2"}
    if not request.headers.get("authorization", "").startswith("Basic "):
        return 401, {"message": "Unauthorized"}
    if request.path == "/api/search":
        return 200, [{"uid": "overview"}]
    if request.path == "/api/datasources/uid/shopfloor-influx/health":
        return 200, {"status": "OK", "message": "1 bucket found"}
    return 404, {"message": "Data source not found"}


@pytest.fixture(scope="module")
def broker(mosquitto, tmp_path_factory):
    with secured(mosquitto, tmp_path_factory.mktemp("doctored")) as running:
        with client(running, "line-first") as line:
            line.publish(f"{SITE}/machining/first/A/state", b"{}", retain=True)
        yield running


def test_all_is_well_where_all_is_well(broker, tmp_path):
    words = {"SHOPFLOOR_TOKEN": "pages-own-secret", "INFLUXDB_TOKEN": "databases-own-secret"}
    with server(twin_of("pages-own-secret")) as twin, server(Influx("databases-own-secret")) as influx:
        urls = ("--broker", broker.url, "--twin", twin.url, "--historian", f"influxdb:{influx.url}")
        user = {"SHOPFLOOR_MQTT_USER": "viewer", "SHOPFLOOR_MQTT_PASSWORD": broker.passwords["viewer"]}
        done = doctor(str(broker.plant_file), *urls, folder=tmp_path, **words, **user)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(done) == {
        ("broker", "reachable"): "ok",
        ("broker", "login"): "ok",
        ("broker", "round trip"): "ok",
        ("broker", "topics of the plant"): "ok",
        ("twin", "API"): "ok",
        ("twin", "messages"): "ok",
        ("historian", "reachable"): "ok",
        ("historian", "write"): "ok",
        ("historian", "read back"): "ok",
        ("grafana", "all"): "skipped",
    }
    for secret in [*words.values(), *broker.passwords.values()]:
        assert secret not in done.stdout + done.stderr


def test_each_failure_says_what_to_do_and_shows_no_secret(broker, tmp_path):
    secret = {"SHOPFLOOR_TOKEN": "pages-wrong-word", "INFLUXDB_TOKEN": "databases-own-secret"}
    secret["GRAFANA_PASSWORD"] = "boards-own-secret"
    influx = Influx("databases-own-secret")
    influx.forgets = True
    with server(twin_of("other")) as twin, server(influx) as database, server(grafana) as boards:
        urls = ("--twin", twin.url, "--historian", f"influxdb:{database.url}", "--grafana", boards.url)
        user = {"SHOPFLOOR_MQTT_USER": "viewer", "SHOPFLOOR_MQTT_PASSWORD": "brokers-wrong-word"}
        done = doctor("--broker", broker.url, *urls, folder=tmp_path, **secret, **user)
    assert done.returncode == 1
    found = rows(done)
    assert {check for check, result in found.items() if result == "failed"} == {
        ("broker", "login"),
        ("twin", "API"),
        ("historian", "read back"),
        ("grafana", "data source shopfloor-influx-raw"),
    }
    assert found["broker", "round trip"] == "skipped"
    assert found["grafana", "data source shopfloor-influx"] == "ok"
    assert "broker, login: check user and password in .env" in done.stdout
    assert "twin, API: SHOPFLOOR_TOKEN must be that with which the twin was started" in done.stdout
    for word in [*secret.values(), "brokers-wrong-word"]:
        assert word not in done.stdout + done.stderr


def test_a_token_that_a_server_repeats_is_not_printed(tmp_path):
    with server(Influx("right")) as database:
        done = doctor(
            "--historian", f"influxdb:{database.url}", folder=tmp_path, INFLUXDB_TOKEN="wrong", GRAFANA_TOKEN="right"
        )
    assert done.returncode == 1
    assert "unauthorized access by …" in done.stdout
    assert "INFLUXDB_TOKEN must be that with which the database was set up" in done.stdout


def test_what_is_not_there_is_said_and_the_rest_skipped(tmp_path):
    urls = ("--broker", f"mqtt://{nobody()}", "--twin", f"http://{nobody()}", "--grafana", f"http://{nobody()}")
    done = doctor(*urls, "--historian", f"influxdb:http://{nobody()}", folder=tmp_path)
    assert done.returncode == 1
    failed = {check for check, result in rows(done).items() if result == "failed"}
    assert failed == {("broker", "reachable"), ("twin", "API"), ("historian", "reachable"), ("grafana", "health")}
    assert done.stdout.count("docker compose") >= 4


def test_rules_without_the_own_topics_are_found(broker, tmp_path, mosquitto):
    """The health user may read nothing of the plant."""
    user = {"SHOPFLOOR_MQTT_USER": "health", "SHOPFLOOR_MQTT_PASSWORD": broker.passwords["health"]}
    done = doctor("--broker", broker.url, folder=tmp_path, **user)
    assert rows(done)["broker", "round trip"] == "ok"
    assert rows(done)["broker", "topics of the plant"] == "failed"


def test_addresses_and_secrets_come_from_env_and_the_environment_goes_before_it(broker, tmp_path):
    (tmp_path / ".env").write_text(
        f"SHOPFLOOR_BROKER=mqtt://mosquitto:1883\nMQTT_PORT={broker.port}\n"
        f"SHOPFLOOR_TWIN_PASSWORD={broker.passwords['twin']}\nSHOPFLOOR_TOKEN=of-the-file\n"
    )
    with server(twin_of("of-the-environment")) as twin:
        done = doctor("--twin", twin.url, folder=tmp_path, SHOPFLOOR_TOKEN="of-the-environment")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(done)["broker", "topics of the plant"] == "ok"


def test_nothing_named_is_nothing_wrong(tmp_path):
    done = doctor(folder=tmp_path)
    assert done.returncode == 0
    assert set(rows(done).values()) == {"skipped"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--broker", "http://h"), "is not a broker address"),
        (("--historian", "postgres:x"), "--historian: 'postgres:x' is no store; allowed: influxdb:http://HOST:8086"),
        (("--grafana", "grafana:3000"), "is not an address such as http://localhost:8086"),
    ],
)
def test_wrong_input_is_one_line(arguments, words, tmp_path):
    done = doctor(*arguments, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert words in done.stderr


def test_an_env_is_made_once_and_for_its_owner_only(tmp_path):
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    done = doctor("--init-env", str(tmp_path), folder=ROOT)
    assert done.returncode == 0, done.stderr
    file = tmp_path / ".env"
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0
    words = re.findall(r"^\w*(?:TOKEN|PASSWORD|SECRET)=(.*)$", file.read_text(), re.MULTILINE)
    assert len(words) == 8
    assert all(len(word) >= 32 for word in words)
    assert len(set(words)) == 8
    assert not [word for word in words if word in done.stdout]
    before = file.read_text()
    done = doctor("--init-env", str(tmp_path), folder=ROOT)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert file.read_text() == before
    done = doctor("--init-env", str(tmp_path / "nowhere"), folder=ROOT)
    assert (done.returncode, ".env.example: is not there" in done.stderr) == (2, True)
