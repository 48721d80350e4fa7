"""Files for Mosquitto: who may log in, who may read and write which topic, and a configuration that uses both.

`Keeper` writes them anew when credentials change, and asks Mosquitto to read them again.
"""

import asyncio
import contextlib
import os
import pwd
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from domain.chargers import hashing
from domain.chargers.credentials import Accepted, accepted
from domain.chargers.models import is_reserved
from domain.chargers.signals import CREDENTIALS
from tenants import logging
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database, connect_args, role_password
from tenants.logging import summary
from tenants.settings import Settings
from workers.mqtt.remote import Address
from workers.mqtt.topics import COMMAND, ROOT, Channel

_SWEEP_SECONDS = 15.0
"""Credentials also end by themselves."""
_PAUSE_SECONDS = 1.0
PASSWORDS, RIGHTS, CONFIGURATION, PID = "passwords", "rights", "mosquitto.conf", "mosquitto.pid"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where Mosquitto is reached: by chargers, and by the platform, which no charger should reach."""

    host: str = "0.0.0.0"  # noqa: S104  # chargers are outside
    port: int = 1883
    platform_host: str = "127.0.0.1"
    platform_port: int = 1884
    certificate: Path | None = None
    key: Path | None = None


def passwords(credentials: Iterable[Accepted], platform: str) -> str:
    """A password file: the newest credential of each charger, which come newest first, and the platform's line.

    A charger that is called as the platform logs in, or as its sessions are, would be taken for it: it has no line.
    """
    user = platform.partition(":")[0]
    lines: dict[str, str] = {}
    for credential in credentials:
        if credential.identity != user and not is_reserved(credential.identity):
            lines.setdefault(credential.identity, f"{credential.identity}:{credential.password}")
    return "\n".join((platform, *lines.values())) + "\n"


def platform_line(user: str, password: str) -> str:
    """The platform's own login."""
    return f"{user}:{hashing.mosquitto(hashing.hashed(password))}"


def rights(user: str) -> str:
    """An ACL file: the platform reads all chargers and writes their commands, a charger (%u) the other way round."""
    mine = [f"topic read {ROOT}/+/{channel}" for channel in Channel] + [f"topic write {ROOT}/+/{COMMAND}"]
    theirs = [f"pattern write {ROOT}/%u/{channel}" for channel in Channel] + [f"pattern read {ROOT}/%u/{COMMAND}"]
    return "\n".join((f"user {user}", *mine, "", *theirs)) + "\n"


def configuration(directory: Path, listeners: Listeners) -> str:
    """Of Mosquitto 2: no charger takes over the session of another, and nothing is lost by a restart.

    Mosquitto runs as the owner of the directory, where root starts it.
    """
    return "\n".join(
        (
            f"user {pwd.getpwuid(directory.stat().st_uid).pw_name}",
            f"pid_file {directory / PID}",
            "persistence true",
            f"persistence_location {directory}/",
            "autosave_interval 60",
            "set_tcp_nodelay true",
            "max_inflight_messages 1000",
            "max_queued_messages 0",
            "max_queued_bytes 268435456",
            "max_packet_size 1048576",
            "persistent_client_expiration 14d",
            "log_dest stderr",
            "allow_anonymous false",
            f"password_file {directory / PASSWORDS}",
            f"acl_file {directory / RIGHTS}",
            "",
            f"listener {listeners.port} {listeners.host}",
            "use_username_as_clientid true",
            *_tls(listeners),
            "",
            f"listener {listeners.platform_port} {listeners.platform_host}",
            "",
        )
    )


def _tls(listeners: Listeners) -> Iterable[str]:
    if listeners.certificate is not None and listeners.key is not None:
        return (f"certfile {listeners.certificate}", f"keyfile {listeners.key}", "tls_version tlsv1.2")
    return ()


def keep(settings: Settings, directory: Path, listeners: Listeners, once: bool) -> None:
    """Write the files, and unless `once` keep them current until SIGTERM."""
    logging.configure(settings)
    asyncio.run(_keep(settings, directory, listeners, once))


async def _keep(settings: Settings, directory: Path, listeners: Listeners, once: bool) -> None:
    database = Database(settings.database_url, role_password(settings), 1, settings.statement_timeout_ms)
    keeper = Keeper(database, settings, directory, listeners)
    try:
        await (keeper.write() if once else keeper.run())
    finally:
        await database.close()


class Keeper:
    """Keeps the files of one directory current; `run` until cancelled."""

    def __init__(self, database: Database, settings: Settings, directory: Path, listeners: Listeners) -> None:
        address = Address.read(settings.mqtt_url)
        self._database = database
        self._settings = settings
        self._directory = directory
        self._listeners = listeners
        self._user = address.user
        self._platform = platform_line(address.user, address.password)
        self._written = ""

    async def write(self) -> bool:
        """Write what has changed; whether passwords have. Raises: OSError, and what PostgreSQL raises."""
        async with self._database.session(SYSTEM) as session:
            text = passwords(await accepted(session), self._platform)
        if not self._written:
            self._prepare()
        if text == self._written:
            return False
        _put(self._directory / PASSWORDS, text)
        self._written = text
        return True

    async def run(self) -> None:
        """At each change, and every few seconds; a Mosquitto that runs reads them again."""
        while True:
            try:
                async with self._listening() as changed:
                    while True:
                        if await self.write():
                            self._reload()
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(changed.wait(), _SWEEP_SECONDS)
                        changed.clear()
            except Exception as error:
                log.warning("mosquitto_not_kept", error=summary(error))
            await asyncio.sleep(_PAUSE_SECONDS)

    def _prepare(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        _put(self._directory / RIGHTS, rights(self._user))
        _put(self._directory / CONFIGURATION, configuration(self._directory.absolute(), self._listeners))

    def _reload(self) -> None:
        """SIGHUP: passwords and rights are read again, and who has lost his is disconnected."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self._directory / PID).read_text()), signal.SIGHUP)
            log.info("mosquitto_reloaded")

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncio.Event]:
        args = connect_args(self._settings.database_url, Audience.SYSTEM.database_role, role_password(self._settings))
        connection = await asyncpg.connect(**args, server_settings={"application_name": "chargecars-mosquitto"})
        changed = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: changed.set())
            await connection.add_listener(CREDENTIALS, lambda *_: changed.set())
            yield changed
        finally:
            connection.terminate()


def _put(path: Path, text: str) -> None:
    """Whole or not at all; it belongs to the owner of the directory, as whom Mosquitto runs."""
    beside = path.with_suffix(".new")
    owner = path.parent.stat()
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(PermissionError):
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    beside.rename(path)
