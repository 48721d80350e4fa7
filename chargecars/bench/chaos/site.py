"""An installation whose parts are killed and started again: servers and processes. From the main thread."""

import asyncio
import os
import random
import shutil
import signal
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import asyncpg
import redis
from redis.exceptions import RedisError

from chargecars.bench.installation import free_port
from chargecars.demo import load
from chargecars.stack import Stack, StackError
from chargecars.stack.child import Child
from migrations.run import upgrade
from tenants.engine import Database, connect_args, role_password
from tenants.settings import Settings

VICTIMS = ("relay", "worker", "api", "valkey", "postgres")
_SCALE = Fraction(1, 50)
_READY_SECONDS = 90.0
_ENVIRONMENT = {
    "ENVIRONMENT": "development",
    "WEBHOOK_LOCAL_TARGETS": "true",
    "WEBHOOK_ATTEMPTS": "20",
    "WEBHOOK_RETRY_SECONDS": "1",
    "WEBHOOK_RETRY_FACTOR": "1",
    "WEBHOOK_TIMEOUT_SECONDS": "2",
    "WEBHOOK_LEASE_SECONDS": "1",
    "JOB_LEASE_SECONDS": "2",
    "COST_BUDGET": "1000000000",
    "COST_RESTORE_PER_SECOND": "1000000000",
}
"""Patience is short, so that what was interrupted is done again while somebody looks on."""
_OWN = {"ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": "", "SIGNING_KEY": ""}
_EFFECTS = """
CREATE TABLE IF NOT EXISTS chaos_effect (number bigint NOT NULL, kind text NOT NULL, attempt integer NOT NULL);
GRANT SELECT, INSERT ON chaos_effect TO chargecars_system, chargecars_staff;
"""


@dataclass
class Kill:
    """One that happened."""

    victim: str
    pid: int


@dataclass
class Part:
    """A process of the platform and how it is started."""

    name: str
    words: tuple[str, ...]
    environment: dict[str, str]
    port: int
    child: Child | None = None
    program: str = sys.executable

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running


@dataclass
class Site:
    """`start`, then `kill` and `mend` as often as you like, then `stop`. This one has an API and two workers.

    A victim is `postgres`, `valkey`, or the name of a part before its number; `relay` is the worker that relays.
    """

    directory: Path
    kills: list[Kill] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def start(self) -> None:
        """Return when everything answers. Raises: StackError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)
        self.stack = Stack(_settings({"DATA_DIR": str(self.directory), **_OWN}), share=False)
        self.stack.start()
        try:
            self._prepare()
        except BaseException:
            self.stop()
            raise

    def _prepare(self) -> None:
        values = {**self.stack.environment, **_ENVIRONMENT}
        self.settings = _settings(values)
        asyncio.run(self._fill())
        shell = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        self.environment = {**shell, **values, "HOST": "127.0.0.1"}
        self.parts = self._parts()
        self.mend()
        for part in self.parts:
            assert part.child is not None
            part.child.wait_until(lambda part=part: self.answers(part), _READY_SECONDS)  # type: ignore[misc]  # bound now

    def _parts(self) -> list[Part]:
        """The processes of this installation."""
        worker = ("-c", "from chargecars.bench.chaos.worker import run; run()")
        return [self.api_part(), *(self.worker_part(f"worker-{number}", worker) for number in range(2))]

    def api_part(self) -> Part:
        port = free_port()
        return Part("api", ("-m", "chargecars", "api"), {**self.environment, "PORT": str(port)}, port)

    def worker_part(self, name: str, words: tuple[str, ...]) -> Part:
        """One that says on WORKER_PORT how it is."""
        port = free_port()
        return Part(name, words, {**self.environment, "WORKER_PORT": str(port)}, port)

    async def _fill(self) -> None:
        await upgrade(self.settings.database_url, role_password(self.settings))
        await load(self.settings.database_url, scale=_SCALE, settings=self.settings)
        owner = await asyncpg.connect(**connect_args(self.settings.database_url))
        await owner.execute(_EFFECTS)
        await owner.close()

    def database(self) -> Database:
        """Connections of the one who looks on."""
        return Database(self.settings.database_url, role_password(self.settings))

    def mend(self) -> None:
        """Start what does not run; what cannot start yet is left for the next time."""
        with suppress(StackError):
            self.stack.revive()
        for part in self.parts:
            if not part.running:
                log = self.directory / "log" / f"{part.name}.log"
                command = [part.program, *part.words]
                part.child = Child(
                    part.name, command, log, environment=part.environment, stop_signals=((signal.SIGTERM, 12.0),)
                )

    def kill(self, victim: str, chance: random.Random) -> None:
        """`kill -9` of one of VICTIMS."""
        part = self._part(victim, chance)
        if victim == "relay" and part is None:
            victim, part = "worker", self._part("worker", chance)
        child = part.child if part else self.stack.children[0 if victim == "postgres" else 1]
        if child is None or not child.running:
            return
        self.kills.append(Kill(victim, child.pid))
        child.kill()
        if part is not None:
            part.child = None
        if victim == "valkey" and chance.random() < 0.5:
            self._forget()

    def _part(self, victim: str, chance: random.Random) -> Part | None:
        """The process of a victim; None for the servers, and where no worker says that it holds the relay."""
        if victim == "relay":
            return next(filter(self._relays, self.named("worker")), None)
        found = self.named(victim)
        return chance.choice(found) if found else None

    def named(self, name: str) -> list[Part]:
        """The parts of a name, whatever their numbers."""
        return [part for part in self.parts if part.name.partition("-")[0] == name]

    def _relays(self, part: Part) -> bool:
        return "chargecars_relay_works 1.0" in self._page(part, "/metrics")

    def relayed(self) -> bool:
        """Whether a worker holds the relay."""
        return any(map(self._relays, self.named("worker")))

    def _forget(self) -> None:
        """Valkey comes back with nothing, as it does without a disk."""
        with suppress(StackError):
            self.stack.revive()
        with suppress(RedisError, OSError):
            client: Any = redis.Redis.from_url(self.settings.redis_url)
            client.flushall()
            client.close()

    def ready(self) -> bool:
        """Whether everything answers."""
        return self.stack.fallen() is None and all(map(self.answers, self.parts))

    def answers(self, part: Part) -> bool:
        return part.running and bool(self._page(part, "/readyz"))

    def _page(self, part: Part, path: str) -> str:
        address = f"http://127.0.0.1:{part.port}{path}"
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            return str(answer.read().decode())
        return ""

    def stop(self) -> None:
        """End everything and remove the data."""
        for part in self.parts:
            if part.child is not None:
                part.child.kill()
        self.stack.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def _settings(values: Mapping[str, str]) -> Settings:
    """Of these variables alone, whatever the caller's shell says of them."""
    return Settings(_env_file=None, **{name.lower(): value for name, value in values.items()})  # type: ignore[call-arg, arg-type]  # text, as from the environment
