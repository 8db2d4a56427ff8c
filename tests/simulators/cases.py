"""The cases with known answers as plants in the language of plant files; their unit of time is a second."""

import json
from pathlib import Path
from typing import Any

from plant.description import Plant

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[1] / "vectors/line-cases.json").read_text(encoding="utf-8"))["cases"]
}
WRITTEN = {
    "exponential": "exponential({mean} s)",
    "erlang": "erlang({k}, {mean} s)",
    "geometric": "geometric({p})",
    "gamma": "gamma({mean} s, cv={cv})",
    "uniform": "uniform({low} s, {high} s)",
    "weibull": "weibull({shape}, {scale} s)",
}
INSTANT = "0.000001 s"
"""The shortest time there is, for what a case takes to happen at once."""


def text(value: Any) -> str:
    """A time of a case as a plant file writes it."""
    if not isinstance(value, dict):
        return f"{value} s"
    return WRITTEN[value["distribution"]].format_map(value)


def exponential(mean: float) -> str:
    return f"exponential({mean} s)"


def one_line(stations: list[dict[str, Any]], of: dict[str, Any] | None = None, **line: Any) -> Plant:
    """A plant of one line; `of` is what the plant has besides."""
    lines = [{"name": "l", "stations": stations, **line}]
    return Plant.model_validate({"plant": "case", **(of or {}), "lines": lines})


# --- lines --------------------------------------------------------------------------------------------------------


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
    """A serial line."""
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
    return one_line(stations, blocking=model["blocking"], arrivals=model["arrivals"])


def exponential_plant(means: list[float], buffers: list[int], **more: Any) -> Plant:
    """A serial line of exponential stations; `buffers` are those behind the first."""
    stations = [
        {"name": f"M{i}", "cycle_time": exponential(mean), "buffer": buffer, **more}
        for i, (mean, buffer) in enumerate(zip(means, [0, *buffers], strict=True), start=1)
    ]
    return one_line(stations)


def gershwin_plant(p: list[float], r: list[float], capacities: list[int]) -> Plant:
    """A slot line by its twin: before service, with N - 1 places for a capacity of N."""
    stations = [
        {
            "name": f"M{i}",
            "cycle_time": "1 s",
            "buffer": capacity - 1,
            "failures": [{"mode": "stop", "time_to_failure": f"geometric({a})", "time_to_repair": f"geometric({b})"}],
        }
        for i, (a, b, capacity) in enumerate(zip(p, r, [1, *capacities], strict=True), start=1)
    ]
    return one_line(stations, blocking="before-service")


def rigid_plant(p: list[float], r: list[float]) -> Plant:
    """Stations of which each stop stops all are one machine with as many modes, one of them down at a time."""
    failures = [
        {"mode": f"M{i}", "time_to_failure": exponential(1 / a), "time_to_repair": f"geometric({b})"}
        for i, (a, b) in enumerate(zip(p, r, strict=True), start=1)
    ]
    return one_line([{"name": "LINE", "cycle_time": "1 s", "failures": failures}])


def scrap_plant(model: dict[str, Any]) -> Plant:
    """A line whose stations scrap, fed at the rate of its first station."""
    return one_line(
        [
            {"name": f"M{i}", "cycle_time": "1 s", "quality": {"scrap": 1 - share}}
            for i, share in enumerate(model["yields"], start=1)
        ]
    )


def rework_plant(share: float, cycle: str, **line: Any) -> Plant:
    """A station whose parts go back into its own queue."""
    return one_line([{"name": "M", "cycle_time": cycle, "quality": {"rework": {"share": share, "to": "M"}}}], **line)


def rework_line_plant(model: dict[str, Any]) -> Plant:
    """A serial line one station of which sends parts back to itself."""
    rework = model["rework"]
    stations = [
        {"name": station["name"], "cycle_time": text(station["cycle_time"]), "buffer": station.get("buffer", 0)}
        | (
            {"quality": {"rework": {"share": rework["share"], "to": rework["to"]}}}
            if station["name"] == rework["at"]
            else {}
        )
        for station in model["stations"]
    ]
    return one_line(stations)


