"""The two halves of a run as processes of their own, over a real broker: the same figures, also after kills."""

import asyncio
import json
import shutil
import urllib.parse
from collections import defaultdict
from pathlib import Path

import pytest
from running import Running, running, shopfloor
from secured import SECRETS, secured

from broker import embedded_broker, parse
from plant.messages import KINDS
from shopfloor import alive
from twin import Journal

pytestmark = [pytest.mark.mosquitto, pytest.mark.usefixtures("mosquitto")]

START = "2026-01-05T00:00:00Z"
BEGIN = 1_767_571_200_000_000
PAST = 1_800_000_000  # microseconds
RUN = ("--seed", "7", "--start", START, "--backfill", "30min")
KILLS = 4
TOTAL = 7000  # messages that the twin journals of this past, and a few more


def told(lines) -> dict[str, dict[int, bytes]]:
    """Payload of each number of each topic of counted kinds, as far as the past goes."""
    found: dict[str, dict[int, bytes]] = defaultdict(dict)
    for topic, payload in lines:
        if payload and KINDS[parse(topic).kind].counted and KINDS[parse(topic).kind].journaled:
            message = json.loads(payload)
            if message["ts"] <= BEGIN + PAST:
                assert found[topic].setdefault(message["seq"], payload) == payload
    return found


def journaled(folder: Path) -> dict[str, dict[int, bytes]]:
    with Journal(folder / "journal.sqlite") as journal:
        return told((row.topic, row.payload) for row in journal.page(0, 10**9, upto=10**9))


async def kpis(run: Running) -> dict:
    """What the twin computes of the past, without the word how final it is: that depends on when one asks."""
    window = urllib.parse.urlencode({"path": "machining/cell", "from": BEGIN, "to": BEGIN + PAST})
    found = (await run.ask(f"kpis?{window}"))["kpis"]
    return {name: {key: kpi[key] for key in kpi if key not in {"status", "revision"}} for name, kpi in found.items()}


async def position(run: Running) -> int:
    return (await run.ask("health"))["position"]


async def reached(run: Running, instant: int) -> None:
    async with asyncio.timeout(90):
        while ((await run.ask("health"))["to"] or 0) < instant:
            await asyncio.sleep(0.05)


async def kill(run: Running) -> None:
    run.process.kill()
    await run.process.wait()


async def undisturbed(small: Path) -> dict:
    async with running("run", str(small), *RUN, "--port", "0") as whole:
        await whole.live()
        return await kpis(whole)


