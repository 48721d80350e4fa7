"""A deprecated endpoint says so in every answer, and who still calls it is counted as for parts of the schema."""

from datetime import UTC, datetime, time
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.versions.counting import counts_of
from api.versions.declared import Deprecation
from tenants.actor import Actor


class Deprecated:
    """Adds RFC 9745's Deprecation, RFC 8594's Sunset and where the change is explained."""

    def __init__(self, app: ASGIApp, path: str, reason: str) -> None:
        self._app = app
        self._path = path
        self._deprecation = Deprecation.of(reason)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers())
                self._count(scope)
            await send(message)

        await self._app(scope, receive, sending)

    def _headers(self) -> dict[str, str]:
        since, gone = (
            datetime.combine(day, time(), UTC) for day in (self._deprecation.since, self._deprecation.removal)
        )
        return {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(gone, usegmt=True),
            "Link": '</developers/changes>; rel="deprecation"',
        }

    def _count(self, scope: Scope) -> None:
        actor = scope.get("actor")
        if isinstance(actor, Actor) and actor.entity_ids:
            part = f"{scope['method']} {self._path}"
            counts_of(scope["app"].state.database).note(actor, actor.entity_ids[0], part, self._deprecation)