def assembly_plant(model: dict[str, Any]) -> Plant:
    """Two feeders and the station that joins their parts."""
    assembly = model["assembly"]
    feeders = [{"name": of["name"], "cycle_time": text(of["service"])} for of in model["feeders"]]
    joins = [
        {"from": name, "buffer": buffer}
        for name, buffer in zip(assembly["joins"], assembly["buffer_per_feeder"], strict=True)
    ]
    return one_line([*feeders, {"name": "A", "cycle_time": text(assembly["service"]), "joins": joins}])


def conwip_plant(cycles: list[str], wip: int, *, pallets: bool = False) -> Plant:
    """A closed line in which nothing blocks; its limit is a number or that many pallets."""
    stations = [{"name": f"M{i}", "cycle_time": cycle, "buffer": wip} for i, cycle in enumerate(cycles, start=1)]
    return one_line(stations, **({"pallets": {"count": wip}} if pallets else {"wip_limit": wip}))


def repair_plant(model: dict[str, Any]) -> Plant:
    """Machines that always have work, and the crew that repairs them."""
    mode = {
        "mode": "stop",
        "clock": "calendar",
        "time_to_failure": text(model["time_to_failure"]),
        "time_to_repair": text(model["repair"]),
    }
    station = {"name": "M", "cycle_time": "1000 s", "machines": model["machines"], "failures": [mode]}
    crew = {"operators": [{"pool": "crew", "count": model["repairers"]}]}
    return one_line([{**station, "operators": [{"pool": "crew", "for": ["repair"]}]}], crew)


def replacement_plant(life: dict[str, Any], *, failure: str, preventive: str = "", at: float = 100) -> Plant:
    """A machine renewed at a failure, and if `preventive` takes a time at age `at` too.

    An operation lasts as long as the age, and a failure makes scrap of its part: so each life begins with an operation
    and no maintenance has to wait.
    """
    station = {
        "name": "M",
        "cycle_time": f"{at} s",
        "failures": [{"mode": "wear", "time_to_failure": text(life), "time_to_repair": failure, "part": "scrap"}],
        "maintenance": [{"every": f"{at} s", "clock": "operating", "time": preventive, "renews": ["wear"]}]
        if preventive
        else [],
    }
    return one_line([station])


# --- queues -------------------------------------------------------------------------------------------------------


def queue_plant(model: dict[str, Any]) -> Plant:
    """A queue as a line of one station whose entry has room without end."""
    service = model.get("service", {"distribution": "exponential", "mean": model.get("service_mean")})
    stop = model.get("failures")
    failures = []
    if stop is not None:
        constant = stop["repair_second_moment"] == stop["repair_mean"] ** 2
        repair = f"{stop['repair_mean']} s" if constant else exponential(stop["repair_mean"])
        failures = [{"mode": "stop", "time_to_failure": text(stop["time_to_failure"]), "time_to_repair": repair}]
        if model["service_second_moment"] == model["service_mean"] ** 2:
            service = model["service_mean"]
    poisson = "arrival_rate" in model
    arrivals = exponential(1 / model["arrival_rate"]) if poisson else f"every {model['interarrival']} s"
    station = {"name": "M", "cycle_time": text(service), "machines": model.get("machines", 1), "failures": failures}
    dispatch = {"dispatch": "spt"} if "shortest processing time" in model.get("rule", "") else {}
    return one_line([station], arrivals=arrivals, **dispatch)


def priority_plant(model: dict[str, Any]) -> Plant:
    """A queue whose classes are products: their streams together are one, split by shares."""
    rates, means = model["arrival_rates"], model["service_means"]
    times = [f"{mean} s" if model["service_distribution"] == "constant" else exponential(mean) for mean in means]
    products = [
        {"name": f"class-{i}", "share": rate / sum(rates), "priority": i, "cycle_times": {"M": time}}
        for i, (rate, time) in enumerate(zip(rates, times, strict=True), start=1)
    ]
    station = {"name": "M", "cycle_time": times[0]}
    arrivals = exponential(1 / sum(rates))
    return one_line([station], {"products": products}, arrivals=arrivals, dispatch="priority")


