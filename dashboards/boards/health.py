"""Platform health: whether the software that shows all this is well. Pure."""

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row, Threshold
from plant.description import Plant
from plant.time import SECOND
from twin.select import Column, Each, Select

UID = "shopfloor-health"

_NONE_LOST = (Threshold(value=None, colour=facts.CALM), Threshold(value=1, colour=facts.POOR))
_SLOW = (Threshold(value=None, colour=facts.CALM), Threshold(value=60, colour=facts.POOR))


def board(plant: Plant) -> Board:
    """The board of those who run the software."""
    return Board(
        uid=UID,
        title="Platform health",
        purpose=f"Whether messages of {plant.plant} arrive, in order and in time, and are kept. For operators of the "
        "software. It looks at the last hour: messages are counted while they come, so a past that was filled in later "
        "has no counts.",
        variables=("plant", "run", "line", "shift"),
        rows=(
            Row(title="Is anything lost?", panels=(_lost(), _delay(), _known())),
            Row(title="How much, how fast", panels=(_events(), _values(), _backlog(), _speed())),
            Row(title="Order and clocks", panels=(_sequence(), _skew())),
        ),
        window="now-1h",
    )


def _lost() -> Panel:
    told = (("gaps", "Missing"), ("dead", "Refused"), ("dropped", "Rows given up"))
    return Panel(
        id="health.lost",
        title="Lost so far",
        kind="bargauge",
        description="Messages whose numbers are missing, messages that could not be read, and rows that the historian "
        "never took, of the run so far. All should be 0. Not in ISO 22400.",
        queries=(
            Select(table="health", columns=tuple(facts.as_is(name, title, unit=facts.MESSAGE) for name, title in told),
                   by=("line",)),
        ),
        unit=facts.MESSAGE,
        thresholds=_NONE_LOST,
        minimum=0,
        width=8,
    )  # fmt: skip


def _delay() -> Panel:
    return Panel(
        id="health.delay",
        title="Since the last message",
        kind="stat",
        description="Wall time since anything was heard of a line. A line that is silent for a minute is not well.",
        queries=(Select(table="health", columns=(facts.seconds("delay", "delay", "Delay"),), by=("line",)),),
        unit="s",
        thresholds=_SLOW,
        minimum=0,
        width=8,
    )


def _known() -> Panel:
    column = Column(name="known", formula="(window − UNK) / window", title="Known")
    return Panel(
        id="health.known",
        title="Time of which the twin knows",
        kind="bargauge",
        description="Machine time of which the twin knows the state, (window − UNK) / window: figures of the rest are "
        "estimates between bounds. UNK is time in state unknown. Not in ISO 22400.",
        queries=(facts.of_line("line_account", column),),
        unit="1",
        thresholds=(
            Threshold(value=None, colour=facts.POOR),
            Threshold(value=0.95, colour=facts.FAIR),
            Threshold(value=0.99, colour=facts.CALM),
        ),
        minimum=0,
        maximum=1,
        width=8,
    )


def _curve(name: str, title: str, text: str, columns: tuple[Column, ...], unit: str) -> Panel:
    return Panel(
        id=f"health.{name}",
        title=title,
        kind="timeseries",
        description=f"{text} Not in ISO 22400.",
        queries=(Select(table="health", columns=columns, by=("line",), bucket="auto"),),
        unit=unit,
        thresholds=facts.PLAIN,
        minimum=None if name == "skew" else 0,
    )


def _one(field: str, title: str, unit: str, each: Each = "mean") -> tuple[Column, ...]:
    return (facts.as_is(field, title, each=each, unit=unit),)


def _events() -> Panel:
    return _curve("events", "Messages per second", "Messages that the twin took per second of wall time.",
                  _one("event_rate", "Messages", "1/s"), "1/s")  # fmt: skip


def _values() -> Panel:
    return _curve("values", "Values of telemetry per second", "Values that the twin took per second of wall time.",
                  _one("value_rate", "Values", "1/s"), "1/s")  # fmt: skip


def _backlog() -> Panel:
    return _curve("backlog", "Rows that wait for the historian",
                  "It rises while the store is away or slow, and falls to 0 afterwards.",
                  _one("backlog", "Rows", facts.MESSAGE, "max"), facts.MESSAGE)  # fmt: skip


def _speed() -> Panel:
    return _curve("speed", "Speed of the plant", "Plant time over wall time: 1 for a real one.",
                  _one("speed", "Speed", "{times}"), "{times}")  # fmt: skip


def _sequence() -> Panel:
    columns = tuple(
        facts.as_is(name, title, each="max", unit=facts.MESSAGE)
        for name, title in (("duplicates", "Known already"), ("gaps", "Missing"), ("late", "Late"), ("dead", "Refused"))
    )
    return _curve("sequence", "Repeated, missing, late and refused messages", "Counts of the run so far.", columns,
                  facts.MESSAGE)  # fmt: skip


def _skew() -> Panel:
    column = Column(name="skew", formula="skew", each="mean", unit="s", scale=(1, SECOND), title="Skew")
    return _curve("skew", "Clocks of publishers", "How far the clock of a line is beside the twin's, at speed 1.",
                  (column,), "s")  # fmt: skip
