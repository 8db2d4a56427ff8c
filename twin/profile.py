"""From machine states to ISO 22400-2 time elements: a named profile, stored with every figure computed by it.

A state means one thing with an order on the unit and may mean another one without: a delay belongs to an order, and a
unit without one is available and down.
"""

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
        spent: one of `twin.waterfall.TIMES` for each state with an order on the unit.
        bare: the same without one, where it differs.
    """

    id: str
    spent: Mapping[State, str]
    bare: Mapping[State, str]

    def elements(self, times: Iterable[int], minor_stop: int = 0, bare: Iterable[int] = ()) -> dict[str, int]:
        """All time elements of a window, and what they are sums of.

        Args:
            times: microseconds in each state with an order on the unit, in the order of `STATES`.
            minor_stop: how much of that in the state `failed` belongs to minor stops: it moves within ADET only.
            bare: microseconds in each state without an order; left out: none.
        """
        spent = {"breakdown": 0}
        for state, time in zip(STATES, times, strict=True):
            spent[self.spent[state]] = spent.get(self.spent[state], 0) + time
        for state, time in zip(STATES, bare, strict=False):
            without = self.bare.get(state, self.spent[state])
            spent[without] = spent.get(without, 0) + time
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
    bare={
        State.FAILED: "no_order_failed",
        State.SETUP: "no_order",
        State.BLOCKED: "no_order",
        State.WAITING: "no_order",
        State.STARVED: "no_order",
    },
)
"""The default. A line that does not work to orders always counts as having one: every stop there is a delay (ADET)."""
