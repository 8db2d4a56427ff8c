"""Small plants and experiments as files."""

from pathlib import Path

LINE = """plant: small
lines:
  - name: line
    stations:
      - {name: OP10, cycle_time: exponential(10 s)}
      - name: OP20
        cycle_time: exponential(12 s)
        buffer: 2
        failures:
          - {mode: jam, time_to_failure: exponential(300 s), time_to_repair: exponential(30 s)}
          - {mode: worn, clock: calendar, availability: 95 %, time_to_repair: 20 s}
        operators: [{pool: fitters, for: [repair]}]
      - {name: OP30, cycle_time: exponential(10 s), buffer: 2, maintenance: [{every: 1 h, time: 30 s}]}
operators: [{pool: fitters, count: 1}]
"""

EXPERIMENT = """experiment: buffers
plant: line.yaml
run: {for: 600 s, warm_up: 60 s, replications: 4}
factors:
  lines.line.stations.OP20.buffer: [2, 6]
  lines.line.stations.OP30.buffer: [2, 6]
responses: [throughput_per_s, lead_time_s.mean, oee]
"""


def written(folder: Path, experiment: str = EXPERIMENT, plant: str = LINE) -> Path:
    """An experiment file, with its plant beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "line.yaml").write_text(plant, encoding="utf-8")
    file = folder / "experiment.yaml"
    file.write_text(experiment, encoding="utf-8")
    return file
