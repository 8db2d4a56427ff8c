"""A point store in memory: of points with the same key the last one holds, and nothing is ever deleted."""

from plant.errors import StoreError
from twin.points import key_of
from twin.tables import FIXED


class MemoryStore:
    """Keeps points; can be told to be away."""

    def __init__(self) -> None:
        self.kept = {}
        self.writes = []
        self.away = False

    async def record(self, points) -> None:
        if self.away:
            raise StoreError("the store is away")
        self.writes.append(list(points))
        self.kept.update((key_of(point), dict(point.values)) for point in points)

    async def query(self, select, scope):
        raise NotImplementedError

    async def recorded(self, run: str) -> int | None:
        if self.away:
            raise StoreError("the store is away")
        told = (at for table, at, labels in self.kept if table == "line_account" and labels[1] == run)
        return max(told, default=None)

    def table(self, name: str) -> dict:
        """Values by labels and instant."""
        return {(labels, at): values for (table, at, labels), values in self.kept.items() if table == name}

    def known(self) -> dict:
        """What the store says, without what says nothing: stops of no time, words that were taken back."""
        told = {}
        for name in (*FIXED, *{table for table, _, _ in self.kept} - set(FIXED)):
            found = self.table(name)
            if name == "state":  # a state that is told twice is told once
                found = changes(found)
            elif name in {"stop", "pareto"}:
                found = {key: values for key, values in found.items() if values["lost"] or values["stops"]}
            elif name == "event":
                found = {key: values for key, values in found.items() if values["text"] != "withdrawn"}
            told[name] = found
        return told


def changes(states: dict) -> dict:
    """Instants at which a machine is in another state than before."""
    found, before = {}, {}
    for labels, at in sorted(states):
        values = states[labels, at]
        if before.get(labels) != values:
            found[labels, at] = before[labels] = values
    return found
