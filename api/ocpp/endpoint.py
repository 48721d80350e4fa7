"""`/ocpp/{identity}`: who may come in, and by which version of the protocol. Cheap to import."""

import asyncio
import importlib
import random
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import State
from starlette.responses import PlainTextResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.middleware import header
from api.ocpp import metrics
from api.ocpp.credentials import IDENTITY, basic
from api.ocpp.versions import chosen
from domain.devices.interruptions import passes
from tenants.rate import take

if TYPE_CHECKING:
    from api.ocpp.central import Admitted, Central
    from domain.chargers.credentials import Device

log = structlog.get_logger(__name__)

_PROTOCOL_ERROR = 1002
_ATTEMPTS, _SECONDS = 30, 60
"""Connections of one charger: what comes more often is a loop, or two devices with one identity."""
_CENTRAL = "api.ocpp.central"


class _Refused(Exception):
    """Not let in."""

    def __init__(self, status: int, reason: str, retry_after: int = 0) -> None:
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)

    @property
    def response(self) -> Response:
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
        return PlainTextResponse(self.reason, self.status, headers)


async def serve(websocket: WebSocket) -> None:
    """One charger, from its handshake until it goes."""
    try:
        central = await _central(websocket)
        admitted = await _admitted(central, websocket)
    except _Refused as refused:
        metrics.REFUSED.labels(refused.reason).inc()
        await websocket.send_denial_response(refused.response)
        return
    try:
        if admitted is None:
            await _unacceptable(websocket)
        else:
            await central.converse(websocket, admitted)
    except WebSocketDisconnect:
        return  # it has gone before it was let in


async def _central(websocket: WebSocket) -> "Central":
    """Asked before anything of the charger is looked at."""
    identity, address = websocket.path_params["identity"], _address(websocket)
    await _bounded(websocket, identity, address)
    central = await central_of(websocket.app.state)
    if central.full:
        raise _Refused(503, "TOO_MANY_CONNECTIONS", random.randint(5, 30))  # noqa: S311  # spreads who comes back
    return central


def _address(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else ""


async def _bounded(websocket: WebSocket, identity: str, address: str) -> None:
    if not IDENTITY.fullmatch(identity):
        raise _Refused(404, "UNKNOWN_CHARGER")
    state = websocket.app.state
    if state.settings.ocpp_security_profile > 1 and websocket.scope["scheme"] not in ("wss", "https"):
        raise _Refused(403, "TLS_REQUIRED")
    taken = await take(state.redis, f"ocpp:{identity}:{address}", _ATTEMPTS, _SECONDS)
    if not taken.allowed:
        raise _Refused(429, "RATE_LIMITED", taken.retry_after)


async def central_of(state: State) -> "Central":
    """This process's, which begins with its first charger: code and schemas cost 4 MiB and a fifth of a second."""
    if not hasattr(state, "ocpp"):
        loaded = await asyncio.to_thread(importlib.import_module, _CENTRAL)
        if not hasattr(state, "ocpp"):  # another charger may have been first meanwhile
            state.ocpp = loaded.Central(state.settings, state.database)
    central: Central = state.ocpp
    return central


async def _admitted(central: "Central", websocket: WebSocket) -> "Admitted | None":
    """None for a charger that speaks no version of ours. Raises: _Refused."""
    central.arriving += 1
    try:
        device = await _authenticated(central, websocket)
        version = chosen(websocket.scope["subprotocols"])
        return await central.connected(device, version, _address(websocket)) if version else None
    except Exception as error:
        if isinstance(error, _Refused) or not passes(error):
            raise
        log.warning("charger_not_checked", error=type(error).__name__)
        raise _Refused(503, "UNAVAILABLE", 10) from error
    finally:
        central.arriving -= 1


async def _authenticated(central: "Central", websocket: WebSocket) -> "Device":
    identity, address = websocket.path_params["identity"], _address(websocket)
    if central.strangers.exhausted(address):
        raise _Refused(429, "RATE_LIMITED", 10)
    given = basic(header(websocket.scope, b"authorization"))
    if given is None:
        raise _Refused(401, "UNAUTHENTICATED")
    user, secret = given
    device = await central.authenticate(identity, secret) if user == identity else None
    if device is None:
        central.strangers.take(address)
        reason = "WRONG_CREDENTIALS" if user == identity else "OTHER_IDENTITY"
        await central.quarantine(identity, reason, f"from {address}, with the credentials of {user[:48]}")
        raise _Refused(401, reason)
    return device


async def _unacceptable(websocket: WebSocket) -> None:
    """As OCPP-J has it: accept without a subprotocol, then close at once."""
    metrics.REFUSED.labels("SUBPROTOCOL").inc()
    await websocket.accept()
    await websocket.close(_PROTOCOL_ERROR, "ocpp1.6 or ocpp2.0.1")


async def close(state: State) -> None:
    """When the process stops."""
    if hasattr(state, "ocpp"):
        await state.ocpp.close()


ROUTES = (WebSocketRoute("/ocpp/{identity:path}", serve),)
