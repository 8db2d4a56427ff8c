"""Generated plants: small and busy. What the plant language refuses is never drawn, so nothing is drawn in vain.

`plants` are rows of stations that nothing but failures stops. `whole_plants` use every element of the language; with
loops some of them lock, as real lines do.
"""

from typing import Any

from hypothesis import strategies as st

from plant.description import Plant

SECONDS = st.integers(1, 9).map(lambda s: f"{s} s")
MILLISECONDS = st.integers(1, 9_000).map(lambda ms: f"{ms} ms")
SHIFTS = [  # by the clock on the wall; runs begin on a Monday at midnight
    {"name": "night", "start": "23:59", "end": "00:01"},
    {"name": "early", "start": "00:01", "end": "00:03", "breaks": [{"start": "00:02", "for": "20 s"}]},
    {"name": "late", "start": "00:03", "end": "00:04", "days": "mon-fri"},
]
POOLS = ["A", "B"]
Station = dict[str, Any]


def times(longest: int = 9) -> st.SearchStrategy[str]:
    """Whole seconds make ties everywhere, the random ones make none."""
    whole = st.integers(1, longest)
    return st.one_of(
        whole.map(lambda s: f"{s} s"),
        whole.map(lambda s: f"exponential({s} s)"),
        whole.map(lambda s: f"uniform(0 s, {2 * s} s)"),
        whole.map(lambda s: f"normal({s} s, {s / 4} s)"),
        whole.map(lambda s: f"erlang(2, {s} s)"),
        whole.map(lambda s: f"geometric({1 / s:.3f})"),
    )


HANDLING = st.one_of(st.just("0 s"), st.just("0 s"), st.just("1 s"), st.just("uniform(0 s, 2 s)"))
SHARES = st.sampled_from(["10 %", "30 %", 0.5])


def rarely(draw: st.DrawFn, one_in: int = 4) -> bool:
    """Yes, now and then; simplest is no."""
    return draw(st.integers(0, one_in - 1)) == one_in - 1


# --- stops ---------------------------------------------------------------------------------------------------------


