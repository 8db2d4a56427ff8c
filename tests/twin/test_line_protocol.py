"""Lines say what they are meant to say: by a golden file, and read back by a real server."""

import random
from pathlib import Path

import pytest
from blocks import block
from hypothesis import given
from hypothesis import strategies as st
from influx_process import influxd

from twin.influx_address import InfluxAddress
from twin.influx_server import InfluxServer
from twin.line_protocol import head, label, lines_of, point_line, said, telemetry_lines
from twin.tables import FIXED, MACHINE, Field, Point, Table

GOLDEN = Path(__file__).parents[1] / "golden" / "line-protocol.lp"
TABLE = Table(
    name="machine", title="", labels=MACHINE, raw=True,
    fields={
        "load": Field("float", "", ""), "program": Field("text", "", ""), "open": Field("int", "", ""),
        "count": Field("int", "", ""),
    },
)  # fmt: skip
LABELS = tuple(zip(MACHINE, ("works", "r1", "main", "line", "OP 10", "OP 10, 2=left"), strict=True))


def lines() -> list[bytes]:
    """Some of all that lines have to say."""
    odd = {
        "load": [1, 0.1, -1e-9, 1e22, 5e-324, None, True, float("nan"), 10**400, "text"],
        "program": ["O1000", 'say "no"', "back\\slash", "two\nlines", "comma, blank = all", "", "ü", None, 5, "end\\"],
        "open": [True, False, 3, 2.0, 2.5, None, 2**63 - 1, 2**63, -(2**63), "x"],
        "unknown one": [1, 2.5, True, None, 0, 0, 0, 0, 0, 0],
        "unknown,text": ["a", 1, None, "b", None, None, None, None, None, None],
        "": [1] * 10,
    }
    nothing = block([99], load=[None])
    found = telemetry_lines(block(list(range(10)), **odd).message, TABLE, LABELS)
    found += telemetry_lines(nothing.message, TABLE, LABELS)
    event = Point(
        "event", 1_767_225_600_000_001, ("works", "r1", "main", "line", "", "", "shift"),
        {"title": "early", "text": 'a "quoted"\ntext', "until": 1_767_225_600_000},
    )  # fmt: skip
    measured = Point("measured", -5, ("works", "r1", "main", "line", "A", "A", "bore\\"), {"value": 82.0, "ok": 1})
    for point in (event, measured, Point("measured", 1, ("w",) * 7, {"value": float("inf")})):
        line = point_line(point, FIXED[point.table])
        found += [line] if line else []
    return found


def test_lines_are_as_in_the_golden_file(request) -> None:
    text = b"\n".join(lines()) + b"\n"
    if request.config.getoption("--renew-golden"):
        GOLDEN.write_bytes(text)
    assert text == GOLDEN.read_bytes()


def test_a_field_that_a_table_has_not_is_no_field() -> None:
    with pytest.raises(ValueError, match="spc has no field mode"):
        point_line(Point("spc", 1, ("",) * 7, {"mode": 1}), FIXED["spc"])


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1)), max_size=5))
def test_lines_are_found_again_in_a_body(told) -> None:
    made = []
    for t, (table, tag, fields) in enumerate(told):
        texts = ",".join(f'{head("", ()).strip()}f{n}={said(text, Field("text", "", ""))}' for n, text in
                         enumerate(fields.values()))  # fmt: skip
        made.append(f"{head(table or 'm', [('tag', tag)])}{texts} {t}".encode())
    assert list(lines_of(b"\n".join(made))) == made


@pytest.mark.influx
def test_a_real_server_reads_back_what_was_meant(influxd_program, tmp_path) -> None:
    draws = random.Random(5)
    letters = 'ab ,="\\\n\'ü∖#/'
    words = ["".join(draws.choices(letters, k=draws.randint(1, 6))) for _ in range(300)]
    table = Table(name="odd, name", title="", labels=("word",), fields={"said": Field("text", "", "")})
    numbers = [draws.uniform(-1, 1) * 10.0 ** draws.randint(-300, 300) for _ in range(300)]
    whole = [draws.randint(-(2**63), 2**63 - 1) for _ in range(300)]
    fields = {"f": Field("float", "", ""), "i": Field("int", "", "")}
    figures = Table(name="figures", title="", labels=("n",), fields=fields)
    made = [point_line(Point(table.name, t, (word,), {"said": word}), table) for t, word in enumerate(words)]
    made += [
        point_line(Point("figures", t, (str(t),), {"f": f, "i": i}), figures)
        for t, (f, i) in enumerate(zip(numbers, whole, strict=True))
    ]
    with influxd(influxd_program, tmp_path, "shopfloor") as real:
        server = InfluxServer(InfluxAddress(url=real.url))
        try:  # no shim: this way of writing is older than the one of the client
            answer = server._pool.request("POST", f"{real.url}/write?db=shopfloor&precision=u", body=b"\n".join(made))
            assert answer.status == 204, answer.data
            ((found,),) = server.ask("shopfloor", 'SELECT * FROM "odd, name" ORDER BY time')
            assert found.values == [[t, w, label(w)] for t, w in enumerate(words)]
            ((found,),) = server.ask("shopfloor", "SELECT f, i FROM figures ORDER BY time")
            assert [(float(f), i) for _, f, i in found.values] == list(zip(numbers, whole, strict=True))
        finally:
            server.close()
