"""For those who run it: does the process live, may it get traffic, how is it doing."""

import hmac
import ipaddress
import platform
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api import metrics
from api.openapi import PUBLIC, described
from api.openapi.shapes import Health, Readiness
from domain.jobs.figures import Figures
from migrations.startup import schema_lag
from tenants.actor import SYSTEM, anonymous
from tenants.logging import summary

VERSION = version("chargecars")

log = structlog.get_logger(__name__)
metrics.BUILD.labels(VERSION, platform.python_version()).set(1)


async def healthz(_request: Request) -> Response:
    """The process lives and its event loop turns."""
    return JSONResponse({"status": "ok", "version": VERSION})


async def readyz(request: Request) -> Response:
    """Each thing it needs, `ok` or what is wrong; 503 where one is."""
    state = request.app.state
    checks = {
        "database": await _database(state),
        "schema": await _schema(state),
        "redis": await _redis(state),
    }
    ready = all(outcome == "ok" for outcome in checks.values())
    if not ready:
        log.warning("not_ready", **checks)
    return JSONResponse({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)


async def metrics_page(request: Request) -> Response:
    """Prometheus' text format; in production for who has the token, or from this machine."""
    if not _may_measure(request):
        return PlainTextResponse("not found", 404)
    state = request.app.state
    metrics.measure_pools(state.database)
    if not hasattr(state, "figures"):
        state.figures = Figures(state.database)
    with suppress(SQLAlchemyError, OSError):  # without PostgreSQL the process still tells of itself
        await state.figures.measure()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database(state: State) -> str:
    try:
        async with state.database.session(anonymous(None)) as session:
            await session.connection()
    except (SQLAlchemyError, OSError) as error:
        return summary(error)
    return "ok"


async def _schema(state: State) -> str:
    try:
        async with state.database.session(SYSTEM) as session:
            return await schema_lag(session) or "ok"
    except (SQLAlchemyError, OSError) as error:
        return summary(error)


async def _redis(state: State) -> str:
    try:
        await state.redis.ping()
    except (RedisError, OSError) as error:
        return type(error).__name__
    return "ok"


def _may_measure(request: Request) -> bool:
    settings = request.app.state.settings
    token = settings.metrics_token.get_secret_value()
    if token:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    return not settings.production or _is_local(request)


def _is_local(request: Request) -> bool:
    try:
        return request.client is None or ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


_OPERATORS: dict[str, Any] = {
    "tag": "Operations",
    "security": PUBLIC,
    "why_unlisted": "For those who run the platform.",
}
ROUTES = [
    described(Route("/healthz", healthz), summary="Whether the process lives.", responses={200: Health}, **_OPERATORS),
    described(
        Route("/readyz", readyz),
        summary="Whether everything that it needs is there.",
        responses={200: Readiness, 503: Readiness},
        **_OPERATORS,
    ),
    described(
        Route("/metrics", metrics_page),
        summary="Metrics of Prometheus.",
        responses={200: "text/plain", 404: "text/plain"},
        **_OPERATORS,
    ),
]
