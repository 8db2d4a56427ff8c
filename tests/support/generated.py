"""Generated plants: small, busy, with every element of the language that this version has."""

from typing import Any

from hypothesis import strategies as st

from plant.description import Plant

SECONDS = st.integers(1, 9).map(lambda s: f"{s} s")
MILLISECONDS = st.integers(1, 9_000).map(lambda ms: f"{ms} ms")


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


@st.composite
def failures(draw: st.DrawFn) -> list[dict[str, Any]]:
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
def stations(draw: st.DrawFn, name: str) -> dict[str, Any]:
    station: dict[str, Any] = {
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


@st.composite
def plants(draw: st.DrawFn, *, lines: int = 2, longest: int = 4) -> Plant:
    """A plant of one or two lines with up to a few stations each."""
    described = [
        {
            "name": f"line{i}",
            "area": draw(st.sampled_from(["main", "east"])),
            "arrivals": draw(st.sampled_from(["saturated", "saturated", "every 4 s", "exponential(5 s)"])),
            "blocking": draw(st.sampled_from(["after-service", "before-service"])),
            "stations": [draw(stations(f"S{j}")) for j in range(draw(st.integers(1, longest)))],
        }
        for i in range(draw(st.integers(1, lines)))
    ]
    return Plant.model_validate(
        {"plant": "generated", "telemetry": {"sample": "5 s", "block": "20 s"}, "lines": described}
    )
