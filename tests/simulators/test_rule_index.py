"""The tests of a rule are found by its number: `git grep -n "Rule.* 17" tests`."""

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "reference" / "line-rules.md"


def test_every_rule_is_cited_by_a_test() -> None:
    rules = {int(number) for number in re.findall(r"^\*\*(\d+)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)}
    assert rules == set(range(1, max(rules) + 1))
    tests = "".join(file.read_text(encoding="utf-8") for file in sorted(TESTS.rglob("test_*.py")))
    cited = re.findall(r"\bRules? (\d+(?:(?:, | and | with )\d+)*)", tests)
    assert rules - {int(number) for numbers in cited for number in re.findall(r"\d+", numbers)} == set()
