"""The page about the API shows every question with its parameters, and answers that really come."""

import json
import re
from pathlib import Path

import pytest

from tests.dashboards.heard import BLOCK, MACHINES

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
ROWS = {(m[2], m[1].lower()): m[3] for m in re.finditer(r"^\| `(GET|POST) (\S+?)` \| ([^|]+) \|", PAGE, re.MULTILINE)}
EXAMPLES = re.findall(r"^`GET ([^`]+)`[^\n]*\n\n```json\n(.+?)```", PAGE, re.MULTILINE | re.DOTALL)


async def test_every_question_stands_there_with_its_parameters(client) -> None:
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    assert set(ROWS) == {(path, verb) for path, verbs in paths.items() for verb in verbs}
    for (path, verb), told in ROWS.items():
        asked = {one["name"] for one in paths[path][verb].get("parameters", []) if one["in"] == "query"}
        assert set(re.findall(r"`(\w+)`", told)) == asked, path


@pytest.mark.parametrize(("question", "shown"), EXAMPLES, ids=[question for question, _ in EXAMPLES])
async def test_answers_have_the_keys_that_are_shown(client, question: str, shown: str) -> None:
    address = question.replace("machining/block-line/OP10/1", MACHINES[0]).replace("machining/block-line", BLOCK)
    answer = await client.get(address.replace("block-line-", "block-"))
    assert shape(answer.json()) == shape(json.loads(shown.replace("…", "")))


def shape(value):
    """Keys all the way down; of a list the first member, as far as there is one."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    return [shape(member) for member in value[:1]] if isinstance(value, list) else None


async def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5
