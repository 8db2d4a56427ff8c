"""How machines with a ramp warm up when they come from off or standby.

A machine that warms up draws less than its energy state says, by the step up to ready at first, and evenly less and
less of it until the ramp is over. At u µs since its begin it lacks the share 1 - u/R of the step, R being the ramp;
from u to v the integral of that is (v - u) (2R - u - v) / 2R. The numerators are whole numbers and are summed as such.
"""

from collections.abc import Sequence

import numpy as np

from plant.machine_types import LEVELS
from plant.time import HOUR
from simulators.doings import Doings
from simulators.stretches import Floats, Ints, Stretches

WarmUp = tuple[int, int]
"""When a machine began to warm up, µs since the start of the run, and the energy state it came from."""

_READY = LEVELS.index("ready")
_PROCESSING = LEVELS.index("processing")


class WarmUps:
    """What machines draw less than their energy state says, stretch by stretch.

    Args:
        of: the stretches.
        power: power in kW of each machine in off, standby and ready, shape (machines, 3).
        ramp: µs, of each machine; 0: none.
        machines: what they did, for where their warm-ups stood.
    """

    __slots__ = ("_begin", "_known", "_kwh", "_level", "_missed", "_ramp", "_since", "_step")

    def __init__(self, of: Stretches, power: Floats, ramp: Ints, machines: Sequence[Doings]) -> None:
        self._begin, self._level = of.begin, of.level
        self._ramp = ramp[of.machine]
        self._since = of.begin.copy()
        self._step = np.zeros(len(of.begin))
        self._kwh = np.zeros((len(of.begin), len(LEVELS)))
        self._known: list[WarmUp | None] = [None] * len(of.begin)
        self._missed: list[tuple[int, ...]] = [(0, 0, 0, 0)] * len(of.begin)
        steps = (power[:, _READY, np.newaxis] - power[:, :_READY]).tolist()
        begins, levels, ends = of.begin.tolist(), of.level.tolist(), of.end.tolist()
        for machine in np.flatnonzero(ramp).tolist():
            base = machines[machine].base
            warm_up, missed, before = base.warm_up, list(base.missed), _READY
            long, step = int(ramp[machine]), steps[machine]
            for row in range(of.first[machine], of.first[machine + 1]):
                level = levels[row]
                if level < _READY:
                    warm_up = None
                elif before < _READY:
                    warm_up = begins[row], before
                before = level
                self._known[row], self._missed[row] = warm_up, tuple(missed)
                if any(missed):
                    both = (missed[i] * step[0] + missed[i + 2] * step[1] for i in (0, 1))
                    self._kwh[row, _READY:] = [kw_us / (2 * long) / HOUR for kw_us in both]
                if warm_up is not None:
                    since, origin = warm_up
                    self._since[row], self._step[row] = since, step[origin]
                    u, v = min(begins[row] - since, long), min(ends[row] - since, long)
                    missed[2 * origin + level - _READY] += (v - u) * (2 * long - u - v)

    def known(self, row: int) -> tuple[WarmUp | None, tuple[int, ...]]:
        """Warm-up and what was missed until the begin of a stretch; a warm-up that is over is none."""
        warm_up = self._known[row]
        over = warm_up is not None and self._begin[row] - warm_up[0] >= self._ramp[row]
        return None if over else warm_up, self._missed[row]

    def kw(self, row: Ints, times: Ints) -> Floats:
        """Power that is missing at these instants. Shape: that of both."""
        ramp = self._ramp[row]
        left: Floats = self._step[row] * np.maximum(ramp - (times - self._since[row]), 0) / np.maximum(ramp, 1)
        return left

    def kwh(self, row: Ints, times: Ints) -> Floats:
        """Energy that was missing in each energy state until these instants. Shape: (…, levels)."""
        ramp = self._ramp[row]
        u = np.minimum(self._begin[row] - self._since[row], ramp)
        v = np.minimum(times - self._since[row], ramp)
        missed = (v - u) * (2.0 * ramp - u - v) / np.maximum(2 * ramp, 1)
        kwh: Floats = self._kwh[row]
        lacks = self._step[row] * missed / HOUR
        np.put_along_axis(
            kwh, self._level[row][..., np.newaxis],
            np.take_along_axis(kwh, self._level[row][..., np.newaxis], -1) + lacks[..., np.newaxis], -1,
        )  # fmt: skip
        return kwh
