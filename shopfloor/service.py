"""What everything that runs until it is told to stop has in common: its end, its folder, its errors."""

import asyncio
import contextlib
import gc
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from plant.errors import ShopfloorError, StoreError


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that a person needs to read, out of a group of tasks that fell with it."""
    cause: BaseException = group
    while isinstance(cause, BaseExceptionGroup):
        ours = [one for one in cause.exceptions if isinstance(one, ShopfloorError | BaseExceptionGroup)]
        cause = (ours or cause.exceptions)[0]
    return cause


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Messages make no cycles and a past makes many messages: to look for cycles in them takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def told_to_stop(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and a polite kill end the run cleanly; where the loop cannot watch signals, Ctrl-C still interrupts."""
    loop = asyncio.get_running_loop()
    watched = []
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
            watched.append(number)
    try:
        yield
    finally:
        for number in watched:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def data_folder(data: Path | None) -> Iterator[Path]:
    """The folder that was asked for, made if it is not there; none: one that is gone afterwards."""
    if data is not None:
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{data} cannot be used as a data folder: {error.strerror}") from error
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="shopfloor-", ignore_cleanup_errors=sys.platform == "win32") as name:
        yield Path(name)
