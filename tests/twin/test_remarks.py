"""What people say afterwards is journaled like any message, and no bus can say it for them."""

import asyncio

import pytest
from hearing import LINE, START, A, Wire, hear, simulated, twin_of

from plant.errors import MessageError
from plant.messages import Remark
from plant.remarks import Recoded, Shelved
from plant.time import SECOND
from twin.journal import Wanted

MACHINE = "main/line/A"
JAM = Recoded(begin=START, end=START + SECOND, reason="no-coolant")


def test_a_remark_is_in_the_journal_and_outlives_a_restart(tmp_path) -> None:
    async def scenario() -> None:
        async with twin_of(folder=tmp_path) as twin:
            await hear(twin, simulated())
            before = twin.digest()
            position = await twin.remark(MACHINE, JAM, by="anna", note="hose was off")
            assert position == twin.position()
            await twin.remark("main/line", Shelved(code="jam", until=START), by="ben")
            told = twin.digest()
            assert told != before
        async with twin_of(folder=tmp_path) as twin:
            assert twin.digest() == told
            again = await twin.remark(MACHINE, JAM, by="anna")
            page = await twin.history(Wanted(run=twin.runs()[-1], upto=again, kinds=("remark",)), 10)
            assert [(e.path, e.message["seq"], e.message["by"]) for e in page.events] == [
                (MACHINE, 1, "anna"),
                ("main/line", 0, "ben"),
                (MACHINE, 0, "anna"),
            ]

    asyncio.run(scenario())


def test_a_remark_over_a_bus_is_refused() -> None:
    async def scenario() -> None:
        async with twin_of() as twin:
            wire = Wire()
            await twin.take(wire.heartbeat(START))
            before = twin.digest()
            await twin.take(wire.send((A, Remark(ts=START, by="mallory", about=JAM))))
            assert twin.counters().dead_letters == {"remark": 1}
            assert twin.digest() == before

    asyncio.run(scenario())


def test_a_remark_against_the_rules_changes_nothing() -> None:
    async def scenario() -> None:
        async with twin_of() as twin:
            with pytest.raises(ValueError, match="not heard of any run"):
                await twin.remark(LINE.path, JAM, by="anna")
            await twin.take(Wire().heartbeat(START))
            position = twin.position()
            with pytest.raises(ValueError, match="no 'main/line/Z'"):
                await twin.remark("main/line/Z", JAM, by="anna")
            with pytest.raises(MessageError, match="begin is not earlier"):
                await twin.remark(MACHINE, Recoded(begin=START, end=START, reason="x"), by="anna")
            with pytest.raises(MessageError, match="by is empty"):
                await twin.remark(MACHINE, JAM, by="")
            assert twin.position() == position

    asyncio.run(scenario())
