"""The loss waterfall: calendar time down to fully productive time, in integer microseconds. Pure.

Every time element of ISO 22400-2 and every family of OEE is a sum of the same buckets, so one table says what each of
them counts, and the families differ in two sets of buckets only (`cut`). The time of production is split by what came
of it: speed loss is what planned run times don't explain (negative where these are too slow), quality loss is the
planned run time of parts that are not good.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

TIMES = (
    "not_scheduled", "pause", "maintenance", "unknown", "no_order", "no_order_failed", "setup", "breakdown", "blocked",
    "starved", "waiting", "minor_stop", "idle", "running",
)  # fmt: skip
"""What the time of a unit is spent on, each instant on one of them; a failure without an order stands apart, since it
is no delay but is repaired like any other."""

WORTH = ("speed_loss", "quality_loss", "productive")
"""What became of `running`."""

BUCKETS = (
    "not_scheduled", "planned_stop", "unknown", "no_order", "setup", "breakdown", "blocked", "starved", "waiting",
    "minor_stop", "idle", *WORTH,
)  # fmt: skip
"""The waterfall, from calendar time down."""

DELAYS = frozenset({"breakdown", "minor_stop", "blocked", "starved", "waiting", "idle"})

_FLOW = frozenset({"setup", *DELAYS, "running"})
_BARE = frozenset({"no_order", "no_order_failed"})
_DOWN = frozenset({"breakdown", "minor_stop", "no_order_failed"})
_BUSY = _FLOW | _BARE | {"unknown"}
_PLANNED = _BUSY | {"pause", "maintenance"}

SUMS: Mapping[str, frozenset[str]] = {
    **{name: frozenset({name}) for name in TIMES},
    "no_order": _BARE,
    "planned_stop": frozenset({"pause", "maintenance"}),
    "window": frozenset(TIMES),
    "POT": _PLANNED,
    "PBT": _BUSY,
    "AUBT": _FLOW,
    "AUPT": frozenset({"setup", "running"}),
    "APT": frozenset({"running"}),
    "AUST": frozenset({"setup"}),
    "ADET": DELAYS,
    "APT_ADET": DELAYS | {"running"},
    "ADOT": _BARE,
    "PDOT": frozenset({"pause", "maintenance"}),
    "NST": frozenset({"not_scheduled"}),
    "UNK": frozenset({"unknown"}),
    "CMT": _DOWN,
    "PMT": frozenset({"maintenance"}),
    "T_N": frozenset({"running"}),
    "T_O": frozenset({"no_order", "setup", "blocked", "starved", "waiting", "idle"}),
    "T_T": _DOWN,
    "T_W": frozenset({"maintenance"}),
    "T_B": _BUSY | {"maintenance"},
    "E10_up": frozenset({"no_order", "blocked", "starved", "waiting", "idle", "running"}),
}
"""Which times each element counts: those of ISO 22400-2 and of maintenance; of VDI 3423 (T_…) and SEMI E10 as far as
their readings here go (unverified)."""


_COUNTED = np.array([[one in counted for counted in SUMS.values()] for one in TIMES], dtype=np.int64)


def elements(times: Mapping[str, int]) -> dict[str, int]:
    """All sums of a window from the microseconds spent on each of `TIMES`; what is left out is 0.

    The identities window = POT + NST, POT = PBT + PDOT, PBT = AUBT + ADOT + UNK, AUBT = AUPT + ADET and
    AUPT = APT + AUST hold by construction.
    """
    sums: list[int] = (np.array([times.get(one, 0) for one in TIMES], dtype=np.int64) @ _COUNTED).tolist()
    return dict(zip(SUMS, sums, strict=True))


def waterfall(parts: Mapping[str, int]) -> dict[str, int]:
    """The buckets of a window in order, in microseconds; they add up to `window` exactly.

    Args:
        parts: those of `elements`, and ``PRI_PQ`` and ``PRI_GQ``.
    """
    worth = {
        "speed_loss": parts["APT"] - parts["PRI_PQ"],
        "quality_loss": parts["PRI_PQ"] - parts["PRI_GQ"],
        "productive": parts["PRI_GQ"],
    }
    return {bucket: worth[bucket] if bucket in worth else parts[bucket] for bucket in BUCKETS}


def cut(buckets: Mapping[str, int], numerator: Iterable[str], denominator: Iterable[str]) -> tuple[int, int]:
    """Two sums of a waterfall in microseconds: what counts, and what it is compared with."""
    return sum(buckets[name] for name in numerator), sum(buckets[name] for name in denominator)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A way to tell effective time from all time.

    Args:
        title: what people read.
        numerator: buckets that count.
        denominator: buckets that they are compared with.
        verified: whether that reading was checked against a source.
    """

    title: str
    numerator: frozenset[str]
    denominator: frozenset[str]
    verified: bool = True


_ALL = frozenset(BUCKETS)
_OPEN = _ALL - {"not_scheduled"}
_PBT = _OPEN - {"planned_stop"}
_GOOD = frozenset({"productive"})

FAMILIES: Mapping[str, Family] = {
    "oee": Family(title="ISO 22400 OEE, TPM", numerator=_GOOD, denominator=_PBT),
    "ooe": Family(title="OOE", numerator=_GOOD, denominator=_OPEN),
    "teep": Family(title="TEEP", numerator=_GOOD, denominator=_ALL),
    "e79.oee": Family(title="SEMI E79", numerator=_GOOD, denominator=_ALL, verified=False),
    "nf.trs": Family(title="NF E60-182 TRS", numerator=_GOOD, denominator=_PBT, verified=False),
    "nf.trg": Family(title="NF E60-182 TRG", numerator=_GOOD, denominator=_OPEN, verified=False),
    "nf.tre": Family(title="NF E60-182 TRE", numerator=_GOOD, denominator=_ALL, verified=False),
    **{
        f"loss.{name}": Family(title=title, numerator=frozenset(of), denominator=_PBT)
        for name, title, of in (
            ("breakdown", "Six big losses: breakdown", {"breakdown"}),
            ("setup", "Six big losses: setup and adjustment", {"setup"}),
            (
                "stops",
                "Six big losses: idling and minor stops",
                {"minor_stop", "idle", "blocked", "starved", "waiting"},
            ),
            ("speed", "Six big losses: reduced speed", {"speed_loss"}),
            ("quality", "Six big losses: process defects, start-up yield", {"quality_loss"}),
        )
    },
}
"""The families that are cuts of the waterfall. The start-up yield, sixth of the big losses, is not told apart from
process defects: nothing says when a start-up is over."""
