"""Asking another program over HTTP, for checks and set-up: gives its answer, or what was wrong, without a secret."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plant.errors import InputError

PATIENCE = 5.0
SHOWN = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What came back.

    Args:
        url: what was asked, without its question.
        status: of HTTP; 0 if nobody answered.
        body: of the answer.
        why: nobody answered, because …
    """

    url: str
    status: int
    body: bytes = b""
    why: str = ""

    @property
    def trouble(self) -> str:
        """What was wrong, in a line."""
        if not self.status:
            return self.why
        text = " ".join(self.body.decode(errors="replace").split())[:SHOWN]
        return f"answers {self.status}" + (f": {text}" if text else "")

    def json(self) -> Any:
        """The body as JSON; an empty mapping if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


def ask(
    url: str,
    question: Mapping[str, str] | None = None,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    told: Any = None,
    patience: float = PATIENCE,
) -> Asked:
    """Ask by GET, or by POST if there is a body.

    Args:
        url: of http or https, without a question.
        question: parameters of the question.
        headers: names and values.
        body: bytes to send.
        told: what to send as JSON, instead.
        patience: seconds to wait.

    Raises:
        InputError: the address is none of http.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(f"{url!r} is not an address such as http://localhost:8086")
    sent = dict(headers)
    if told is not None:
        body = json.dumps(told).encode()
        sent["content-type"] = "application/json"
    full = url + ("?" + urllib.parse.urlencode(question) if question else "")
    request = urllib.request.Request(full, data=body)  # noqa: S310 http and https only, see above
    for name, value in sent.items():
        request.add_unredirected_header(name, value)  # a token is for whom it was meant
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310 ditto
            return Asked(url=url, status=answer.status, body=answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Asked(url=url, status=error.code, body=error.read())
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Asked(url=url, status=0, why=f"nobody answers ({reason})")
