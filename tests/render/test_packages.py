"""The packages of the render are the ones that are known to fit each other."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent
TOLD = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
PACKAGES = TOLD["dependencies"] | TOLD["devDependencies"] | TOLD["overrides"]


def test_versions_are_exact() -> None:
    assert not {name: version for name, version in PACKAGES.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)}


def test_grafanas_packages_are_of_one_release_but_for_scenes() -> None:
    ours = {name: version for name, version in PACKAGES.items() if name.startswith("@grafana/")}
    assert ours.pop("@grafana/scenes") == "8.19.0"
    assert ours.pop("@grafana/plugin-compat") == TOLD["overrides"]["@grafana/plugin-compat"] == "0.11.0"
    assert set(ours.values()) == {"13.2.2"}
    assert "@grafana/prometheus" not in PACKAGES


def test_only_packages_that_are_named_are_imported() -> None:
    sources = [*FOLDER.glob("src/*"), *FOLDER.glob("*.mjs")]
    found = {name for file in sources for name in re.findall(r'from "((?:@[\w-]+/)?[\w-]+)', file.read_text("utf-8"))}
    assert found
    assert found <= {*PACKAGES, "node"}
