"""Departure times of a serial line by recursion: max and plus only, no events, nothing of the simulator's code.

One machine per station. Draws come from the streams straight away. With B places in front of station j + 1, a part
may leave j for it when the B-th part before it has gone into the machine there (B ≥ 1) or the one before it has left
that machine (B = 0).
"""

from dataclasses import dataclass

from plant.description import Line, Station
from plant.draws import Stream
from plant.stops import Failure


@dataclass
class Visit:
    arrive: int = 0
    into: int = 0
    start: int = 0
    finish: int = 0
    leave: int = 0


@dataclass
class Stops:
    """The work of one machine with at most one failure mode that resumes."""

    failure: Failure | None
    path: str
    seed: int
    count: int = 0
    clock: int = 0  # what is left of an operating clock, or the instant of the next calendar failure
    repair: int = 0

    def __post_init__(self) -> None:
        self._wind(0)

    def _wind(self, now: int) -> None:
        if self.failure is not None:
            interval = self.failure.interval.draw(Stream(self.seed, self.path, "time_to_failure"), self.count)
            self.clock = interval if self.failure.clock == "operating" else now + interval
            self.repair = self.failure.time_to_repair.draw(Stream(self.seed, self.path, "time_to_repair"), self.count)
            self.count += 1

    def start(self, time: int) -> int:
        """When work may begin or go on that is ready at this time."""
        if self.failure is not None and self.failure.clock == "calendar":
            while self.clock <= time:
                end = self.clock + self.repair
                time = max(time, end)
                self._wind(end)
        return time

    def work(self, time: int, work: int) -> int:
        """When work ends that begins at this time."""
        if self.failure is None:
            return time + work
        if self.failure.clock == "operating":
            while self.clock < work:
                work -= self.clock
                time += self.clock + self.repair
                self._wind(time)
            self.clock -= work
            return time + work
        while self.clock < time + work:
            work -= self.clock - time
            time = self.start(self.clock)
        return time + work


def serial(line: Line, seed: int, parts: int) -> list[list[Visit]]:
    """Visits by part and station."""
    stations = line.stations
    stops = [Stops(next(iter(s.failures), None), f"{line.name}/{s.name}/1/stop", seed) for s in stations]
    table: list[list[Visit]] = []
    arrival = 0
    for u in range(parts):
        row = [Visit() for _ in stations]
        if line.arrivals.interval is not None:
            arrival += line.arrivals.interval.draw(Stream(seed, line.name, "arrival"), u)
        for j, station in enumerate(stations):
            visit = row[j]
            before = table[u - 1][j] if u else None
            visit.arrive = _arrive(line, seed, table, row, u, j, arrival)
            visit.into = max(visit.arrive, before.leave if before else 0)
            ready = visit.into + _draw(line, station, seed, "load", u)
            if line.blocking == "before-service" and j + 1 < len(stations):
                places = (stations[j + 1].buffer or 0) + 1
                if u >= places:
                    ready = max(ready, table[u - places][j + 1].finish)
            visit.start = stops[j].start(ready)
            visit.finish = stops[j].work(visit.start, _draw(line, station, seed, "cycle_time", u))
            visit.leave = visit.finish + _draw(line, station, seed, "unload", u)
            if j + 1 < len(stations):
                places = stations[j + 1].buffer or 0
                if places and u >= places:
                    visit.leave = max(visit.leave, table[u - places][j + 1].into)
                elif not places and u:
                    visit.leave = max(visit.leave, table[u - 1][j + 1].leave)
        table.append(row)
    return table


def _arrive(line: Line, seed: int, table: list[list[Visit]], row: list[Visit], u: int, j: int, arrival: int) -> int:
    if j:
        way = _draw(line, line.stations[j], seed, "transport", u)
        return max(row[j - 1].leave + way, table[u - 1][j].arrive if u else 0)
    entry = line.stations[0]
    places = entry.buffer
    if line.arrivals.interval is None:
        places = places or 0
    if places is None:
        return arrival
    if places and u >= places:
        return max(arrival, table[u - places][0].into)
    if not places and u:
        return max(arrival, table[u - 1][0].leave)
    return arrival


def _draw(line: Line, station: Station, seed: int, what: str, k: int) -> int:
    purpose = "cycle" if what == "cycle_time" else what
    return getattr(station, what).draw(Stream(seed, f"{line.name}/{station.name}", purpose), k)
