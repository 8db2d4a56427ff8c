"""Where telemetry is kept, as people write it: what is wrong is told in one line, and no secret is repeated."""

import asyncio

import pytest
import running as commands
from running import running, shopfloor

from plant.errors import InputError
from twin.influx_address import influx_address


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("mysql:x", "--historian: 'mysql:x' is not a store of this version; allowed: duckdb:DIR, influxdb:URL"),
        ("http://a:geheim@h", "'http://…@h' is not a store of this version; allowed: duckdb:DIR, influxdb:URL"),
        ("influxdb:", "'influxdb:' is no address of an InfluxDB; allowed: influxdb:http://HOST:8086/?org="),
        ("influxdb:http://h:port", "is no address of an InfluxDB (Port could not be cast"),
        ("influxdb:ftp://h", "is no address of an InfluxDB; allowed: influxdb:http://HOST:8086/?org="),
        ("influxdb:http://a:geheim@h", "'influxdb:http://…@h': a password has no place in an address; put the"),
        ("influxdb:http://h?token=geheim", "token=…': a token has no place in an address; put it into INFLUXDB_TOKEN"),
        ("influxdb:http://h?buckt=x", "'buckt' is unknown; allowed: org, bucket (did you mean bucket?)"),
        ("influxdb:http://h?bucket=a%20b", "bucket 'a b' is no name; allowed: letters, digits, - and _"),
        ("influxdb:http://h?org=", "org '' is no name"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_told_in_one_line(small, text, line) -> None:
    done = shopfloor("run", str(small), "--historian", text)
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.startswith("--historian: ")
    assert len(done.stderr.splitlines()) == 1
    assert "geheim" not in done.stderr + done.stdout


def test_an_address_names_two_buckets_and_shows_no_token(monkeypatch) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", "geheim")
    address = influx_address("influxdb:https://h:1/db/?org=my works&bucket=b")
    assert (address.url, address.org, address.bucket, address.raw) == ("https://h:1/db", "my works", "b", "b_raw")
    assert address.token == "geheim"  # noqa: S105 no secret
    assert "geheim" not in f"{address!r} {address}"
    monkeypatch.delenv("INFLUXDB_TOKEN")
    plain = influx_address("influxdb:http://[::1]:8086")
    assert (plain.url, plain.org, plain.bucket, plain.token) == ("http://[::1]:8086", "shopfloor", "shopfloor", "")
    with pytest.raises(InputError, match="password"):
        influx_address("http://user@h")


async def test_a_plant_runs_without_its_database_and_says_once_that_it_is_away(small, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(commands, "ENVIRONMENT", {**commands.ENVIRONMENT, "INFLUXDB_TOKEN": "geheim"})
    place = ("--historian", "influxdb:http://127.0.0.1:9", "--data", str(tmp_path / "data"))
    async with running("run", str(small), "--port", "0", "--backfill", "10min", *place, "--for", "4s") as run:
        await run.live()
        async with asyncio.timeout(30):
            while (await run.ask("health"))["counters"]["historian_backlog"] < 2400:
                await asyncio.sleep(0.1)
        await run.process.wait()
    said = "".join(run.lines)
    assert run.process.returncode == 0, said
    away = "InfluxDB at http://127.0.0.1:9 is away: Failed to establish a new connection"
    of_recorder = said.count(f"points are not recorded: {away}")  # once while it runs, once at its end
    assert (said.count(away) - of_recorder, of_recorder <= 2) == (1, True)
    assert f"rows wait in {tmp_path}/data/influxdb for InfluxDB" in said.replace("\n", "")
    assert "geheim" not in said
    assert list((tmp_path / "data" / "influxdb").glob("*-raw-*.lp"))
