"""The page in Chromium: it draws what the twin folded, says nothing on the console, and comes back by itself.

Pictures for the documentation are written with ``SHOPFLOOR_SCREENSHOTS=1``.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from broker import Numbering
from dashboards import bind, create_app, serve
from plant.description import Plant
from plant.loader import load_plant
from plant.messages import Status
from plant.time import HOUR, MINUTE
from tests.dashboards.heard import BLOCK, END, MACHINES, PLANT, START, feed, record
from twin import Twin, open_twin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PICTURED_SEED = 2  # an hour in which something happens


@asynccontextmanager
async def looking(browser: Browser, url: str, *, size=DESK, said: list[str] | None = None, **options):
    """A page that is ready; whatever the console said fails the test unless it is collected in `said`."""
    heard = [] if said is None else said
    context = await browser.new_context(viewport=size, locale="en-GB", timezone_id="UTC", **options)
    page = await context.new_page()
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("requestfailed", lambda request: heard.append(f"failed: {request.url}"))
    try:
        await page.goto(url)
        await page.wait_for_selector("body[data-ready]")
        yield page
    finally:
        await context.close()
    if said is None:
        assert heard == []


async def drawn(page: Page) -> None:
    """Both charts and the timeline have ink on their canvas."""
    script = """() => [...document.querySelectorAll("canvas")].filter((canvas) => {
        if (!canvas.width || !canvas.height) return false;
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value, i) => i % 4 === 3 && value > 0);
    }).length === 3"""
    await page.wait_for_function(script)


async def wide(page: Page) -> int:
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


# --- what is drawn ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE, {"width": 820, "height": 1180}], ids=["desk", "phone", "tablet"])
async def test_the_page_is_drawn_without_a_word_on_the_console(browser, served, size, scheme) -> None:
    async with looking(browser, served, size=size, color_scheme=scheme) as page:
        await drawn(page)
        assert await wide(page) == 0
        assert await page.locator(".machine").count() == 4
        await expect(page.locator(".boot")).to_have_count(0)


async def test_the_figures_are_the_twins(browser, served, twin) -> None:
    kpis = twin.kpis(BLOCK, END - HOUR, END)
    reported = twin.state(BLOCK).reported
    async with looking(browser, served) as page:
        values = page.locator(".tile-value")
        await expect(values.nth(0)).to_have_text(f"{100 * kpis['oee'].value:.1f} %")
        await expect(values.nth(1)).to_have_text(f"{kpis['throughput'].value:.1f} good parts/h")
        await expect(values.nth(2)).to_have_text(f"{reported['wip']} parts")
        bars = page.locator(".bar-value")
        for index, name in enumerate(("availability", "effectiveness", "quality_ratio")):
            await expect(bars.nth(index)).to_have_text(f"{100 * kpis[name].value:.1f} %")
        for path in MACHINES[:4]:
            machine = page.locator(f'[data-path="{path}"]')
            await expect(machine).to_have_class(re.compile(rf"\bstate-{twin.state(path).reported['state']}\b"))


async def test_a_machine_is_judged_from_the_beginning_of_the_run_on(browser, served, twin) -> None:
    """The run is two hours old: the six hours before it are nobody's loss."""
    figures = twin.kpis(MACHINES[3], START, END)
    async with looking(browser, served) as page:
        await page.locator(f'[data-path="{MACHINES[3]}"]').click()
        for label, name in (("OEE", "oee"), ("Availability", "availability")):
            shown = page.locator(".machine-card .figure", has=page.get_by_text(label, exact=True)).locator("dd")
            await expect(shown).to_have_text(f"{100 * figures[name].value:.1f} %")


async def test_a_click_on_a_machine_shows_that_machine(browser, served) -> None:
    async with looking(browser, served) as page:
        await drawn(page)
        for path in (MACHINES[1], MACHINES[3]):
            asked = re.compile(rf"/series\?path={path.replace('/', '%2F')}&")
            async with page.expect_response(asked) as coming:
                await page.locator(f'[data-path="{path}"]').click()
            series = await (await coming.value).json()
            assert any(value is not None for value in series["mean"])
            await expect(page.locator(f'.machine-card[data-machine="{path}"] h2')).to_contain_text(path.split("/")[2])
            await expect(page.locator(".machine.selected")).to_have_attribute("data-path", path)


