"""An ASGI application served by uvicorn, as `tiendo serve` configures it, in a thread."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

import uvicorn

from app.server.serving import server_config
from app.settings import Settings


@contextmanager
def serving(
    app: Any, loop: str, settings: Settings | None = None, lifespan: str = "off"
) -> Iterator[int]:
    """Serve until the end of the block; yields the port. `loop` is `asyncio` or `uvloop`."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        handlers = logging.root.handlers[:]  # among them pytest's, which uvicorn removes
        config = server_config(app, settings or Settings(), lifespan=lifespan, loop=loop)
        logging.root.handlers[:] = handlers
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()
