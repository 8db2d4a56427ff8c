"""A report says what its study says, no more, in valid HTML that needs nothing from elsewhere."""

import doctest
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.report import axis, markup, quantities, render, write
from experiments.report.answer import answer, question
from experiments.report.axis import around
from experiments.report.comparison import MOST
from experiments.report.markup import Markup, element
from experiments.report.quantities import digits_of, quantity
from experiments.study import Bottleneck, Difference, WarmUp
from plant.states import STATES
from plant.time import HOUR
from tests.experiments import sample_study

STUDIES = {
    "full": sample_study.full(),
    "search": sample_study.optimised(48),
    "same": sample_study.full(gain=0.0, levels=((2, 4), (2, 4), (1,))),
    "single": sample_study.full(replications=1, levels=((2, 4), (2,), (1,))),
    "many": sample_study.full(levels=(tuple(range(2, 12)), tuple(range(2, 12)), (1, 2))),
}
EVIL = '<script>alert("1")</script> & \'"><img src=x onerror=alert(2)>'


def page_of(study) -> ET.Element:
    """The page, read by a parser that forgives nothing."""
    text = render(study)
    assert text.startswith("<!DOCTYPE html>\n<html")
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own text


def told(of: ET.Element) -> str:
    return " ".join("".join(of.itertext()).split())


def charts_of(page: ET.Element) -> list[ET.Element]:
    """Charts with a row per thing, in order: two per response, first."""
    return [of for of in page.iter("table") if (of.get("class") or "").startswith("lanes")]


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    return STUDIES[request.param]


@pytest.fixture(scope="module")
def page(study):
    return page_of(study)


def test_every_configuration_is_in_each_table_once_and_in_order(study, page) -> None:
    tables = page.findall(".//table[@class='all']")
    assert tables
    names = [of.name for of in study.configurations]
    for table in tables:
        assert [told(row.find("th")) for row in table.iterfind("tbody/tr")] == names
    columns = [told(head) for table in tables for head in table.iterfind("thead//small")]
    assert columns == list(study.responses)


def test_rows_of_a_table_are_as_wide_as_its_head(page) -> None:
    for table in page.iterfind(".//table[@class='all']"):
        head, _ = table.findall("thead/tr")
        width = sum(int(cell.get("colspan", "1")) for cell in head)
        assert {len(row) for row in table.iterfind("tbody/tr")} == {width}


def test_tables_have_captions_and_every_heading_says_what_it_heads(page) -> None:
    for table in page.iter("table"):
        assert told(table.find("caption"))
        assert all(head.get("scope") for head in table.iter("th"))


def test_every_drawing_has_words(page) -> None:
    for parent in page.iter():
        for drawing in parent.findall("svg"):
            if parent.tag != "svg" and drawing.get("aria-hidden") != "true":
                assert drawing.get("role") == "img"
                assert told(drawing.find("title"))
    assert all(picture.find("svg/desc") is not None for picture in page.iter("figure"))


