"""Who may do what on the broker of a plant: the files that we write, on a real Mosquitto."""

import asyncio
import base64
import itertools
import re
import shutil
import subprocess

import pytest
from secured import SECRETS, SITE, V5, V311, client, secured, until

from broker import Access, MqttBus
from broker.deployment import (
    access_rules,
    derived_password,
    filled,
    hashed,
    line_user,
    mosquitto_conf,
    password_file,
    variables,
)
from broker.topics import PREFIX
from plant.errors import BrokerError, InputError
from plant.messages import KINDS, Delivery

NOT_AUTHORISED = 0x87
FIRST, SECOND = f"{SITE}/machining/first", f"{SITE}/machining/second"
OWN = [f"{FIRST}/clock", f"{FIRST}/A/state", f"{FIRST}/B/2/telemetry", f"{FIRST}/A/alarm/jam", f"{FIRST}/A/ack"]
FOREIGN = [
    *(f"{SECOND}/{kind}" for kind in ("clock", "status")),
    *(f"{SECOND}/C/{kind}" for kind in KINDS if kind != "alarm"),
    f"{SECOND}/C/alarm/jam",
    f"{FIRST}/cmd",
    f"{FIRST}/A/cmd",
    f"{FIRST}/B/1/cmd",
    f"{FIRST}/A/kpi",
    f"{FIRST}/A/remark",
    f"{PREFIX}/local/other/machining/first/A/state",
    f"{PREFIX}/local/two/other/first/A/state",
    "shopfloor/doctor/twin/x",
    "anything",
]


@pytest.fixture(scope="module")
def broker(mosquitto, tmp_path_factory):
    with secured(mosquitto, tmp_path_factory.mktemp("secured")) as running:
        yield running


pytestmark = pytest.mark.mosquitto


def last(observer, sender) -> None:
    """Wait until the observer has heard what was sent after all else: what is not there by now never comes."""
    mark = f"{SITE}/machining/first/A/cmd"
    assert sender.publish(mark, b"mark") == 0
    until(lambda: (mark, b"mark") in observer.heard)


@pytest.mark.parametrize("version", [V5, V311])
def test_a_line_writes_its_own_topics_and_nothing_else(broker, version):
    with (
        client(broker, "viewer") as observer,
        client(broker, "twin") as twin,
        client(broker, "line-first", version=version) as line,
    ):
        observer.subscribe("#")
        codes = line.publish_all([*OWN, *FOREIGN], b"line")
        last(observer, twin)
        assert [topic for topic, payload in observer.heard if payload == b"line"] == OWN
        if version == V5:
            assert {topic for topic, code in codes.items() if code == NOT_AUTHORISED} == set(FOREIGN)
            assert set(codes.values()) <= {0, NOT_AUTHORISED, 0x10}, "0x10: nobody listens"


def test_a_foreign_retained_message_is_not_kept_either(broker):
    with client(broker, "line-first") as line:
        assert line.publish(f"{SECOND}/C/state", b"forged", retain=True) == NOT_AUTHORISED
    with client(broker, "viewer") as late, client(broker, "twin") as twin:
        late.subscribe(f"{SITE}/#")
        last(late, twin)
        assert b"forged" not in [payload for _, payload in late.heard]


def test_a_line_hears_its_commands_only(broker):
    with client(broker, "twin") as twin, client(broker, "line-first") as line, client(broker, "line-second") as other:
        line.subscribe("#", f"{SITE}/#", f"{SECOND}/#")
        assert other.publish(f"{SECOND}/C/state", b"foreign") in {0, 0x10}
        for topic in (f"{SECOND}/C/cmd", f"{FIRST}/A/kpi", f"{FIRST}/cmd", f"{FIRST}/A/cmd", f"{FIRST}/B/1/cmd"):
            assert twin.publish(topic, b"word") in {0, 0x10}
        until(lambda: (f"{FIRST}/B/1/cmd", b"word") in line.heard)
        assert {topic for topic, _ in line.heard} == {f"{FIRST}/cmd", f"{FIRST}/A/cmd", f"{FIRST}/B/1/cmd"}


def test_the_twin_reads_all_and_writes_figures_and_commands_only(broker):
    with (
        client(broker, "twin") as twin,
        client(broker, "viewer") as observer,
        client(broker, "line-first") as first,
        client(broker, "line-second") as second,
    ):
        twin.subscribe(f"{PREFIX}/#")
        observer.subscribe(f"{PREFIX}/#")
        for line, topic in ((first, f"{FIRST}/A/state"), (second, f"{SECOND}/C/alarm/jam")):
            line.publish(topic, b"said")
        until(lambda: {topic for topic, _ in twin.heard} >= {f"{FIRST}/A/state", f"{SECOND}/C/alarm/jam"})
        assert twin.publish(f"{SECOND}/C/kpi", b"figure") == 0
        assert twin.publish(f"{FIRST}/A/state", b"forged") == NOT_AUTHORISED
        assert twin.publish(f"{FIRST}/clock", b"forged") == NOT_AUTHORISED
        last(observer, twin)
        assert (f"{SECOND}/C/kpi", b"figure") in observer.heard
        assert b"forged" not in [payload for _, payload in observer.heard]


