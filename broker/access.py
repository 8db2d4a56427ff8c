"""How a client comes to a broker: address, user, password, and whom it believes over TLS. Pure."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from plant.errors import InputError

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who a client says it is, and whom it believes.

    Args:
        user: name; none: that of the address, if it has one.
        password: of that user; it is not shown.
        ca_file: certificates (PEM) that a broker's own must lead to; none: those of the system.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a broker listens, and as whom it is spoken to.

    Args:
        host: name or address.
        port: TCP port.
        tls: whether the connection is encrypted, and the broker has to prove who it is.
        user: name; none: anonymous.
        password: of that user; it is not shown.
    """

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def hide_password(url: str) -> str:
    """The address as people may see it."""
    return re.sub(r"//[^@/]*@", "//…@", url)


def endpoint(url: str, access: Access | None = None) -> Endpoint:
    """What ``mqtt[s]://[user:password@]host[:port]`` says; a user in the address goes before that of `access`.

    Raises:
        InputError: the text is no such URL.
    """
    wrong = f"{hide_password(url)!r} is not a broker address such as mqtt://localhost:1883 or mqtts://broker.plant"
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise InputError(f"{wrong} ({error})") from None
    if not port or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise InputError(wrong)
    known = access or Access()
    if parts.username:
        known = Access(user=unquote(parts.username), password=unquote(parts.password) if parts.password else None)
    return Endpoint(
        host=parts.hostname, port=port, tls=parts.scheme == "mqtts", user=known.user, password=known.password
    )
