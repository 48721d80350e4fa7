"""What Prometheus is told. Labels are few: a client's operation names are kept up to a number, the rest is `other`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

from tenants.engine import Database

_MOST_NAMES = 200
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

HTTP_REQUESTS = Counter("chargecars_http_requests", "HTTP requests.", ("method", "route", "status"))
HTTP_SECONDS = Histogram("chargecars_http_request_seconds", "Duration of HTTP requests.", ("route",), buckets=_SECONDS)
IN_FLIGHT = Gauge("chargecars_http_requests_in_flight", "HTTP requests being answered.")
OPERATIONS = Counter("chargecars_graphql_operations", "GraphQL operations.", ("type", "name", "outcome"))
OPERATION_SECONDS = Histogram(
    "chargecars_graphql_operation_seconds", "Duration of GraphQL operations.", ("type",), buckets=_SECONDS
)
UNEXPECTED = Counter("chargecars_unexpected_errors", "Errors that were masked.")
ORDINARY = Counter("chargecars_ordinary_lane", "Operations that the byte lane left to graphql-core.", ("reason",))
REPLAYS = Counter("chargecars_idempotent_replays", "Mutations answered from an Idempotency-Key.")
POOL = Gauge("chargecars_database_connections", "Database connections.", ("audience", "lane", "state"))
BUILD = Gauge("chargecars_build_info", "The running version.", ("version", "python"))

_NAMES: set[str] = set()


@dataclass(slots=True)
class Measured:
    """One GraphQL operation, filled in while it runs."""

    type: str = "unknown"
    name: str = "anonymous"
    outcome: str = "aborted"


@contextmanager
def graphql_operation(name: str | None) -> Iterator[Measured]:
    """Count and time the block."""
    measured = Measured(name=bucket(name))
    started = time.perf_counter()
    try:
        yield measured
    finally:
        counted, timed = _operation(measured.type, measured.name, measured.outcome)
        counted.inc()
        timed.observe(time.perf_counter() - started)


@lru_cache(maxsize=_MOST_NAMES * 8)
def _operation(type_: str, name: str, outcome: str) -> tuple[Counter, Histogram]:
    return OPERATIONS.labels(type_, name, outcome), OPERATION_SECONDS.labels(type_)


def http_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count and time an HTTP request."""
    counted, timed = _request(method, route, status)
    counted.inc()
    timed.observe(seconds)


@lru_cache(maxsize=2_000)
def _request(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return HTTP_REQUESTS.labels(method, route, str(status)), HTTP_SECONDS.labels(route)


def bucket(name: str | None) -> str:
    """An operation name as a label: the first names that this process meets, then `other`."""
    if not name:
        return "anonymous"
    if name in _NAMES:
        return name
    if len(_NAMES) >= _MOST_NAMES or len(name) > 80 or not name.isidentifier():
        return "other"
    _NAMES.add(name)
    return name


def measure_pools(database: Database) -> None:
    """Set the connection gauges to this moment."""
    for (audience, lane), (used, idle) in database.usage().items():
        POOL.labels(audience, lane, "used").set(used)
        POOL.labels(audience, lane, "idle").set(idle)
