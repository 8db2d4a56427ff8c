"""Lines of SHDR: every form has its golden line, and no text at all is too much for the reader."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.shdr import (
    Asset,
    Category,
    Command,
    Condition,
    LineError,
    Notice,
    Observation,
    Series,
    Unreadable,
    read_line,
    read_shdr,
    read_stamp,
    split,
)

T = "2022-08-08T13:37:18.8501483Z"
TS = 1_659_965_838_850_148  # the seventh digit is cut
CATEGORIES = {
    "system": Category.CONDITION,
    "hydraulics": Category.CONDITION,
    "note": Category.MESSAGE,
    "vibration": Category.SERIES,
}


def value(item: str, text: str | None, **more) -> Observation:
    return Observation(**{"line": 1, "ts": TS, "device": "", "item": item, "value": text} | more)


def condition(level: str, item: str = "system", **more) -> Condition:
    return Condition(**{"line": 1, "ts": TS, "device": "", "item": item, "level": level} | more)


def asset(action: str, *fields: str) -> Asset:
    return Asset(line=1, ts=TS, device="", action=action, fields=fields)


GOLDEN = [
    ("avail|AVAILABLE", [value("avail", "AVAILABLE")]),
    ("avail|AVAILABLE|mode|AUTOMATIC", [value("avail", "AVAILABLE"), value("mode", "AUTOMATIC")]),
    ("load|UNAVAILABLE|speed|unavailable", [value("load", None), value("speed", None)]),
    ("block||speed|0", [value("block", ""), value("speed", "0")]),
    ("block|", [value("block", "")]),
    ("speed|1|", [value("speed", "1")]),  # a bar at the end says nothing
    (" speed | 12.5 ", [value("speed", "12.5")]),
    ('block|"G01 \\| X1"|speed|1', [value("block", "G01 | X1"), value("speed", "1")]),
    ('block|"say \\"go\\""', [value("block", 'say "go"')]),
    ('block|"', [value("block", '"')]),
    ("block|N10 (1:2)", [value("block", "N10 (1:2)")]),
    ("lathe-1:speed|7", [value("speed", "7", device="lathe-1")]),
    ("count|0:DAY", [value("count", "0:DAY")]),
    ("position|1.0 2.0 3.0", [value("position", "1.0 2.0 3.0")]),
    ("tools|1=7.5 2={a=1 b=2}", [value("tools", "1=7.5 2={a=1 b=2}")]),
    ("system|NORMAL||||", [condition("NORMAL")]),
    ("system|unavailable||||", [condition("UNAVAILABLE")]),
    (
        "system|FAULT|E42|HIGH|low|Oil is low",
        [condition("FAULT", code="E42", severity="HIGH", qualifier="LOW", text="Oil is low")],
    ),
    ("system|WARNING", [condition("WARNING")]),
    (
        "system|NORMAL|||||hydraulics|FAULT|7|||Pump|speed|3",
        [condition("NORMAL"), condition("FAULT", "hydraulics", code="7", text="Pump"), value("speed", "3")],
    ),
    ("other|NORMAL||||", [condition("NORMAL", "other")]),  # nobody named it, but as pairs it has an item without a name
    ("other|FAULT|7|HIGH||Pump", [condition("FAULT", "other", code="7", severity="HIGH", text="Pump")]),
    (
        "feed|UNAVAILABLE|rate|861.4038|set|5",  # seven fields, and data
        [value("feed", None), value("rate", "861.4038"), value("set", "5")],
    ),
    ("note|T7|Change the tool", [Notice(line=1, ts=TS, device="", item="note", code="T7", text="Change the tool")]),
    ("note||UNAVAILABLE", [Notice(line=1, ts=TS, device="", item="note", code="", text=None)]),
    (
        "vibration|4|1000|0.1 0.2 -0.3 4e-1|speed|1",
        [
            Series(line=1, ts=TS, device="", item="vibration", rate=1000, values=(0.1, 0.2, -0.3, 0.4)),
            value("speed", "1"),
        ],
    ),
    ("vibration|UNAVAILABLE", [Series(line=1, ts=TS, device="", item="vibration", rate=0, values=())]),
    ("@ASSET@|T1|CuttingTool|<x/>", [asset("ASSET", "T1", "CuttingTool", "<x/>")]),
    ("@REMOVE_ASSET@|T1", [asset("REMOVE_ASSET", "T1")]),
    ("@REMOVE_ALL_ASSETS@|CuttingTool", [asset("REMOVE_ALL_ASSETS", "CuttingTool")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_a_line_says_what_its_form_means(text: str, said: list) -> None:
    assert read_line(f"{T}|{text}", CATEGORIES) == said


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("1970-01-01T00:00:00Z", (0, None)),
        ("2022-08-08T13:37:18Z", (1_659_965_838_000_000, None)),
        ("2022-08-08T13:37:18.8Z", (1_659_965_838_800_000, None)),
        ("2022-08-08T13:37:18.850148999Z", (TS, None)),
        ("2022-08-08T15:37:18.850148+02:00", (TS, None)),
        ("2022-08-08T15:37:18.850148+0200", (TS, None)),
        ("2022-08-08T13:37:18.850148", (TS, None)),  # without a zone it is UTC
        (f"{T}@0.25", (TS, 250_000)),
        (f"{T}@100", (TS, 100_000_000)),
    ],
)
def test_a_stamp_is_microseconds_and_may_cover_a_duration(stamp: str, told: tuple) -> None:
    assert read_stamp(stamp) == told


def test_a_duration_belongs_to_the_values_of_its_line() -> None:
    assert read_line(f"{T}@1.5|load|3", {}) == [value("load", "3", duration=1_500_000)]


def test_commands_are_read_and_one_says_whose_the_lines_are() -> None:
    log = b"* shdrVersion: 2.0\n* PONG 10000\n* device: mill\r\n" + f"{T}|a|1|saw:b|2".encode()
    assert list(read_shdr("x", log, {})) == [
        Command(line=1, name="shdrVersion", value="2.0"),
        Command(line=2, name="PONG 10000", value=""),
        Command(line=3, name="device", value="mill"),
        value("a", "1", line=4, device="mill"),
        value("b", "2", line=4, device="saw"),
    ]


def test_an_asset_of_many_lines_is_one_and_the_lines_are_counted_on() -> None:
    log = f'{T}|@ASSET@|T1|Tool|--multiline--0FED\n<a b="|">\n\\</a>\n--multiline--0FED\n{T}|a|1\n'.encode()
    assert list(read_shdr("x", log, {})) == [
        asset("ASSET", "T1", "Tool", '<a b="|">\n\\</a>'),
        value("a", "1", line=5),
    ]


def test_an_asset_that_never_ends_swallows_nothing() -> None:
    log = f"{T}|@ASSET@|T1|Tool|--multiline--0FED\n<a>\n{T}|a|1\n".encode()
    first, second, third = read_shdr("x", log, {})
    assert first == Unreadable(
        file="x", line=1, reason="an asset that never ends: --multiline--0FED does not come again"
    )
    assert isinstance(second, Unreadable)
    assert third == value("a", "1", line=3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "'nonsense' is no time; allowed is ISO 8601"),
        ("|a|1", "has no time"),
        ("100|a|1", "'100' is no time"),
        ("2022-13-08T13:37:18Z|a|1", "is no time: month must be in 1..12"),
        ("2022-08-08T25:37:18Z|a|1", "is no time: hour must be in 0..23"),
        ("1969-12-31T23:59:59Z|a|1", "is not between 1970 and 2255"),
        ("9999-12-31T23:59:59Z|a|1", "is not between 1970 and 2255"),
        (T, "says nothing after its time"),
        (f"{T}|", "says nothing after its time"),
        (f"{T}|a", "the item 'a' has no value"),
        (f"{T}|a|1|b", "the item 'b' has no value"),
        (f"{T}||1", "an item has no name"),
        (f"{T}|mill:|1", "an item has no name"),
        (f"{T}|system|BROKEN||||", "'BROKEN' is no level of the condition 'system': NORMAL, WARNING"),
        (f"{T}|vibration|3|1000|1 2", "tells of 3 values and has 2"),
        (f"{T}|vibration|1|fast|1", "holds something that is no number"),
        (f"{T}|vibration|1|-4|1", "has the rate -4"),
        (f"{T}|vibration|1|4", "lacks its count, rate or values"),
    ],
)
def test_a_bad_line_is_kept_with_its_file_its_line_and_the_reason(line: str, reason: str) -> None:
    with pytest.raises(LineError):
        read_line(line, CATEGORIES)
    good = f"{T}|a|1".encode()
    first, bad, last = read_shdr("log.shdr", b"\n".join([good, line.encode(), good]), CATEGORIES)
    assert (first, last) == (value("a", "1", line=1), value("a", "1", line=3))
    assert isinstance(bad, Unreadable)
    assert (bad.file, bad.line) == ("log.shdr", 2)
    assert reason in bad.reason
    assert str(bad) == f"log.shdr:2: {bad.reason}"


def test_bytes_that_are_no_text_are_a_bad_line() -> None:
    bad, good = read_shdr("x", b"\xff\xfe|a|1\n" + f"{T}|a|1".encode(), {})
    assert bad == Unreadable(file="x", line=1, reason="is not UTF-8 text: invalid start byte")
    assert good == value("a", "1", line=2)


def test_what_stands_around_lines_does_not_matter() -> None:
    log = b"\xef\xbb\xbf" + f"{T}|a|1\r\n\r\n   \n{T}|a|2\n\n".encode()
    assert list(read_shdr("x", log, {})) == [value("a", "1", line=1), value("a", "2", line=4)]


PIECES = st.lists(
    st.sampled_from([T, "|", '"', "\\", "@ASSET@", "--multiline--", "A", "\n", "*", ":", "system", "note", "vibration",
                     "NORMAL", "FAULT", "UNAVAILABLE", "1", " ", "@", "device", "é", "\0", "3", "1e999", "nan"]),
    max_size=30,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), PIECES))
def test_any_text_is_lines_that_can_be_used_or_have_a_reason(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    lines = content.count(b"\n") + 1
    for entry in read_shdr("x", content, CATEGORIES):
        assert 1 <= entry.line <= lines
        if isinstance(entry, Unreadable):
            assert entry.reason
        elif not isinstance(entry, Command):
            assert entry.ts >= 0


@given(st.binary())
def test_any_bytes_do_no_harm(content: bytes) -> None:
    assert all(entry.line >= 1 for entry in read_shdr("x", content, CATEGORIES))


FIELD = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"])).map(str.strip)


@given(st.lists(FIELD, min_size=1))
def test_fields_in_quotes_come_back_as_they_were(fields: list[str]) -> None:
    quoted = ("".join(f"\\{sign}" if sign in '"\\|' else sign for sign in field) for field in fields)
    assert split("|".join(f'"{field}"' for field in quoted)) == fields


def test_a_real_recording_is_read_without_a_remainder(recordings: Path) -> None:
    """Against counts of observations that came with it."""
    folder = recordings / "mtconnect-okuma"
    with (folder / "items.csv").open() as rows:
        items = list(csv.DictReader(rows))
    wanted = {row["key"]: int(row["observations"]) for row in items}
    categories = {row["key"]: Category.CONDITION for row in items if row["category"] == "CONDITION"}
    totals = dict.fromkeys(wanted, 0)
    for name, count in (("op1-turn", 12_646), ("op2-hob", 3_275), ("op3-transfer", 288)):
        entries = list(read_shdr(name, (folder / f"{name}.shdr").read_bytes(), categories))
        assert len(entries) == count
        for entry in entries:
            assert isinstance(entry, Observation | Condition)
            totals[entry.item] += 1
    assert totals == wanted