def test_nothing_comes_from_elsewhere_and_nothing_runs(study) -> None:
    text = render(study)
    assert not re.findall(r"https?:|//[a-z]|@import|\ssrc=|\shref=|<script|<link|<iframe|\son[a-z]+=", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#state-{state}" for state in STATES}


def test_ids_are_unique_and_what_is_pointed_at_is_there(page) -> None:
    ids = [of.get("id") for of in page.iter() if of.get("id")]
    assert len(ids) == len(set(ids))
    used = {of.get("fill").removeprefix("url(#").rstrip(")") for of in page.iter() if "url(" in of.get("fill", "")}
    assert used <= set(ids)


def test_headings_come_one_after_the_other(page) -> None:
    levels = [int(of.tag[1]) for of in page.iter() if re.fullmatch(r"h[1-6]", of.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_same_study_gives_the_same_file(study, tmp_path) -> None:
    write(study, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == render(study).encode()


def test_charts_draw_no_more_than_anybody_reads_and_never_lose_the_baseline_or_the_answer() -> None:
    study = STUDIES["many"]
    page = page_of(study)
    charts = charts_of(page)[: 2 * len(study.responses)]
    assert len(study.configurations) > 200
    for chart in charts:
        names = [told(row.find("th")).split(" ")[0] for row in chart.iterfind("tbody/tr")]
        assert len(names) == len(set(names)) == MOST
        assert study.baseline.name in names
        assert answer(study).split(" ")[0] in names


def test_what_is_shaded_is_what_cannot_be_told_from_the_best() -> None:
    study = STUDIES["full"]
    page = page_of(study)
    for name, chart in zip(study.responses, charts_of(page)[::2], strict=False):
        rows = [(told(row.find("th")).split(" ")[0], row.get("class") or "") for row in chart.iterfind("tbody/tr")]
        shaded = {of for of, kind in rows if "near" in kind.split()}
        near = {of.name for of in study.configurations if of.answers[name].in_best or of.answers[name].best}
        assert shaded == near


def test_names_are_text_not_markup() -> None:
    base = STUDIES["full"]
    first, second, *others = base.configurations
    evil = replace(
        second, name=EVIL, settings={EVIL: EVIL}, answers={EVIL: second.answers["throughput_per_s"]}
    )
    bottleneck = Bottleneck(station=EVIL, method=EVIL, confirmed=None, share={"failed": 1.0})
    effects = tuple(replace(of, change=EVIL, station=EVIL) for of in base.sensitivity)
    study = replace(
        base, name=EVIL, plant=EVIL, run=EVIL, engine=EVIL, design=EVIL, factors=(EVIL,), file=EVIL, version=EVIL,
        responses=(EVIL, *base.responses), units={EVIL: EVIL, **base.units}, better={EVIL: "higher", **base.better},
        configurations=(first, evil, *others), bottleneck=bottleneck, sensitivity=effects,
    )  # fmt: skip
    page = page_of(study)
    assert not {"script", "img"} & {of.tag for of in page.iter()}
    assert not [key for of in page.iter() for key in of.attrib if key.startswith("on")]
    assert told(page.find(".//h1")) == " ".join(EVIL.split())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_comes_out_as_it_went_in(text) -> None:
    read = ET.fromstring(element("p", text, title=text))  # noqa: S314 - our own text
    assert (read.text or "", read.get("title")) == (text, text)
    assert element("b", Markup("<i></i>")) == "<b><i></i></b>"


def test_the_answer_says_how_much_and_who_else() -> None:
    study = STUDIES["full"]
    said = answer(study)
    assert re.fullmatch(
        r"c\d+ gives \d\.\d ± \d\.\d % more throughput than the plant as it stands; .* cannot be told from it\.", said
    )
    winner = next(of for of in study.configurations if of.name == said.split(" ")[0])
    told = winner.answers["throughput_per_s"]
    assert told.difference.distinct and told.best
    per_cent = 100 * told.difference.mean / study.baseline.answers["throughput_per_s"].mean
    assert float(said.split(" ")[2]) == pytest.approx(per_cent, abs=0.05)
    near = {of.name for of in study.configurations if of.answers["throughput_per_s"].in_best and of is not winner}
    assert set(re.findall(r"c\d+", said.split(";")[1])) == near


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("same", "No configuration can be told from the plant as it stands: every difference in throughput may be "),
        ("single", "One replication cannot tell: "),
        ("search", "with a probability of 95 % it is the best of 6 finalists, if the next one is 0.10 /h or more"),
    ],
)  # fmt: skip
def test_the_answer_claims_no_more_than_the_intervals(name, said) -> None:
    assert said in answer(STUDIES[name])
    assert answer(STUDIES[name]) in told(page_of(STUDIES[name]))


@pytest.mark.parametrize("name", ["same", "single"])
def test_nothing_is_marked_as_the_answer_where_there_is_none(name) -> None:
    page = page_of(STUDIES[name])
    marked = [of for chart in charts_of(page)[:8:2] for of in chart.iter("tr") if "answer" in (of.get("class") or "")]
    assert not marked
    assert "Key figures of the plant as it stands" in [told(of) for of in page.iter("h2")]


def test_a_lower_mean_wins_where_lower_is_better() -> None:
    study = STUDIES["full"]
    name = "lead_time_s.mean"
    leading = replace(study, responses=(name,))
    assert re.match(r"c2 gives \d+\.\d ± \d\.\d % less mean lead time than the plant as it stands", answer(leading))
    assert question(leading).endswith("gives engine-works the lowest mean lead time?")


def test_when_all_others_are_worse_the_plant_stays_as_it_stands() -> None:
    study = STUDIES["full"]
    name = "energy_per_part_kwh"
    worse = tuple(of for of in study.configurations if of.baseline or of.answers[name].difference.mean > 0.05)
    changed = _with_best(replace(study, responses=(name,), configurations=worse), name)
    said = answer(changed)
    assert said == "The plant as it stands has the best energy per part, 3.415 ± 0.014 kWh: nothing tried does better."


def _with_best(study, name):
    """The same study, with the best one marked among those that are left."""
    order = sorted(study.configurations, key=lambda of: of.answers[name].mean)
    configurations = tuple(
        replace(
            of,
            answers={name: replace(of.answers[name], best=of is order[0], in_best=of is order[0])},
        )
        for of in study.configurations
    )
    return replace(study, configurations=configurations)


def test_a_response_that_nothing_has_is_said_not_drawn() -> None:
    study = STUDIES["single"]
    nothing = tuple(
        replace(
            of,
            answers={
                name: replace(of_one, mean=None, half_width=None, difference=None, best=False)
                for name, of_one in of.answers.items()
            },
        )
        for of in study.configurations
    )
    text = told(page_of(replace(study, configurations=nothing)))
    assert "No configuration has a throughput" in text


def test_a_study_of_nothing_but_its_plant_is_a_page_too() -> None:
    study = STUDIES["same"]
    alone = replace(
        study, configurations=study.configurations[:1], factors=(), sensitivity=(), bottleneck=None, comparisons=0,
        warm_up=WarmUp(cut=2 * HOUR, rule="fixed"), file="",
    )  # fmt: skip
    page = page_of(alone)
    assert "The plant as it stands has a throughput of " in told(page)
    assert "The first 2 h of every run are cut, as the file asks." in told(page)


@pytest.mark.parametrize("module", [axis, markup, quantities], ids=lambda of: of.__name__)
def test_examples_in_docstrings_run(module) -> None:
    told = doctest.testmod(module)
    assert told.attempted and not told.failed


@settings(deadline=None)
@given(st.floats(1e-9, 1e9))
def test_an_interval_has_one_or_two_digits_that_count(half) -> None:
    shown = round(half, digits_of(half))
    assert shown > 0
    assert abs(shown - half) <= 0.15 * half


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_axes_have_room_for_all_and_numbers_inside(low, room) -> None:
    axis = around([low, low + room])
    assert axis.low < low <= low + room < axis.high
    ticks = [at for at, _ in axis.ticks()]
    assert 1 <= len(ticks) <= 7
    near = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - near <= at <= axis.high + near for at in ticks)


def test_units_are_of_a_handy_size_and_digits_those_of_the_interval() -> None:
    study = STUDIES["full"]
    shown = {name: quantity(study, name) for name in study.responses}
    assert [of.heading for of in shown.values()] == [
        "throughput (/h)", "mean lead time (min)", "OEE (%)", "energy per part (kWh)",
    ]  # fmt: skip
    assert shown["throughput_per_s"].pair(41.26 / 3600, 0.264 / 3600) == "41.26 ± 0.26"
    apart = Difference(mean=-0.01, half_width=0.0042, correlation=None, distinct=True)
    assert shown["oee"].difference(apart) == "−1.0 ± 0.4 points"


def test_colours_can_be_read_in_light_and_in_dark() -> None:
    blocks = re.findall(r":root \{([^}]*--page[^}]*)\}", render(STUDIES["same"]))
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in blocks)
    for scheme in (light, light | dark):
        for ground in ("paper", "tint", "faint"):
            for ink in ("ink", "soft", "accent"):
                assert _contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
        assert _contrast(scheme["warn"], scheme["paper"]) >= 4.5
        assert _contrast(scheme["dot"], scheme["paper"]) >= 3


def _contrast(one: str, other: str) -> float:
    """Ratio of WCAG 2.2."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)
