"""The cases with known answers as plants, and the figures of a replication that can be compared with them."""

import json
from pathlib import Path
from typing import Any

from experiments.replications import replication_seed
from plant.description import Plant
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation, summarise

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[1] / "vectors/line-cases.json").read_text(encoding="utf-8"))["cases"]
}
SEED = 20260105


def text(value: Any) -> str:
    """A time of a case as a plant file writes it; the unit of time is a second."""
    if not isinstance(value, dict):
        return f"{value} s"
    match value["distribution"]:
        case "exponential":
            return f"exponential({value['mean']} s)"
        case "erlang":
            return f"erlang({value['k']}, {value['mean']} s)"
        case "geometric":
            return f"geometric({value['p']})"
        case "gamma":
            return f"gamma({value['mean']} s, cv={value['cv']})"
        case "uniform":
            return f"uniform({value['low']} s, {value['high']} s)"
    raise ValueError(value)


def failure(of: dict[str, Any]) -> dict[str, Any]:
    """A failure of a case: a probability per part of one second is a geometric time to failure in work."""
    p = of.get("probability_per_part")
    return {
        "mode": "stop",
        "clock": of["clock"],
        "part": of["part"],
        "time_to_failure": text(of["time_to_failure"]) if p is None else f"geometric({p})",
        "time_to_repair": text(of["time_to_repair"]),
    }


def line_plant(model: dict[str, Any]) -> Plant:
    """The plant of a serial line as cases describe it."""
    stations = [
        {
            "name": station["name"],
            "cycle_time": text(station["cycle_time"]),
            "machines": station.get("machines", 1),
            "buffer": station.get("buffer", 0),
            "failures": [failure(of) for of in station.get("failures", ())],
        }
        for station in model["stations"]
    ]
    line = {"name": "l", "blocking": model["blocking"], "arrivals": model["arrivals"], "stations": stations}
    return Plant.model_validate({"plant": "case", "lines": [line]})


def replicate(plant: Plant, warm_up: int, until: int, replication: int) -> dict[str, Any]:
    """Figures of one replication over [warm_up, until) seconds, among them some whose mean is 0 whatever the line does.

    These are controls: work done against parts that left, repair done against what the clock makes expect.
    """
    window = (warm_up * SECOND, until * SECOND)
    seed = replication_seed(SEED, replication)
    simulation = Simulation(plant, seed=seed, messages=False, keep=False, window=window)
    simulation.advance(DEFAULT_START + window[1])
    line = plant.lines[0]
    found = summarise(simulation, *window)[line.name]
    stations = [found["stations"][station.name] for station in line.stations]
    span = until - warm_up
    work = repair = 0.0
    for station, figures in zip(line.stations, stations, strict=True):
        share = figures["share"]
        work += share["processing"] * station.machines - station.cycle_time.mean / SECOND * figures["parts_out"] / span
        for mode in station.failures:
            up, down = mode.interval.mean, mode.time_to_repair.mean
            expected = share["processing"] * down / up if mode.clock == "operating" else down / (up + down)
            repair += (share["failed"] - expected) * station.machines
    controls = (work, repair)[: 1 + any(station.failures for station in line.stations)]
    return {
        "throughput": found["throughput_per_s"],
        "wip_incl_machines": found["wip_mean"],
        "blocked": [figures["share"]["blocked"] for figures in stations],
        "starved": [figures["share"]["starved"] for figures in stations],
        "controls": () if found["parts_scrapped"] else controls,  # scrap is worked on and does not leave
    }


QUEUES = {"M/M/c", "M/G/1", "M/G/1 with breakdowns", "D/M/1"}


def queue_plant(model: dict[str, Any]) -> Plant:
    """A queue as a line of one station whose entry has room without end."""
    service = model.get("service", {"distribution": "exponential", "mean": model.get("service_mean")})
    stop = model.get("failures")
    failures = []
    if stop is not None:
        constant = stop["repair_second_moment"] == stop["repair_mean"] ** 2
        repair = f"{stop['repair_mean']} s" if constant else f"exponential({stop['repair_mean']} s)"
        failures = [{"mode": "stop", "time_to_failure": text(stop["time_to_failure"]), "time_to_repair": repair}]
        if model["service_second_moment"] == model["service_mean"] ** 2:
            service = model["service_mean"]
    poisson = "arrival_rate" in model
    arrivals = f"exponential({1 / model['arrival_rate']} s)" if poisson else f"every {model['interarrival']} s"
    station = {"name": "M", "cycle_time": text(service), "machines": model.get("machines", 1), "failures": failures}
    lines = [{"name": "l", "arrivals": arrivals, "stations": [station]}]
    return Plant.model_validate({"plant": "case", "lines": lines})


def scrap_plant(model: dict[str, Any]) -> Plant:
    """A line whose stations scrap, fed at the rate of its first station."""
    stations = [
        {"name": f"M{i}", "cycle_time": "1 s", "quality": {"scrap": 1 - share}}
        for i, share in enumerate(model["yields"], start=1)
    ]
    return Plant.model_validate({"plant": "case", "lines": [{"name": "l", "stations": stations}]})


def wait(plant: Plant, warm_up: int, until: int, replication: int) -> dict[str, Any]:
    """Mean waits of the parts that finish in [warm_up, until) seconds, from their journeys.

    The load offered and the parts that came, against their means, are controls.
    """
    window = (warm_up * SECOND, until * SECOND)
    simulation = Simulation(plant, seed=replication_seed(SEED, replication), messages=False)
    simulation.advance(DEFAULT_START + window[1])
    station, interval = plant.lines[0].stations[0], plant.lines[0].arrivals.interval
    assert interval is not None
    counted = [j for j in simulation.ledger.journeys() if j.leave is not None and window[0] <= j.leave < window[1]]
    waits = [j.start - j.enter for j in counted]
    stays = [j.leave - j.enter for j in counted]
    found = summarise(simulation, *window)["l"]
    share = found["stations"]["M"]["share"]
    rate = SECOND / interval.mean
    work = share["processing"] * station.machines - rate * station.cycle_time.mean / SECOND
    coming = found["throughput_per_s"] - rate
    controls = [coming if station.cycle_time.constant else work]
    if not (interval.constant or station.cycle_time.constant):
        controls.append(coming)
    controls += [
        share["failed"] - share["processing"] * mode.time_to_repair.mean / mode.interval.mean
        for mode in station.failures
    ]
    return {
        "Wq": sum(waits) / len(waits) / SECOND,
        "W": sum(stays) / len(stays) / SECOND,
        "L": found["wip_mean"],
        "controls": tuple(controls),
    }
