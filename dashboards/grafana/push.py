"""Dashboards into a running Grafana over its HTTP API: folder, data sources, dashboards.

What is there already as it should be is left alone, so pushing twice changes nothing. Provisioning by files needs none
of this; it is for a Grafana that somebody else runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from plant.errors import InputError, ShopfloorError

FOLDER_UID = "shopfloor"
TAG = "shopfloor"
PAGE = 1_000
SECONDS = 20.0

Json = dict[str, Any]

_NOT_COMPARED = frozenset({"id", "version"})
"""Keys that the server keeps for itself."""


class GrafanaError(ShopfloorError):
    """A Grafana that cannot be reached, or refuses what it is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """What a push did: names of what was created, changed, left as it was, and deleted."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    pruned: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        counts = ((self.created, "created"), (self.changed, "changed"), (self.same, "unchanged"),
                  (self.pruned, "deleted"))  # fmt: skip
        return ", ".join(f"{len(names)} {what}" for names, what in counts)


def push(
    *,
    url: str,
    token: str,
    dashboards: Mapping[str, Json],
    sources: Sequence[Json] = (),
    folder: str = "Shopfloor",
    prune: bool = False,
) -> Pushed:
    """Bring dashboards into a Grafana.

    Args:
        url: its address, with the path under which it is served, if any.
        token: of a service account; Editor will do for dashboards, data sources need Admin.
        dashboards: by uid.
        sources: data sources; none: they are there already.
        folder: title of the folder.
        prune: whether dashboards in the folder that carry our tag and are none of these are deleted.

    Raises:
        InputError: the address is none.
        GrafanaError: it cannot be reached, or refuses.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"--url: {url!r} is no address of Grafana; allowed: http://HOST:PORT or https://HOST/PATH")
    done: dict[str, list[str]] = {"created": [], "changed": [], "same": [], "pruned": []}
    with _Server(url, token) as server:
        done[_folder(server, folder)].append(f"folder {folder}")
        for source in sources:
            done[_source(server, source)].append(f"data source {source['name']}")
        for uid, board in dashboards.items():
            done[_dashboard(server, uid, board)].append(uid)
        if prune:
            done["pruned"] += _pruned(server, dashboards)
    return Pushed(**{name: tuple(names) for name, names in done.items()})


class _Server:
    """Grafana's API: a call gives the answer, nothing where the server knows no such thing, or one clear error."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/", headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, path: str, **params: str | int) -> Any:
        """What is at a path; none where the server says that it has no such thing."""
        answer = self._call("GET", path, params=params)
        return None if answer.status_code == 404 else self._read(answer)

    def tell(self, method: str, path: str, body: Json | None = None) -> None:
        """Create, change or delete."""
        self._read(self._call(method, path, json=body))

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise GrafanaError(f"--url {self.url}: it cannot be reached ({error or type(error).__name__})") from None

    def _read(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            try:
                return answer.json()
            except ValueError:
                raise GrafanaError(f"--url {self.url}: no Grafana answers there, but something else") from None
        raise GrafanaError(f"--url {self.url}: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    match answer.status_code:
        case 401:
            return "Grafana refuses the token (401); give that of a service account in --token or GRAFANA_TOKEN"
        case 403:
            return "the token may not do this (403); its service account needs Editor, for data sources Admin"
        case 404:
            return "no API of Grafana is there (404); give its address with the path under which it is served"
        case status if answer.is_redirect:
            return f"it sends elsewhere ({status}: {answer.headers.get('Location', '')}); give that address"
        case status:
            return f"Grafana answers {status}: {answer.text[:200]}"


def _folder(server: _Server, title: str) -> str:
    """The folder; where there is no Grafana at all, it is creating one that fails."""
    known = server.find(f"folders/{FOLDER_UID}")
    if known is None:
        server.tell("POST", "folders", {"uid": FOLDER_UID, "title": title})
        return "created"
    if known.get("title") == title:
        return "same"
    server.tell("PUT", f"folders/{FOLDER_UID}", {"title": title, "overwrite": True})
    return "changed"


def _source(server: _Server, source: Json) -> str:
    """A data source; its token cannot be read back, so one that is there is always told anew."""
    path = f"datasources/uid/{source['uid']}"
    if server.find(path) is None:
        server.tell("POST", "datasources", source)
        return "created"
    server.tell("PUT", path, source)
    return "changed"


def _dashboard(server: _Server, uid: str, board: Json) -> str:
    known = server.find(f"dashboards/uid/{quote(uid)}")
    if known is not None:
        there = known.get("meta", {}).get("folderUid") == FOLDER_UID
        if there and _compared(known["dashboard"]) == _compared(board):
            return "same"
    server.tell("POST", "dashboards/db", {"dashboard": board, "folderUid": FOLDER_UID, "overwrite": True})
    return "created" if known is None else "changed"


def _compared(board: Json) -> Json:
    return {name: value for name, value in board.items() if name not in _NOT_COMPARED}


def _pruned(server: _Server, dashboards: Mapping[str, Json]) -> list[str]:
    """Only what lies in our folder and carries our tag goes: what people put beside it stays."""
    there = server.find("search", tag=TAG, type="dash-db", folderUIDs=FOLDER_UID, limit=PAGE) or []
    stale = [each["uid"] for each in there if each["uid"] not in dashboards and each.get("folderUid") == FOLDER_UID]
    for uid in stale:
        server.tell("DELETE", f"dashboards/uid/{quote(uid)}")
    return stale
