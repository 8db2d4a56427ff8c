"""What is served: nothing from elsewhere, vendored files unchanged, letters that can be read."""

import hashlib
import re
from pathlib import Path

import pytest

from dashboards.guard import DOCS_POLICY, POLICY

PAGE = Path(__file__).parents[2] / "dashboards" / "page"
VENDOR = PAGE / "vendor"
OWN = sorted(path for path in PAGE.iterdir() if path.is_file())
CODE = {path.name: path for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
ROW = re.compile(r"^\| `([^`]+)` \|(?:[^|]*\|){3} npm package `[^`]+`, [^|]+\| `([0-9a-f]{64})` \|$", re.MULTILINE)
NAMESPACE = "http://www.w3.org/2000/svg"  # a name, not an address


def test_vendored_files_are_the_ones_that_were_listed() -> None:
    listed = dict(ROW.findall((VENDOR / "VENDOR.md").read_text(encoding="utf-8")))
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in CODE.items()} == listed


@pytest.mark.parametrize("name", sorted(CODE))
def test_vendored_files_are_small_enough_and_carry_their_licence(name: str) -> None:
    assert CODE[name].stat().st_size < 2_000_000
    words = set(re.split(r"[.-]", name))
    licences = [path for path in VENDOR.glob("*.LICENSE.txt") if words >= set(path.name.partition(".")[0].split("-"))]
    assert licences, f"no licence text beside {name}"


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_files_name_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(NAMESPACE, "")
    assert not re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text)


def test_vendored_styles_load_nothing_from_elsewhere() -> None:
    text = CODE["swagger-ui.css"].read_text(encoding="utf-8")
    assert not re.findall(r"""url\(\s*(?!["']?(?:data:|#))[^)]*""", text)
    assert "@import" not in text


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_what_a_file_refers_to_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for module in re.findall(r"""from "(\.[^"]+)";""", text):
        assert (path.parent / module).is_file(), module
    if path.suffix == ".html":
        for address in re.findall(r"""(?:src|href)="([^"]+)""", text):
            assert (PAGE / address.removeprefix("../").removeprefix("page/")).is_file(), address


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".html"], ids=lambda path: path.name)
def test_pages_hold_no_inline_code_and_no_inline_styles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\bstyle=|\bon\w+=", text)


def test_the_policy_allows_our_own_files_only() -> None:
    for policy in (POLICY, DOCS_POLICY):
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert "script-src" not in rules
        assert all("http" not in sources and "*" not in sources for sources in rules.values())
    assert "unsafe-inline" not in POLICY


# --- letters that can be read: WCAG 2.2, contrast of text at least 4.5 : 1 ------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    text = (PAGE / "page.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in text.split(":root {")[1:3])
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "card", "row", "row-on"])
@pytest.mark.parametrize("letters", ["text", "text-soft"])
def test_text_stands_out_from_every_ground(scheme: str, ground: str, letters: str) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[letters], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("letters", ["warn", "alarm", "accent"])
def test_coloured_words_can_be_read_on_cards(scheme: str, letters: str) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[letters], palette["card"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", ["machine-edge", "fill", "full", "ink"])
def test_shapes_stand_out_from_cards(scheme: str, shape: str) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[shape], palette["card"]) >= (3 if shape in {"machine-edge", "ink"} else 2)