def loss_plant(model: dict[str, Any]) -> Plant:
    """A queue whose arrivals are lost while it is full: a machine that makes them and stops while it is full.

    Exponential times have no memory, so what is made after a stop comes like the first arrival after lost ones; the
    share of time in which the machine is blocked is the share of arrivals that are lost.
    """
    arrivals = {"name": "ARRIVALS", "cycle_time": exponential(1 / model["arrival_rate"])}
    queue = {"name": "M", "cycle_time": text(model["service"]), "buffer": model["places_incl_machine"] - 1}
    return one_line([arrivals, queue], blocking="before-service")


def supplied_plant(model: dict[str, Any]) -> Plant:
    """A queue with several servers as kanban cards: a free server is a container of one, a service its delivery."""
    supply = {"cards": model["machines"], "quantity": 1, "lead_time": text(model["service"])}
    arrivals = exponential(1 / model["arrival_rate"])
    return one_line([{"name": "M", "cycle_time": INSTANT, "supply": supply}], arrivals=arrivals)


def spares_plant(model: dict[str, Any]) -> Plant:
    """Base stock: each demand is a claim on a spare and an order to the supplier, who delivers after the lead time.

    The first spares come once, and then never again.
    """
    never = {"stock": model["S"], "reorder_at": 0, "quantity": 1, "lead_time": "100000 d"}
    stations = [
        {
            "name": "DEMAND",
            "product": "demand",
            "cycle_time": INSTANT,
            "disassembly": [{"to": "SHIP", "product": "claim"}, {"to": "SUPPLIER", "product": "spare"}],
        },
        {"name": "STOCK", "product": "spare", "cycle_time": INSTANT, "arrivals": "saturated", "supply": never},
        {"name": "SUPPLIER", "cycle_time": f"{model['lead_time']} s", "machines": 50},
        {"name": "SHIP", "cycle_time": INSTANT, "joins": ["DEMAND", "SUPPLIER"], "buffer": 1000},
    ]
    products = [{"name": name} for name in ("demand", "claim", "spare")]
    return one_line(stations, {"products": products}, arrivals=exponential(1 / model["demand_rate"]))


# --- lots, shifts, OEE ----------------------------------------------------------------------------------------------


def lot_plant(model: dict[str, Any]) -> Plant:
    """Orders of a lot each; all but the first one need a setup."""
    station = {
        "name": "M",
        "cycle_time": f"{model['time_per_part']} s",
        "buffer": 0,
        "setup": {"when": "order changes", "time": f"{model['setup']} s"},
    }
    orders = [{"every": exponential(model["lot"] / model["part_rate"]), "quantity": model["lot"]}]
    return one_line([station], {"orders": orders}, arrivals="orders")


def oee_plant(model: dict[str, Any]) -> Plant:
    """A shift with two breaks and a stop, at a pace that makes the total of the case when the shift is over."""
    minutes = model["shift_min"] - model["breaks_min"] - model["downtime_min"]
    pause = model["breaks_min"] // 2
    shift = {"name": "day", "start": "06:00", "end": "14:00"}
    breaks = [{"start": "08:00", "for": f"{pause} min"}, {"start": "12:00", "for": f"{pause} min"}]
    stop = {"mode": "stop", "time_to_failure": f"{minutes - 120} min", "time_to_repair": f"{model['downtime_min']} min"}
    assert model["shift_min"] == 8 * 60
    station = {
        "name": "M",
        "cycle_time": f"{minutes * 60 / model['total']:.6f} s",
        "ideal_cycle": f"{model['ideal_cycle_s']} s",
        "failures": [stop],
        "quality": {"scrap": model["reject"] / model["total"]},
    }
    return one_line([station], {"shifts": [{**shift, "breaks": breaks}]})
