"""What is carried through Redis, and which queues a process serves."""

import pytest
from pydantic import ValidationError

import workers.declared  # noqa: F401  # the jobs that workers know
from tenants.settings import Settings
from workers.jobs import JOBS
from workers.queues import CONCURRENCY, pack, redis_settings, served, unpack


def test_jobs_are_msgpack() -> None:
    job = {"t": None, "f": "x", "a": (1, "two"), "k": {"three": None}, "et": 1}
    assert unpack(pack(job)) == {**job, "a": [1, "two"]}
    assert b"RuntimeError" in pack({"r": RuntimeError("x")})


def test_redis_urls_with_percent_signs() -> None:
    parsed = redis_settings("unix://:a%2Fb@/tmp/with%20space/valkey.sock?db=3")
    assert (parsed.password, parsed.unix_socket_path, parsed.database) == ("a/b", "/tmp/with space/valkey.sock", 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", CONCURRENCY),
        ("slow", {"slow": 1}),
        ("webhooks:32, default", {"webhooks": 32, "default": 4}),
        ("own_queue", {"own_queue": 1}),
    ],
)
def test_the_queues_of_a_process(settings: Settings, given: str, expected: dict[str, int]) -> None:
    assert served(settings.model_copy(update={"worker_queues": given})) == expected


@pytest.mark.parametrize("given", ["Slow", "default:0", "default:x", "a b", ":4", "default:1000"])
def test_queues_that_cannot_be_read_are_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="worker_queues"):
        Settings(_env_file=None, worker_queues=given)  # type: ignore[call-arg]  # pydantic-settings' own parameter


def test_a_worker_of_no_particular_queues_serves_every_job_there_is() -> None:
    ours = {job.queue for name, job in JOBS.items() if not name.startswith("test.")}
    assert {"default", "planning", "repairs"} <= ours <= CONCURRENCY.keys()
