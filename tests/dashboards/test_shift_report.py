"""A shift report tells the numbers of the API, and every stop once."""

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser

import pytest
import pytest_asyncio

from dashboards import ReportWindow, create_app, report_page, shift_report
from dashboards.report_html import FACTORS, RELIABILITY, STATION_COLUMNS
from plant.time import HOUR, MINUTE
from tests.dashboards.heard import feed, record
from tests.dashboards.jobs import END, JOBS, SHOP, START
from twin import open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEGIN, UNTIL = START + 30 * MINUTE, START + 90 * MINUTE
WINDOW = {"from": BEGIN, "to": UNTIL}
MINE = ("failed", "setup", "maintenance", "waiting")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def twin(tmp_path_factory):
    _, deliveries = record(JOBS, 3 * HOUR)
    async with open_twin(JOBS, tmp_path_factory.mktemp("jobs"), durable=False) as twin:
        await feed(twin, deliveries)
        yield twin


@pytest_asyncio.fixture(loop_scope="session")
async def client(twin, ask):
    async with ask(create_app(twin)) as client:
        yield client


def report_of(twin, begin: int, end: int, **told):
    return shift_report(twin, ReportWindow(begin=begin, end=end, **told), twin.runs()[-1])


class Figures(HTMLParser):
    """The exact values of a page by path and name, and what is shown for them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self._in: dict | None = None
        self.tags = Counter()
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        self.tags[tag] += 1
        if tag == "data":
            self._in = dict(attributes)

    def handle_data(self, data) -> None:
        if self._in is not None:
            key = self._in["data-path"], self._in["data-name"]
            self.found.setdefault(key, set()).add((self._in["value"], data))
            self._in = None

    def value(self, path: str, name: str) -> float | None:
        (told,) = {value for value, _ in self.found[path, name]}
        return float(told) if told else None


async def get(client, resource: str, **asked) -> dict:
    answer = await client.get(f"/api/v1/{resource}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_figure_of_the_page_is_the_one_of_the_api(twin, client) -> None:
    page = Figures(report_page(report_of(twin, BEGIN, UNTIL)))
    lines = {SHOP: ("SAW", "LATHE"), "main/wash": ("TUB",)}
    compared = 0
    for line, stations in lines.items():
        told = (await get(client, "kpis", path=line, **WINDOW))["kpis"]
        for name in ("oee", "oee.pooled", "throughput", "lead_time", "wip", *(name for name, _ in FACTORS)):
            assert page.value(line, name) == told[name]["value"], name
        assert page.value(line, "shipped") == told["throughput"]["parts"]["shipped"]
        assert page.value(line, "RQ") == told["rework_ratio"]["parts"]["RQ"]
        assert page.value(line, "coverage") == told["availability"]["coverage"]
        before, after = [(await get(client, f"state/{line}", at=at - 1))["reported"] for at in (BEGIN, UNTIL)]
        assert page.value(line, "parts_scrapped") == after["parts_scrapped"] - before["parts_scrapped"]
        for station in stations:
            paths = [f"{line}/{station}", *(f"{line}/SAW/{i}" for i in (1, 2) if station == "SAW")]
            for path in paths:
                told = (await get(client, "kpis", path=path, **WINDOW))["kpis"]
                for name, _ in (*STATION_COLUMNS, *RELIABILITY):
                    assert page.value(path, name) == told[name]["value"], (path, name)
                    compared += 1
                for kpi, part in (("quality_ratio", "GQ"), ("scrap_ratio", "SQ"), ("mtbf.usual", "FE")):
                    assert page.value(path, part) == told[kpi]["parts"][part]
    assert compared == 5 * 7
    asked = set(page.found)
    assert {path for path, name in asked if name == "oee"} == {
        SHOP, "main/wash", f"{SHOP}/SAW", f"{SHOP}/SAW/1", f"{SHOP}/SAW/2", f"{SHOP}/LATHE", "main/wash/TUB",
    }  # fmt: skip


async def test_what_is_shown_is_the_value_rounded(twin) -> None:
    page = Figures(report_page(report_of(twin, BEGIN, UNTIL)))
    ((value, shown),) = page.found[f"{SHOP}/LATHE", "oee"]
    assert shown == f"{100 * float(value):.1f} %"
    ((value, shown),) = page.found[f"{SHOP}/LATHE", "throughput"]
    assert shown == f"{float(value):.1f}"


async def test_time_in_state_stops_and_energy_are_those_of_the_api(twin, client) -> None:
    report = report_of(twin, BEGIN, UNTIL)
    page = Figures(report_page(report))
    told = (await get(client, "intervals", path=SHOP, **WINDOW))["machines"]
    time: Counter[str] = Counter()
    mine: Counter[tuple[str, str, str]] = Counter()
    for machine, intervals in told.items():
        for one in intervals:
            time[one["state"]] += one["end"] - one["begin"]
            if one["state"] in MINE:
                mine[machine.split("/")[2], one["state"], one["reason"]] += one["end"] - one["begin"]
    assert {state: page.value(SHOP, f"time.{state}") for state in time} == time
    shop = report.lines[0]
    assert {(cause.station, cause.state, cause.reason): cause.time for cause in shop.causes} == mine
    assert [cause.time for cause in shop.causes] == sorted(mine.values(), reverse=True)
    assert mine
    for machine in (f"{SHOP}/SAW/1", f"{SHOP}/LATHE"):
        begin, end = [(await get(client, f"state/{machine}", at=at))["reported"]["energy_kwh"] for at in (BEGIN, UNTIL)]
        node = next(node for node in shop.stations if node.path == machine)
        assert node.energy_kwh == end - begin > 0
    assert page.value(f"{SHOP}/LATHE", "energy_kwh") == end - begin


async def test_orders_are_those_of_the_api(twin, client) -> None:
    page = report_page(report_of(twin, BEGIN, UNTIL))
    told = (await get(client, f"state/{SHOP}", at=UNTIL - 1))["reported"]["orders"]
    assert told
    for order in told:
        row = re.search(rf'<tr class=""><td class="text">{order["order"]}</td>.*?</tr>', page)[0]
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        assert cells[1:5] == [order["product"], str(order["good"]), str(order["quantity"]), str(order["scrap"])]


@pytest.mark.parametrize("cut", range(17, 90, 8))
async def test_a_stop_over_a_hand_over_is_one_stop_of_two_shares(twin, cut) -> None:
    """Cutting a time in two changes neither how many stops there were, nor how long each was."""
    middle = BEGIN + cut * MINUTE
    whole, left, right = (report_of(twin, *ends).lines[0] for ends in [(BEGIN, END), (BEGIN, middle), (middle, END)])
    told = {(stop.path, stop.begin, stop.end) for stop in whole.stops}
    assert {(stop.path, stop.begin, stop.end) for line in (left, right) for stop in line.stops} == told
    for line in (whole, left, right):
        assert all(stop.length >= line.minor_stop for stop in line.stops)
    inside = [sum(stop.inside for stop in line.stops) + line.minor[1] for line in (left, right)]
    assert sum(inside) == sum(stop.inside for stop in whole.stops) + whole.minor[1]
    counts = [sum(stop.counted for stop in line.stops) + line.minor[0] for line in (left, right)]
    assert sum(counts) == sum(stop.counted for stop in whole.stops) + whole.minor[0] > 5


async def test_a_stop_longer_than_the_looking_back_is_found_whole(twin, monkeypatch) -> None:
    report = report_of(twin, START, END).lines[0]
    stop = max((*report.stops, *_all_stops(twin)), key=lambda stop: stop.length)
    monkeypatch.setattr("dashboards.report.HOUR", 1000)
    middle = (stop.begin + stop.end) // 2
    found = [one for one in _all_stops(twin, middle, middle + 1) if one.path == stop.path]
    assert [(one.begin, one.end, one.inside, one.counted) for one in found] == [(stop.begin, stop.end, 1, False)]


def _all_stops(twin, begin: int = START, end: int = END) -> list:
    plant = JOBS.model_copy(update={"lines": tuple(line.model_copy(update={"minor_stop": 1}) for line in JOBS.lines)})
    before, twin.plant = twin.plant, plant
    try:
        return report_of(twin, begin, end).lines[0].stops
    finally:
        twin.plant = before


async def test_the_head_says_which_shift_of_which_day_by_the_clock_of_the_plant(twin) -> None:
    page = report_page(report_of(twin, START, START + 90 * MINUTE, shift="early", day=date(2026, 1, 5)))
    assert "<title>jobs · early shift</title>" in page
    assert "Monday, 5 January 2026" in page
    assert "05:30 to 07:00 (Asia/Kolkata), 1:30 h" in page
    assert "Not the whole time is known" not in page


async def test_time_of_which_nothing_was_told_is_named_and_values_become_bands(twin, client) -> None:
    page = report_page(report_of(twin, END - HOUR, END + HOUR))
    assert "Not the whole time is known" in page
    told = (await get(client, "kpis", path=f"{SHOP}/LATHE", **{"from": END - HOUR, "to": END + HOUR}))["kpis"]
    figure = told["availability"]
    assert figure["coverage"] == 0.5
    ((value, shown),) = Figures(page).found[f"{SHOP}/LATHE", "availability"]
    assert float(value) == figure["value"]
    assert shown == f"{100 * figure['lower']:.1f} to {100 * figure['upper']:.1f} %"


async def test_the_file_needs_nothing_else_and_no_script(twin) -> None:
    page = report_page(report_of(twin, BEGIN, UNTIL))
    tags = Figures(page).tags
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert "http" not in page
    assert "@import" not in page
    assert "url(" not in re.sub(r"url\(#\w+\)", "", page)
    assert "@page" in page and "break-before: page" in page
    assert report_page(report_of(twin, BEGIN, UNTIL)) == page


async def test_names_are_text_not_markup(twin) -> None:
    report = report_of(twin, BEGIN, UNTIL, shift="<b>early</b>", day=date(2026, 1, 5))
    assert "<b>early" not in report_page(report)


@pytest.mark.browser
async def test_it_fits_a_sheet_of_a4_and_begins_each_line_on_a_new_one(twin, browser, tmp_path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page(report_of(twin, START, END)), encoding="utf-8")
    for width, media in ((703, "print"), (1200, "screen"), (390, "screen")):
        page = await browser.new_page(viewport={"width": width, "height": 900})
        await page.emulate_media(media=media)
        await page.goto(file.as_uri())
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        wide = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
        assert width < 700 or await page.evaluate(wide) == 0
        if media == "print":
            sheets = await page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type /Page\b", sheets)) >= len(JOBS.lines)
            sizes = re.findall(rb"/MediaBox \[0 0 ([.\d]+) ([.\d]+)\]", sheets)
            assert {(round(float(x)), round(float(y))) for x, y in sizes} == {(595, 842)}
        await page.close()
