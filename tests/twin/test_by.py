"""Examples of figures by order, and of planned run times that change: one machine, told of by hand."""

from broker import Address
from plant.description import Plant
from plant.messages import Message, Meta, PartEvent, StateChange
from plant.time import SECOND
from twin import Mirror
from twin.by import kpis_by
from twin.figures import Window, line_kpis, machine_kpis

PLANT = Plant.model_validate(
    {
        "plant": "p",
        "orders": [{"order": "a", "quantity": 1}],
        "lines": [{"name": "l", "arrivals": "orders", "stations": [{"name": "A", "cycle_time": "10 s"}]}],
    }
)
(LINE,) = PLANT.lines
(NODE,) = LINE.machines(LINE.stations[0])
WINDOW = Window(begin=0, end=100 * SECOND, lost=lambda *_: 0)


def mirrored(*messages: Message) -> Mirror:
    mirror = Mirror(PLANT)
    for m in messages:
        mirror.apply(Address(enterprise="local", site="p", kind=m.kind, area=LINE.area, node=NODE), m)
    return mirror


def state(n: int, at: int, name: str, order: str | None) -> StateChange:
    ts = at * SECOND
    return StateChange(run="r", session=1, seq=n, n=n, ts=ts, state=name, reason="", since=ts, order=order)


def test_a_stop_across_a_change_of_order_is_one_and_counts_where_it_began() -> None:
    told = [(0, "processing", "a"), (10, "failed", "b"), (30, "failed", "c"), (60, "processing", "c")]
    told.append((100, "off", None))
    mirror = mirrored(*(state(n, *one) for n, one in enumerate(told)))
    line = mirror.lines[LINE.node]
    (machine,) = line.machines
    names = ["minor_stop_time", "minor_stop_count", "technical_efficiency"]
    shares = kpis_by(line, machine, WINDOW, "order", names)
    figures = {order: [kpis[name].value for name in names] for order, kpis in shares.items()}
    assert figures == {"a": [0, 0, 1], "b": [20, 1, 0], "c": [30, 0, 40 / 70], None: [0, 0, None]}


def test_a_new_planned_run_time_holds_for_the_cycles_that_begin_from_then_on() -> None:
    def part(n: int, at: int, event: str) -> PartEvent:
        name, ts = f"p{n // 3}", at * SECOND
        return PartEvent(run="r", session=1, seq=n, n=n, ts=ts, event=event, part=name, product="", order="a")

    def birth(n: int, at: int, ideal: int) -> Meta:
        ts, cycle = at * SECOND, ideal * SECOND
        return Meta(run="r", session=1, seq=n, n=n, ts=ts, schema="1.0", type="machine", ideal_cycle_us=cycle)

    events = [(5, "started"), (20, "finished"), (20, "left"), (20, "started"), (35, "finished"), (36, "left")]
    mirror = mirrored(
        birth(0, 0, 10), birth(1, 10, 15), state(9, 0, "processing", "a"),
        *(part(n, *one) for n, one in enumerate(events)), state(10, 100, "off", None),
    )  # fmt: skip
    line = mirror.lines[LINE.node]
    (machine,) = line.machines
    assert machine_kpis(machine, line, WINDOW, ["oee"])["oee"].parts["PRI_GQ"] == (10 + 15) * SECOND
    assert line_kpis(line, WINDOW, ["oee"])["oee"].parts["PRI_shipped"] == (15 + 15) * SECOND  # planned as they left
