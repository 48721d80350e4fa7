"""The OAuth 2.1 authorization server: Authlib's core over our tables, one instance per request.

Authlib's core is synchronous. It runs in the greenlet of `AsyncSession.run_sync`, in which `await_only` awaits
our queries.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.requests import OAuth2Payload
from authlib.oauth2.rfc9207 import IssuerParameter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import await_only

from tenants.auth import clock, sessions, tokens
from tenants.auth.hosts import origin
from tenants.auth.keys import SigningKeys
from tenants.auth.models import LoginSession, OAuthClient
from tenants.auth.oauth_client import Client, Code, Granted, Token
from tenants.auth.scopes import PERMISSION_OF, scopes_of
from tenants.auth.standing import machine_role
from tenants.engine import Database
from tenants.models import UserAccount
from tenants.permissions import Role
from tenants.settings import Settings

# On level DEBUG Authlib writes the tokens it issues into the log.
logging.getLogger("authlib").setLevel(logging.INFO)
_PLAIN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_VISIBLE = re.compile(r"[\x20-\x7e]*")


@dataclass
class Reply:
    """An HTTP response in plain terms; a dict is sent as JSON."""

    status: int
    body: Any
    headers: list[tuple[str, str]]

    @property
    def location(self) -> str | None:
        return next((value for name, value in self.headers if name == "Location"), None)

    @location.setter
    def location(self, value: str) -> None:
        self.headers = [(name, value if name == "Location" else kept) for name, kept in self.headers]


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib is untyped
    """The parameters of a request, in the order of arrival."""

    def __init__(self, parameters: Iterable[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in parameters:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists

    def fault(self) -> str | None:
        """What OAuth forbids in any request: a repeated parameter, a character outside RFC 6749's appendix A."""
        if any(len(values) > 1 for values in self._lists.values()):
            return "A parameter is repeated"
        texts = [text for name, values in self._lists.items() for text in (name, *values) if name != "state"]
        plain = all(_PLAIN.fullmatch(text) for text in texts) and _VISIBLE.fullmatch(self.data.get("state", ""))
        return None if plain else "A parameter has a forbidden character"


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib is untyped
    """A request to one of the endpoints; whether it came over TLS is the reverse proxy's business."""

    def __init__(self, method: str, parameters: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> None:
        # Authlib looks a header up by the spelling "Authorization".
        spelled = {name.title(): value for name, value in headers.items()}
        super().__init__(method, "https://authorization-server/", headers=spelled)
        self.payload = Payload(parameters)

    @property
    def args(self) -> dict[str, str]:
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


@dataclass(frozen=True)
class Here:
    """The portal at which the server answers, and the transaction it works in."""

    database: Database
    settings: Settings
    session: AsyncSession
    keys: SigningKeys
    entity_id: UUID
    origin: sessions.Origin
    presented: tokens.AccessToken | None = None
    """The token to revoke or to describe, where it is a valid access token; verified before the transaction."""

    @property
    def issuer(self) -> str:
        return origin(self.settings, self.origin.host)


class _Issuer(IssuerParameter):  # type: ignore[misc]  # Authlib is untyped
    def __init__(self, server: "Server") -> None:
        self._issuer = server.here.issuer
        super().__call__(server)

    def get_issuer(self) -> str:
        return self._issuer


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib is untyped
    """Answers one request at one portal, in one transaction that is committed whatever the answer is."""

    def __init__(self, here: Here, request: Request) -> None:
        super().__init__(scopes_supported=sorted(PERMISSION_OF))
        self.here = here
        self.request = request
        self.register_extension(_Issuer)
        self.register_token_generator("default", self._token)

    def query_client(self, client_id: str) -> Client | None:
        return await_only(self._client(client_id))

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Nothing is left to save: the session was written before its token was signed."""

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        return Reply(status, body, list(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    async def _client(self, client_key: str) -> Client | None:
        query = select(OAuthClient).where(
            OAuthClient.client_key == client_key,
            OAuthClient.entity_id == self.here.entity_id,
            OAuthClient.revoked_at.is_(None),
        )
        row = (await self.here.session.scalars(query)).one_or_none()
        return Client(row) if row else None

    def _token(self, *, grant_type: str, client: Client, scope: str | None, **_: Any) -> dict[str, Any]:
        issue = {
            "authorization_code": self._for_code,
            "refresh_token": self._for_refresh,
            "client_credentials": self._for_client,
        }[grant_type]
        return await_only(issue(client, scope))

    async def _for_code(self, client: Client, scope: str | None) -> dict[str, Any]:
        code: Code = self.request.authorization_code
        granted: Granted = self.request.user
        login = await sessions.open_session(
            self.here.session,
            self.here.settings,
            granted.membership,
            self.here.origin,
            method="oauth",
            strong=granted.strong,
            client_id=client.row.id,
            only_entity_id=client.row.entity_id,
            scopes=within(Role(granted.membership.role), scope),
        )
        code.row.session_id = login.id
        return await self._answer(client, login, refresh=client.check_grant_type("refresh_token"))

    async def _for_refresh(self, client: Client, scope: str | None) -> dict[str, Any]:
        token: Token = self.request.refresh_token
        assert token.refresh is not None, "the refresh grant has found a refresh token"
        sessions.use_up(self.here.settings, token.refresh, token.login)
        scopes = [name for name in (scope or "").split() if name in (token.login.scopes or ())]
        return await self._answer(client, token.login, refresh=True, scopes=scopes)

    async def _for_client(self, client: Client, scope: str | None) -> dict[str, Any]:
        allowed = client.get_allowed_scope(scope)
        if allowed is None:
            raise InvalidScopeError()
        login = LoginSession(
            client_id=client.row.id,
            method="client",
            scopes=within(machine_role(client.row.organization_id), allowed, person=False),
            ip_address=self.here.origin.ip_address,
            expires_at=clock.now() + timedelta(seconds=self.here.settings.access_token_seconds),
        )
        self.here.session.add(login)
        await self.here.session.flush()
        return await self._answer(client, login, refresh=False)

    async def _answer(
        self, client: Client, login: LoginSession, *, refresh: bool, scopes: list[str] | None = None
    ) -> dict[str, Any]:
        here = self.here
        version = await here.session.scalar(select(UserAccount.security_version).where(UserAccount.id == login.user_id))
        granted = list(login.scopes or ()) if scopes is None else scopes
        access = tokens.issue(
            here.settings,
            here.keys,
            login,
            host=here.origin.host,
            security_version=version or 0,
            client_key=client.row.client_key,
            scopes=granted,
        )
        answer = {"token_type": "Bearer", "access_token": access, "expires_in": here.settings.access_token_seconds}
        if refresh:
            answer["refresh_token"] = await sessions.add_refresh_token(here.session, login)
        return {**answer, "scope": " ".join(granted)}


def within(role: Role, scope: str | None, *, person: bool = True) -> list[str]:
    """The scopes of a space-separated list that mean anything for a role."""
    return [name for name in (scope or "").split() if name in scopes_of(role, person=person)]
