"""Energy: who takes how much, what a part costs, and what is spent on waiting. Pure."""

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from plant.time import MINUTE
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.select import Column, Select

UID = "shopfloor-energy"

QUARTER = 15 * MINUTE
"""Time over which suppliers of electricity take the mean of a peak."""

PRICE, CARBON = (1, 5), (2, 5)
"""Price in EUR and carbon dioxide in kg of a kWh, as fractions: 0.20 EUR and 0.4 kg. Yours differ: put them here."""

_KWH = Column(name="energy", formula="E", unit="kW.h", scale=(1, 1_000_000), title="Energy")


def board(plant: Plant) -> Board:
    """The board of the energy manager."""
    by = facts.each_machine(plant)
    return Board(
        uid=UID,
        title="Energy",
        purpose=f"Who in {plant.plant} takes how much, and what for. For energy managers.",
        rows=(
            Row(title="How much", panels=(_total(), _cost(), _carbon(), _peak(), _stacked(by))),
            Row(title="What for", panels=(_per_part(), _idle(), _machines())),
            Row(title="When", panels=(_quarters(), _duration())),
        ),
    )


def _total() -> Panel:
    return Panel(
        id="energy.total",
        title="Energy",
        kind="stat",
        description=facts.describe(LINE_CATALOGUE["energy"]),
        queries=(Select(table="line_account", columns=(_KWH,), by=("line",)),),
        unit="kW.h",
        thresholds=facts.PLAIN,
        width=6,
        height=4,
        options={"graphMode": "none"},
    )


def _cost() -> Panel:
    return _scaled("cost", "Cost", "EUR", PRICE, "EUR per kWh")


def _carbon() -> Panel:
    return _scaled("carbon", "CO₂", "kg", CARBON, "kg of CO₂ per kWh")


def _scaled(name: str, title: str, unit: str, each: tuple[int, int], what: str) -> Panel:
    up, down = each
    column = Column(name=name, formula="E", unit=unit, scale=(up, down * 1_000_000), title=title)
    return Panel(
        id=f"energy.{name}",
        title=title,
        kind="stat",
        description=f"Electric energy at {up / down:g} {what}, an assumption in `dashboards/boards/energy.py`. "
        "Not in ISO 22400.",
        queries=(Select(table="line_account", columns=(column,), by=("line",)),),
        unit=unit,
        thresholds=facts.PLAIN,
        width=6,
        height=4,
        options={"graphMode": "none"},
    )


def _peak() -> Panel:
    return Panel(
        id="energy.peak",
        title="Peak demand",
        kind="stat",
        description="The greatest mean power over a quarter of an hour, by which suppliers bill. Not in ISO 22400.",
        queries=(Select(table="line_account", columns=(facts.power(),), by=("line",), bucket=QUARTER),),
        unit="kW",
        thresholds=facts.PLAIN,
        width=6,
        height=4,
        options={"graphMode": "none", "reduceOptions": {"calcs": ["max"]}},
    )


def _stacked(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="energy.by-machine",
        title="Power by machine",
        kind="timeseries",
        description="Mean electric power of each machine, E / duration, one above the other. Not in ISO 22400.",
        queries=(Select(table="account", columns=(facts.power(),), by=by, bucket="auto"),),
        unit="kW",
        thresholds=facts.PLAIN,
        minimum=0,
        stacked=True,
        opens="shopfloor-machine",
        width=24,
        height=10,
    )


def _per_part() -> Panel:
    names = ("comprehensive_energy", "energy_per_good_part")
    return Panel(
        id="energy.per-part",
        title="Energy per part over time",
        kind="timeseries",
        description=facts.described((LINE_CATALOGUE[name] for name in names), "Parts are those of all machines of the "
                                    "line: the energy of one operation, not that of a finished part."),
        queries=(
            Select(table="line_account", columns=tuple(map(facts.line_kpi, names)), by=("line",), bucket="auto"),
        ),
        unit="kW.h",
        thresholds=facts.PLAIN,
        minimum=0,
        height=9,
    )  # fmt: skip


def _idle() -> Panel:
    names = ("processing_energy_share", "ready_energy_share", "standby_energy_share", "off_energy_share")
    return Panel(
        id="energy.shares",
        title="What the energy was taken for",
        kind="bargauge",
        description=facts.described((LINE_CATALOGUE[name] for name in names), "Energy taken while ready buys nothing: "
                                    "switch off what waits for long. With setups, these four add up to 100 %."),
        queries=(facts.of_line("line_account", *map(facts.line_kpi, names)),),
        unit="1",
        thresholds=facts.PLAIN,
        minimum=0,
        maximum=1,
        height=9,
    )  # fmt: skip


def _machines() -> Panel:
    names = ("comprehensive_energy", "energy_per_good_part", "processing_energy_share", "idle_energy_share")
    idle = Column(
        name="idle", formula="E_ready + E_standby", unit="kW.h", scale=(1, 1_000_000), title="Idle energy"
    )
    return Panel(
        id="energy.table",
        title="By machine, most idle energy first",
        kind="table",
        description=facts.described(CATALOGUE[name] for name in names),
        queries=(
            Select(table="account", columns=(_KWH, idle, *map(facts.machine_kpi, names)), by=("line", "machine")),
        ),
        unit="1",
        units={
            "energy": "kW.h", "idle": "kW.h", "comprehensive_energy": "kW.h", "energy_per_good_part": "kW.h",
        },
        thresholds=facts.PLAIN,
        minimum=0,
        maximum=1,
        sort="-idle",
        opens="shopfloor-machine",
        width=24,
        height=12,
    )  # fmt: skip


def _quarters() -> Panel:
    return Panel(
        id="energy.quarters",
        title="Power by quarter of an hour",
        kind="timeseries",
        description="Mean electric power over each quarter of an hour, as suppliers bill it. Not in ISO 22400.",
        queries=(Select(table="line_account", columns=(facts.power(),), by=("line",), bucket=QUARTER),),
        unit="kW",
        thresholds=facts.PLAIN,
        minimum=0,
        custom={"drawStyle": "bars", "fillOpacity": 60},
    )


def _duration() -> Panel:
    return Panel(
        id="energy.duration",
        title="Load-duration curve",
        kind="xychart",
        description="Quarters of an hour by their power, the greatest first, over the share of time: a steep beginning "
        "says that few peaks make the bill. All lines that are chosen, together. Not in ISO 22400.",
        queries=(
            Select(
                table="line_account",
                columns=(Column(name="power", formula="E / duration", unit="kW", scale=(3600, 1), title="Power"),),
                by=("line",),
                bucket=QUARTER,
            ),
        ),
        unit="kW",
        units={"share": "1"},
        thresholds=facts.PLAIN,
        minimum=0,
        sort="-power",
        then=(
            {
                "id": "calculateField",
                "options": {
                    "mode": "index",
                    "alias": "share",
                    "index": {"asPercentile": True},
                    "replaceFields": False,
                },
            },
        ),
        options={
            "mapping": "manual",
            "series": [
                {
                    "x": {"matcher": {"id": "byName", "options": "share"}},
                    "y": {"matcher": {"id": "byName", "options": "power"}},
                    "frame": {"matcher": {"id": "byIndex", "options": 0}},
                }
            ],
        },
        custom={"show": "points+lines", "pointSize": {"fixed": 4}},
    )
