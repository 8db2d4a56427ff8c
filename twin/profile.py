"""From machine states to ISO 22400-2 time elements: a named profile, stored with every figure computed by it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plant.states import STATES as TABLE
from plant.states import State
from twin.accounts import STATES

ELEMENTS = ("APT", "AUST", "ADET", "ADOT", "PDOT", "NST", "UNK")
"""Time elements that states map to; the others are sums of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A total mapping of states to elements.

    Args:
        id: name that goes with every value.
        element: time element of each state.
    """

    id: str
    element: Mapping[State, str]

    def elements(self, times: Iterable[int]) -> dict[str, int]:
        """All time elements of a window from the microseconds in each state, in the order of `STATES`.

        The identities PBT = AUBT + ADOT + UNK, AUBT = AUPT + ADET and AUPT = APT + AUST hold by construction, and
        window = PBT + PDOT + NST exactly.
        """
        sums = dict.fromkeys(ELEMENTS, 0)
        for state, time in zip(STATES, times, strict=True):
            sums[self.element[state]] += time
        return derived(sums)


def derived(sums: Mapping[str, int]) -> dict[str, int]:
    """The elements that are sums of others, beside those."""
    aupt = sums["APT"] + sums["AUST"]
    aubt = aupt + sums["ADET"]
    pbt = aubt + sums["ADOT"] + sums["UNK"]
    pot = pbt + sums["PDOT"]
    return {**sums, "AUPT": aupt, "AUBT": aubt, "PBT": pbt, "POT": pot, "window": pot + sums["NST"]}


ISO = Profile(id="iso22400-2:2014", element={state: row.element for state, row in TABLE.items()})
"""The default: a line without orders always counts as having one, so every stop is a delay (ADET)."""