async def test_another_signal_changes_the_chart(browser, served) -> None:
    async with looking(browser, served) as page:
        await drawn(page)
        chart = page.locator(".machine-card canvas")
        before = await chart.screenshot()
        async with page.expect_response(lambda answer: "tag=energy" in answer.url):
            await page.get_by_label("Signal").select_option("energy")
        await expect(page.get_by_label(re.compile("^Energy of "))).to_be_visible()
        async with asyncio.timeout(10):
            while await chart.screenshot() == before:
                await page.evaluate("() => new Promise(requestAnimationFrame)")


async def test_all_signals_that_are_numbers_can_be_chosen(browser, served, simulation) -> None:
    (tags,) = [message.tags for node, message in simulation.births() if node.path == MACHINES[2]]
    numbers = [name for name, tag in tags.items() if tag.datatype in {"float", "int"}]
    assert "rinse_temp" in numbers and "gate_state" in tags and "gate_state" not in numbers
    async with looking(browser, served) as page:
        await page.locator(f'[data-path="{MACHINES[2]}"]').click()
        signal = page.get_by_label("Signal")
        await expect(signal.locator("option")).to_have_count(len(numbers))
        assert await signal.locator("option").evaluate_all("all => all.map((one) => one.value)") == numbers
        await signal.select_option("rinse_temp")
        await page.locator(".timeline").get_by_role("button", name="15 min").click()
        await expect(page.get_by_label(re.compile("^Rinse temp of "))).to_be_visible()


async def test_the_keyboard_is_enough(browser, served) -> None:
    async with looking(browser, served) as page:
        await page.locator(f'[data-path="{MACHINES[1]}"]').focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".machine-card")).to_have_attribute("data-machine", MACHINES[2])
        await page.locator(".timeline").get_by_role("button", name="8 h").focus()
        await page.keyboard.press("Space")
        await expect(page.locator(".timeline .choice.on")).to_have_text("8 h")


async def test_another_line_is_a_click_away(browser, served) -> None:
    async with looking(browser, served) as page:
        await page.get_by_role("navigation").get_by_text("caps").click()
        await expect(page.locator(".machine")).to_have_count(1)
        await expect(page.locator(".machine-card")).to_have_attribute("data-machine", MACHINES[4])


async def test_the_api_can_be_tried_out(browser, served) -> None:
    said: list[str] = []
    context = await browser.new_context(viewport=DESK)
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text))
    await page.goto(f"{served}api/docs")
    await page.get_by_text("/api/v1/kpis/explain").wait_for()
    await context.close()
    assert said == []


# --- what is not normal ----------------------------------------------------------------------------------------------


async def test_a_plant_that_is_silent_so_far_says_so(browser, deaf) -> None:
    phase = {"name": "past", "progress": 0.25, "text": "Filling the past …"}
    app = create_app(deaf, phase=lambda: phase)
    async with serve(app, bind("127.0.0.1", 0)) as url:
        said: list[str] = []
        context = await browser.new_context(viewport=DESK)
        page = await context.new_page()
        page.on("console", lambda message: said.append(message.text))
        await page.goto(url)
        await expect(page.locator(".phase")).to_contain_text("Filling the past …")
        await expect(page.locator(".phase progress")).to_have_attribute("value", "0.25")
        assert await page.locator("body[data-ready]").count() == 0
        await context.close()
        assert said == []


async def test_what_is_unknown_is_drawn_as_unknown_with_bounds(browser, deaf, deliveries) -> None:
    """One machine's states are lost from the middle of the last hour on."""
    lost = tuple(
        one for one in deliveries if not (one.topic.endswith("/WASH/state") and stamp(one.payload) > END - 30 * MINUTE)
    )
    await feed(deaf, lost)
    async with serve(create_app(deaf), bind("127.0.0.1", 0)) as url, looking(browser, url) as page:
        await drawn(page)
        await expect(page.locator(f'[data-path="{MACHINES[2]}"]')).to_have_class(re.compile(r"\bstate-unknown\b"))
        await expect(page.locator(".bar-band").first).to_be_visible()
        await expect(page.locator(".attention")).to_contain_text("Unknown")


