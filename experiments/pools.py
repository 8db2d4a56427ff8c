"""Where replications run: here, on processes of this machine, or on a Ray cluster. Results don't depend on it."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from plant.errors import InputError, SimulationError

T = TypeVar("T")
R = TypeVar("R")

FEW = 3  # pieces of work below which starting processes costs more than it saves
AHEAD = 2  # pieces that wait for each process: none is idle, and little is lost when all is stopped


class Pool(Protocol):
    """A place where pieces of work run; use it with ``with``."""

    @property
    def workers(self) -> int:
        """How many pieces run at once."""

    def map(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Numbers of pieces with their results, as they come."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop what still runs."""


class Processes:
    """Processes of this machine; with one of them, or little work, all runs in this one.

    Args:
        jobs: how many; none: as many as there are cores.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self.workers = jobs or _cores()
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what still runs."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def map(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Numbers of pieces with their results, as they come.

        Raises:
            SimulationError: a process died.
        """
        if self.workers == 1 or (len(pieces) < FEW and self._executor is None):
            yield from ((number, work(piece)) for number, piece in enumerate(pieces))
            return
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self.workers, mp_context=get_context("spawn"), initializer=_end_quietly
            )
        coming = iter(enumerate(pieces))
        running: dict[Future[R], int] = {}
        try:
            while True:
                while len(running) < AHEAD * self.workers and (taken := next(coming, None)) is not None:
                    running[self._executor.submit(work, taken[1])] = taken[0]
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done.result()
        except BrokenProcessPool as error:
            raise SimulationError("a process of the experiment died; the same command goes on from here") from error
        finally:
            for future in running:
                future.cancel()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_quietly() -> None:
    """Ctrl-C reaches every process of a terminal: this one has nothing to say about it."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))


class Cluster:
    """A Ray cluster that is there already; it needs the same version of Shopfloor.

    Args:
        address: ``ray://host:10001``, or ``auto`` for one on this machine.

    Raises:
        InputError: Ray is not installed.
        SimulationError: nobody answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            import ray  # noqa: PLC0415 an extra
        except ImportError:
            raise InputError("--on: Ray is not installed; allowed: pip install 'shopfloor[ray]', or --jobs") from None
        self._ray: Any = ray
        try:
            if not ray.is_initialized():
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, TimeoutError, RuntimeError) as error:
            raise SimulationError(f"no Ray cluster at {address}: {error}") from error
        self.workers = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def __enter__(self) -> Self:
        """Nothing more to start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster."""
        self._ray.shutdown()

    def map(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Numbers of pieces with their results, as they come."""
        remote = self._ray.remote(work)
        coming = iter(enumerate(pieces))
        running: dict[Any, int] = {}
        try:
            while True:
                while len(running) < AHEAD * self.workers and (taken := next(coming, None)) is not None:
                    running[remote.remote(taken[1])] = taken[0]
                if not running:
                    return
                done, _ = self._ray.wait(list(running), num_returns=1)
                for reference in done:
                    yield running.pop(reference), self._ray.get(reference)
        finally:
            for reference in running:
                self._ray.cancel(reference)
