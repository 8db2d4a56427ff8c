"""A report fits screens and paper, and says nothing to the console. Renew its picture with --renew-golden."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from experiments.report import write
from tests.experiments import sample_study

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "experiments" / "report.png"
CUT = """[...document.querySelectorAll('.lanes td.value, .tile p, h1, .verdict')]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.parametrize("study", [sample_study.full(), sample_study.optimised(48)], ids=["full", "search"])
def test_it_fits_screens_and_paper(browser, study, tmp_path) -> None:
    file = tmp_path / "report.html"
    write(study, file)
    for width, media in ((390, "screen"), (1440, "screen"), (703, "print")):
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda of, said=said: said.append(of.text))
        page.on("request", lambda of, said=said: None if of.url == file.as_uri() else said.append(of.url))
        page.emulate_media(media=media)
        page.goto(file.as_uri())
        assert not said
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == []
        wide = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
        assert width < 700 or page.evaluate(wide) == 0
        if media == "print":
            sizes = re.findall(rb"/MediaBox \[0 0 ([.\d]+) ([.\d]+)\]", page.pdf(prefer_css_page_size=True))
            assert {(round(float(x)), round(float(y))) for x, y in sizes} == {(595, 842)}
        context.close()


def test_there_is_a_picture_for_the_guide(browser, tmp_path, request) -> None:
    if request.config.getoption("--renew-golden"):
        write(sample_study.full(), tmp_path / "report.html")
        page = browser.new_page(viewport={"width": 1200, "height": 1180}, color_scheme="light")
        page.goto((tmp_path / "report.html").as_uri())
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
        page.close()
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
