"""Experiments as a report gets them: made up, with intervals and comparisons as they really follow from the values."""

from dataclasses import replace
from itertools import product

import numpy as np

from experiments import estimate
from experiments.study import (
    Answer,
    Bar,
    Bottleneck,
    Configuration,
    Difference,
    Effect,
    Search,
    Study,
    WarmUp,
)
from plant.time import HOUR, MINUTE, SECOND

BUFFERS = ("lines.block-line.stations.OP20.buffer", "lines.block-line.stations.OP30.buffer")
MACHINES = "lines.block-line.stations.OP30.machines"
RESPONSES = {
    "throughput_per_s": ("higher", "1/s"),
    "lead_time_s.mean": ("lower", "s"),
    "oee": ("higher", "1"),
    "energy_per_part_kwh": ("lower", "kWh"),
}
FILE = """experiment: buffers
plant: engine-works.yaml
run: {for: 80 h, warm_up: auto, replications: 20}
seed: 1
factors:
  lines.block-line.stations.OP20.buffer: [2, 4, 6, 8]
  lines.block-line.stations.OP30.buffer: [2, 4, 8]
  lines.block-line.stations.OP30.machines: [1, 2]
design: full
responses: [throughput_per_s, lead_time_s.mean, oee, energy_per_part_kwh]
"""


def full(*, replications: int = 20, levels=((2, 4, 6, 8), (2, 4, 8), (1, 2)), gain: float = 1.0, name: str = "buffers"):
    """A full design of two buffers and a number of machines; with no gain no configuration differs from another."""
    draws = np.random.default_rng(7)
    common = draws.normal(size=(len(RESPONSES), replications))
    settings = [dict(zip((*BUFFERS, MACHINES), of, strict=True)) for of in product(*levels)]
    values = [_values(draws, common, {}, gain)]
    values += [_values(draws, common, of, gain) for of in settings]
    names = ["as-it-stands", *(f"c{number}" for number in range(1, len(settings) + 1))]
    return Study(
        name=name,
        plant="engine-works",
        run="5f2c9e0b1a7d",
        seed=1,
        engine="compiled",
        duration=80 * HOUR,
        warm_up=warm_up(),
        design="full",
        factors=(*BUFFERS, MACHINES),
        responses=tuple(RESPONSES),
        better={of: better for of, (better, _) in RESPONSES.items()},
        units={of: unit for of, (_, unit) in RESPONSES.items()},
        configurations=_configurations(names, [{}, *settings], values),
        comparisons=len(settings),
        sensitivity=sensitivity(),
        bottleneck=bottleneck(),
        file=FILE,
        version="0.1.0",
    )


