"""A twin that heard two hours of a simulated plant, and the app over it; nothing is faked."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, async_playwright

from dashboards import bind, create_app, serve
from simulators import Simulation
from tests.dashboards.heard import PLANT, Stream, feed, recorded
from twin import Twin, open_twin

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def simulation() -> Simulation:
    return recorded()[0]


@pytest.fixture(scope="session")
def deliveries() -> Stream:
    return recorded()[1]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def twin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Twin]:
    """A twin that heard it all; for questions only, it is shared."""
    async with open_twin(PLANT, tmp_path_factory.mktemp("twin"), durable=False) as twin:
        await feed(twin, recorded()[1])
        assert twin.counters().dead_letters == {}
        yield twin


@pytest_asyncio.fixture(loop_scope="session")
async def deaf(tmp_path: Path) -> AsyncIterator[Twin]:
    """A twin that has heard nothing yet."""
    async with open_twin(PLANT, tmp_path, durable=False) as twin:
        yield twin


@asynccontextmanager
async def asking(app: FastAPI, **options) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a network; streams that never end need `served`."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shopfloor", **options) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def client(twin: Twin) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(create_app(twin)) as client:
        yield client


@pytest.fixture
def ask() -> Callable:
    return asking


@pytest_asyncio.fixture(loop_scope="session")
async def served(twin: Twin) -> AsyncIterator[str]:
    """The address of the app on a free port of the loopback interface."""
    async with serve(create_app(twin), bind("127.0.0.1", 0)) as url:
        yield url


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Chromium")
        pytest.skip("Chromium is not installed")
    return found


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()
