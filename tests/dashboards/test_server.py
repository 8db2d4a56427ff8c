"""The server around the app: a port that is known, a clear word when it is taken, an end that waits for nobody."""

import httpx
import pytest

from dashboards import PortBusyError, bind, create_app, serve

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_port_zero_gives_a_free_port_that_is_told(deaf) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with serve(create_app(deaf), listener) as url, httpx.AsyncClient() as client:
        assert url == f"http://127.0.0.1:{port}/"
        answer = await client.get(url)
        assert answer.status_code == 200
        assert "<title>Shopfloor</title>" in answer.text
    bind("127.0.0.1", port).close()  # it is free again


async def test_a_busy_port_is_named(deaf) -> None:
    async with serve(create_app(deaf), bind("127.0.0.1", 0)) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        with pytest.raises(PortBusyError, match=rf"port {port} of 127\.0\.0\.1 cannot be used .*--port"):
            bind("127.0.0.1", port)
