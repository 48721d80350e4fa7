"""PostGraphile as a process on the same database, installed from its own lock when it is first wanted."""

import hashlib
import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from chargecars.bench.installation import Installation, free_port
from chargecars.stack.child import Child
from tenants.audience import Audience
from tenants.engine import connect_args
from tenants.settings import settings

ROLE = "chargecars_bench"
_FILES = Path(__file__).with_name("peers")
_READY_SECONDS = 60.0


class Missing(Exception):
    """What a comparison needs and this machine does not have."""


def installed(name: str) -> Path:
    """The directory of a peer with its packages, made once per lock file. Raises: Missing, with what is missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed, so the peer cannot be")
    source = _FILES / name
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir()))).hexdigest()[:12]
    place = settings().data_dir.resolve() / "bench" / f"{name}-{digest}"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, place)
        done = subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=place, capture_output=True, text=True)  # noqa: S603  # npm by its full path
        if done.returncode:
            raise Missing(f"npm ci failed: {done.stderr.strip().splitlines()[-1:]}")
        (place / "installed").touch()
    return place


def node_of(place: Path) -> str:
    """Node as the peer's packages bring it. Raises: Missing."""
    node = place / "node_modules" / "node" / "bin" / "node"
    if not node.exists():
        raise Missing("the npm package node brings no Node for this machine")
    return str(node)


async def make_login(place: Installation) -> str:
    """A login that may become each audience's role, as PostGraphile does per request; its libpq URL."""
    args = connect_args(place.settings.database_url)
    password = hashlib.sha256(place.settings.database_url.encode()).hexdigest()
    owner = await asyncpg.connect(**args)
    try:
        if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE):
            await owner.execute(f"CREATE ROLE {ROLE} LOGIN NOINHERIT")
        await owner.execute(f"ALTER ROLE {ROLE} PASSWORD '{password}'")
        await owner.execute(f"ALTER ROLE {ROLE} SET jit = off")
        for audience in Audience:
            await owner.execute(f"GRANT {audience.database_role} TO {ROLE}")
    finally:
        await owner.close()
    host = quote(str(args["host"]), safe="")
    return f"postgres://{ROLE}:{password}@{host}:{args['port']}/{args['database']}"


@contextmanager
def postgraphile(login: str, pool: int, log: Path, schema_file: Path | None = None) -> Iterator[int]:
    """PostGraphile, listening on a free port. Raises: Missing."""
    place = installed("postgraphile")
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "DATABASE_URL": login,
        "PORT": str(port),
        "POOL": str(pool),
        "SCHEMA_FILE": str(schema_file or ""),
    }
    command = [node_of(place), str(place / "server.mjs")]
    child = Child("PostGraphile", command, log, environment=environment)
    try:
        child.wait_until(lambda: _answers(port), _READY_SECONDS)
        yield port
    finally:
        child.stop()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with suppress(OSError, http.client.HTTPException):
        connection.request("POST", "/graphql", '{"query":"{__typename}"}', {"Content-Type": "application/json"})
        return connection.getresponse().status == http.client.OK
    return False
