"""What a person chose on the command line, as frozen data."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from plant.description import Plant
from plant.errors import InputError
from plant.time import DAY, DEFAULT_START, HOUR, format_duration, parse_duration, parse_instant
from simulators import Engine

if TYPE_CHECKING:
    from twin.influx_address import InfluxAddress

FIRST_PORT = 8000
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSettings:
    """How a plant is run live.

    Args:
        plant: the description.
        seed: seed of all draws.
        speed: seconds of plant time per second of wall time.
        backfill: plant time that is filled before going live, in microseconds.
        start: first instant of the run, microseconds UTC; none: now minus the backfill.
        broker: URL of a broker to use; none: start one.
        port: port of the page; none: the first free one from 8000.
        data: folder that keeps journal and historian; none: nothing is kept.
        historian: folder of the telemetry store, or where an InfluxDB is; none: in the data folder.
        limit: bytes that the data folder may take.
        keep_raw: plant time that telemetry is kept as it came, in microseconds.
        keep_minutes: plant time that its minutes are kept, in microseconds.
        duration: wall time after which it stops, in microseconds; none: until told.
        browser: whether to open the page in a browser.
    """

    plant: Plant
    seed: int = 1
    speed: float = 1.0
    backfill: int = 0
    start: int | None = None
    broker: str | None = None
    port: int | None = None
    data: Path | None = None
    historian: "Path | InfluxAddress | None" = None
    limit: int = 20 * 10**9
    keep_raw: int = 14 * DAY
    keep_minutes: int = 366 * DAY
    duration: int | None = None
    browser: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OfflineSettings:
    """How a plant is simulated as fast as it can be.

    Args:
        plant: the description.
        duration: plant time after the warm-up, in microseconds.
        warm_up: plant time that is not counted, in microseconds.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC.
        replications: number of independent runs.
        engine: which one runs the model.
    """

    plant: Plant
    duration: int
    warm_up: int = 0
    seed: int = 1
    start: int = DEFAULT_START
    replications: int = 1
    engine: Engine = "compiled"

    def starting(self, start: int) -> Self:
        """The same with another first instant."""
        return replace(self, start=start)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetSettings:
    """What a data set tells of, and where it goes.

    Args:
        plant: the description.
        out: its folder.
        duration: plant time after the warm-up, in microseconds.
        warm_up: plant time that is not told of.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC.
        line: the line that is told of; none: all.
        tags: the tags that are told of, as a person wrote them; none: all.
        force: whether a data set that is there is replaced.
    """

    plant: Plant
    out: Path
    duration: int
    warm_up: int = 0
    seed: int = 1
    start: int = DEFAULT_START
    line: str | None = None
    tags: str | None = None
    force: bool = False

    @property
    def begin(self) -> int:
        """First instant that is told of, microseconds UTC."""
        return self.start + self.warm_up

    @property
    def end(self) -> int:
        """First instant after that."""
        return self.begin + self.duration


def duration(option: str, text: str, *, least: int = 0) -> int:
    """A duration of the command line in microseconds.

    Raises:
        InputError: the text is no duration or is too short.
    """
    try:
        micros = parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option}: {error}") from None
    if micros < least:
        bound = "above 0" if least == 1 else f"{format_duration(least)} or more"
        raise InputError(f"{option}: {text!r} is too short; it must be {bound}")
    return micros


def instant(option: str, text: str | None) -> int | None:
    """An instant of the command line in microseconds UTC.

    Raises:
        InputError: the text is no instant.
    """
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise InputError(f"{option}: {error}") from None


_SIZES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
LEAST_SIZE = 10**7


def size(option: str, text: str) -> int:
    """A size of the command line in bytes.

    Raises:
        InputError: the text is no size or is too small.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", text.strip(), re.IGNORECASE)
    if found is None:
        raise InputError(f"{option}: {text!r} is not a size; allowed are numbers with MB, GB or TB, such as 20GB")
    bytes_ = round(float(found[1]) * _SIZES[found[2].upper()])
    if bytes_ < LEAST_SIZE:
        raise InputError(f"{option}: {text!r} is too small; it must be 10MB or more")
    return bytes_


def historian_place(text: str | None) -> "Path | InfluxAddress | None":
    """Folder of ``duckdb:DIR``, or address of ``influxdb:URL`` with the token of the environment.

    Raises:
        InputError: another kind of store, or no address; secrets are not repeated.
    """
    if text is None:
        return None
    kind, _, place = text.partition(":")
    if kind == "influxdb":
        from twin.influx_address import influx_address  # noqa: PLC0415 what is of no use to --help

        try:
            return influx_address(text)
        except InputError as error:
            raise InputError(f"--historian: {error}") from None
    if kind != "duckdb" or not place:
        shown = re.sub(r"//[^@/]*@", "//…@", text)
        raise InputError(f"--historian: {shown!r} is not a store of this version; allowed: duckdb:DIR, influxdb:URL")
    return Path(place)


DEMO_PAST = 8 * HOUR
