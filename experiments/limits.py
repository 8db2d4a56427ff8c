"""What limits a line: the bottleneck by what its machines do, and the changes that would move its output most.

Two roads to one answer. The verdict is the twin's, from states alone (`twin.bottleneck`); the sensitivity changes one
thing after the other and runs the line again on the same streams: cycle times a tenth shorter, half as many failures
again between two of them, a place more in front of a station. Where they disagree, the verdict is to be doubted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from experiments.comparison import paired
from experiments.kpis import account
from experiments.replications import Record, Window
from experiments.study import Bar, Bottleneck, Effect
from plant.description import Line, Plant, Station
from plant.figures import planned_bottleneck
from plant.stops import Failure
from plant.time import HOUR
from twin.accounts import CODES, STATES
from twin.bottleneck import Named, Watched, agreement, bottleneck

FASTER = 0.9
LONGER = 1.5
SHOWN = 8 * HOUR
BARS = 400  # of all machines together, at most

METHODS = {"active_period": "active period", "turning_point": "turning point", "utilisation": "utilisation"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that is changed.

    Args:
        station: whose.
        kind: ``cycle``, ``failures`` or ``buffer``.
        text: as people say it.
        plant: what comes of it.
    """

    station: str
    kind: str
    text: str
    plant: Plant


def changes(plant: Plant, line: Line) -> Iterator[Change]:
    """All changes of a line, station by station."""
    for at, station in enumerate(line.stations):
        name = station.name
        quicker = station.model_copy(update={"cycle_time": station.cycle_time.scaled(FASTER)})
        faster = _of_products(_with_station(plant, line, at, quicker), name)
        yield Change(station=name, kind="cycle", text=f"{name}: cycle time −10 %", plant=faster)
        if station.failures:
            rarer = tuple(map(_rarer, station.failures))
            changed = _with_station(plant, line, at, station.model_copy(update={"failures": rarer}))
            yield Change(station=name, kind="failures", text=f"{name}: time between failures +50 %", plant=changed)
        if station.buffer is not None or name not in line.entries:
            wider = station.model_copy(update={"buffer": (station.buffer or 0) + 1})
            yield Change(
                station=name, kind="buffer", text=f"{name}: buffer +1", plant=_with_station(plant, line, at, wider)
            )


def _with_station(plant: Plant, line: Line, at: int, station: Station) -> Plant:
    stations = (*line.stations[:at], station, *line.stations[at + 1 :])
    changed = line.model_copy(update={"stations": stations})
    return plant.model_copy(update={"lines": tuple(changed if of.name == line.name else of for of in plant.lines)})


def _of_products(plant: Plant, station: str) -> Plant:
    """The same for products that have a time of their own there."""
    products = tuple(
        of.model_copy(update={"cycle_times": {**of.cycle_times, station: of.cycle_times[station].scaled(FASTER)}})
        if station in of.cycle_times
        else of
        for of in plant.products
    )
    return plant.model_copy(update={"products": products})


def _rarer(failure: Failure) -> Failure:
    return failure.model_copy(update={"time_to_failure": failure.interval.scaled(LONGER), "availability": None})


def effects(
    changed: Sequence[Change], found: Sequence[Sequence[float]], baseline: Sequence[float]
) -> tuple[Effect, ...]:
    """What changes did, the largest effect first.

    Args:
        changed: what was changed.
        found: values of a response with each change, by replication.
        baseline: the same without.
    """
    told = [
        Effect(
            change=of.text, station=of.station, kind=of.kind, difference=paired(values, baseline, max(1, len(changed)))
        )
        for of, values in zip(changed, found, strict=True)
    ]
    return tuple(sorted(told, key=lambda effect: -abs(effect.difference.mean)))


def limiting(
    plant: Plant, line: Line, window: Window, record: Record, sensitivity: Sequence[Effect]
) -> Bottleneck | None:
    """The bottleneck of a run, and whether the sensitivity agrees; none where no method can tell.

    Args:
        plant: what ran.
        line: which of its lines.
        window: what counts.
        record: of the run.
        sensitivity: effects, the largest first; empty: there is none.
    """
    stations = list(_watched(line, window, record))
    planned = planned_bottleneck(line, plant.products_of(line)).station.name
    told = bottleneck(stations, planned, window.warm_up, window.end)
    name, method = _verdict(told.methods)
    if name is None:
        return None
    station = next(of for of in line.stations if of.name == name)
    time = next(of.time for of in stations if of.name == name)
    whole = sum(time.values())
    return Bottleneck(
        station=name,
        method=method,
        confirmed=sensitivity[0].station == name and sensitivity[0].difference.mean != 0 if sensitivity else None,
        share={state: micros / whole for state, micros in time.items() if micros},
        bars=tuple(_bars(line, station, window, record)),
    )


def _verdict(methods: dict[str, Named]) -> tuple[str | None, str]:
    """The station that most methods name; where they contradict, that of the active periods."""
    agreed = agreement(methods.values()).station
    station = agreed or next((of.station for of in methods.values() if of.station is not None), None)
    by = [METHODS[key] for key, named in methods.items() if named.station == station]
    return station, ", ".join(by) + ("" if agreed else ", against the other methods")


def _watched(line: Line, window: Window, record: Record) -> Iterator[Watched]:
    index = {station.name: at for at, station in enumerate(line.stations)}
    ways = {(at, index[to]) for at in index.values() for to in line.ways(at) if index.get(to, -1) > at}
    begin, end = window.warm_up, window.end
    for at, station in enumerate(line.stations):
        accounts = [account(record.intervals[node], booked=line.arrivals.orders) for node in line.machines(station)]
        sums = [sum(column) for column in zip(*(of.window(begin, end, end) for of in accounts), strict=True)]
        yield Watched(
            name=station.name,
            time={state.value: sums[CODES[state.value]] for state in STATES},
            periods=[of.active_periods(begin, end, end) for of in accounts],
            after=frozenset(line.stations[a].name for a, b in ways if b == at),
            before=frozenset(line.stations[b].name for a, b in ways if a == at),
        )


def _bars(line: Line, station: Station, window: Window, record: Record) -> Iterator[Bar]:
    """What its machines did at the beginning of the window."""
    nodes = line.machines(station)
    end = window.warm_up + min(window.duration, SHOWN)
    for node in nodes:
        inside = [of for of in record.intervals[node] if of.end > window.warm_up and of.begin < end]
        for of in inside[: BARS // len(nodes)]:
            begin, until = max(of.begin, window.warm_up), min(of.end, end)
            machine = station.name if node.machine is None else f"{station.name}/{node.machine}"
            yield Bar(machine=machine, state=of.state, reason=of.reason, begin=begin, end=until)
