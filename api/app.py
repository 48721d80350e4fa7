"""The ASGI application: `uvicorn --factory api.app:create_app`."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import structlog
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import api.rest
from api import graphiql, operations, welcome
from api.cors import CrossOrigin
from api.cost import budget_of
from api.graphql import GraphQLEndpoint
from api.live.live import Live
from api.live.socket import SocketEndpoint
from api.live.streams import StreamEndpoint
from api.middleware import BoundedBody, Observed
from api.ocpp import endpoint as ocpp
from api.openapi.graphql import asked_for_data, streamed, ticketed
from api.reading.schema import Schema
from api.recording import Recorded, Recorder
from api.requests import RequestError
from api.rest.inbound_mail import LARGER
from api.versions import counts_of
from migrations.startup import StartupRefused, check
from tenants import logging, tracing
from tenants.engine import Database, role_password
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tenants.settings import settings as environment

_GRAPHQL = "/graphql"
_ROUTE = SimpleNamespace(path=_GRAPHQL)
_HTTP_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
"""Of what no endpoint answers."""
_CLOSING_SECONDS = 5
_REDIS_SECONDS = 2

log = structlog.get_logger(__name__)


class Application(Starlette):
    """Says in one line per reason why it does not start, where Starlette would show a trace."""

    refused: StartupRefused | None = None
    graphql: GraphQLEndpoint

    def build_middleware_stack(self) -> ASGIApp:
        """Without Starlette's own last resort, which `Observed` is; GraphQL is found without looking for a route."""
        app: ASGIApp = ExceptionMiddleware(self.router, handlers=self.exception_handlers)
        app = _GraphQLFirst(self.graphql, app)
        for cls, args, options in reversed(self.user_middleware):
            app = cls(app, *args, **options)
        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self.refused:
                message["message"] = str(self.refused)
            await send(message)

        await super().__call__(scope, receive, sending if scope["type"] == "lifespan" else send)


class _GraphQLFirst:
    """Nearly all requests are for one path."""

    def __init__(self, graphql: GraphQLEndpoint, app: ASGIApp) -> None:
        self._graphql = graphql
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == _GRAPHQL and scope["method"] in ("GET", "POST"):
            scope["route"] = _ROUTE
            await self._graphql(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def create_app(settings: Settings | None = None, schema: Schema | None = None) -> Starlette:
    """The application for these settings, by default the environment's; `schema` replaces the platform's."""
    settings = with_secrets(settings or environment())
    logging.configure(settings)
    database = _database(settings)
    schema = schema or schema_of(settings)
    graphql = GraphQLEndpoint(schema)
    made = Application(
        routes=[*_routes(graphql, schema)],
        middleware=[
            Middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies),
            Middleware(Observed),
            Middleware(Recorded),
            Middleware(CrossOrigin),
            Middleware(BoundedBody, most=settings.max_body_bytes, larger=(LARGER, settings.mail_in_bytes)),
        ],
        exception_handlers={RequestError: _refused, HTTPException: _http_error},
        lifespan=_lifespan,
    )
    made.graphql = graphql
    made.state.settings = settings
    made.state.database = database
    made.state.requests = Recorder(database)
    made.state.redis = _redis(settings)
    made.state.schema = schema
    made.state.live = Live(settings, database, schema)
    return made


def _database(settings: Settings) -> Database:
    return Database(
        settings.database_url,
        role_password(settings),
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
    )


def _redis(settings: Settings) -> Redis:
    client: Redis = Redis.from_url(
        settings.redis_url, decode_responses=True, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )
    return client


def schema_of(settings: Settings) -> Schema:
    """The platform's schema under these settings, which have their secrets."""
    from api.schema import platform_schema  # takes a second to import

    return platform_schema(settings.secret_key.get_secret_value(), settings.max_page_size)


def routes_of(schema: Schema) -> list[BaseRoute]:
    """Every route of the application, for documents about it."""
    return list(_routes(GraphQLEndpoint(schema), schema))


def _routes(graphql: GraphQLEndpoint, schema: Schema) -> Iterator[BaseRoute]:
    yield asked_for_data(Route(_GRAPHQL, graphql.answer, methods=["GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]))
    yield WebSocketRoute(_GRAPHQL, SocketEndpoint(schema).serve)
    stream = StreamEndpoint(schema)
    yield streamed(Route(f"{_GRAPHQL}/stream", stream.serve, methods=["GET", "POST"]))
    yield ticketed(Route(f"{_GRAPHQL}/stream/ticket", stream.ticket, methods=["POST"]))
    yield from operations.ROUTES
    yield from welcome.ROUTES
    yield from graphiql.ROUTES
    yield from ocpp.ROUTES
    for module in sorted(pkgutil.iter_modules(api.rest.__path__, "api.rest."), key=lambda found: found.name):
        yield from importlib.import_module(module.name).ROUTES


@asynccontextmanager
async def _lifespan(application: Application) -> AsyncIterator[None]:
    settings: Settings = application.state.settings
    provider = tracing.configure(settings, "chargecars-api")
    try:
        for reason in await _check(application):
            log.warning("not_fit_for_production", reason=reason)
        yield
    finally:
        await _close(application)
        if provider:
            await asyncio.to_thread(provider.shutdown)


async def _check(application: Application) -> list[str]:
    try:
        return await check(application.state.settings, application.state.database)
    except StartupRefused as refused:
        application.refused = refused
        raise


async def _close(application: Application) -> None:
    await application.state.live.close()
    await ocpp.close(application.state)
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await application.state.requests.close()
            await counts_of(application.state.database).close()
            await application.state.database.close()
    except TimeoutError:
        log.warning("connections_left_open")
    await budget_of(application.state.redis).close()
    await application.state.redis.aclose()


async def _refused(_request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RequestError)
    body = {"error": {"message": refused.message, **refused.extensions}}
    return JSONResponse(body, refused.status, refused.headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "BAD_REQUEST")
    return JSONResponse({"error": {"message": error.detail, "code": code}}, error.status_code, error.headers)
