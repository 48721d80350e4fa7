"""A process ends also when a server does not let go."""

import asyncio
import os
import signal

import pytest

from tenants.audience import Audience
from tenants.engine import Database, role_password
from tenants.settings import Settings


async def test_a_server_that_does_not_answer_holds_up_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.engine._CLOSING_SECONDS", 0.2)
    database = Database(settings.database_url, role_password(settings))
    pool = await database.pool(Audience.SYSTEM)
    async with pool.acquire() as connection:
        server = int(await connection.fetchval("SELECT pg_backend_pid()"))
    os.kill(server, signal.SIGSTOP)
    try:
        async with asyncio.timeout(5):
            await database.close()
    finally:
        os.kill(server, signal.SIGCONT)
    assert pool.get_size() == 0
