"""A small, lively plant to run."""

from pathlib import Path

import pytest

SMALL = """\
plant: small
telemetry: {sample: 1 s, block: 5 s}
lines:
  - name: cell
    area: machining
    stations:
      - {name: A, cycle_time: "normal(3 s, 500 ms)", type: machining-center}
      - name: B
        machines: 2
        cycle_time: exponential(5 s)
        buffer: 2
        transport: 1 s
        failures:
          - {mode: jam, clock: calendar, time_to_failure: exponential(60 s), time_to_repair: exponential(8 s)}
      - {name: C, cycle_time: 2500 ms, buffer: 3, quality: {scrap: 5 %}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small, lively plant."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file
