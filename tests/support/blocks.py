"""Blocks of telemetry as a twin hands them to a historian."""

from plant.messages import Telemetry
from twin.historian import Block


def block(t, /, *, path="a/l/A", type_="machine", run="r", q=None, **columns) -> Block:
    message = Telemetry(run=run, session=1, seq=0, n=0, ts=max(t, default=0), t=list(t), v=columns, q=q)
    return Block(run, path, type_, message)
