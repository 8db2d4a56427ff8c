"""A live plant from outside: bytes, topics, crashes."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from running import ROOT, running, shopfloor

from broker import embedded_broker, find_mosquitto

START = "2026-01-05T00:00:00Z"
VARIABLE = {"clock", "status", "cmd", "ack", "kpi"}


class Listener:
    """An MQTT client that knows nothing of our code."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("mqtt://").split(":")
        self.messages: list[tuple[str, bytes, bool]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("shopfloor/v1/#", qos=1)
        self._client.on_message = lambda _c, _u, m: self.messages.append((m.topic, m.payload, bool(m.retain)))
        self._client.connect(host, int(port))
        self._client.loop_start()

    def kinds(self) -> set[str]:
        return {kind_of(topic) for topic, payload, _ in list(self.messages) if payload}

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def kind_of(topic: str) -> str:
    levels = topic.split("/")
    return "alarm" if levels[-2] == "alarm" else levels[-1]


def by_topic(lines: list[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    found: dict[str, dict[int, bytes]] = defaultdict(dict)
    for topic, payload in lines:
        if payload and kind_of(topic) not in VARIABLE:
            seq = json.loads(payload)["seq"]
            assert found[topic].setdefault(seq, payload) == payload, "a copy is byte for byte"
    return {topic: [numbered[seq] for seq in sorted(numbered)] for topic, numbered in found.items()}


def need(kind: str) -> None:
    if kind == "mosquitto" and find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have mosquitto")
        pytest.skip("mosquitto is not installed")


@pytest.mark.parametrize(("kind", "speed"), [("iotcore", "100"), ("mosquitto", "100"), ("mosquitto", "1")])
async def test_the_same_run_gives_the_same_bytes_at_any_speed_on_any_broker(kind, speed, small, tmp_path) -> None:
    need(kind)
    file = tmp_path / "messages.tsv"
    shopfloor("simulate", str(small), "--for", "1h", "--seed", "5", "--start", START, "--json", "--messages", str(file))
    lines = [line.split(b"\t", 1) for line in file.read_bytes().splitlines()]
    offline = by_topic([(topic.decode(), payload) for topic, payload in lines])
    async with embedded_broker(prefer=kind) as broker:
        listener = Listener(broker.url)
        arguments = ("--seed", "5", "--start", START, "--speed", speed, "--broker", broker.url, "--port", "0")
        async with running("run", str(small), *arguments, "--for", "8s") as run:
            await run.process.wait()
            assert run.process.returncode == 0, "".join(run.lines)
        listener.close()
    live = by_topic([(topic, payload) for topic, payload, _ in listener.messages])
    assert live
    assert sum(map(len, live.values())) > (500 if speed == "100" else 10)
    for topic, payloads in live.items():
        assert payloads == offline[topic][: len(payloads)], topic


def test_another_process_writes_the_same_bytes_and_another_seed_others(small, tmp_path) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        shopfloor("simulate", str(small), "--for", "10min", "--seed", seed, "--json", "--messages", str(file))
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


async def test_an_independent_client_sees_every_kind_and_a_late_one_the_whole_line(small) -> None:
    async with running("run", str(small), "--speed", "60", "--port", "0", "--backfill", "10min") as run:
        await run.live()
        listener = Listener(run.broker)
        wanted = {"meta", "state", "telemetry", "part", "alarm", "energy", "kpi", "status", "clock"}
        await run.until(lambda: listener.kinds() >= wanted)
        late = Listener(run.broker)
        machines = {"A", "B/1", "B/2", "C"}
        prefix = "shopfloor/v1/local/small/machining/cell/"

        def retained(kind: str) -> set[str]:
            return {
                t.removeprefix(prefix).removesuffix(f"/{kind}")
                for t, _, kept in late.messages
                if kept and t.endswith(f"/{kind}")
            }

        await run.until(
            lambda: retained("state") >= machines and retained("meta") >= machines and retained("energy") >= machines
        )
        assert f"{prefix}status" in {topic for topic, _, kept in late.messages if kept}
        for client in (listener, late):
            client.close()
    for topic, payload, _ in listener.messages:
        if payload:
            message = json.loads(payload)
            assert {"run", "session", "seq", "n", "ts"} <= set(message), topic


async def history(run, begin: int, end: int) -> dict:
    kpis = {
        path: await run.ask(f"kpis?path={path}&from={begin}&to={end}")
        for path in ("machining/cell", "machining/cell/B/1", "machining/cell/A")
    }
    return {**kpis, "intervals": await run.ask(f"intervals?path=machining/cell&from={begin}&to={end}")}


async def kill(run) -> None:
    run.process.send_signal(signal.SIGKILL)
    await run.process.wait()


async def test_after_kill_9_the_past_is_unchanged_and_the_same_run_goes_on(small, tmp_path) -> None:
    data = tmp_path / "data"
    arguments = (
        "run",
        str(small),
        "--speed",
        "50",
        "--seed",
        "9",
        "--start",
        START,
        "--port",
        "0",
        "--data",
        str(data),
    )
    async with running(*arguments, "--backfill", "20min") as run:
        await run.live()
        before = await run.ask("health")
        goal = before["to"] + 60_000_000
        for _ in range(200):
            health = await run.ask("health")
            if health["to"] > goal:
                break
            await asyncio.sleep(0.05)
        past = await history(run, health["from"], goal)
        await kill(run)
    for session in (2, 3):
        async with running(*arguments, "--backfill", "20min") as run:
            await run.live()
            again = await run.ask("health")
            assert again["runs"] == [health["run"]]
            assert await history(run, health["from"], goal) == past
            for _ in range(400):
                now = await run.ask("health")
                if now["to"] > again["to"] + 120_000_000:
                    break
                await asyncio.sleep(0.05)
            assert now["to"] > again["to"]
            counters = now["counters"]
            assert (counters["gaps"], counters["late"], counters["dead_letters"]) == (0, 0, {})
            whole = await history(run, health["from"], now["to"])
            await kill(run)
        assert session_of(data) == session
    assert_equal_to_an_undisturbed_run(small, whole)


def session_of(data: Path) -> int:
    return len(json.loads((data / "runs.json").read_text())[-1]["sessions"])


def assert_equal_to_an_undisturbed_run(small: Path, whole: dict) -> None:
    """The intervals that the twin knows after three sessions are those of the simulation in one piece."""
    from plant.loader import load_plant
    from plant.paths import parse_node
    from simulators import Simulation

    answer = whole["intervals"]
    simulation = Simulation(load_plant(small), seed=9, messages=False)
    simulation.advance(answer["to"])
    for path, told in answer["machines"].items():
        true = [
            (i.state, i.reason, simulation.start + i.begin, min(simulation.start + i.end, answer["to"]))
            for i in simulation.ledger.intervals(parse_node(path))
            if simulation.start + i.begin < answer["to"]
        ]
        assert [(i["state"], i["reason"], i["begin"], i["end"]) for i in told] == true, path


async def test_ctrl_c_ends_cleanly_and_the_next_start_goes_on(small, tmp_path) -> None:
    arguments = ("run", str(small), "--speed", "20", "--start", START, "--port", "0", "--data", str(tmp_path / "data"))
    async with running(*arguments) as run:
        await run.live()
        run.process.send_signal(signal.SIGINT)
        await run.process.wait()
        assert run.process.returncode == 0, "".join(run.lines)
        assert "Traceback" not in "".join(run.lines)
    async with running(*arguments) as run:
        await run.live()
        assert len((await run.ask("health"))["runs"]) == 1


async def test_another_seed_is_another_run_beside_it(small, tmp_path) -> None:
    arguments = (
        "run",
        str(small),
        "--speed",
        "20",
        "--start",
        START,
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
        "--for",
        "2s",
    )
    for seed in ("1", "2"):
        async with running(*arguments, "--seed", seed) as run:
            await run.process.wait()
    async with running(*arguments[:-2], "--seed", "2") as run:
        await run.live()
        assert len((await run.ask("health"))["runs"]) == 2


def broken(**changes: object) -> bytes:
    """A state message that would be fine but for the changes; a value of bytes is put in as it is."""
    numbers = {"run": "r", "session": 1, "seq": 0, "n": 0, "ts": 1}
    whole = {**numbers, "state": "failed", "reason": "", "since": 0, **changes}
    values = {key: value if isinstance(value, bytes) else json.dumps(value).encode() for key, value in whole.items()}
    return b"{" + b", ".join(b'"%s": %s' % (key.encode(), value) for key, value in values.items()) + b"}"


GARBAGE = [
    ("cell/A/state", b"\xff\x00\xfe"),
    ("cell/A/state", b"{"),
    ("cell/A/state", b"[1, 2"),
    ("cell/A/state", b"[" * 50_000),
    ("cell/A/state", broken(run=b"NaN")),
    ("cell/A/state", broken(ts="noon")),
    ("cell/A/state", broken(ts=b"1e400")),
    ("cell/A/state", broken(seq=-5)),
    ("cell/A/state", broken(seq=b"1" + b"0" * 5000)),
    ("cell/A/state", broken(state="dancing")),
    ("cell/A/part", broken(event="exploded", part="p", product="x")),
    ("cell/A/telemetry", broken(ts=9, t=[1, 2], v={"power": [1]})),
    ("cell/A/dance", b"{}"),
    ("cell/NOWHERE/state", broken()),
    ("cell/A/B/C/D/E/state", b"{}"),
    ("cell/A/alarm", b"{}"),
]


async def test_garbage_on_the_topics_is_counted_and_listed_and_nothing_stops(small) -> None:
    async with running("run", str(small), "--speed", "20", "--port", "0") as run:
        await run.live()
        listener = Listener(run.broker)
        await run.until(lambda: listener.messages)
        for _ in range(20):
            for topic, payload in GARBAGE:
                listener.publish(f"shopfloor/v1/local/small/machining/{topic}", payload)
        wanted = 20 * len(GARBAGE)
        for _ in range(600):
            counts = (await run.ask("deadletters"))["counts"]
            if sum(counts.values()) >= wanted:
                break
            await asyncio.sleep(0.05)
        letters = await run.ask("deadletters")
        before = (await run.ask("health"))["to"]
        assert sum(letters["counts"].values()) == wanted
        assert {"json", "value", "envelope", "kind", "topic", "node"} <= set(letters["counts"])
        assert all(letter["reason"] and letter["topic"] for letter in letters["letters"])
        for _ in range(400):
            if (await run.ask("health"))["to"] > before + 10_000_000:
                break
            await asyncio.sleep(0.05)
        assert (await run.ask("health"))["to"] > before
        assert len((await run.ask("health"))["runs"]) == 1
        listener.close()


def test_the_root_of_the_tests_is_the_checkout() -> None:
    assert (ROOT / "pyproject.toml").is_file()


async def test_a_faulty_way_is_seen_by_the_twin_and_the_run_ends_cleanly(tmp_path):
    """Past and present go the same way; the counters are exact in `tests/laws/test_transport.py`."""
    plant = tmp_path / "plant.yaml"
    plant.write_text(
        "plant: p\nlines: [{name: l, stations: [{name: A, cycle_time: 3 s}]}]\nfaults:\n"
        "  - {transport: loss, on: l/A, at: 5 s, share: 20 %}\n"
        "  - {transport: duplicate, on: l/A, at: 5 s, share: 20 %}\n"
        "  - {transport: malformed, on: l/A, at: 5 s, share: 5 %}\n"
    )
    async with running("run", str(plant), "--backfill", "5min", "--speed", "20", "--port", "0") as run:
        await run.live()
        before = (await run.ask("health"))["counters"]
        assert min(before["gaps"], before["duplicates"], sum(before["dead_letters"].values())) > 0
        async with asyncio.timeout(30):
            while (now := (await run.ask("health"))["counters"])["gaps"] <= before["gaps"]:
                await asyncio.sleep(0.1)
        assert now["received"] > before["received"]
        run.process.send_signal(signal.SIGINT)
        assert await run.process.wait() == 0, "".join(run.lines)
