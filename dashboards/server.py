"""The web server around the app: a port that is known, and an end that waits for nobody."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from plant.errors import ShopfloorError


class PortBusyError(ShopfloorError):
    """Another program listens on the port."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the composition root, not to the web server."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A socket on the port, 0 for a free one.

    Raises:
        PortBusyError: somebody else has it.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
    except OSError as error:
        server.close()
        why = error.strerror or str(error)
        raise PortBusyError(f"port {port} of {host} cannot be used ({why}); choose another with --port") from error
    return server


@asynccontextmanager
async def serve(app: FastAPI, listener: socket.socket) -> AsyncIterator[str]:
    """Serve the app on a bound socket while the context lasts; gives its address."""
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="off")
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web server")
    try:
        while not server.started:
            if task.done():
                await task
                raise ShopfloorError("the web server did not start")
            await asyncio.sleep(0.01)
        yield f"http://{host}:{port}/"
    finally:
        app.state.stream.stopping.set()
        server.should_exit = True
        await task
        listener.close()