@st.composite
def failures(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Failure modes of a station."""
    modes = []
    for i in range(draw(st.integers(0, 2))):
        mode: dict[str, Any] = {
            "mode": f"mode{i}",
            "clock": draw(st.sampled_from(["operating", "calendar"])),
            "part": draw(st.sampled_from(["resume", "restart", "scrap"])),
            "time_to_repair": draw(times(20)),
        }
        if draw(st.booleans()):
            mode["time_to_failure"] = draw(st.one_of(times(60), st.just("30 s"), st.just("exponential(40 s)")))
        else:
            mode["availability"] = draw(st.sampled_from(["90 %", "50 %"]))
        modes.append(mode)
    return modes


@st.composite
def maintenance(draw: st.DrawFn, modes: list[str]) -> list[dict[str, Any]]:
    """Planned work at a station with these failure modes."""
    tasks = []
    for i in range(draw(st.integers(1, 2))):
        task: dict[str, Any] = {"name": f"task{i}", "time": draw(times(9))}
        if modes:
            task["renews"] = draw(st.lists(st.sampled_from(modes), unique=True))
        if task.get("renews") and draw(st.booleans()):
            task["at_wear"] = draw(st.sampled_from(["50 %", 1]))
        else:
            task["every"] = draw(st.sampled_from(["20 s", "45 s", "3 parts", "10 parts"]))
            task["clock"] = draw(st.sampled_from(["operating", "calendar"]))
        if draw(st.booleans()):
            task["opportunistic"] = draw(st.sampled_from(["20 %", "60 %", 1]))
        tasks.append(task)
    return tasks


@st.composite
def tools(draw: st.DrawFn) -> dict[str, Any]:
    """A tool that wears and may break."""
    tool = {"life": draw(st.sampled_from(["1 part", "4 parts", "12 s", "30 s"])), "change": draw(times(5))}
    if draw(st.booleans()):
        tool |= {"breaks": draw(times(40)), "part": draw(st.sampled_from(["resume", "restart", "scrap"]))}
        if draw(st.booleans()):
            tool["replace"] = draw(times(9))
    return tool


@st.composite
def setups(draw: st.DrawFn, products: list[str]) -> dict[str, Any]:
    """A changeover, by a matrix where there are products."""
    if products and draw(st.booleans()):
        matrix = {before: {after: draw(times(5)) for after in products if after != before} for before in products[:2]}
        return {"matrix": matrix} | ({"time": "2 s"} if draw(st.booleans()) else {})
    return {"when": draw(st.sampled_from(["product changes", "order changes", "lot changes"])), "time": draw(times(5))}


# --- quality -------------------------------------------------------------------------------------------------------


@st.composite
def qualities(draw: st.DrawFn, back: list[str]) -> dict[str, Any]:
    """What becomes of the parts; rework to one of these stations."""
    quality: dict[str, Any] = {"scrap": draw(st.sampled_from([0, 0, "20 %"]))}
    if rarely(draw, 3):
        quality["rework"] = {"share": draw(SHARES), "to": draw(st.sampled_from(back))}
        if draw(st.booleans()):
            quality["rework"]["limit"] = draw(st.integers(0, 3))
    if rarely(draw):
        quality["defects"] = draw(SHARES)
    if rarely(draw):
        measures = {"nominal": "10 mm", "lower": "9.9 mm", "upper": "10.1 mm", "sigma": "0.05 mm"}
        quality["characteristics"] = [{"name": "bore", **measures, "drift": draw(st.sampled_from(["0 mm", "0.1 mm"]))}]
    return quality


@st.composite
def inspections(draw: st.DrawFn, back: list[str]) -> dict[str, Any]:
    """A look for defects; what is found is scrap or goes back to one of these stations."""
    looks: dict[str, Any] = {"detects": draw(st.sampled_from([1, 0.8])), "false_alarm": draw(st.sampled_from([0, 0.1]))}
    looks |= draw(st.sampled_from([{}, {"sample": 0.5}, {"every": 3}]))
    if draw(st.booleans()):
        looks |= {"to": draw(st.sampled_from(back)), "limit": draw(st.sampled_from([1, 2, 3]))}
    return looks


# --- stations ------------------------------------------------------------------------------------------------------


@st.composite
def plain_stations(draw: st.DrawFn, name: str) -> Station:
    """A station that nothing but failures stops."""
    station: Station = {
        "name": name,
        "cycle_time": draw(times()),
        "machines": draw(st.sampled_from([1, 1, 2, 3])),
        "load": draw(HANDLING),
        "unload": draw(HANDLING),
        "buffer": draw(st.sampled_from([0, 0, 1, 2, 5])),
        "transport": draw(HANDLING),
        "failures": draw(failures()),
        "quality": {"scrap": draw(st.sampled_from([0, 0, "20 %", 1]))},
        "type": draw(st.sampled_from(["machine", "machining-center", "washing-machine"])),
    }
    if draw(st.booleans()):
        station["ideal_cycle"] = draw(SECONDS)
    if draw(st.booleans()):
        del station["buffer"]
    return station


TASKS = ["load", "process", "setup", "tool", "repair", "maintain", "inspect"]


@st.composite
def needs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Operators for some tasks, each task once, of one pool or of whichever has somebody."""
    tasks = draw(st.lists(st.sampled_from(TASKS), min_size=1, max_size=4, unique=True))
    cut = draw(st.integers(0, len(tasks) - 1))
    return [
        {
            "pool": draw(st.sampled_from(["A", "B", ["A", "B"], ["B", "A"]])),
            "for": some,
            "count": draw(st.sampled_from([1, 1, 2])),
            "priority": draw(st.sampled_from([1, 5, 9])),
        }
        for some in (tasks[:cut], tasks[cut:])
        if some
    ]


@st.composite
def stations(draw: st.DrawFn, name: str, given: dict[str, Any], plant: dict[str, Any]) -> Station:
    """A station with everything that it may have beside what its line has given it.

    Args:
        draw: of hypothesis.
        name: of the station.
        given: `back`, stations to which bad parts may go, and keys that are settled.
        plant: `early` if the line blocks before service, `products`, `shifts`, `pools`.
    """
    given = dict(given)
    back, first = given.pop("back"), given.pop("first", False)
    early, products = plant["early"], plant["products"]
    station: Station = draw(plain_stations(name))
    station["quality"] = draw(qualities(back))
    station["failures"] = [mode | ({"gates": "all"} if rarely(draw, 5) else {}) for mode in station["failures"]]
    modes = [mode["mode"] for mode in station["failures"]]
    if rarely(draw, 3):
        station["setup"] = draw(setups(products))
    if rarely(draw, 4):
        station["tool"] = draw(tools())
    if rarely(draw, 3):
        station["maintenance"] = draw(maintenance(modes))
    if rarely(draw, 5):
        station["inspection"] = draw(inspections(back))
    if not early and not {"joins", "disassembly"} & set(given) and rarely(draw, 4):
        size = draw(st.integers(1, 4))
        station["batch"] = {
            "size": size,
            "minimum": draw(st.sampled_from([1, size])),
            "wait": draw(st.sampled_from(["0 s", "3 s", "20 s"])),
        }
        if station["batch"]["minimum"] == 1:
            station["batch"] |= draw(st.sampled_from([{}, {"same": "product"}, {"same": "order"}]))
    if "joins" in given:
        roomy = all(join["buffer"] >= join["quantity"] for join in given["joins"])
        belt = {"length": "3 m", "speed": "1 m/s", "capacity": 2}
        ways = ["2 s", "exponential(2 s)", belt, {"fleet": "agv"}]
        station["transport"] = draw(st.sampled_from(ways)) if roomy and rarely(draw, 3) else "0 s"
    elif not first and rarely(draw, 4):
        belt = {
            "length": "6 m",
            "speed": draw(st.sampled_from(["1 m/s", "2 m/s"])),
            "capacity": draw(st.integers(1, 4)),
        }
        station["transport"] = belt | {"accumulating": draw(st.booleans())}
    elif not first and not early and rarely(draw, 4):
        station["transport"] = {"fleet": draw(st.sampled_from(["agv", "crane"]))}
    if rarely(draw, 5):
        station["dispatch"] = draw(st.sampled_from(["fifo", "edd", "spt", "critical-ratio", "priority", "same-setup"]))
    if plant["pools"] and draw(st.booleans()):
        station["operators"] = draw(needs())
    if plant["shifts"] and draw(st.booleans()):
        station["shifts"] = draw(st.sampled_from([["night", "early"], ["early", "late"], ["night", "late", "early"]]))
    if plant["shifts"]:
        station["at_shift_end"] = draw(st.sampled_from(["finish", "pause"]))
        station["repairs"] = draw(st.sampled_from(["in shifts", "always"]))
    return station | given


# --- the flow ------------------------------------------------------------------------------------------------------

Flow = dict[str, dict[str, Any]]


def row(draw: st.DrawFn, longest: int, *, loops: bool) -> Flow:
    """One after the other."""
    return {f"S{i}": {} for i in range(draw(st.integers(1, longest)))}


def split(draw: st.DrawFn, longest: int, *, loops: bool) -> Flow:
    """Two branches that come together again, chosen by share, by load or in turn; some parts may go out early."""
    ways: Any = draw(
        st.sampled_from(
            [
                [{"to": "S1", "share": 0.4}, {"to": "S2"}],
                [{"to": "S2", "share": 0.3}, {"to": "out", "share": "10 %"}],
                [{"to": "S2", "product": "P"}],
                {"policy": "least-loaded", "to": ["S1", "S2"]},
                {"policy": "round-robin", "to": ["S1", "S2"]},
            ]
        )
    )
    after = draw(st.sampled_from(["S3", "out"]))
    flow: Flow = {"S0": {"next": ways}, "S1": {"next": [{"to": after}]}, "S2": {}}
    return flow | ({"S3": {}} if after == "S3" else {})


def assembly(draw: st.DrawFn, longest: int, *, loops: bool) -> Flow:
    """Several entries that lead to one product; with loops perhaps two branches of one entry."""
    quantities = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    names = [f"S{i}" for i in range(len(quantities))]
    joins: list[Any] = [{"from": name, "quantity": n} for name, n in zip(names, quantities, strict=True)]
    for join in joins:  # a set must find room in front of the assembly
        least = join["quantity"] if join["quantity"] > 1 else 0
        join["buffer"] = draw(st.integers(least, 4))
    flow: Flow = {name: {} for name in names}
    if loops and draw(st.booleans()):
        flow = {"S": {"next": {"policy": "round-robin", "to": names}}} | flow
    else:
        for name in names[1:]:
            flow[name]["arrivals"] = draw(st.sampled_from(["saturated", "every 3 s", "exponential(5 s)"]))
    flow["J"] = {"joins": joins}
    return flow | ({"last": {}} if draw(st.booleans()) else {})


def apart(draw: st.DrawFn, longest: int, *, loops: bool) -> Flow:
    """A part that is taken apart; the pieces go different ways."""
    second = draw(st.sampled_from(["S2", "out"]))
    pieces = [{"to": "S1", "quantity": draw(st.integers(1, 2))}, {"to": second, "quantity": draw(st.integers(1, 3))}]
    flow: Flow = {"S0": {"disassembly": pieces}, "S1": {"next": [{"to": "out"}]}}
    if draw(st.booleans()):
        flow = {"S": {}} | flow
    return flow | ({"S2": {}} if second == "S2" else {})


FLOWS = [row, row, split, assembly, apart]


@st.composite
def routes(draw: st.DrawFn, names: list[str], *, loops: bool) -> list[str]:
    """A way of a product through these stations, from the first one on; with loops it may come back."""
    if loops:
        more = draw(st.lists(st.sampled_from(names), max_size=4))
        return [names[0], *more]
    return [names[0], *(name for name in names[1:] if draw(st.booleans()))]


# --- lines and plants ----------------------------------------------------------------------------------------------


@st.composite
def arrivals(draw: st.DrawFn) -> str:
    """How parts come."""
    return draw(st.sampled_from(["saturated", "saturated", "every 4 s", "exponential(5 s)", "orders"]))


SUPPLIES = st.sampled_from(
    [
        {"quantity": 3, "lead_time": "9 s", "stock": 4, "reorder_at": 2},
        {"quantity": 2, "lead_time": "exponential(8 s)", "cards": 2},
    ]
)


@st.composite
def lines(draw: st.DrawFn, number: int, longest: int, plant: dict[str, Any]) -> dict[str, Any]:
    """A line of any shape."""
    make = draw(st.sampled_from(FLOWS))
    flow = make(draw, longest, loops=plant["loops"])
    early = draw(st.sampled_from([False, False, True])) and make not in (apart, assembly)
    names = list(flow)
    line: dict[str, Any] = {
        "name": f"line{number}",
        "area": draw(st.sampled_from(["main", "east"])),
        "arrivals": "orders" if plant["booked"] else draw(arrivals()),
        "blocking": "before-service" if early else "after-service",
    }
    if not plant["products"]:
        for given in flow.values():
            if isinstance(ways := given.get("next"), list):
                given["next"] = [{"share": 0.5, "to": way["to"]} if "product" in way else way for way in ways]
    if make is not assembly:
        line |= draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"wip_limit": 3},
                    {"wip_limit": 12},
                    {"pallets": {"count": 4}},
                    {"pallets": {"count": 9, "back": "5 s"}},
                    {"pallets": {"count": 6, "until": names[0]}},
                ]
            )
        )
    if rarely(draw, 3) and line["arrivals"] != "orders":
        flow[names[0]]["supply"] = draw(SUPPLIES)
    if plant["products"]:
        sequence = [plant["products"][0], {"product": plant["products"][-1], "quantity": 2}]
        line |= draw(st.sampled_from([{}, {"lot": 3}, {"sequence": sequence}]))
    line["dispatch"] = draw(st.sampled_from(["fifo", "fifo", "edd", "spt", "critical-ratio", "priority", "same-setup"]))
    about = plant | {"early": early}
    described = []
    for place, (name, given) in enumerate(flow.items()):
        back = [name, *(names[: place + 1] if plant["loops"] else [])]
        described.append(draw(stations(name, given | {"back": back, "first": place == 0}, about)))
    return line | {"stations": described}


