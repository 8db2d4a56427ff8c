"""Which draw comes from which stream: a row per purpose, the same table for every engine.

| purpose         | path                    | draw k is of                                       |
|-----------------|-------------------------|----------------------------------------------------|
| arrival         | line                    | the interval before the part that comes as k-th    |
| product         | line                    | the k-th lot that comes                            |
| order           | orders/NAME             | the interval before the k-th order of a stream     |
| order.product   | orders/NAME             | the product of the k-th order of a stream          |
| lead_time       | line/station            | the k-th delivery of material                      |
| pallet          | line                    | the k-th way of a pallet back to the entry         |
| cycle           | line/station            | the k-th operation begun there, over all machines  |
| quality, defect | line/station            | the k-th part worked on there                      |
| measure.NAME    | line/station            | the same part                                      |
| inspect, detect | line/station            | the same part                                      |
| way             | line/station            | the same part                                      |
| setup           | line/station            | the k-th setup there                               |
| unload          | line/station            | the same operation                                 |
| load            | line/station            | the k-th loading begun there                       |
| transport       | line/station            | the k-th part that set out for it                  |
| restart         | line/station            | the k-th operation begun anew after a failure      |
| time_to_failure | line/station/machine/mode | the interval before the k-th failure of the mode |
| time_to_repair  | line/station/machine/mode | the repair of the k-th failure of the mode       |
| tool_change, maintenance.NAME | line/station/machine | the k-th time it is done             |
| tool_life, tool_repair | line/station/machine | the k-th tool, the k-th one that broke       |
| walking         | operators/POOL          | the k-th walk of the pool                          |
| vehicle_load, vehicle_unload | fleets/FLEET | the k-th ride of the fleet                        |
| noise.TAG       | line/station/machine    | the sample k µs after the start of the run         |
| deviate         | line/station/machine    | how the part of the operation k differs            |
| wander.NAME     | line/station/machine    | wandering of a quantity, on a grid of its own      |
| ambient         | ambient                 | wandering of the temperature of the hall           |
| type, air, process, torque, speed, random | ai4i    | the k-th row of a table by the AI4I rules (no plant)|
| tool            | ai4i                    | the k-th tool in it                                |
| fault.NAME      | line/station/machine    | the time before the k-th time that it is there     |
| fault.NAME.for  | line/station/machine    | how long it is there the k-th time                 |
| fault.KIND, fault.KIND.for | place of a transport fault | the same of that; its losses: fault.loss.states |
| fault.KIND      | topic below the site    | what a transport fault does to message number k    |
| fault.TAG.KIND.noise | line/station/machine | what a sensor fault adds, `simulators.sensor_faults` |

k counts from 0. The machine's number stands in the path also when it is 1; an arrival at another entry than the first
has the path of its station. In a batch each part counts; without batches a part worked on is an operation. Where
parts wait by `spt` the k-th cycle time is that of the k-th part that came; a way that is chosen before work is that of
the k-th part that was ready for it. Nothing else is random.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plant.distributions import BLOCK, Distribution, Draws
from plant.draws import GOLDEN, Stream, key, mix_array
from plant.stops import Failure

Key = tuple[int, int]
"""The 128-bit key of a stream as two words."""

Times = Callable[[int], int]
"""Draw k in microseconds."""


class Shares:
    """Uniform numbers by k, prepared in blocks because they are used in order."""

    __slots__ = ("_block", "_first", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._first = 0
        self._block: list[float] = []

    def __call__(self, k: int) -> float:
        """The number k, strictly between 0 and 1."""
        offset = k - self._first
        if not 0 <= offset < len(self._block):
            self._first, offset = k, 0
            self._block = self._stream.uniforms(range(k, k + BLOCK)).tolist()
        return self._block[offset]


class Streams:
    """The streams of one run."""

    __slots__ = ("seed",)

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def draws(self, path: str, purpose: str, distribution: Distribution) -> Times:
        """Times of a thing."""
        return Draws(distribution, Stream(self.seed, path, purpose))

    def some(self, path: str, purpose: str, distribution: Distribution) -> Times | None:
        """Times of a thing that may be none at all: load, unload, transport."""
        if distribution.constant and distribution.mean == 0:
            return None
        return self.draws(path, purpose, distribution)

    def shares(self, path: str, purpose: str) -> Shares:
        """Uniform numbers of a thing."""
        return Shares(Stream(self.seed, path, purpose))

    def stream(self, path: str, purpose: str) -> Stream:
        """The stream itself."""
        return Stream(self.seed, path, purpose)

    def failures(self, path: str, failure: Failure) -> tuple[Times, Times]:
        """Times to failure and times to repair of one mode of the machine at a path."""
        path = f"{path}/{failure.mode}"
        return (
            self.draws(path, "time_to_failure", failure.interval),
            self.draws(path, "time_to_repair", failure.time_to_repair),
        )

    def key(self, path: str, purpose: str) -> tuple[int, int]:
        """Key of a stream of which many words are wanted at once."""
        return key(self.seed, path, purpose)


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


def pairs(keys: NDArray[np.uint64], k: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The word k of a stream for each of many pairs of both, equal to `Stream.word`.

    Args:
        keys: shape (n, 2).
        k: shape (n,).
    """
    opened = mix_array(keys[:, 0] + k.astype(np.uint64) * np.uint64(GOLDEN)) ^ keys[:, 1]
    return mix_array(opened)
