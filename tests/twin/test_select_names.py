"""Fields whose names are no words: stations have spaces and dots in theirs, and `for` is a word of Python."""

import pytest

from twin.formula import Formula
from twin.influxql import literal, statements
from twin.select import Column, Scope, Select, field_of
from twin.tables import FIXED, Field, Table

TABLE = Table(
    name="drawn", title="", labels=("line",), fields={"OP10 1.code": Field("int", "", ""), "a-b": Field("int", "", "")}
)
WORDS = literal(Scope(begin=0, end=1, step=1))


@pytest.mark.parametrize("name", ["OP10 1.code", "a-b"])
def test_a_field_of_any_name_is_asked_as_it_stands(name: str) -> None:
    column = Column(name="x", formula=field_of(name), each="last")
    assert column.plain and column.expression.names == (name,)
    (statement,) = statements(Select(table="drawn", columns=(column,)), TABLE, WORDS)
    assert f'last("{name}") AS "x"' in statement.text


def test_quoted_names_stand_in_formulas_and_are_computed() -> None:
    formula = Formula('"OP10 1.good" / ("for" + b)')
    assert formula.names == ("OP10 1.good", "for", "b")
    parts = {"OP10 1.good": 6, "for": 1, "b": 2}
    assert formula.over(parts) == 6 and formula.under(parts) == 3
    assert formula.written(repr) == ("'OP10 1.good'", "('for' + 'b')")


def test_a_word_needs_no_quotes() -> None:
    assert field_of("shipped") == "shipped"
    assert field_of("for") == '"for"'


def test_no_table_has_a_field_that_influxdb_keeps_for_itself() -> None:
    assert [table.name for table in FIXED.values() if "time" in table.fields] == []