@st.composite
def fleets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two fleets."""
    agv = {"fleet": "agv", "speed": "1 m/s", "distance": "4 m", "vehicles": draw(st.integers(1, 2))}
    agv |= {"dispatch": draw(st.sampled_from(["longest-waiting", "nearest"])), "load": draw(HANDLING)}
    if draw(st.booleans()):
        agv["charging"] = {"after": "20 s", "time": "15 s"}
    crane = {"fleet": "crane", "time": "0.5 s", "unload": draw(HANDLING)}
    return [agv, crane]


@st.composite
def pools(draw: st.DrawFn, *, shifts: bool) -> list[dict[str, Any]]:
    """Two pools of operators."""
    found: list[dict[str, Any]] = []
    for name in POOLS:
        pool: dict[str, Any] = {"pool": name, "count": draw(st.integers(2, 3)), "walking": draw(HANDLING)}
        if shifts:
            pool |= draw(st.sampled_from([{}, {"shifts": ["early", "late"]}, {"count": {"early": 2, "night": 3}}]))
        found.append(pool)
    return found


@st.composite
def goods(draw: st.DrawFn, names: list[str], lines: list[dict[str, Any]], *, loops: bool) -> list[dict[str, Any]]:
    """Products; with routes only where all lines are rows, which have the same stations from the first one on."""
    rows = [[station["name"] for station in line["stations"]] for line in lines]
    plain = not any({"next", "joins", "disassembly"} & set(station) for line in lines for station in line["stations"])
    shortest = min(rows, key=len)
    found = []
    routed = len(shortest) > 1 and plain and all(len(row) == len(shortest) for row in rows) and draw(st.booleans())
    for place, name in enumerate(names):
        product: dict[str, Any] = {"name": name, "priority": draw(st.integers(1, 9))}
        if place == 0:
            product["share"] = "50 %"
        if draw(st.booleans()):
            product["cycle_times"] = {shortest[0]: draw(times())}
        if routed:
            product["route"] = shortest if place == 0 else draw(routes(shortest, loops=loops))
        found.append(product)
    return found


@st.composite
def orders(draw: st.DrawFn, line: str, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Orders for a line, some told and some that come by themselves."""
    found: list[dict[str, Any]] = []
    for i in range(draw(st.integers(1, 3))):
        release = draw(st.integers(0, 60))
        order: dict[str, Any] = {"order": f"{line}-told{i}", "line": line, "quantity": draw(st.integers(1, 5))}
        order["release"] = f"{release} s"
        if draw(st.booleans()):
            order["due"] = f"{release + draw(st.integers(0, 90))} s"
        if about["products"]:
            order["product"] = draw(st.sampled_from(about["products"]))
        found.append(order)
    if draw(st.booleans()):
        stream: dict[str, Any] = {"order": f"{line}-more", "line": line, "every": draw(times(30))}
        found.append(stream | {"quantity": draw(st.integers(1, 3)), "due": draw(SECONDS)})
    return found


