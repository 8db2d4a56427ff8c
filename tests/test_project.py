"""The project as a whole: what is in git, what is exported, what is promised on its first page, what it depends on."""

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PACKAGES = ("plant", "broker", "simulators", "experiments", "twin", "dashboards", "shopfloor")


def text(*place: str) -> str:
    """Text of a file of the project."""
    return ROOT.joinpath(*place).read_text(encoding="utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))
EXTRAS = [line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines]
REQUIREMENTS = [
    Requirement(line) for line in [*PROJECT["project"]["dependencies"], *EXTRAS, *PROJECT["dependency-groups"]["dev"]]
]
NOT_WORDS = {".png", ".ico", ".gz", ".duckdb", ".parquet", ".woff2"}


def pages() -> list[Path]:
    folders = ("docs", "benchmarks", "examples", "tests", ".ci")
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in (ROOT / folder).rglob("*.md"))])


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Text of every file in git, by its path."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("a source tree without git: nothing to ask what is in git")
    names = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = {name: ROOT / name for name in names.split("\0") if name}
    return {
        name: file.read_text(encoding="utf-8")
        for name, file in files.items()
        if file.is_file() and file.suffix not in NOT_WORDS
    }


def found(pattern: str, tracked: dict[str, str]) -> list[str]:
    return [
        f"{name}: {match[0]}" for name, words in tracked.items() for match in re.finditer(pattern, words, re.MULTILINE)
    ]


def test_no_file_names_a_host_that_packages_are_downloaded_from(tracked):
    hosts = [r"pypi\.org", r"pythonhosted\.org", r"registry\.npmjs", r"unpkg\.com", r"jsdelivr\.net", r"deb\.debian"]
    assert not found("|".join(hosts), tracked)


def test_no_file_names_a_folder_of_somebodys_machine(tracked):
    assert not found(r"(?<![\w.}/-])/(root|home|Users|work)/\w+", tracked)


def test_the_lock_file_with_its_download_addresses_stays_out_of_git(tracked):
    assert "uv.lock" not in tracked
    subprocess.run(["git", "check-ignore", "--quiet", "uv.lock"], cwd=ROOT, check=True)


def test_nothing_big_is_in_git(tracked):
    assert not [name for name in tracked if (ROOT / name).stat().st_size > 2_000_000]


def test_installed_packages_are_those_of_this_checkout(tmp_path):
    """Their names are common ones: another distribution could shadow them. Asked from elsewhere, as users ask."""
    code = "import importlib.util, sys; print(*(importlib.util.find_spec(p).origin for p in sys.argv[1:]), sep='\\n')"
    command = [sys.executable, "-I", "-c", code, *PACKAGES]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [str(ROOT / package / "__init__.py") for package in PACKAGES]


def test_pyproject_and_import_contracts_name_the_same_packages():
    tools = PROJECT["tool"]
    assert tools["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert tools["importlinter"]["root_packages"] == list(PACKAGES)
    assert tools["mypy"]["packages"] == list(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_exports_is_there_sorted_and_once(package):
    module = importlib.import_module(package)
    names = module.__all__
    assert [name for name in names if not hasattr(module, name)] == []
    assert names == sorted(set(names), key=constants_classes_functions)


def constants_classes_functions(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_and_ships_its_types(package):
    assert importlib.import_module(package).__doc__
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("command", ["uv run pytest", "uv run shopfloor demo"])
def test_the_first_screen_has_the_two_commands(command):
    first_screen = text("README.md").splitlines()[:40]
    assert first_screen.count(f"pip install uv && {command}") == 1


def test_the_licence_is_apache_2():
    words = " ".join(text("LICENSE").split())
    assert words.startswith("Apache License Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in words
    assert PROJECT["project"]["license"] == "Apache-2.0"


def test_the_changelog_tells_of_the_present_version():
    changes = text("CHANGELOG.md")
    assert re.search(rf"^## {re.escape(PROJECT['project']['version'])}\b", changes, re.MULTILINE)


def slug(heading: str) -> str:
    """Anchor of a heading as forges make it."""
    words = re.sub(r"[`*_]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", words))


def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()])
def test_links_of_a_page_lead_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists():
            broken.append(link)
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            broken += [] if anchor in map(slug, headings) else [link]
    assert not broken


def test_every_page_of_the_docs_can_be_found_from_their_index():
    docs = ROOT / "docs"
    linked = {(docs / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)", text("docs", "README.md"))}
    lost = [
        str(page.relative_to(docs))
        for page in docs.rglob("*.md")
        if page not in linked and page.parent not in linked and page != docs / "README.md"
    ]
    assert not lost


def pins() -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in text("constraints.txt").splitlines()]
    matches = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)", line) for line in lines if line]
    assert all(matches), "a line of constraints.txt is not name==version"
    return {canonicalize_name(match[1]): match[2] for match in matches if match}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_a_dependency_has_a_tested_version_inside_its_bounds(requirement):
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)], prereleases=True)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_a_dependency_is_explained(requirement):
    """Why it, what could stand in its place, its licence, and the release that was checked."""
    page = text("docs", "reference", "dependencies.md")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    row = {cells[0].strip("`"): cells for cells in rows}.get(requirement.name)
    assert row is not None, f"docs/reference/dependencies.md has no row {requirement.name}"
    assert len(row) == 5
    assert all(row)
    assert row[4].split()[0] == pins()[canonicalize_name(requirement.name)]


def test_imports_point_downwards():
    """The contracts between the rooms, as pyproject.toml states them."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