def test_a_viewer_writes_nothing(broker):
    with client(broker, "viewer") as viewer:
        codes = viewer.publish_all((f"{FIRST}/A/state", f"{FIRST}/A/cmd", f"{FIRST}/A/kpi", "x"))
        assert set(codes.values()) == {NOT_AUTHORISED}


@pytest.mark.parametrize("version", [V5, V311])
@pytest.mark.parametrize(
    ("user", "word"),
    [(None, None), ("line-first", "wrong"), ("line-first", ""), ("nobody", "x"), ("twin", "viewers-own-secret")],
)
def test_who_is_unknown_or_has_a_wrong_password_is_refused(broker, user, word, version):
    with client(broker, user, word, version) as stranger:
        assert stranger.connected
        assert all("uthori" in reason or "Bad user name" in reason for reason in stranger.connected)


async def test_our_own_client_says_that_it_is_refused_without_its_password(broker):
    access = Access(user="twin", password="wrong-word")
    async with MqttBus(broker.url, identifier="x", access=access) as bus:
        with pytest.raises(BrokerError, match="uthori") as caught:
            await bus.wait_connected(3)
    assert "wrong-word" not in str(caught.value)


def test_no_secret_is_in_a_log_or_in_a_file_that_others_may_read(broker):
    said = broker.log
    assert "Error" not in said
    for file in (broker.folder / "access").iterdir():
        assert file.stat().st_mode & 0o077 == 0
        said += file.read_text()
    for secret in [*SECRETS.values(), *broker.passwords.values()]:
        assert secret not in said


# paho leaves the socket of a refused connection to the collector, which says so
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_our_client_speaks_over_tls_to_whom_it_believes_and_to_nobody_else(mosquitto, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    with secured(mosquitto, tmp_path, tls=True) as broker:
        access = Access(user="twin", password=broker.passwords["twin"], ca_file=broker.ca_file)
        topic = f"{FIRST}/A/kpi"
        async with MqttBus(broker.tls_url, identifier="x", access=access) as bus, bus.subscribe(topic) as subscription:
            await bus.wait_connected(10)
            await bus.publish([Delivery(topic=topic, payload=b"figure")])
            async with asyncio.timeout(10):
                assert [one.payload for one in await subscription.batch()] == [b"figure"]
            await subscription.acknowledge()
        stranger = Access(user="twin", password=broker.passwords["twin"])
        for url, known in ((broker.tls_url, stranger), (f"mqtt://127.0.0.1:{broker.tls_port}", stranger)):
            async with MqttBus(url, identifier="y", access=known) as bus:
                with pytest.raises(BrokerError):
                    await bus.wait_connected(2)
        assert (broker.folder / "certificates" / "server.key").stat().st_mode & 0o077 == 0
        assert not (broker.folder / "certificates" / "ca.key").exists()


def test_a_hash_is_the_one_that_mosquittos_own_program_makes(tmp_path):
    """Its program chooses the salt, so ours hashes with that one."""
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("mosquitto_passwd is not installed")
    file = tmp_path / "passwords"
    file.write_text("anna:sécret word\n", encoding="utf-8")
    subprocess.run([program, "-U", str(file)], check=True)
    _, _, kind, rounds, salt, key = re.split(r"[:$]", file.read_text().strip())
    assert kind == "7"
    ours = hashed("sécret word", base64.b64decode(salt), int(rounds))
    assert ours == f"$7${rounds}${salt}${key}"


def test_passwords_of_lines_follow_from_one_secret_and_differ():
    found = {derived_password("s", line_user(name)) for name in ("a", "b")} | {derived_password("t", line_user("a"))}
    assert len(found) == 3
    assert all(len(word) == 32 for word in found)
    with pytest.raises(InputError, match="SHOPFLOOR_LINES_SECRET"):
        derived_password("", "line-a")


def test_a_user_without_a_password_is_refused():
    with pytest.raises(InputError, match="the password of twin"):
        password_file({"twin": ""}, itertools.repeat(b"salt"))


def test_rules_name_every_kind_that_a_line_sends(broker):
    from plant.loader import load_plant

    rules = access_rules(load_plant(broker.plant_file))
    of_first = rules.split("user line-second")[0]
    for kind in KINDS:
        written = f"topic write {FIRST}/+/{kind}" in of_first
        assert written == (kind not in {"cmd", "kpi", "remark"})


def test_an_env_is_its_example_with_secrets_where_they_are_asked_for():
    example = "# a comment\nPORT=1\n\n# secret: of the twin\nTWIN=\nGIVEN=x\n\n# not one\nEMPTY=\n"
    text = filled(example, iter(["one", "two"]))
    assert variables(text) == {"PORT": "1", "TWIN": "one", "GIVEN": "x", "EMPTY": ""}


def test_configuration_bounds_what_waits_and_lets_nobody_in_without_a_name():
    from broker.deployment import Paths

    lines = mosquitto_conf(Paths(access="/a", data="/d")).splitlines()
    assert "allow_anonymous false" in lines
    assert "max_queued_bytes 536870912" in lines
    assert not [line for line in lines if line.startswith(("certfile", "listener 8883"))]
