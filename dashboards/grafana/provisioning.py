"""What Grafana reads at its start: data sources, where dashboards lie, alert rules. Pure.

`$NAME` is filled in from Grafana's environment; a literal dollar would be doubled, so none of our texts has one.
"""

from typing import Any

import yaml

from dashboards.grafana import alerts
from dashboards.grafana.queries import POINTS, RAW
from plant.description import Plant

ENVIRONMENT = (
    "INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_BUCKET", "INFLUXDB_RAW_BUCKET", "SHOPFLOOR_TWIN_URL",
    "SHOPFLOOR_TWIN_TOKEN",
)  # fmt: skip
"""What the environment of Grafana must have."""

BOARDS_INSIDE = "/etc/grafana/boards"
"""Folder in which Grafana's container finds the dashboards."""

_HEAD = "# Made by `shopfloor dashboards build`: change the code, not this file.\n"

Json = dict[str, Any]


def data_source(uid: str, name: str, *, url: str, token: str, bucket: str, default: bool) -> Json:
    """InfluxDB over InfluxQL: each bucket of a 2.x server is a database of that name."""
    return {
        "uid": uid,
        "name": name,
        "type": "influxdb",
        "access": "proxy",
        "url": url,
        "isDefault": default,
        "jsonData": {
            "dbName": bucket,
            "httpMode": "GET",
            "httpHeaderName1": "Authorization",
            "timeInterval": "10s",
            "version": "InfluxQL",
        },
        "secureJsonData": {"httpHeaderValue1": f"Token {token}"},
    }


def data_sources(url: str, token: str, bucket: str, raw_bucket: str) -> list[Json]:
    """Both data sources: what is kept for ever, and telemetry."""
    return [
        data_source(POINTS, "Shopfloor", url=url, token=token, bucket=bucket, default=True),
        data_source(RAW, "Shopfloor telemetry", url=url, token=token, bucket=raw_bucket, default=False),
    ]


def files(plant: Plant, contract_kw: float | None = None) -> dict[str, str]:
    """All provisioning files of a plant by their path under ``provisioning``."""
    sources = data_sources("$INFLUXDB_URL", "$INFLUXDB_TOKEN", "$INFLUXDB_BUCKET", "$INFLUXDB_RAW_BUCKET")
    provider = {
        "name": "shopfloor",
        "orgId": 1,
        "folder": alerts.FOLDER,
        "type": "file",
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": BOARDS_INSIDE},
    }
    return {
        "datasources/shopfloor.yaml": _yaml(
            {"apiVersion": 1, "datasources": [{"orgId": 1, "editable": False, **source} for source in sources]}
        ),
        "dashboards/shopfloor.yaml": _yaml({"apiVersion": 1, "providers": [provider]}),
        "alerting/rules.yaml": _yaml(alerts.group(plant, contract_kw)),
        "alerting/contact-points.yaml": _yaml(alerts.contact_points()),
        "alerting/policies.yaml": _yaml(alerts.policies()),
    }


def _yaml(tree: Json) -> str:
    return _HEAD + yaml.safe_dump(tree, sort_keys=True, allow_unicode=True, width=120)