def halves(small: Path, url: str, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Commands of the twin and of the publisher."""
    twin = ("twin", str(small), "--broker", url, "--data", str(folder / "twin"), "--port", "0")
    return twin, ("publish", str(small), *RUN, "--broker", url, "--data", str(folder / "mouth"))


async def test_both_halves_give_the_bytes_and_figures_of_a_run_in_one_process(small, tmp_path) -> None:
    file = tmp_path / "messages.tsv"
    shopfloor("simulate", str(small), "--for", "30min", *RUN[:4], "--json", "--messages", str(file))
    offline = told(
        (topic.decode(), payload)
        for topic, payload in (line.split(b"\t", 1) for line in file.read_bytes().splitlines())
    )
    expected = await undisturbed(small)
    async with embedded_broker(prefer="mosquitto") as broker:
        twin, mouth = halves(small, broker.url, tmp_path)
        async with running(*twin) as ears:
            await ears.live()
            async with running(*mouth) as sender:
                await sender.live()
                await reached(ears, BEGIN + PAST)
            assert sender.process.returncode == 0, "".join(sender.lines)
            assert await kpis(ears) == expected
            counters = (await ears.ask("health"))["counters"]
            assert (counters["gaps"], counters["duplicates"], counters["dead_letters"]) == (0, 0, {})
    assert ears.process.returncode == 0, "".join(ears.lines)
    heard = journaled(tmp_path / "twin")
    assert {topic: heard[topic] for topic in offline} == offline
    assert json.loads((tmp_path / "mouth" / "past.json").read_bytes())["to"] == BEGIN + PAST


async def check(ears: Running, expected: dict) -> None:
    assert await kpis(ears) == expected
    counters = (await ears.ask("health"))["counters"]
    gaps = {kind for node in counters["nodes"].values() for kind, of in node.items() if of["gaps"]}
    assert gaps <= {"telemetry"}, "its newest values are in memory only, and a kill may take them"
    assert counters["dead_letters"] == {}


async def grown(ears: Running, by: int) -> None:
    """Wait until the twin has so many messages more."""
    goal = await position(ears) + by
    async with asyncio.timeout(60):
        while await position(ears) < goal:
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_publisher_that_is_killed_goes_on_and_nothing_is_lost_or_told_twice(small, tmp_path) -> None:
    expected = await undisturbed(small)
    async with embedded_broker(prefer="mosquitto") as broker:
        twin, mouth = halves(small, broker.url, tmp_path)
        async with running(*twin) as ears:
            await ears.live()
            for _ in range(KILLS):
                async with running(*mouth) as sender:
                    await grown(ears, 700)
                    await kill(sender)
            assert (await ears.ask("health"))["to"] < BEGIN + PAST, "the kills came in the past"
            async with running(*mouth) as sender:
                await sender.live()
                assert any(f"session {KILLS + 1}" in line for line in sender.lines)
                await reached(ears, BEGIN + PAST)
                await check(ears, expected)


@pytest.mark.slow
async def test_a_twin_that_is_killed_goes_on_and_nothing_that_was_acknowledged_is_lost(small, tmp_path) -> None:
    expected = await undisturbed(small)
    async with embedded_broker(prefer="mosquitto") as broker:
        twin, mouth = halves(small, broker.url, tmp_path)
        async with running(*twin) as ears:
            await ears.live()
            sending = asyncio.create_task(published(mouth))
            await grown(ears, 300)
            known = await position(ears)
            await kill(ears)
        for _ in range(KILLS - 1):  # what waits with the broker is taken in within a second, so be quick
            async with running(*twin) as ears:
                await ears.until(lambda: bool(ears.page))
                async with asyncio.timeout(60):
                    while (found := await position(ears)) == known < TOTAL:
                        await asyncio.sleep(0.001)
                known = found
                await kill(ears)
        async with running(*twin) as ears:
            await ears.live()
            assert await sending == 0
            await reached(ears, BEGIN + PAST)
            await check(ears, expected)


async def published(mouth: tuple[str, ...]) -> int | None:
    """Publish the past and stop as soon as it is with the broker."""
    async with running(*mouth) as sender:
        await sender.live()
    return sender.process.returncode


async def test_halves_with_users_rules_and_tls_find_each_other_and_print_no_secret(mosquitto, tmp_path, monkeypatch):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    token = "word-of-the-page"
    monkeypatch.setenv("SHOPFLOOR_TOKEN", token)
    with secured(mosquitto, tmp_path, tls=True) as broker:
        way = {"SHOPFLOOR_BROKER": broker.tls_url, "SHOPFLOOR_MQTT_CA_FILE": str(broker.ca_file)}
        user = {"SHOPFLOOR_MQTT_USER": "twin", "SHOPFLOOR_MQTT_PASSWORD": broker.passwords["twin"]}
        plant, mouth = str(broker.plant_file), tmp_path / "mouth"
        lines = {"SHOPFLOOR_LINES_SECRET": SECRETS["SHOPFLOOR_LINES_SECRET"]}
        twin = ("twin", plant, "--data", str(tmp_path / "twin"), "--port", "0")
        async with running(*twin, **way, **user, SHOPFLOOR_TOKEN=token) as ears:
            await ears.live()
            async with running("publish", plant, *RUN, "--data", str(mouth), **way, **lines) as sender:
                await sender.live()
                async with asyncio.timeout(60):
                    while not await asyncio.to_thread(alive.past_is_there, ears.page, mouth):
                        await asyncio.sleep(0.1)
            command = ("publish", plant, *RUN, "--data", str(tmp_path / "other"), "--for", "1s")
            foreign = {"SHOPFLOOR_MQTT_USER": "line-second", "SHOPFLOOR_MQTT_PASSWORD": "guessed"}
            async with running(*command, **way, **foreign) as refused:
                await asyncio.wait_for(refused.process.wait(), 90)
        assert refused.process.returncode == 1
        assert "uthori" in "".join(refused.lines)
        heard = journaled(tmp_path / "twin")
        assert {topic.split("/")[5] for topic in heard} == {"first", "second"}
        said = "".join([*ears.lines, *sender.lines, *refused.lines, broker.log])
        for secret in [*SECRETS.values(), *broker.passwords.values(), token, "guessed"]:
            assert secret not in said


async def test_a_broker_is_named_here_or_in_the_environment(small, tmp_path) -> None:
    done = shopfloor("publish", str(small))
    assert (done.returncode, done.stderr) == (
        2,
        "--broker: is missing; allowed: mqtt://host:1883, here or in SHOPFLOOR_BROKER\n",
    )
    done = shopfloor("publish", str(small), "--broker", "mqtt://127.0.0.1:9", "--line", "sell")
    assert (done.returncode, done.stderr) == (2, "--line: 'sell' is not in small; allowed: cell\n")


async def test_a_page_that_others_can_reach_needs_a_token(small, tmp_path) -> None:
    arguments = ("--broker", "mqtt://127.0.0.1:9", "--data", str(tmp_path), "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    done = shopfloor("twin", str(small), *arguments)
    assert done.returncode == 2
    assert "--token or SHOPFLOOR_TOKEN is needed" in done.stderr
