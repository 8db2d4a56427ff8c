"""Which draw comes from which stream: a row per purpose, the same table for every engine.

| purpose         | path                    | draw k is of                                       |
|-----------------|-------------------------|----------------------------------------------------|
| arrival         | line                    | the interval before the part that comes as k-th    |
| cycle           | line/station            | the k-th operation begun there, over all machines  |
| quality         | line/station            | the same operation                                 |
| unload          | line/station            | the same operation                                 |
| load            | line/station            | the k-th loading begun there                       |
| transport       | line/station            | the k-th part that set out for it                  |
| restart         | line/station            | the k-th operation begun anew after a failure      |
| time_to_failure | line/station/machine/mode | the interval before the k-th failure of the mode |
| time_to_repair  | line/station/machine/mode | the repair of the k-th failure of the mode       |
| noise.TAG       | line/station/machine    | the sample k µs after the start of the run         |

k counts from 0. The machine's number stands in the path also when it is 1. Nothing else is random.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plant.description import Line, Station
from plant.distributions import BLOCK, Distribution, Draws
from plant.draws import GOLDEN, Stream, key, mix_array
from plant.stops import Failure

Times = Callable[[int], int]
"""Draw k in microseconds."""


class Verdicts:
    """Whether operation k makes scrap; prepared in blocks because operations come in order."""

    __slots__ = ("_block", "_first", "_share", "_stream")

    def __init__(self, share: float, stream: Stream) -> None:
        self._share = share
        self._stream = stream
        self._first = 0
        self._block: list[float] = []

    def __call__(self, k: int) -> bool:
        """The verdict on operation k."""
        offset = k - self._first
        if not 0 <= offset < len(self._block):
            self._first, offset = k, 0
            self._block = self._stream.uniforms(range(k, k + BLOCK)).tolist()
        return self._block[offset] < self._share


class Streams:
    """The streams of one run."""

    __slots__ = ("seed",)

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def arrivals(self, line: Line) -> Times | None:
        """Intervals between arrivals; none if parts are always there."""
        interval = line.arrivals.interval
        return None if interval is None else Draws(interval, Stream(self.seed, line.name, "arrival"))

    def times(self, line: Line, station: Station, purpose: str, distribution: Distribution) -> Times:
        """Times of a station."""
        return Draws(distribution, Stream(self.seed, f"{line.name}/{station.name}", purpose))

    def handling(self, line: Line, station: Station, purpose: str, distribution: Distribution) -> Times | None:
        """Times of a station that may be none at all: load, unload, transport."""
        if distribution.constant and distribution.mean == 0:
            return None
        return self.times(line, station, purpose, distribution)

    def verdicts(self, line: Line, station: Station) -> Verdicts | None:
        """Verdicts of a station that makes scrap."""
        share = station.quality.scrap
        return Verdicts(share, Stream(self.seed, f"{line.name}/{station.name}", "quality")) if share else None

    def failures(self, line: Line, station: Station, machine: int, failure: Failure) -> tuple[Times, Times]:
        """Times to failure and times to repair of one mode of one machine."""
        path = f"{line.name}/{station.name}/{machine}/{failure.mode}"
        return (
            Draws(failure.interval, Stream(self.seed, path, "time_to_failure")),
            Draws(failure.time_to_repair, Stream(self.seed, path, "time_to_repair")),
        )

    def noise(self, line: Line, station: Station, machine: int, tag: str) -> tuple[int, int]:
        """Key of the noise of one signal of a machine."""
        return key(self.seed, f"{line.name}/{station.name}/{machine}", f"noise.{tag}")


def words(keys: NDArray[np.uint64], k: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The words k of many streams at once, equal to `Stream.words` of each.

    Args:
        keys: shape (..., 2).
        k: shape (n,).

    Returns:
        Shape (..., n).
    """
    first, second = keys[..., :1], keys[..., 1:]
    return mix_array(mix_array(first + k.astype(np.uint64) * np.uint64(GOLDEN)) ^ second)
