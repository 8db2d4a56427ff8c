"""Alerts of other programs as they were told to the twin: which stand, and which are past. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from plant.messages import Remark
from plant.remarks import Alerted

PATH = "path"
"""The label that says of which line, station or machine an alert is."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a rule was broken. Plant time but for `starts` and `ends`, all in microseconds UTC.

    Args:
        fingerprint: the same for the same rule and thing.
        name: of the rule.
        status: the last word on it.
        path: what it is about, where its labels say so.
        labels: what tells it apart from others.
        annotations: what people should read.
        starts: since when, by the clock of who told.
        ends: until when, likewise.
        told: plant time at which it was first heard of.
        resolved: plant time at which it was heard to be over.
        by: who told.
    """

    fingerprint: str
    name: str
    status: Literal["firing", "resolved"]
    path: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    starts: int | None
    ends: int | None
    told: int
    resolved: int | None
    by: str


def alerts(remarks: Iterable[Remark]) -> tuple[list[Alert], list[Alert]]:
    """Those that stand and those that are past, each the newest first, from remarks in the order in which they came.

    Firing again under the same fingerprint, a rule is broken anew if it was kept meanwhile or names another begin.
    """
    standing: dict[str, Alert] = {}
    past: list[Alert] = []
    for m in remarks:
        about = m.about
        if not isinstance(about, Alerted):
            continue
        known = standing.pop(about.fingerprint, None)
        if known is not None and None not in {known.starts, about.starts} and known.starts != about.starts:
            past.append(known)  # nobody told of its end
            known = None
        alert = _alert(m, about, known)
        if about.status == "firing":
            standing[about.fingerprint] = alert
        else:
            past.append(alert)
    return list(reversed(standing.values())), past[::-1]


def known_already(remarks: Sequence[Remark], about: Alerted) -> bool:
    """Whether the last word on a rule was the same: programs repeat what they say."""
    last = [m.about for m in remarks if isinstance(m.about, Alerted) and m.about.fingerprint == about.fingerprint]
    return bool(last) and last[-1] == about


def _alert(m: Remark, about: Alerted, known: Alert | None) -> Alert:
    return Alert(
        fingerprint=about.fingerprint,
        name=about.name,
        status=about.status,
        path=about.labels.get(PATH),
        labels=about.labels,
        annotations=about.annotations,
        starts=known.starts if known and about.starts is None else about.starts,
        ends=about.ends,
        told=known.told if known else m.ts,
        resolved=m.ts if about.status == "resolved" else None,
        by=m.by,
    )
