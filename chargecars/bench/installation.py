"""An installation of its own for a benchmark: servers, the demo at a scale, and the API as a process."""

import hashlib
import http.client
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import chargecars.demo
from chargecars.demo import load
from chargecars.stack import Stack
from chargecars.stack.child import Child
from migrations.run import head, upgrade
from tenants.base import Base
from tenants.engine import role_password
from tenants.settings import Settings, settings

_READY_SECONDS = 60.0
_STOP = ((signal.SIGTERM, 12.0),)
_ENDURING = {
    "ACCESS_TOKEN_SECONDS": "3600",
    "COST_BUDGET": "1000000000000",
    "COST_RESTORE_PER_SECOND": "1000000000",
}
"""One login asks thousands of times a second here; everything is still counted and checked."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Installation:
    """Where everything is."""

    settings: Settings
    host: str
    port: int
    pid: int
    """Of the API's process."""
    environment: Mapping[str, str]
    """Of the API's process."""


@asynccontextmanager
async def installation(
    scale: int, say: Say, *, purpose: str = "scale", **environment: str
) -> AsyncIterator[Installation]:
    """Servers and data (kept for the next run while schema and demo stay the same), and a running API.

    A `purpose` of its own is for who changes the data. `environment` is the API's, beside what the stack says and what
    lets one login ask without end.
    """
    directory = _directory(purpose, scale)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711)
    given = settings().model_copy(update={"data_dir": directory, "database_url": "", "redis_url": ""})
    with Stack(given) as stack:
        made = given.model_copy(update=_as_settings(stack))
        await upgrade(made.database_url, role_password(made))
        loaded = await load(made.database_url, scale=scale, settings=made, progress=_progress(say))
        say(f"{loaded.records:,} records in {loaded.seconds:.0f} s" if loaded.fresh else f"data of {directory.name}")
        port = free_port()
        api = {**os.environ, **stack.environment, **_ENDURING, **environment, "HOST": "127.0.0.1", "PORT": str(port)}
        with _api(made, api, port) as pid:
            yield Installation(made, "127.0.0.1", port, pid, api)


def _progress(say: Say) -> Callable[[str, float], None]:
    said: set[str] = set()

    def show(step: str, done: float) -> None:
        if step not in said:
            said.add(step)
            say(f"{done:4.0%} {step}")

    return show


def _as_settings(stack: Stack) -> dict[str, object]:
    fields = Settings(_env_file=None, **{name.lower(): value for name, value in stack.environment.items()})  # type: ignore[call-arg, arg-type]  # text, as from the environment
    return {name.lower(): getattr(fields, name.lower()) for name in stack.environment}


# --- kept data ------------------------------------------------------------------------------------------------------


def _directory(purpose: str, scale: int) -> Path:
    """Of this purpose, scale, schema and demo; those of other schemas are removed."""
    parent = settings().data_dir.resolve() / "bench"
    wanted = parent / f"{purpose}-{scale}-{_fingerprint()[:12]}"
    for other in parent.glob(f"{purpose}-{scale}-*"):
        if other != wanted:
            shutil.rmtree(other, ignore_errors=True)
    return wanted


def _fingerprint() -> str:
    """Changes with the tables, their policies and what the demo writes."""
    digest = hashlib.sha256(head().encode())
    for table in Base.metadata.sorted_tables:
        digest.update(str(CreateTable(table).compile(dialect=postgresql.dialect())).encode())  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            digest.update(str(CreateIndex(index).compile(dialect=postgresql.dialect())).encode())  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    for source in sorted(Path(chargecars.demo.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


# --- the API --------------------------------------------------------------------------------------------------------


@contextmanager
def _api(made: Settings, environment: Mapping[str, str], port: int) -> Iterator[int]:
    """The API as a process of its own; its process id."""
    command = [sys.executable, "-m", "chargecars", "api"]
    child = Child("API", command, made.data_dir / "log" / "api.log", environment=environment, stop_signals=_STOP)
    try:
        child.wait_until(lambda: _answers(port), _READY_SECONDS)
        yield child.pid
    finally:
        child.stop()


@contextmanager
def api_beside(place: Installation) -> Iterator[int]:
    """One more process of the API on the same servers; its port."""
    port = free_port()
    with _api(place.settings, {**place.environment, "PORT": str(port)}, port):
        yield port


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with suppress(OSError, http.client.HTTPException):
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        finally:
            connection.close()
    return False
