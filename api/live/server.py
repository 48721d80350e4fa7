"""uvicorn's WebSocket protocol with a way past ASGI: `uvicorn.Config(ws=LiveProtocol)`.

An application finds `scope["extensions"]["chargecars.wire"]` and writes frames that are ready straight into the
transport: a message costs one call instead of a task switch, a dictionary and a copy. What is received goes through
ASGI as ever.
"""

import logging
import socket
from typing import Any

from uvicorn import Server as UvicornServer
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.live.codes import GOING_AWAY
from api.live.wire import EXTENSION

_LOGGER = logging.getLogger("api.live.server")
_LOGGER.setLevel(logging.WARNING)  # uvicorn's two lines per connection say nothing that ours does not
_GRACE_SECONDS = 2.0
"""A client that does not take the close frame is cut off."""


class LiveProtocol(WebSocketsSansIOProtocol):
    """One connection; itself the `Socket` of `api.live.wire`."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.logger = _LOGGER

    async def run_asgi(self) -> None:
        extensions: Any = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    def forget_handshake(self) -> None:
        """Let go of headers, a sixth of what an idle connection costs; for who has accepted and needs them no more."""
        del self.request, self.response
        headers: Any = self.scope["headers"]
        headers.clear()

    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write_frames(self, frames: bytes) -> None:
        """Send whole frames; nothing happens on a closed connection."""
        if not (self.close_sent or self.disconnected):
            self.transport.write(frames)

    def end(self, code: int, reason: str) -> None:
        """Close with a code, and cut off a client that does not take it."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_GRACE_SECONDS, self.transport.abort)


class Server(UvicornServer):
    """Ends what is live before it waits for what is not: a stream has no end that could be waited for."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        application: Any = self.config.app
        application.state.live.watch.end_all(GOING_AWAY, "GOING_AWAY")
        await super().shutdown(sockets)
