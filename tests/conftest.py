"""One embedded cluster and one Valkey per test run, one copy of the migrated database per worker.

Row-level security is always on and the database is built by the migrations, once per run. Nothing is truncated between
tests: a test makes its own entities, organizations and persons through factories and looks at those only, which is also
how tenants live together in production. A test that must see a whole table, or that changes the schema, takes
`fresh_database`, a copy of its own. The variables of the caller's shell and `.env` do not reach the tests.

Fixtures: `settings`, `database`, `owner` (a connection that owns the tables), `redis_url`, `fresh_database`,
`story_database`.
"""

import contextlib
import fcntl
import gc
import os
import shutil
import tempfile
import time
import traceback
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from hypothesis import settings as property_tests

from chargecars.stack import Stack, StackError
from chargecars.stack.files import Lock
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tenants.settings import settings as cached_settings
from tests import hashing
from tests.distributing import Distribution, rank

property_tests.register_profile("repeatable", derandomize=True)
if "CI" in os.environ:
    property_tests.load_profile("repeatable")  # what is accepted does not depend on chance; elsewhere chance explores

_PREFIX = "chargecars-test-"
_ABANDONED_SECONDS = 600
_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30
"""Free bytes in memory that a run may use a part of."""
_TEMPLATE = "chargecars"
_RUN = pytest.StashKey["TestRun"]()
_KEEP = {"environment": "test", "secret_key": "a key for tests only, not secret at all"}


class TestRun:
    """The servers of one run; xdist workers get their addresses from the controller."""

    __test__ = False

    def __init__(self, addresses: dict[str, str] | None = None) -> None:
        self._addresses = addresses
        self._stack: Stack | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Directory, owner and superuser URL, Valkey; the servers start when first asked for."""
        if self._addresses is None:
            self._addresses = self._start()
        return self._addresses

    def _start(self) -> dict[str, str]:
        _remove_abandoned()
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_quickest()))
        directory.chmod(0o711)
        self._stack = Stack(_settings(data_dir=directory), durable=False)
        try:
            self._stack.start()
        except StackError as error:
            pytest.exit(f"{error}\n{error.detail}", returncode=3)
        stack = self._stack
        valkey = {f"valkey{number}": stack.redis_database(number) for number in range(64)}
        return {"directory": str(directory), "owner": stack.database_url, "super": stack.superuser_url, **valkey}

    def stop(self) -> None:
        if self._stack is not None:
            self._stack.stop()
            shutil.rmtree(self._stack.data_dir, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Forget the shell's settings, and pick up the controller's servers in a worker."""
    _log_plainly()
    gc.set_threshold(50_000, 20, 50)  # the rows that tests keep to compare with are many, and stay
    hashing.make_cheap()
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    config.stash[_RUN] = TestRun(getattr(config, "workerinput", {}).get("addresses"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the xdist controller, for each worker."""
    node.workerinput["addresses"] = node.config.stash[_RUN].addresses


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Distribution:
    """In the xdist controller."""
    return Distribution(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In each process the same."""
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_RUN].stop()


@pytest.fixture(scope="session")
def test_run(request: pytest.FixtureRequest) -> dict[str, str]:
    """The addresses of this run's servers."""
    return request.config.stash[_RUN].addresses


@pytest.fixture(scope="session")
def redis_url(test_run: dict[str, str], worker_id: str) -> str:
    """A Valkey database of this worker's own."""
    return test_run[f"valkey{int(worker_id.removeprefix('gw')) if worker_id != 'master' else 0}"]


@pytest.fixture(scope="session")
async def worker_database(test_run: dict[str, str], worker_id: str) -> str:
    """URL, with the owner's login, of this worker's copy of the migrated database."""
    await _migrate_once(test_run)
    return await _copy(test_run, f"test_{worker_id}")


@pytest.fixture(scope="session")
def settings(worker_database: str, redis_url: str, test_run: dict[str, str], worker_id: str) -> Iterator[Settings]:
    """Settings of this worker; code that asks `tenants.settings.settings()` gets the same."""
    data_dir = Path(test_run["directory"], worker_id)
    made = _settings(data_dir=data_dir, database_url=worker_database, redis_url=redis_url)
    with pytest.MonkeyPatch.context() as patch:
        for name in made.model_fields_set:
            patch.setenv(name.upper(), _plain(getattr(made, name)))
        cached_settings.cache_clear()
        yield made
    cached_settings.cache_clear()


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The audience roles' connections, row-level security on."""
    made = Database(settings.database_url, role_password(settings))
    yield made
    await made.close()


@pytest.fixture
async def owner(worker_database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the owner of the tables."""
    connection = await asyncpg.connect(worker_database)
    yield connection
    await connection.close()


@pytest.fixture
async def fresh_database(test_run: dict[str, str], worker_database: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes migrated databases without a row, removed after the test: `url = await fresh_database()`."""
    made: list[str] = []

    async def make() -> str:
        made.append(f"test_{uuid.uuid4().hex}")
        return await _copy(test_run, made[-1])

    yield make
    async with _superuser(test_run) as connection:
        for name in made:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
async def story_database(test_run: dict[str, str], worker_database: str) -> AsyncIterator[str]:
    """URL of a migrated database without a row, for the tests of one module that share a story."""
    name = f"test_{uuid.uuid4().hex}"
    yield await _copy(test_run, name)
    async with _superuser(test_run) as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _settings(**values: Any) -> Settings:
    given: dict[str, Any] = {"_env_file": None, **_KEEP, **values}
    return Settings(**given)


def _plain(value: Any) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


async def _migrate_once(run: dict[str, str]) -> None:
    """The first worker migrates the template, the others wait for it and fail with it."""
    directory = Path(run["directory"])
    outcome = directory / "template"
    with (directory / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not outcome.exists():
            outcome.write_text(await _migrate(run["owner"]))
    if failure := outcome.read_text():
        raise RuntimeError(f"The migrations failed:\n{failure}")


async def _migrate(owner_url: str) -> str:
    from migrations.run import upgrade  # a run without a database test does not load the models

    try:
        await upgrade(owner_url, role_password(_settings()))
    except Exception:
        return traceback.format_exc()
    return ""


async def _copy(run: dict[str, str], name: str) -> str:
    async with _superuser(run) as connection:
        await connection.execute(
            f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE} OWNER chargecars_owner STRATEGY FILE_COPY'
        )
    return run["owner"].replace(f"/{_TEMPLATE}?", f"/{name}?")


@contextlib.asynccontextmanager
async def _superuser(run: dict[str, str]) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(run["super"])
    try:
        yield connection
    finally:
        await connection.close()


def _log_plainly() -> None:
    """Drawing a traceback in colours, as is the default, takes seconds for each."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def _quickest() -> Path:
    """Where the servers keep their files: in memory where there is plenty, for they make and drop thousands."""
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _remove_abandoned() -> None:
    """Directories of runs that were killed: old, ours, and locked by nobody."""
    places = {_MEMORY, Path(tempfile.gettempdir())}
    for directory in (each for place in places for each in place.glob(f"{_PREFIX}*")):
        with contextlib.suppress(OSError):
            status = directory.stat()
            old = time.time() - status.st_mtime > _ABANDONED_SECONDS
            if old and status.st_uid == os.geteuid() and (lock := Lock(directory / "stack.lock")).acquire():
                shutil.rmtree(directory)
                lock.release()
