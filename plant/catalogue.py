"""The machine catalogue: a row per machine type with its signals and the figures its physics needs.

First set: power follows the state, load follows the power, temperature follows the load with a first-order lag,
vibration follows the load. Figures are defaults of ours, sized after common machines of the kind.
"""

from dataclasses import dataclass, field, replace
from typing import Self

from plant.messages import Tag
from plant.power import Power


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineType:
    """One type of machine.

    Args:
        title: what people read.
        power_kw: power by energy state: off, standby, ready, processing.
        load_tag: name of its load signal, in percent of rated drive power.
        load_pct: mean load in processing and when ready.
        warming_k: temperature rise over ambient in steady processing.
        warming_s: time constant of the temperature in seconds.
        vibration_mm_s: vibration velocity in processing and when ready.
        ramp: µs in which its power rises to that of ready after it was off or in standby.
        by_product: power in processing of products that differ.
        air_l_min: flow of compressed air when ready and in processing, at normal conditions; none: it takes no air.
    """

    title: str
    power_kw: dict[str, float]
    load_tag: str = "drive_load"
    load_pct: tuple[float, float] = (55.0, 3.0)
    warming_k: float = 12.0
    warming_s: float = 1200.0
    vibration_mm_s: tuple[float, float] = (1.2, 0.2)
    ramp: int = 0
    by_product: dict[str, float] = field(default_factory=dict)
    air_l_min: tuple[float, float] | None = None

    def drawing(self, power: Power | None) -> Self:
        """The same type with the figures that a station has of its own."""
        if power is None:
            return self
        own = {level: kw for level in self.power_kw if (kw := getattr(power, level)) is not None}
        air = None if power.air is None else (power.air.ready, power.air.processing)
        return replace(self, power_kw=self.power_kw | own, ramp=power.ramp, by_product=power.by_product, air_l_min=air)

    @property
    def tags(self) -> dict[str, Tag]:
        """Its signals by name, in the order in which they are published."""
        most_kw = round(3 * max(self.power_kw["processing"], *self.by_product.values(), 0.0), 1)
        air = Tag(unit="L/min", min=0, sampling="fixed", title="Compressed air")
        return {
            "power": Tag(unit="kW", min=0, max=most_kw, sampling="fixed", title="Power"),
            self.load_tag: Tag(
                unit="%", min=0, max=180, sampling="fixed", title=self.load_tag.replace("_", " ").capitalize()
            ),
            "temperature": Tag(unit="Cel", min=0, max=90, sampling="fixed", title="Temperature"),
            "vibration_rms": Tag(unit="mm/s", min=0, max=12, sampling="fixed", title="Vibration"),
            "energy": Tag(unit="kW.h", min=0, sampling="fixed", title="Energy"),
            "part_count": Tag(unit="1", datatype="int", min=0, sampling="fixed", title="Parts finished"),
        } | ({} if self.air_l_min is None else {"air_flow": air})


def _power(off: float, standby: float, ready: float, processing: float) -> dict[str, float]:
    return {"off": off, "standby": standby, "ready": ready, "processing": processing}


CATALOGUE: dict[str, MachineType] = {
    "machine": MachineType(title="Machine", power_kw=_power(0.05, 0.3, 1.0, 4.0)),
    "machining-center": MachineType(
        title="Machining centre", power_kw=_power(0.1, 0.8, 3.0, 11.5), load_tag="spindle_load", load_pct=(58.0, 4.0),
        warming_k=18.0, warming_s=2400.0, vibration_mm_s=(1.8, 0.3),
    ),
    "lathe": MachineType(
        title="Lathe", power_kw=_power(0.1, 0.6, 2.4, 8.5), load_tag="spindle_load", load_pct=(62.0, 4.0),
        warming_k=15.0, warming_s=1800.0, vibration_mm_s=(1.5, 0.3),
    ),
    "grinder": MachineType(
        title="Grinder", power_kw=_power(0.1, 0.9, 3.2, 9.0), load_tag="spindle_load", load_pct=(48.0, 6.0),
        warming_k=14.0, warming_s=2100.0, vibration_mm_s=(0.7, 0.2),
    ),
    "honing-machine": MachineType(
        title="Honing machine", power_kw=_power(0.1, 0.8, 2.8, 8.0), load_tag="spindle_load", load_pct=(50.0, 5.0),
        warming_k=11.0, warming_s=1800.0, vibration_mm_s=(0.9, 0.2),
    ),
    "washing-machine": MachineType(
        title="Washer", power_kw=_power(0.1, 4.0, 18.0, 32.0), load_pct=(70.0, 35.0),
        warming_k=38.0, warming_s=5400.0, vibration_mm_s=(2.2, 1.4),
    ),
    "heat-treatment-furnace": MachineType(
        title="Furnace", power_kw=_power(0.2, 40.0, 70.0, 110.0), load_pct=(75.0, 45.0),
        warming_k=30.0, warming_s=7200.0, vibration_mm_s=(0.4, 0.3),
    ),
    "assembly-station": MachineType(
        title="Assembly station", power_kw=_power(0.05, 0.2, 0.5, 1.6), load_pct=(35.0, 2.0),
        warming_k=5.0, warming_s=900.0, vibration_mm_s=(0.6, 0.1),
    ),
    "press": MachineType(
        title="Press", power_kw=_power(0.1, 0.8, 3.5, 14.0), load_pct=(45.0, 8.0),
        warming_k=10.0, warming_s=1800.0, vibration_mm_s=(3.2, 0.4),
    ),
    "leak-test": MachineType(
        title="Leak tester", power_kw=_power(0.05, 0.2, 0.4, 0.9), load_pct=(25.0, 2.0),
        warming_k=3.0, warming_s=900.0, vibration_mm_s=(0.2, 0.1),
    ),
    "cmm": MachineType(
        title="Measuring machine", power_kw=_power(0.1, 0.4, 0.8, 1.5), load_pct=(30.0, 5.0),
        warming_k=2.0, warming_s=3600.0, vibration_mm_s=(0.15, 0.1),
    ),
    "loading-robot": MachineType(
        title="Loading robot", power_kw=_power(0.05, 0.3, 0.7, 2.2), load_pct=(40.0, 3.0),
        warming_k=8.0, warming_s=1500.0, vibration_mm_s=(0.8, 0.1),
    ),
}
