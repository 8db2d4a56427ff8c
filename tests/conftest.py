"""What all tests share: golden files, depths of the property tests, programs of the system, recordings, ports.

Property tests run 100 examples each, the same ones every time. `pytest --hypothesis-profile=slow` looks for new ones.
"""

import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
SYSTEM = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])

SLOW_START = [HealthCheck.too_slow]  # the first example pays for imports and caches
settings.register_profile("fast", max_examples=100, deadline=None, derandomize=True, suppress_health_check=SLOW_START)
settings.register_profile("slow", max_examples=1500, deadline=None, suppress_health_check=SLOW_START)
settings.load_profile("fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write golden files anew; read the difference")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests to CI, so that a newcomer waits minutes; `-m slow` asks for them."""
    if os.environ.get("CI") == "true" or config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def program(*names: str) -> str:
    """Path of the first of these programs; without one the test is skipped, and in CI it fails."""
    for name in names:
        if path := shutil.which(name, path=SYSTEM):
            return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {names[0]}")
    pytest.skip(f"{names[0]} is not installed")


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """Path of an installed Mosquitto."""
    return program("mosquitto")


@pytest.fixture(scope="session")
def influxd_program() -> str:
    """Path of an installed InfluxDB 1.6."""
    return program("influxd")


@pytest.fixture(scope="session")
def mosquitto_passwd() -> str:
    """Path of Mosquitto's program for passwords."""
    return program("mosquitto_passwd")


@pytest.fixture(scope="session")
def openssl() -> str:
    """Path of an installed OpenSSL, which makes certificates."""
    return program("openssl")


@pytest.fixture(scope="session")
def uv_program() -> str:
    """Path of an installed uv, which makes environments."""
    return program("uv")


@pytest.fixture(scope="session")
def victoria_program() -> str:
    """Path of an installed VictoriaMetrics."""
    return program("victoria-metrics")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of an installed Chromium or Chrome."""
    return program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder with recordings of real lines, which may not be shipped with Shopfloor; CI must have it."""
    folder = Path(os.environ.get("SHOPFLOOR_RECORDINGS", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have recordings of real lines in {folder}")
        pytest.skip("no recordings of real lines here; SHOPFLOOR_RECORDINGS names their folder")
    return folder


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pytest_terminal_summary(terminalreporter) -> None:
    """Say which kernel of the compiled engine runs which share of generated plants."""
    told = [
        value
        for report in terminalreporter.stats.get("passed", ())
        for name, value in report.user_properties
        if name == "kernels"
    ]
    if told:
        terminalreporter.section("kernels of generated plants")
        for line in told:
            terminalreporter.write_line(line)