def optimised(evaluations: int = 160):
    """A search over the same factors, with the front of two responses."""
    study = full(levels=(tuple(range(1, 17)), tuple(range(1, evaluations // 16 + 1)), (1,)), name="ten-places")
    order = [study.configurations[place] for place in np.random.default_rng(3).permutation(len(study.configurations))]
    ranked = sorted(order, key=lambda of: -of.answers["throughput_per_s"].mean)
    front, lowest = [], float("inf")
    for of in ranked:
        if of.answers["lead_time_s.mean"].mean < lowest:
            lowest = of.answers["lead_time_s.mean"].mean
            front.append(of.name)
    search = Search(
        goal="maximise throughput_per_s",
        subject_to=("sum <= 20",),
        evaluations=tuple(of.name for of in order),
        runs=2480,
        finalists=tuple(of.name for of in ranked[:6]),
        chosen=ranked[0].name,
        correct=0.95,
        indifference=0.1 / 3600,
        front=tuple(front),
    )
    return replace(study, search=search, design="optimisation", sensitivity=(), bottleneck=None)


def warm_up() -> WarmUp:
    draws = np.random.default_rng(5)
    series = 21 * (1 - np.exp(-np.arange(240) / 9)) + draws.normal(scale=0.9, size=240)
    return WarmUp(cut=7 * HOUR, rule="mser-5", step=30 * MINUTE, series=tuple(np.maximum(series, 0.0).tolist()))


def sensitivity() -> tuple[Effect, ...]:
    effects = (
        ("OP30: cycle time -10 %", "OP30", "cycle", 1.92),
        ("OP30: +50 % time between failures", "OP30", "failures", 0.81),
        ("OP30: 1 more place", "OP30", "buffer", 0.62), ("OP40: cycle time -10 %", "OP40", "cycle", 0.34),
        ("OP20: 1 more place", "OP20", "buffer", 0.22), ("OP20: +50 % time between failures", "OP20", "failures", 0.11),
        ("OP10: cycle time -10 %", "OP10", "cycle", -0.05), ("OP10: 1 more place", "OP10", "buffer", 0.02),
    )  # fmt: skip
    return tuple(
        Effect(
            change=change, station=station, kind=kind,
            difference=Difference(mean=mean / 3600, half_width=0.16 / 3600, correlation=0.9, distinct=abs(mean) > 0.16),
        )
        for change, station, kind, mean in effects
    )  # fmt: skip


def bottleneck() -> Bottleneck:
    draws = np.random.default_rng(11)
    bars = []
    for machine in ("OP30/1", "OP30/2"):
        at = 7 * HOUR
        while at < 11 * HOUR:
            for state, reason, mean in _states(draws):
                end = min(at + round(mean * SECOND), 11 * HOUR)
                if end > at:
                    bars.append(Bar(machine=machine, state=state, reason=reason, begin=at, end=end))
                at = end
    states = ("processing", "failed", "setup", "waiting", "blocked", "starved")
    share = dict(zip(states, (0.871, 0.062, 0.031, 0.012, 0.009, 0.015), strict=True))
    method = "turning point of blocked and starved time"
    return Bottleneck(station="OP30", method=method, confirmed=True, share=share, bars=tuple(bars))


def _states(draws):
    yield "processing", "", draws.uniform(600, 1900)
    state, reason, longest = (
        ("failed", "spindle", 700), ("setup", "B", 300), ("starved", "", 90), ("blocked", "", 120),
        ("waiting", "operator", 200),
    )[draws.integers(5)]  # fmt: skip
    yield state, reason, draws.uniform(40, longest)


def _values(draws, common, settings, gain):
    first, second = (settings.get(path, 2) for path in BUFFERS)
    machines = settings.get(MACHINES, 1)
    places = 1 - np.exp(-(first + 1.6 * second - 5.2) / 9)
    more = gain * (places + 0.6 * (machines - 1))
    noise = common + 0.45 * draws.normal(size=common.shape)
    return np.array([
        (41.2 + 2.1 * more + 0.55 * noise[0]) / 3600,
        2900 + gain * (55 * (first + second - 4) - 300 * (machines - 1)) + 60 * noise[1],
        0.712 + 0.028 * more - 0.05 * gain * (machines - 1) + 0.008 * noise[2],
        3.42 - 0.03 * more + 0.11 * gain * (machines - 1) + 0.03 * noise[3],
    ])  # fmt: skip


def _configurations(names, settings, values):
    means = np.mean(values, axis=2)
    best = {
        name: int((means[:, at].argmax if better == "higher" else means[:, at].argmin)())
        for at, (name, (better, _)) in enumerate(RESPONSES.items())
    }
    return tuple(
        Configuration(
            name=name,
            settings=told,
            baseline=place == 0,
            cost=float(sum(value for path, value in told.items() if path.endswith("buffer")) * 1200) or None,
            answers={
                response: _answer(values, place, at, best[response], len(names) - 1)
                for at, response in enumerate(RESPONSES)
            },
        )
        for place, (name, told) in enumerate(zip(names, settings, strict=True))
    )


def _answer(values, place, at, best, comparisons):
    own = values[place][at]
    mean = estimate(own.tolist())
    confidence = 1 - 0.05 / comparisons
    to_best = estimate((own - values[best][at]).tolist(), confidence)
    difference = None
    if place:
        told = estimate((own - values[0][at]).tolist(), confidence)
        distinct = told.half_width is not None and abs(told.mean) > told.half_width
        correlation = float(np.corrcoef(own, values[0][at])[0, 1]) if len(own) > 1 else None
        difference = Difference(
            mean=told.mean, half_width=told.half_width, correlation=correlation, distinct=distinct
        )
    return Answer(
        mean=mean.mean,
        half_width=mean.half_width,
        values=tuple(own.tolist()),
        difference=difference,
        best=place == best,
        in_best=place == best or to_best.half_width is None or abs(to_best.mean) <= to_best.half_width,
    )
