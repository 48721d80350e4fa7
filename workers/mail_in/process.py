"""One mail process: listens for SMTP and LMTP until it is told to stop."""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial

import structlog

from tenants.engine import Database, role_password
from tenants.settings import Settings
from workers.mail_in.doors import LmtpDoor, SmtpDoor, tls_of
from workers.mail_in.keeping import Keeper
from workers.mail_in.room import Room

_POOL = 8
_FINISHING_SECONDS = 6.0
log = structlog.get_logger(__name__)


class MailProcess:
    """`start`, then `stop`: a mail whose body has come is kept and answered, as far as it takes some seconds only."""

    def __init__(self, settings: Settings, listening: socket.socket | None = None) -> None:
        self.settings = settings
        size = max(_POOL, settings.database_pool_size)
        self.database = Database(settings.database_url, role_password(settings), size, settings.statement_timeout_ms)
        self.room = Room(settings.mail_in_connections, settings.mail_in_connections_per_address)
        self._listening = listening
        self._servers: dict[str, asyncio.Server] = {}

    async def start(self) -> None:
        """Begin to listen. Raises: OSError where a port is taken or the certificate cannot be read."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs addresses and lines of mails below it
        given, tls = self.settings, tls_of(self.settings)
        keeper = Keeper(self.database, given)
        if self._listening is not None or given.mail_in_port:
            await self._listen("smtp", given.mail_in_port, partial(SmtpDoor, keeper, given, self.room, tls))
        if given.mail_in_lmtp_port:
            await self._listen("lmtp", given.mail_in_lmtp_port, partial(LmtpDoor, keeper, given, self.room))
        log.info("mail_started", **{name: self.port(name) for name in self._servers})

    async def stop(self) -> None:
        """Take no more connections, finish, close."""
        for server in self._servers.values():
            server.close()
        await self.room.close(_FINISHING_SECONDS)
        await self.database.close()

    def port(self, name: str) -> int:
        """Where it listens for `smtp` or `lmtp`; 0 where it does not."""
        server = self._servers.get(name)
        return int(server.sockets[0].getsockname()[1]) if server and server.sockets else 0

    def faults(self) -> dict[str, str]:
        """Doors and what is wrong with them, `ok` where nothing is."""
        return {name: "ok" if server.is_serving() else "closed" for name, server in self._servers.items()}

    async def _listen(self, name: str, port: int, door: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        if name == "smtp" and self._listening is not None:
            self._servers[name] = await loop.create_server(door, sock=self._listening)
        else:
            self._servers[name] = await loop.create_server(door, self.settings.mail_in_host, port)
