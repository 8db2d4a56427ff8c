"""What limits a line: changes do what they say, and a line with a clear bottleneck has it named and confirmed."""

from experiment_files import LINE, written
from hypothesis import given
from hypothesis import strategies as st

from experiments.conduct import conduct
from experiments.limits import changes
from experiments.loading import load_experiment
from experiments.pools import Processes
from plant.distributions import parse_distribution
from plant.draws import Stream
from plant.loader import load_plant

LIMITED = """plant: limited
lines:
  - name: line
    stations:
      - {name: A, cycle_time: 10 s}
      - {name: B, cycle_time: "normal(16 s, 2 s)", buffer: 3}
      - {name: C, cycle_time: 10 s, buffer: 3}
"""


def test_the_bottleneck_is_named_and_the_sensitivity_confirms_it(tmp_path) -> None:
    text = """experiment: limit
plant: line.yaml
run: {for: 1 h, warm_up: 5 min, replications: 2}
responses: [throughput_per_s]
sensitivity: 2
"""
    study = conduct(load_experiment(written(tmp_path, text, LIMITED)), pool=Processes(1))
    assert (study.bottleneck.station, study.bottleneck.confirmed) == ("B", True)
    assert abs(sum(study.bottleneck.share.values()) - 1) < 1e-9
    first = study.sensitivity[0]
    assert (first.station, first.kind) == ("B", "cycle")
    assert 0.09 < first.difference.mean / study.baseline.answers["throughput_per_s"].mean < 0.13
    bars = study.bottleneck.bars
    assert all(one.end == other.begin for one, other in zip(bars, bars[1:], strict=False))


def test_changes_touch_what_they_name_and_nothing_else(tmp_path) -> None:
    plant = load_plant(written(tmp_path, plant=LINE).with_name("line.yaml"))
    line = plant.lines[0]
    for change in changes(plant, line):
        for before, after in zip(line.stations, change.plant.lines[0].stations, strict=True):
            if before.name != change.station:
                assert after == before
            elif change.kind == "buffer":
                assert after.buffer == before.buffer + 1
            elif change.kind == "cycle":
                assert after.cycle_time.mean == 0.9 * before.cycle_time.mean
            else:
                for rarer, usual in zip(after.failures, before.failures, strict=True):
                    assert abs(rarer.interval.mean - 1.5 * usual.interval.mean) < 1
    kinds = [(change.station, change.kind) for change in changes(plant, line)]
    assert ("OP10", "buffer") not in kinds  # in front of it is the world outside
    assert ("OP20", "failures") in kinds


@given(
    text=st.sampled_from(
        ["90 s", "exponential(60 s)", "normal(92 s, 4 s)", "lognormal(92 s, cv=0.1)", "erlang(3, 60 s)",
         "gamma(60 s, cv=0.5)", "weibull(1.5, 40 s)", "triangular(3 s, 5 s, 8 s)", "uniform(2 s, 4 s)"]
    ),
    factor=st.floats(0.1, 10),
    k=st.integers(0, 1000),
)  # fmt: skip
def test_a_scaled_distribution_scales_each_draw(text, factor, k) -> None:
    one, stream = parse_distribution(text), Stream(1, "a", "cycle")
    other = one.scaled(factor)
    assert abs(other.draw(stream, k) - factor * one.draw(stream, k)) <= factor + 1
    assert abs(other.mean - factor * one.mean) <= 1
