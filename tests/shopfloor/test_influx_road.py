"""From the simulator over a Mosquitto with users and TLS and the twin into a real InfluxDB: nothing is lost."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path

import pytest
import running as commands
from hearing import NoHistorian
from influx_process import influxd
from memory_store import MemoryStore
from mosquitto import mosquitto_with_tls
from running import running, shopfloor
from write_shim import write_shim

from plant.loader import load_plant
from twin import Journal, Recorder, Twin
from twin.tables import CELL, FIXED

START = "2026-01-05T00:00:00Z"
END = 1_767_571_200_000_000 + 3600 * 1_000_000
RUN = ("--seed", "7", "--start", START, "--backfill", "1h")
TOKEN = "t0ken-of-the-test"  # noqa: S105 no secret


def produced(small: Path, file: Path) -> dict[tuple[str, int], dict]:
    """Values of telemetry by machine and instant, as the simulator says them offline."""
    shopfloor("simulate", str(small), "--for", "1h", *RUN[:4], "--json", "--messages", str(file))
    found: dict[tuple[str, int], dict] = {}
    for topic, payload in (line.split(b"\t", 1) for line in file.read_bytes().splitlines()):
        levels = topic.decode().split("/")
        if levels[-1] == "telemetry":
            told = json.loads(payload)
            machine = " ".join(levels[6:-1])
            for place, t in enumerate(told["t"]):
                row = {tag: column[place] for tag, column in told["v"].items() if column[place] is not None}
                if row and t <= END:
                    found[machine, t] = row
    return found


def kept(server, types: set[str]) -> dict[tuple[str, int], dict]:
    """The same, as the server has them."""
    found: dict[tuple[str, int], dict] = {}
    for kind in types:
        for row in server.rows(kind, "shopfloor_raw"):
            labels = {row.pop(label) for label in ("plant", "area", "line")}
            assert labels == {"small", "machining", "cell"}
            row.pop("run"), row.pop("station")
            t, machine = row.pop("time"), row.pop("machine")
            if t <= END:
                found[machine, t] = {tag: value for tag, value in row.items() if value is not None}
    return found


def accounts(server) -> dict[tuple[str, tuple[str, ...], int], dict]:
    """Accounts of whole cells of the past, as the server has them."""
    found = {}
    for name in ("account", "line_account"):
        for row in server.rows(name):
            labels, t = tuple(row.pop(label) for label in FIXED[name].labels), row.pop("time")
            if t + CELL <= END:
                found[name, labels, t] = {field: value for field, value in row.items() if value is not None}
    return found


async def known_accounts(plant, folder: Path) -> dict[tuple[str, tuple[str, ...], int], dict]:
    """The same, made anew of the journal that the twin has left."""
    journal, store = Journal(folder / "journal.sqlite", durable=False), MemoryStore()
    async with Twin(plant, journal=journal, historian=NoHistorian(), pace=None) as twin:
        await Recorder(twin, store).advance()
    return {
        (name, labels, at): values
        for name in ("account", "line_account")
        for (labels, at), values in store.table(name).items()
        if at + CELL <= END
    }


async def road(small, tmp_path, monkeypatch, influxd_program, mosquitto, openssl, *, away: float) -> None:
    """The server of the historian is killed amid the past, and comes back after some seconds."""
    plant = load_plant(small)
    types = {station.type for line in plant.lines for station in line.stations}
    expected = produced(small, tmp_path / "messages.tsv")
    assert len(expected) > 10_000
    folders = [tmp_path / name for name in ("influxd", "broker", "twin", "mouth")]
    with (
        influxd(influxd_program, folders[0], "shopfloor", "shopfloor_raw") as server,
        write_shim(server.url) as shim,
        mosquitto_with_tls(mosquitto, openssl, plant, folders[1]) as broker,
    ):
        place = f"influxdb:{shim.url}/?org=works&bucket=shopfloor"
        listen = ("twin", str(small), "--broker", broker.url, "--data", str(folders[2]), "--port", "0")
        speak = ("publish", str(small), *RUN, "--broker", broker.url, "--data", str(folders[3]))
        monkeypatch.setattr(
            commands, "ENVIRONMENT", {**commands.ENVIRONMENT, **broker.environment("twin"), "INFLUXDB_TOKEN": TOKEN}
        )
        async with running(*listen, "--historian", place) as ears:
            await ears.live()
            monkeypatch.setattr(
                commands, "ENVIRONMENT", {**commands.ENVIRONMENT, **broker.environment("line-cell")}
            )
            async with running(*speak) as mouth:
                await ears.until(lambda: len(shim.bodies) > 3)
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(away)  # that is how long it is away
                await asyncio.to_thread(server.start)
                await mouth.live()

                async def done() -> bool:
                    counters = (await ears.ask("health"))["counters"]
                    return not counters["historian_backlog"] and ((await ears.ask("health"))["to"] or 0) >= END

                async with asyncio.timeout(120):
                    while not await done():
                        await asyncio.sleep(0.1)
            counters = (await ears.ask("health"))["counters"]
            assert (counters["gaps"], counters["historian_dropped"], counters["dead_letters"]) == (0, 0, {})
        assert ears.process.returncode == 0, "".join(ears.lines)
        assert any("is away" in line for line in ears.lines)
        found = await asyncio.to_thread(kept, server, types)
        assert found.keys() == expected.keys()
        assert found == expected
        assert sum(map(len, found.values())) == sum(map(len, expected.values()))
        points, told = await known_accounts(plant, folders[2]), await asyncio.to_thread(accounts, server)
        assert len(points) > 12 * len(plant.lines)
        assert told == points
        in_order(shim.bodies)
        said = "".join(ears.lines + mouth.lines)
        said += "".join(
            file.read_text(errors="replace") for folder in folders[2:] for file in folder.rglob("*") if file.is_file()
        )
        for secret in (TOKEN, *broker.passwords.values()):
            assert secret not in said


def in_order(bodies) -> None:
    """Of each machine, samples were taken in the order in which they were made."""
    newest: Counter[bytes] = Counter()
    for bucket, body in bodies:
        if bucket == "shopfloor_raw":
            for line in body.splitlines():
                series, t = re.match(rb"(?:\\.|[^\\ ])+", line)[0], int(line.rsplit(b" ", 1)[1])
                assert t > newest[series]
                newest[series] = t


@pytest.mark.influx
@pytest.mark.mosquitto
async def test_every_value_reaches_the_server_also_when_it_is_killed(
    small, tmp_path, monkeypatch, influxd_program, mosquitto, openssl
) -> None:
    await road(small, tmp_path, monkeypatch, influxd_program, mosquitto, openssl, away=5.0)


@pytest.mark.influx
@pytest.mark.mosquitto
@pytest.mark.slow
async def test_every_value_reaches_the_server_also_when_it_is_away_for_a_minute(
    small, tmp_path, monkeypatch, influxd_program, mosquitto, openssl
) -> None:
    await road(small, tmp_path, monkeypatch, influxd_program, mosquitto, openssl, away=60.0)
