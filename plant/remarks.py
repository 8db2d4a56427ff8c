"""What people, and programs of theirs, say about facts: another reason, a bad part after all, an alarm seen, an alert.

A remark never edits a message; it is a message of its own. Of remarks that contradict each other the later one counts.
"""

from typing import Literal

import msgspec

LONGEST_TEXT = 500
"""Characters of a text that a person enters."""

Verdict = Literal["good", "rework", "scrap"]

Planned = Literal["work", "pause", "off"]


class _Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="what"):
    """What remarks have in common: the key ``what`` tells them apart."""


class Recoded(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="reason"):
    """The time [begin, end) of a machine, as far as it did not process, has another reason."""

    begin: int
    end: int
    reason: str


class Disposed(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="disposition"):
    """A part that was booked at an instant is something else than it was thought to be.

    Args:
        part: its name.
        at: when a machine booked it, or when it left the line.
        verdict: what it is.
    """

    part: str
    at: int
    verdict: Verdict


class Replanned(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="calendar"):
    """The time [begin, end) was planned otherwise: for work, as a planned stop, or not at all."""

    begin: int
    end: int
    planned: Planned


class Acknowledged(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="acknowledge"):
    """Somebody knows of an alarm."""

    code: str


class Shelved(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="shelve"):
    """An alarm is to be quiet until an instant; one that has passed ends it."""

    code: str
    until: int


class Alerted(_Said, frozen=True, kw_only=True, omit_defaults=True, tag="alert"):
    """Another program, such as Grafana, says that a rule of its own is broken, or is kept again.

    Args:
        name: of the rule.
        status: what it says.
        fingerprint: the same for the same rule and thing.
        labels: what tells it apart from others.
        annotations: what people should read.
        starts: since when, by that program's own clock; none where it does not say.
        ends: until when, likewise.
    """

    name: str
    status: Literal["firing", "resolved"]
    fingerprint: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts: int | None = None
    ends: int | None = None


About = Recoded | Disposed | Replanned | Acknowledged | Shelved | Alerted
"""What a remark may be about."""
