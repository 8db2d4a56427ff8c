"""What a link decides about one message: all of it drawn by the number of the message, so by nothing else."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from plant.distributions import standard_normal
from plant.draws import Stream
from plant.fault_kinds import Parameter
from plant.occurrences import Interval, OnTheWay

MOST_COPIES = 100
QUANTILE_99 = 2.3263478740408408  # of the standard normal distribution


@dataclass(frozen=True, slots=True)
class Trouble:
    """A transport fault while it is there.

    Args:
        way: the fault and its times.
        interval: the time at which it is there now.
        states: the states of its losses, if they come in bursts.
    """

    way: OnTheWay
    interval: Interval
    states: "Bursts | None" = None

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Of the fault."""
        return self.way.fault.parameters

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        value = self.parameters[name]
        return float(value) if isinstance(value, int | float) else 0.0


class Bursts:
    """Losses in bursts after Gilbert and Elliott: up, degraded, and from there up again or down.

    The times in each state are exponential. All messages on the way share the states.

    Args:
        means: mean times in µs: up, degraded, down.
        stream: its draws; draw k is of the k-th state.
    """

    __slots__ = ("_begins", "_means", "_names", "_stream")

    def __init__(self, means: dict[str, float], stream: Stream) -> None:
        self._means = means
        self._stream = stream
        self._begins = [0]
        self._names = ["up"]

    def at(self, time: int) -> str:
        """The state at an instant, µs since the start of the run."""
        while self._begins[-1] <= time:
            k = len(self._names)
            length = -math.log(self._stream.uniform(k - 1)) * self._means[self._names[-1]]
            self._begins.append(self._begins[-1] + max(1, round(length)))
            outer = "up" if self._stream.uniform(k, 1) < 0.5 else "down"
            self._names.append("degraded" if k % 2 else outer)
        return self._names[bisect_right(self._begins, time) - 1]


def is_lost(trouble: Trouble, time: int, stream: Stream, seq: int) -> bool:
    """Whether a message is lost.

    Args:
        trouble: of losses.
        time: of the message, µs since the start of the run.
        stream: draws of its topic.
        seq: its number.
    """
    state = "degraded" if trouble.states is None else trouble.states.at(time)
    return state == "down" or (state == "degraded" and stream.uniform(seq) < trouble.number("share"))


def copies(trouble: Trouble, stream: Stream, seq: int) -> int:
    """How often a message comes again: n times with probability (1 - p) p^n."""
    p = trouble.number("share")
    if p >= 1:
        return MOST_COPIES
    return min(int(math.log(stream.uniform(seq)) / math.log(p)), MOST_COPIES) if p else 0


def delay(trouble: Trouble, stream: Stream, seq: int) -> int:
    """How long a message takes in µs: lognormal."""
    median, p99 = trouble.number("median"), trouble.number("p99")
    spread = math.log(p99 / median) / QUANTILE_99
    return round(median * math.exp(spread * standard_normal(lambda j: stream.uniform(seq, j), 0)))


def overtakers(trouble: Trouble, stream: Stream, seq: int) -> int:
    """How many others a message lets pass; 0: it is not held."""
    if stream.uniform(seq) >= trouble.number("share"):
        return 0
    return 1 + int(stream.uniform(seq, 1) * trouble.number("others"))


def spoiled(trouble: Trouble, stream: Stream, seq: int, payload: bytes) -> bytes | None:
    """The payload if it arrives broken: cut, with a value of a wrong type, or in a form that nobody knows."""
    if stream.uniform(seq) >= trouble.number("share"):
        return None
    how = int(stream.uniform(seq, 1) * 3)
    if how == 1:
        return payload.replace(b'"ts":', b'"ts":true,"was":', 1)
    if how == 2:
        unknown = payload.replace(b'"schema":"1', b'"schema":"999', 1)
        return payload.replace(b'"run":', b'"run_id":', 1) if unknown == payload else unknown
    return payload[: len(payload) // 2]
