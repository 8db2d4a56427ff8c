"""What a push comes to, apart from the asking: the address, what is compared, what goes, what a refusal means."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from plant.errors import InputError, ShopfloorError

FOLDER_UID = "shopfloor"
TAG = "shopfloor"

Json = dict[str, Any]

_NOT_COMPARED = frozenset({"id", "version"})
"""Keys that the server keeps for itself."""


class GrafanaError(ShopfloorError):
    """A Grafana that cannot be reached, or refuses what it is told.

    Attributes:
        status: of HTTP, with which it refused; 0 where it did not.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        self.status = status
        super().__init__(text)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a Grafana is.

    Args:
        protocol: ``http`` or ``https``.
        host: its name; an address of IPv6 in brackets.
        port: none: that of the protocol.
        path: under which it is served, with a slash at its end; empty where there is none.
    """

    protocol: str
    host: str
    port: int | None
    path: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """The address that a person wrote.

        Raises:
            InputError: it is none, or has a part that the API has no use for.
        """
        allowed = "allowed: http://HOST:PORT or https://HOST/PATH"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise InputError(f"--url: {url!r} is no address of Grafana ({error}); {allowed}") from None
        if parts.username is not None:
            raise InputError(f"--url: has a user; {allowed}, and --token")  # not quoted: there is a password in it
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
            raise InputError(f"--url: {url!r} is no address of Grafana; {allowed}")
        path = parts.path.strip("/")
        return cls(
            protocol=parts.scheme,
            host=f"[{host}]" if ":" in host else host,
            port=port,
            path=f"{path}/" if path else "",
        )


def is_same(known: Json, board: Json) -> bool:
    """Whether a server's answer about a dashboard is that dashboard, in our folder."""
    there = known.get("meta", {}).get("folderUid") == FOLDER_UID
    return there and _compared(known.get("dashboard", {})) == _compared(board)


def _compared(board: Json) -> Json:
    return {name: value for name, value in board.items() if name not in _NOT_COMPARED}


def stale(found: Iterable[Mapping[str, Any]], pushed: Container[str]) -> list[str]:
    """Uids of what goes, of what a search for our tag found: what lies in our folder and was not pushed."""
    return [each["uid"] for each in found if each.get("folderUid") == FOLDER_UID and each["uid"] not in pushed]


def refusal(status: int, message: str = "", location: str = "") -> str:
    """What a status means that is no success, for people, with what to do.

    Args:
        status: of HTTP.
        message: of the server.
        location: where it sends to.
    """
    match status:
        case 401:
            return "Grafana refuses the token (401); give that of a service account in --token or GRAFANA_TOKEN"
        case 403:
            return "the token may not do this (403); its service account needs Editor, for data sources Admin"
        case 404:
            return "no API of Grafana is there (404); give its address with the path under which it is served"
        case _ if 300 <= status < 400:
            return f"it sends elsewhere ({status}: {location}); give that address"
        case _:
            return f"Grafana answers {status}: {' '.join(message.split())[:200]}"
