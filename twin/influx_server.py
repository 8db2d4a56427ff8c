"""An InfluxDB over HTTP: lines go in by its write API, answers come out by InfluxQL; errors are told for people.

Blocking, and safe to call from several threads. Versions 1.8, 2 and 3 Core have both ways in common.
"""

import re
from collections.abc import Sequence

import msgspec
import urllib3
from influxdb_client import InfluxDBClient, WritePrecision  # type: ignore[attr-defined]
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from plant.errors import StoreError
from twin.influx_address import TOKEN, InfluxAddress
from twin.influx_answers import Found

PATIENCE = 10.0
"""Seconds that an answer may take."""

_BEYOND = re.compile(r"(?:beyond|outside)[\w ]*retention", re.IGNORECASE)
_DROPPED = re.compile(r"dropped=(\d+)")


class LinesError(StoreError):
    """Lines that the server does not take, now or ever."""


class _Result(msgspec.Struct, frozen=True):
    series: list[Found] = []
    error: str = ""


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result] = []
    error: str = ""


class _Trouble(msgspec.Struct, frozen=True):
    message: str = ""
    error: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)
_TROUBLE = msgspec.json.Decoder(_Trouble)


class InfluxServer:
    """A server; close it when done.

    Args:
        address: where it is.
        patience: seconds that an answer may take.
    """

    def __init__(self, address: InfluxAddress, *, patience: float = PATIENCE) -> None:
        self.address = address
        self._client = InfluxDBClient(
            url=address.url, token=address.token or "none", org=address.org, timeout=round(1000 * patience)
        )
        self._writing = self._client.write_api(write_options=SYNCHRONOUS)
        self._pool = urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(patience), retries=False,
            headers={"Authorization": f"Token {address.token}"} if address.token else {},
        )  # fmt: skip

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()  # type: ignore[no-untyped-call]
        self._pool.clear()

    def write(self, bucket: str, body: bytes) -> int:
        """Store lines with times in microseconds; returns how many are older than the bucket keeps any.

        Raises:
            LinesError: at least one of the lines cannot be stored; the others may be, or not.
            StoreError: the server is away, or does not let us write.
        """
        try:
            self._writing.write(bucket, self.address.org, body, write_precision=WritePrecision.US)  # type: ignore[arg-type]
        except ApiException as error:
            status, text = error.status, _said(error.body or error.reason)
            if not status:  # no answer came: the client tells trouble with TLS so
                raise StoreError(f"{self.address} is away: {text}") from None
            if status in {400, 413, 422}:
                if _BEYOND.search(text):
                    return int(dropped[1]) if (dropped := _DROPPED.search(text)) else 0
                raise LinesError(f"{self.address} refuses lines ({status}): {text}") from None
            raise self._trouble(status, text, bucket) from None
        except (HTTPError, OSError) as error:
            raise StoreError(f"{self.address} is away: {_reason(error)}") from None
        return 0

    def ask(self, bucket: str, *statements: str) -> list[list[Found]]:
        """What InfluxQL statements give, each a list of series; times in microseconds.

        Raises:
            StoreError: the server is away, does not let us read, or does not answer the question.
        """
        form = {"db": bucket, "epoch": "u", "q": "; ".join(statements)}
        try:
            response = self._pool.request_encode_body(
                "POST", f"{self.address.url}/query", fields=form, encode_multipart=False
            )
            status, body = response.status, response.data
        except (HTTPError, OSError) as error:
            raise StoreError(f"{self.address} is away: {_reason(error)}") from None
        if status != 200:
            raise self._trouble(status, _said(body), bucket)
        try:
            answer = _ANSWER.decode(body)
        except msgspec.DecodeError as error:
            raise StoreError(f"{self.address} gives no answer of an InfluxDB: {error}") from None
        self._check(answer, bucket, statements)
        return [result.series for result in answer.results]

    def _check(self, answer: _Answer, bucket: str, statements: Sequence[str]) -> None:
        """Errors come inside of good answers.

        Raises:
            StoreError: there is one.
        """
        for error in (answer.error, *(result.error for result in answer.results)):
            if "not found" in error:
                raise self._trouble(404, error, bucket)
            if error:
                raise StoreError(f"{self.address}: {error}")
        if len(answer.results) != len(statements):
            raise StoreError(f"{self.address}: {len(answer.results)} answers to {len(statements)} questions")
        if any(series.partial for result in answer.results for series in result.series):
            raise StoreError(f"{self.address} gives part of an answer only: its max-row-limit is too small")

    def _trouble(self, status: int | None, text: str, bucket: str) -> StoreError:
        """What a status means for who runs this."""
        address = self.address
        if status in {401, 403}:
            wanted = f"one that may read and write the buckets {address.bucket} and {address.raw} of {address.org}"
            if not address.token:
                return StoreError(f"{address} wants a token ({status}): put {wanted} into {TOKEN}")
            return StoreError(f"{address} refuses the token ({status}): put {wanted} into {TOKEN}")
        if status == 404:
            return StoreError(
                f"{address} has no bucket {bucket} of organisation {address.org} (404: {text}): "
                "create it, or name another one by ?org=…&bucket=…"
            )
        return StoreError(f"{address} does not work ({status}): {text}")


def _said(body: str | bytes | None) -> str:
    """What the body of an error says, on one line."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        told = _TROUBLE.decode(text)
        text = told.message or told.error or text
    except msgspec.DecodeError:
        pass
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]} …"


def _reason(error: Exception) -> str:
    """Why a server cannot be reached: the innermost cause, always in the same words."""
    while isinstance(inner := getattr(error, "reason", None), Exception):
        error = inner
    inner = next((arg for arg in error.args if isinstance(arg, OSError)), error)
    return str(inner).rsplit("): ", 1)[-1].split(" (read timeout", 1)[0]