def stamp(payload: bytes) -> int:
    return int(re.search(rb'"ts":(\d+)', payload)[1])


async def test_a_line_whose_connection_is_gone_is_silent(browser, deaf, deliveries, simulation) -> None:
    await feed(deaf, deliveries)
    numbering = Numbering(PLANT.enterprise, PLANT.plant, run=simulation.run)
    gone = Status(ts=END, online=False, client="test", version="1")
    await deaf.take(numbering.number(PLANT.lines[0].node, gone))
    async with serve(create_app(deaf), bind("127.0.0.1", 0)) as url, looking(browser, url) as page:
        await expect(page.locator(".link.off")).to_have_text("line silent")
        await expect(page.locator(".machine.state-unknown")).to_have_count(4)
        await page.get_by_role("navigation").get_by_text("caps").click()
        await expect(page.locator(".link.on")).to_have_text("live")


async def test_the_page_survives_a_restart_of_its_server(browser, twin) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    said: list[str] = []
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        async with serve(create_app(twin), listener) as url:
            page = await stack.enter_async_context(looking(browser, url, said=said))
        await expect(page.locator(".link")).to_have_text("page offline", timeout=10_000)
        async with serve(create_app(twin), bind("127.0.0.1", port)):
            await expect(page.locator(".link.on")).to_be_visible(timeout=20_000)
            await page.locator(f'[data-path="{MACHINES[3]}"]').click()
            await expect(page.locator(".machine-card")).to_have_attribute("data-machine", MACHINES[3])
            await stack.aclose()
    assert [word for word in said if word.startswith("error: ")] == []


async def test_many_machines_in_parallel_find_their_place(browser, tmp_path) -> None:
    stations = [
        {"name": "CELL", "cycle_time": "90 s", "machines": 60},
        {"name": "SORT", "cycle_time": "10 s", "machines": 7, "buffer": 40},
        *({"name": f"S{i}", "cycle_time": "2 s", "buffer": i} for i in range(14)),
    ]
    sparse = {"sample": "60 s", "block": "60 s"}
    plant = Plant.model_validate({"plant": "big", "telemetry": sparse, "lines": [{"name": "l", "stations": stations}]})
    async with heard(plant, tmp_path, 10 * MINUTE) as (_, url):
        for size in (DESK, PHONE):
            async with looking(browser, url, size=size) as page:
                assert await page.locator(".machine").count() == 81
                assert await wide(page) == 0
                boxes = await page.locator(".machine .body").evaluate_all(
                    "(all) => all.map((one) => one.getBoundingClientRect()).map((b) => [b.left, b.width, b.right])"
                )
                assert all(left >= 0 and wide > 1 and right <= size["width"] for left, wide, right in boxes)


@asynccontextmanager
async def heard(plant: Plant, folder: Path, past: int, seed: int = 1) -> AsyncIterator[tuple[Twin, str]]:
    _, deliveries = record(plant, past, seed)
    async with open_twin(plant, folder, durable=False) as twin:
        await feed(twin, deliveries)
        async with serve(create_app(twin), bind("127.0.0.1", 0)) as url:
            yield twin, url


# --- pictures --------------------------------------------------------------------------------------------------------


async def test_pictures_of_the_bundled_plant(browser, tmp_path) -> None:
    """What the documentation shows: the engine works after eight hours; fixed seed, fixed start, no animation."""
    folder = IMAGES if os.environ.get("SHOPFLOOR_SCREENSHOTS") == "1" else tmp_path
    plant = load_plant(ROOT / "examples" / "engine-works.yaml")
    async with heard(plant, tmp_path / "twin", 8 * HOUR, PICTURED_SEED) as (_, url):
        for name, size, scale in (("page-1440", DESK, 1), ("page-390", PHONE, 2)):
            async with looking(browser, url, size=size, device_scale_factor=scale) as page:
                if await page.locator(".attention button").count():
                    await page.locator(".attention button").first.click()
                await drawn(page)
                await page.evaluate("scrollTo(0, 0)")
                picture = folder / f"{name}.png"
                await page.screenshot(path=picture, animations="disabled")
                assert picture.stat().st_size > 20_000

