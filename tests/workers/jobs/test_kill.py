"""`kill -9` of a worker in the middle of its jobs: another one does them within seconds, each effect once."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenants.settings import Settings
from tests.workers.jobs.conftest import Bench

ROOT = Path(__file__).resolve().parents[3]
_KEPT = ("environment", "secret_key", "data_dir", "database_url", "redis_url", "job_lease_seconds", "worker_port")


class Workers:
    """Worker processes that are killed at the end, whatever happens."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, **values: object) -> "subprocess.Popen[bytes]":
        given = self._settings.model_copy(update={"job_lease_seconds": 1, **values})
        environment = {name.upper(): _plain(getattr(given, name)) for name in _KEPT}
        command = [sys.executable, "-m", "tests.workers.jobs.killed"]
        output = subprocess.DEVNULL
        child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
        self._children.append(child)
        return child

    def kill_all(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()


def _plain(value: object) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


@pytest.fixture
def workers(bench: Bench) -> Iterator[Workers]:
    made = Workers(bench.settings)
    yield made
    made.kill_all()


async def test_a_killed_workers_jobs_are_done_by_another(bench: Bench, workers: Workers) -> None:
    ids = [await bench.ask("test.in_doubt", {"number": number}) for number in range(3)]
    first = workers.start()
    await bench.ended(*ids, state="RUNNING")
    first.send_signal(signal.SIGKILL)
    killed_at = time.monotonic()
    workers.start()
    await bench.ended(*ids)
    assert await bench.effects() == [0, 1, 2]
    assert time.monotonic() - killed_at < 20, "within seconds, most of which the second worker needs to start"
    assert {row["attempts"] for row in [await bench.job(id) for id in ids]} == {2}


async def test_a_worker_tells_how_it_is_doing(bench: Bench, workers: Workers) -> None:
    done = await bench.ask("test.unknown", queue="unserved")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = workers.start(worker_port=port)

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    async def ready() -> bool:
        return (await asyncio.to_thread(get, "/readyz"))[0] == 200

    await bench.until(ready)
    status, text = await asyncio.to_thread(get, "/metrics")
    assert status == 200
    assert 'chargecars_jobs{queue="unserved",state="due"} 1.0' in text
    assert 'chargecars_job_oldest_seconds{queue="unserved"}' in text
    assert (await asyncio.to_thread(get, "/healthz"))[0] == 200
    assert (await asyncio.to_thread(get, "/nothing"))[0] == 404
    assert await bench.state(done) == "QUEUED"
    child.terminate()
    assert await asyncio.to_thread(child.wait, 20) == 0
