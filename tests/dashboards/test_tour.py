"""The tour of the guide to KPIs: every question is asked, every answer and every sum on the page is the real one."""

import doctest
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from dashboards import create_app
from plant.loader import load_plant
from plant.time import HOUR
from tests.dashboards.conftest import asking
from tests.dashboards.heard import feed, record
from twin import open_twin

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "kpis.md"
STEPS = re.findall(
    r"```http\n(GET|POST) (\S+)\n(.*?)```\n+```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def monday() -> AsyncIterator[httpx.AsyncClient]:
    """What the run of the guide answers: 19 hours of the block line."""
    plant = load_plant(ROOT / "examples" / "block-line.yaml")
    async with open_twin(plant, None) as twin:
        await feed(twin, record(plant, 19 * HOUR)[1])
        async with asking(create_app(twin)) as client:
            yield client


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


async def test_the_answers_of_the_tour_are_the_real_ones(monday) -> None:
    """One after the other: what is corrected on the way changes the answers behind it."""
    assert len(STEPS) > 8
    for verb, question, body, shown in STEPS:
        headers = {"content-type": "application/json"} if body else {}
        answer = await monday.request(verb, question, content=body or None, headers=headers)
        assert answer.is_success, answer.text
        rest = squeezed(answer.text)
        for piece in squeezed(shown).split("…"):  # in this order, with anything in between
            assert piece in rest, (question, piece, rest)
            rest = rest[rest.index(piece) + len(piece) :]


async def test_the_sums_of_the_tour_are_right() -> None:
    sums = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
    page = doctest.DocTestParser().get_doctest(sums, {}, GUIDE.name, str(GUIDE), 0)
    found = doctest.DocTestRunner().run(page)
    assert found.attempted > 5
    assert not found.failed
