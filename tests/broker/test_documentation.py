"""The page about messages names every kind, and every key with or without brackets as the types have it."""

import re
from pathlib import Path

import msgspec

from plant.messages import KINDS, Message

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "messages.md").read_text()
ENVELOPE = set(Message.__struct_encode_fields__)


def test_every_kind_has_its_row_of_transport() -> None:
    rows = {m[1]: m.groups()[1:] for m in re.finditer(r"\| `(\w+)` \| [^|]+ \| (\d) \| ([^|]+) \|", PAGE)}
    assert set(rows) == set(KINDS)
    for kind, row in KINDS.items():
        qos, retained = rows[kind]
        assert int(qos) == row.qos, kind
        assert retained.startswith(("yes", "while")) == row.retain, kind


def test_every_kind_has_its_keys() -> None:
    bodies = PAGE[PAGE.index("## Bodies") :]
    rows = {m[1]: m[2] for m in re.finditer(r"^\| `(\w+)` \| (.+) \|$", bodies, re.MULTILINE)}
    assert set(rows) == set(KINDS)
    for kind, row in KINDS.items():
        told = {key: f"[`{key}`]" not in rows[kind] for key in re.findall(r"`(\w+)`", rows[kind])}
        fields = {f.encode_name: f.required for f in msgspec.structs.fields(row.type) if f.encode_name not in ENVELOPE}
        assert told == fields, kind
