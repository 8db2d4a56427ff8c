"""From machine states to ISO 22400-2 time elements: a named profile, stored with every figure computed by it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plant.states import State
from twin.accounts import STATES
from twin.waterfall import elements


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A total mapping of states to what the waterfall counts their time as; the time elements are sums of that.

    Args:
        id: name that goes with every value.
        spent: one of `twin.waterfall.TIMES` for each state.
    """

    id: str
    spent: Mapping[State, str]

    def elements(self, times: Iterable[int], minor_stop: int = 0) -> dict[str, int]:
        """All time elements of a window, and what they are sums of.

        Args:
            times: microseconds in each state, in the order of `STATES`.
            minor_stop: how much of the time in the state `failed` belongs to minor stops: it moves within ADET only.
        """
        spent: dict[str, int] = {}
        for state, time in zip(STATES, times, strict=True):
            spent[self.spent[state]] = spent.get(self.spent[state], 0) + time
        spent["breakdown"] -= minor_stop
        return elements({**spent, "minor_stop": minor_stop})


ISO = Profile(
    id="iso22400-2:2014",
    spent={
        State.OFF: "not_scheduled",
        State.PAUSE: "pause",
        State.FAILED: "breakdown",
        State.MAINTENANCE: "maintenance",
        State.SETUP: "setup",
        State.PROCESSING: "running",
        State.BLOCKED: "blocked",
        State.WAITING: "waiting",
        State.STARVED: "starved",
        State.UNKNOWN: "unknown",
    },
)
"""The default: a line without orders always counts as having one, so every stop is a delay (ADET)."""
