"""Dashboards into a running Grafana over its HTTP API: folder, data sources, dashboards.

What is there already as it should be is left alone, so pushing twice changes nothing. Provisioning by files needs none
of this; it is for a Grafana that somebody else runs. The client comes with the extra ``grafana`` only; what needs no
client is in `dashboards.grafana.pushing`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeVar
from urllib.parse import quote

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaException, GrafanaTimeoutError

from dashboards.grafana.pushing import (
    FOLDER_UID,
    TAG,
    Address,
    GrafanaError,
    Json,
    Pushed,
    is_same,
    refusal,
    stale,
)

PAGE = 1_000
SECONDS = 20.0

T = TypeVar("T")


def push(
    *,
    url: str,
    token: str,
    dashboards: Mapping[str, Json],
    sources: Sequence[Json] = (),
    folder: str = "Shopfloor",
    prune: bool = False,
    patience: float = SECONDS,
) -> Pushed:
    """Bring dashboards into a Grafana.

    Args:
        url: its address, with the path under which it is served, if any.
        token: of a service account; Editor will do for dashboards, data sources need Admin.
        dashboards: by uid.
        sources: data sources; none: they are there already.
        folder: title of the folder.
        prune: whether dashboards in the folder that carry our tag and are none of these are deleted.
        patience: seconds to wait for an answer.

    Raises:
        InputError: the address is none.
        GrafanaError: it cannot be reached, or refuses.
    """
    at = Address.of(url)
    api = GrafanaApi(
        token, protocol=at.protocol, host=at.host, port=at.port, url_path_prefix=at.path, timeout=patience
    )
    session = api.client.s
    session.max_redirects = 0  # followed, a change would become a question, and its answer look like success
    done: dict[str, list[str]] = {"created": [], "changed": [], "same": [], "pruned": []}
    with closing(session):
        server = _Server(url, api, patience)
        done[server.folder(folder)].append(f"folder {folder}")
        for source in sources:
            done[server.source(source)].append(f"data source {source['name']}")
        for uid, board in dashboards.items():
            done[server.dashboard(uid, board)].append(uid)
        if prune:
            done["pruned"] += server.pruned(dashboards)
    return Pushed(**{name: tuple(names) for name, names in done.items()})


class _Server:
    """What is brought into a Grafana, each in its own way; what goes wrong is one clear error."""

    def __init__(self, url: str, api: GrafanaApi, patience: float) -> None:
        self._url = url
        self._api = api
        self._patience = patience

    def folder(self, title: str) -> str:
        """The folder; where there is no Grafana at all, it is creating one that fails."""
        known = self._find(self._api.folder.get_folder, FOLDER_UID)
        if known is None:
            self._tell(self._api.folder.create_folder, title, uid=FOLDER_UID)
            return "created"
        if known.get("title") == title:
            return "same"
        self._tell(self._api.folder.update_folder, FOLDER_UID, title=title, overwrite=True)
        return "changed"

    def source(self, source: Json) -> str:
        """A data source; its token cannot be read back, so one that is there is always told anew."""
        uid = quote(source["uid"])
        if self._find(self._api.datasource.get_datasource_by_uid, uid) is None:
            self._tell(self._api.datasource.create_datasource, source)
            return "created"
        self._tell(self._api.datasource.update_datasource_by_uid, uid, source)
        return "changed"

    def dashboard(self, uid: str, board: Json) -> str:
        """A dashboard, into our folder."""
        known = self._find(self._api.dashboard.get_dashboard, quote(uid))
        if known is not None and is_same(known, board):
            return "same"
        told = {"dashboard": board, "folderUid": FOLDER_UID, "overwrite": True}
        self._tell(self._api.dashboard.update_dashboard, told)
        return "created" if known is None else "changed"

    def pruned(self, pushed: Mapping[str, Json]) -> list[str]:
        """Only what lies in our folder and carries our tag goes: what people put beside it stays."""
        search = self._api.search.search_dashboards
        found = self._ask(list, search, tag=TAG, type_="dash-db", folder_uids=FOLDER_UID, limit=PAGE)
        gone = stale(found, pushed)
        for uid in gone:
            self._tell(self._api.dashboard.delete_dashboard, quote(uid))
        return gone

    def _find(self, get: Callable[..., Any], uid: str) -> Json | None:
        """What is there; none where the server says that it has no such thing."""
        try:
            return self._ask(dict, get, uid)
        except GrafanaError as error:
            if error.status == 404:
                return None
            raise

    def _tell(self, change: Callable[..., Any], *what: Any, **more: Any) -> None:
        self._ask(dict, change, *what, **more)

    def _ask(self, kind: type[T], call: Callable[..., Any], *what: Any, **more: Any) -> T:
        try:
            answer = call(*what, **more)
        except GrafanaTimeoutError:
            raise self._error(f"no answer within {self._patience:g} s") from None
        except GrafanaException as error:
            raise self._error(refusal(error.status_code, str(error.message)), error.status_code) from None
        except ValueError:  # no JSON
            answer = None
        except OSError as error:  # what the client's own client raises, which it lets through
            raise self._error(_unreachable(error)) from None
        if isinstance(answer, kind):
            return answer
        raise self._error("no Grafana answers there, but something else")

    def _error(self, why: str, status: int = 0) -> GrafanaError:
        return GrafanaError(f"--url {self._url}: {why}", status)


def _unreachable(error: OSError) -> str:
    response = getattr(error, "response", None)
    if response is not None and 300 <= response.status_code < 400:
        return refusal(response.status_code, location=response.headers.get("Location", ""))
    innermost: BaseException = error
    while (cause := innermost.__cause__ or innermost.__context__) is not None:
        innermost = cause
    said = getattr(innermost, "strerror", None) or str(innermost) or type(innermost).__name__
    return f"it cannot be reached ({' '.join(str(said).split())[:200]})"
