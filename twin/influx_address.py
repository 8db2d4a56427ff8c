"""Where an InfluxDB is, as people write it: ``influxdb:http://host:8086/?org=…&bucket=…``, and its token apart."""

import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from plant.errors import EntryError, InputError, did_you_mean

TOKEN = "INFLUXDB_TOKEN"  # noqa: S105 the name of a variable
"""Environment variable that holds the token: it must not stand where other people of a machine see it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ALLOWED = "influxdb:http://HOST:8086/?org=ORGANISATION&bucket=BUCKET"


@dataclass(frozen=True, kw_only=True, slots=True)
class InfluxAddress:
    """An InfluxDB and what is ours in it.

    Args:
        url: scheme, host, port and path, without a slash at the end.
        org: the organisation; older and newer versions than 2 do not look at it.
        bucket: the bucket of points; telemetry goes into another one, which may forget sooner.
        token: what the server wants to see; never shown.
    """

    url: str
    org: str = "shopfloor"
    bucket: str = "shopfloor"
    token: str = field(default="", repr=False)

    @property
    def raw(self) -> str:
        """The bucket of telemetry."""
        return f"{self.bucket}_raw"

    def holder(self, *, raw: bool) -> str:
        """The bucket of a table."""
        return self.raw if raw else self.bucket

    def __str__(self) -> str:
        """As people may see it."""
        return f"InfluxDB at {self.url}"


def influx_address(text: str, token: str | None = None) -> InfluxAddress:
    """The address that a person wrote, with or without ``influxdb:`` in front.

    Args:
        text: the address.
        token: the token; none: that of the environment.

    Raises:
        InputError: it is none; the text says what is wrong and does not repeat passwords.
    """
    said = text.removeprefix("influxdb:")
    try:
        parts = urlsplit(said)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{_shown(text)!r} is no address of an InfluxDB ({error}); allowed: {_ALLOWED}") from None
    if parts.username is not None or parts.password is not None:
        raise InputError(f"{_shown(text)!r}: a password has no place in an address; put the token into {TOKEN}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise InputError(f"{_shown(text)!r} is no address of an InfluxDB; allowed: {_ALLOWED}")
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    for key, value in told.items():
        if key == "token":
            raise InputError(f"{_shown(text)!r}: a token has no place in an address; put it into {TOKEN}")
        if key not in {"org", "bucket"}:
            raise EntryError(
                f"{_shown(text)!r}: {key!r} is unknown", "org, bucket", did_you_mean(key, ("org", "bucket"))
            )
        if not value.strip() or (key == "bucket" and not _NAME.fullmatch(value)):
            raise InputError(f"{_shown(text)!r}: {key} {value!r} is no name; allowed: letters, digits, - and _")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    return InfluxAddress(url=where, token=os.environ.get(TOKEN, "") if token is None else token, **told)


def _shown(text: str) -> str:
    """The address without what may be secret."""
    return re.sub(r"(token=)[^&#]*", r"\1…", re.sub(r"//[^@/]*@", "//…@", text))
