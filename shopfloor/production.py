"""A run of the plant as it is produced: the simulation, what of it is news, and the numbers of each line."""

from collections import Counter
from collections.abc import Iterable, Mapping

from broker import Numbering
from plant.description import Plant
from plant.messages import Alarm, Delivery, Emission
from plant.paths import Node
from plant.time import HOUR, MINUTE
from shopfloor.continuation import Resumption, RunRecord, Session
from simulators import Simulation

CHUNK = HOUR  # plant time simulated at once at most while nobody waits for the single message
MACHINE_HOURS = 50  # simulated at once at most: they bound the memory of messages that are on their way


class Production:
    """Produces the messages of a run.

    Args:
        plant: the description.
        record: the run, with its sessions up to now.
        last: last journaled (session, n) of each node: what of the run is known already.
        stored: time of the newest telemetry block in the historian, per node.
        previous: last [session, seq] per topic that was journaled.

    Attributes:
        chunk: plant time to simulate at once while nobody waits for the single message.
    """

    def __init__(
        self,
        plant: Plant,
        record: RunRecord,
        *,
        last: Mapping[str, tuple[int, int]] | None = None,
        stored: Mapping[str, int] | None = None,
        previous: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.plant = plant
        self.record = record
        machines = sum(of.machines for line in plant.lines for of in line.stations)
        self.chunk = max(MINUTE, min(CHUNK, MACHINE_HOURS * HOUR // machines))
        self.session = len(record.sessions) + 1
        self._simulation = Simulation(plant, seed=record.seed, start=record.start, keep=False)
        self._consumed = record.consumed(last or {})
        self._resumption = Resumption(consumed=self._consumed, stored=stored or {})
        self._alarms: dict[tuple[Node, str], str] = {}
        self._missed: list[Emission] = []
        self._retained: dict[Node, dict[str, Delivery]] = {line.node: {} for line in plant.lines}
        self._lines: dict[Node, Node] = {}
        self.numberings = {
            line.node: Numbering(
                plant.enterprise, plant.plant, run=record.run, session=self.session, previous=previous
            )
            for line in plant.lines
        }

    @property
    def now(self) -> int:
        """Plant time up to which the run is simulated, microseconds UTC."""
        return self._simulation.now

    @property
    def begun(self) -> Session:
        """What to note of this session before its first message goes out."""
        repeated = Counter(node.path for node, _ in self.births()) if self.session > 1 else Counter()
        return Session(
            number=self.session, base=dict(self._consumed), births=dict(repeated + self._resumption.again)
        )

    def recall(self, until: int) -> None:
        """Simulate silently what is known, up to `until`; what was lost on the way is kept for `resume`."""
        while self.now < until:
            emissions = self._simulation.advance(min(self.now + self.chunk, until))
            self._remember(emissions)
            self._missed += self._resumption.fresh(emissions)

    def births(self) -> list[Emission]:
        """Birth documents, states and active alarms as they are now: what a new session repeats first."""
        return [*self._simulation.births(), *self._simulation.snapshot_states()]

    def resume(self) -> list[Emission]:
        """How this session begins: nothing special in the first; else births, then what was lost on the way."""
        missed, self._missed = self._missed, []
        return [*self.births(), *missed] if self.session > 1 else missed

    def advance(self, to: int) -> list[Emission]:
        """Simulate up to plant time `to` and give what is news, in the order of the stream."""
        emissions = self._simulation.advance(to)
        self._remember(emissions)
        return self._resumption.fresh(emissions)

    def number(self, emissions: Iterable[Emission]) -> list[Delivery]:
        """Give the messages their numbers; the latest of each retained topic is kept for a broker to come."""
        deliveries: list[Delivery] = []
        lines = self._lines
        for node, message in emissions:
            line = lines.get(node) or lines.setdefault(node, node.parent)
            numbered = self.numberings[line].number(node, message)
            if numbered[0].retain:
                retained = self._retained[line]
                for one in numbered:
                    retained[one.topic] = one
            deliveries += numbered
        return deliveries

    def retained(self, line: Node) -> list[Delivery]:
        """Latest message of each retained topic of a line that `number` has numbered."""
        return list(self._retained[line].values())

    def silenced(self, line: Node) -> list[Delivery]:
        """Empty payloads for alarms that are over: a broker may still hold them from before."""
        over = [key for key, state in self._alarms.items() if state == "normal" and key[0].parent == line]
        numbering = self.numberings[line]
        return [Delivery(topic=numbering.topic(node, "alarm", code), payload=b"", retain=True) for node, code in over]

    def _remember(self, emissions: Iterable[Emission]) -> None:
        for node, message in emissions:
            if isinstance(message, Alarm):
                self._alarms[node, message.code] = message.alarm_state


def by_line(emissions: Iterable[Emission]) -> dict[Node, list[Emission]]:
    """The messages of each line, in order."""
    lines: dict[Node, list[Emission]] = {}
    for emission in emissions:
        lines.setdefault(emission[0].parent, []).append(emission)
    return lines
