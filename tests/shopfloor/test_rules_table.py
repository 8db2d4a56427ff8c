"""A table by rules is the one that the rules make, with a card, the same bytes for the same seed."""

import json

import duckdb
import pytest

from plant.errors import InputError
from shopfloor.cli import app
from shopfloor.rules_table import write_rules
from simulators import ai4i


def test_the_table_holds_what_the_rules_make(tmp_path):
    words = ["dataset", "--rules", "ai4i", "--rows", "500", "--seed", "3", "--out", str(tmp_path / "a")]
    app(words, standalone_mode=False)
    columns = ai4i.generate(500, 3)
    with duckdb.connect() as db:
        found = db.execute(f"SELECT * FROM '{tmp_path / 'a' / 'ai4i.parquet'}'")  # noqa: S608
        assert [column[0] for column in found.description] == list(columns)
        assert found.fetchall() == list(zip(*(values.tolist() for values in columns.values()), strict=True))
    card = json.loads((tmp_path / "a" / "card.json").read_text())
    assert card["labels"][ai4i.FAILURE] == columns[ai4i.FAILURE].sum()
    assert card["command"] in (tmp_path / "a" / "card.md").read_text()
    write_rules("ai4i", tmp_path / "b", rows=500, seed=3, force=False)
    for name in ("ai4i.parquet", "card.md", "card.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rules", "ai4"), "did you mean ai4i?"),
        (("--rules", "ai4i", "--rows", "1"), "2 or more"),
        (("--rules", "ai4i", "--for", "1h"), "one or the other"),
        ((), "PLANT with --for TIME"),
    ],
)
def test_what_cannot_be_made_is_said(tmp_path, options, words):
    with pytest.raises(InputError) as wrong:
        app(["dataset", *options, "--out", str(tmp_path / "a")], standalone_mode=False)
    assert words in str(wrong.value)
    assert not (tmp_path / "a").exists()
