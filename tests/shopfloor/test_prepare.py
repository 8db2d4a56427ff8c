"""`shopfloor prepare` and the health checks of containers."""

import json

import pytest
from secured import SECRETS, TWO_LINES
from servers import Influx, server

from plant.errors import InputError, ShopfloorError
from plant.loader import load_plant
from plant.time import DAY
from shopfloor import alive
from shopfloor.preparing import PrepareSettings, password, run_prepare


@pytest.fixture
def plant(tmp_path):
    file = tmp_path / "two.yaml"
    file.write_text(TWO_LINES)
    return load_plant(file)


def test_buckets_that_are_missing_are_made_and_those_that_are_there_stay(plant):
    known = {"INFLUXDB_TOKEN": "right"}
    influx = Influx()
    with server(influx) as database:
        settings = PrepareSettings(plant=plant, buckets=database.url, raw_retention=3 * DAY)
        assert list(run_prepare(settings, known)) == ["database: made shopfloor_raw"]
        assert influx.buckets["shopfloor"] == {}
        assert influx.buckets["shopfloor_raw"]["retentionRules"] == [{"type": "expire", "everySeconds": 259_200}]
        assert list(run_prepare(settings, known)) == ["database: its buckets are there"]
        with pytest.raises(ShopfloorError, match="answers 401"):
            list(run_prepare(settings, {"INFLUXDB_TOKEN": "wrong"}))
        with pytest.raises(ShopfloorError, match="has no organisation 'other'"):
            list(run_prepare(settings, {**known, "INFLUXDB_ORG": "other"}))


def test_a_missing_secret_is_named(plant, tmp_path):
    settings = PrepareSettings(plant=plant, access=tmp_path / "access")
    with pytest.raises(InputError, match=r"SHOPFLOOR_TWIN_PASSWORD, SHOPFLOOR_LINES_SECRET: not set"):
        list(run_prepare(settings, {**SECRETS, "SHOPFLOOR_TWIN_PASSWORD": "", "SHOPFLOOR_LINES_SECRET": ""}))
    assert not (tmp_path / "access").exists()


def test_a_password_of_a_line_can_be_asked_for(plant):
    assert password(plant, "twin", SECRETS) == SECRETS["SHOPFLOOR_TWIN_PASSWORD"]
    assert password(plant, "line-first", SECRETS) != password(plant, "line-second", SECRETS)
    with pytest.raises(InputError, match="allowed: twin, viewer, health, line-first, line-second"):
        password(plant, "line-third", SECRETS)


def test_nothing_asked_for_is_a_mistake(plant):
    with pytest.raises(InputError, match="prepare: what"):
        list(run_prepare(PrepareSettings(plant=plant), SECRETS))
    with pytest.raises(InputError, match="with --certificates DIR"):
        list(run_prepare(PrepareSettings(plant=plant, hosts=("h",)), SECRETS))


def test_a_publisher_is_well_when_the_twin_has_its_past(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPFLOOR_TOKEN", "word")
    told = {"status": "ok", "runs": ["r"], "to": 9}
    with server(lambda request: (200 if request.headers["authorization"] == "Bearer word" else 401, told)) as page:
        assert alive.main(["twin", page.url]) == 0
        arguments = ["publish", page.url, str(tmp_path)]
        assert alive.main(arguments) == 1, "no past yet"
        (tmp_path / "past.json").write_text(json.dumps({"run": "r", "to": 10}))
        assert alive.main(arguments) == 1
        told["to"] = 10
        assert alive.main(arguments) == 0
        told["runs"] = ["other"]
        assert alive.main(arguments) == 1
        monkeypatch.setenv("SHOPFLOOR_TOKEN", "wrong")
        assert alive.main(["twin", page.url]) == 1
    assert alive.main(["twin", page.url]) == 1
    assert alive.main([]) == 2