@st.composite
def whole_plants(
    draw: st.DrawFn, *, most: int = 2, longest: int = 4, loops: bool = False, booked: bool = False
) -> Plant:
    """A plant of one or two lines with up to a few stations each, and with every element; booked: working to orders."""
    about: dict[str, Any] = {
        "loops": loops,
        "booked": booked,
        "products": draw(st.sampled_from([[], [], ["P", "Q"], ["P", "Q", "R"]])),
        "shifts": rarely(draw, 3),
        "pools": rarely(draw, 2),
    }
    described = [draw(lines(i, longest, about)) for i in range(draw(st.integers(1, most)))]
    plant: dict[str, Any] = {
        "plant": "generated",
        "telemetry": {"sample": "5 s", "block": "20 s"},
        "fleets": draw(fleets()),
        "lines": described,
    }
    if about["shifts"]:
        plant["shifts"] = SHIFTS
    if about["pools"]:
        plant["operators"] = draw(pools(shifts=about["shifts"]))
    if about["products"]:
        plant["products"] = draw(goods(about["products"], described, loops=loops))
    plant["orders"] = [
        order for line in described if line["arrivals"] == "orders" for order in draw(orders(line["name"], about))
    ]
    return Plant.model_validate(plant)


@st.composite
def plants(draw: st.DrawFn, *, lines: int = 2, longest: int = 4) -> Plant:
    """A plant of one or two lines with up to a few stations each that nothing but failures stops."""
    described = [
        {
            "name": f"line{i}",
            "area": draw(st.sampled_from(["main", "east"])),
            "arrivals": draw(st.sampled_from(["saturated", "saturated", "every 4 s", "exponential(5 s)"])),
            "blocking": draw(st.sampled_from(["after-service", "before-service"])),
            "stations": [draw(plain_stations(f"S{j}")) for j in range(draw(st.integers(1, longest)))],
        }
        for i in range(draw(st.integers(1, lines)))
    ]
    return Plant.model_validate(
        {"plant": "generated", "telemetry": {"sample": "5 s", "block": "20 s"}, "lines": described}
    )
