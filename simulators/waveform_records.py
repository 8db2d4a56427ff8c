"""Waveforms that machines record at the end of operations, as messages."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np

from plant.draws import Stream
from plant.expressions import Expression
from plant.machine_types import WaveformRow
from plant.messages import Axis, Waveform
from plant.time import SECOND
from simulators import waveforms
from simulators.functions import FUNCTIONS
from simulators.streams import Key
from simulators.track import Values


def recorded(
    rows: Mapping[str, WaveformRow],
    values: Values,
    keys: Mapping[str, Key],
    parts: Mapping[int, str | None],
    start: int,
) -> list[Waveform]:
    """What one machine records of some operations.

    Args:
        rows: waveforms of its type, by name.
        values: its quantities at the ends of the operations, shape (1, operations).
        keys: of the draws of each waveform; the number of the operation is the draw.
        parts: the part finished at each end, µs since the start of the run.
        start: first instant of the run, microseconds UTC.
    """
    numbers = values["operation"][0].astype(np.int64).tolist()
    found = []
    for column, (k, (time, part)) in enumerate(zip(numbers, parts.items(), strict=True)):
        for name, row in rows.items():
            if (k + 1) % row.every == 0:
                model = waveforms.MODELS[row.model](**_figures(row, values, column))
                whole = model.waveform(Stream.keyed(keys[name]), k)
                found.append(_message(name, whole, start + time, part))
    return found


def _figures(row: WaveformRow, values: Values, column: int) -> dict[str, Any]:
    """What the model of a waveform needs: numbers, and the variant that is strongest, if one is there."""
    figures: dict[str, Any] = {name: _at(of, values, column) for name, of in row.figures.items()}
    variants = {name: _at(of, values, column) for name, of in row.variants.items()}
    worst = max(variants, key=lambda name: variants[name], default=None)
    if worst is not None and variants[worst] > 0:
        figures |= {"variant": worst, "severity": min(variants[worst], 1.0)}
    return figures


def _at(of: Expression, values: Values, column: int) -> float:
    with np.errstate(all="ignore"):
        return float(np.broadcast_to(of.of(FUNCTIONS, values), values.times.shape)[0, column])


def _message(name: str, whole: waveforms.Waveform, time: int, part: str | None) -> Waveform:
    packed = whole.of.packed()
    axis = None
    if whole.axis is not None:
        own = whole.axis.packed()
        data = b64encode(own.data).decode()
        axis = Axis(signal=whole.axis.signal, unit=whole.axis.unit, scale=own.scale, offset=own.offset, data=data)
    return Waveform(
        ts=time,
        signal=name,
        unit=whole.of.unit,
        begin=time - round(whole.samples / whole.rate_hz * SECOND),
        rate_hz=whole.rate_hz,
        samples=whole.samples,
        scale=packed.scale,
        offset=packed.offset,
        data=b64encode(packed.data).decode(),
        axis=axis,
        bands=dict(whole.bands) or None,
        part=part,
    )
