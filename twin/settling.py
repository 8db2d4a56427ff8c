"""What is final of a run: of each of its lines, and which messages come too late for it. Pure."""

from collections.abc import Sequence

from plant.messages import Message, StateChange
from plant.paths import Node, parse_node
from twin.figures import Window, additive
from twin.finality import LATENESS, Finality, Hour, Late, Settlement
from twin.intake import Accepted, Run, Sink
from twin.mirror import LineMirror, things_of
from twin.snapshot import FOLDING

LOOKING_BACK = frozenset({"clock", "meta", "order", "remark"})
BACKWARDS = LOOKING_BACK | {"state"}
"""Kinds that may speak of the time before their own instants."""

COUNTING = (
    *FOLDING,
    "plant.figures",
    "plant.periods",
    "twin.capability",
    "twin.catalogue",
    "twin.characteristics",
    "twin.figures",
    "twin.finality",
    "twin.formula",
    "twin.kpis",
    "twin.partition",
    "twin.planning",
    "twin.profile",
    "twin.settling",
    "twin.shares",
    "twin.stops",
    "twin.waterfall",
)
"""Modules that say what figures are."""

Arrived = tuple[Sink, Message, int]
"""A message that is in the journal, with its position."""


class Settled:
    """What is final of a run.

    Args:
        run: of this run.
        lateness: how late a message may be and change nothing that was called final.
    """

    def __init__(self, run: Run, lateness: int = LATENESS) -> None:
        self.lines = {node: _finality(line, run, lateness) for node, line in run.mirror.lines.items()}

    def in_time(self, accepted: Sequence[Accepted]) -> bool:
        """Whether surely none of some messages speaks of what is final: a quick look, for nearly all are in time."""
        mark = max(final.touchable for final in self.lines.values())
        told = [m.since if type(m) is StateChange else m.ts for _, m, _ in accepted]
        if min(told, default=mark) < mark:
            return False
        others = [(sink, m) for sink, m, _ in accepted if sink.kind in LOOKING_BACK]
        return all(self.lines[sink.line.node].since(m) >= mark for sink, m in others)

    def late(self, arrived: Sequence[Arrived]) -> dict[Node, Late]:
        """By line, the messages among some that speak of what is final already."""
        marks = {node: final.touchable for node, final in self.lines.items()}
        found: dict[Node, Late] = {}
        for sink, m, position in arrived:
            node = sink.line.node
            if m.ts >= marks[node] and sink.kind not in BACKWARDS:
                continue
            if (since := self.lines[node].since(m)) < marks[node]:
                found[node] = found.get(node, Late(since, position, position)).and_one(since, position)
        return found

    def agree(self) -> None:
        """Tell each line how far the others are: one that is silent must not hold up what is final of it."""
        heard = {node: final.line.clock.now for node, final in self.lines.items() if final.line.clock}
        for node, final in self.lines.items():
            final.others = max((now for other, now in heard.items() if other != node), default=-1)

    def revision(self, paths: Sequence[str], begin: int, end: int) -> int:
        """How often [begin, end) of some nodes together has been said since all of it was final; 0: it is not."""
        each = [self.lines[parse_node(path).parent].revision(path, begin, end) for path in paths]
        return 1 + sum(number - 1 for number in each) if all(each) else 0

    @property
    def due(self) -> bool:
        """Whether an hour is over that is not kept."""
        self.agree()
        return any(final.due for final in self.lines.values())

    def seal(self) -> list[Hour]:
        """Keep the next hour of each line that is over; these."""
        return [hour for final in self.lines.values() for hour in final.seal()]

    def know(self, present: "Settled", position: int) -> None:
        """Know those revisions that were known at a position of the journal."""
        for node, final in self.lines.items():
            known = [revision for revision in present.lines[node].revisions if revision.last <= position]
            final.recall([], known[len(final.revisions) :])
        self.agree()

    def recall(self, known: Settlement) -> None:
        """Know what was kept before."""
        for final in self.lines.values():
            final.recall(
                [hour for hour in known.hours if hour.path in final.sealed],
                [revision for revision in known.revisions if revision.line == final.line.path],
            )
        self.agree()


def _finality(line: LineMirror, run: Run, lateness: int) -> Finality:
    things = dict(things_of(line))

    def parts_of(path: str, begin: int, end: int) -> dict[str, int]:
        return additive(line, things[path], Window(begin=begin, end=end, lost=_nothing_lost))

    return Finality(line, run.mirror.plant.calendar, list(things), parts_of, lateness)


def _nothing_lost(_: str, _begin: int, _end: int) -> int:
    """What adds up are known facts; what is missing makes bounds."""
    return 0
