"""The three grants, revocation (RFC 7009) and introspection (RFC 7662) over our tables."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from sqlalchemy import select
from sqlalchemy.util import await_only

from tenants.auth import clock, sessions, standing
from tenants.auth.login import ROLE_ORDER, Choice
from tenants.auth.models import AuthorizationCode, LoginSession, OAuthClient, RefreshToken
from tenants.auth.oauth import Here, Reply, Request, Server
from tenants.auth.oauth_client import Client, Code, Granted, Token
from tenants.auth.sealing import fingerprint, random_secret
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role

CODE_SECONDS = 60
_ANY_CLIENT = ["none", "client_secret_basic", "client_secret_post"]
_CONFIDENTIAL = ["client_secret_basic", "client_secret_post"]


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib is untyped
    """RFC 7636 for every client, with S256 only: Authlib alone would let a request without a challenge pass."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]
    CODE_CHALLENGE_METHODS = {"S256": lambda verifier, challenge: create_s256_code_challenge(verifier) == challenge}

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)

    def get_authorization_code_challenge_method(self, authorization_code: Code) -> str:
        return "S256"


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib is untyped
    TOKEN_ENDPOINT_AUTH_METHODS = _ANY_CLIENT
    server: Server

    def generate_authorization_code(self) -> str:
        return random_secret()

    def save_authorization_code(self, code: str, request: Request) -> None:
        granted: Granted = request.user
        row = AuthorizationCode(
            code_hash=fingerprint(code),
            client_id=request.client.row.id,
            user_id=granted.membership.user_id,
            membership_id=granted.membership.id,
            strong=granted.strong,
            redirect_uri=request.payload.redirect_uri,
            scopes=request.scope.split(),
            code_challenge=request.payload.data["code_challenge"],
            expires_at=clock.now() + timedelta(seconds=CODE_SECONDS),
        )
        self.server.here.session.add(row)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return await_only(self._code(code, client))

    async def _code(self, code: str, client: Client) -> Code | None:
        """The code, locked; one that was used before ends the session it issued."""
        query = select(AuthorizationCode).where(
            AuthorizationCode.code_hash == fingerprint(code), AuthorizationCode.client_id == client.row.id
        )
        session = self.server.here.session
        row = (await session.scalars(query.with_for_update())).one_or_none()
        if row is not None and row.used_at is not None:
            await sessions.end(session, LoginSession.id == row.session_id, "authorization code replayed")
            standing.forget(self.server.here.database)
        return None if row is None or row.used_at is not None or sessions.expired(row.expires_at) else Code(row)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Kept, so that a replay is recognized."""
        authorization_code.row.used_at = clock.now()

    def authenticate_user(self, authorization_code: Code) -> Granted | None:
        return await_only(self._user(authorization_code.row))

    async def _user(self, code: AuthorizationCode) -> Granted | None:
        query = (
            select(Membership)
            .join(UserAccount, UserAccount.id == Membership.user_id)
            .where(Membership.id == code.membership_id, Membership.status == MembershipStatus.ACTIVE)
            .where(UserAccount.status == UserStatus.ACTIVE)
        )
        membership = (await self.server.here.session.scalars(query)).one_or_none()
        return Granted(membership, code.strong) if membership else None


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib is untyped
    TOKEN_ENDPOINT_AUTH_METHODS = _ANY_CLIENT
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        return await_only(self._token(refresh_token))

    async def _token(self, secret: str) -> Token | None:
        here = self.server.here
        found = await sessions.carried_on_by(here.session, secret, self.request.client.row.id)
        if found is None:
            standing.forget(here.database)
            return None
        return Token(found[1], found[0])

    def authenticate_user(self, refresh_token: Token) -> Token:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """It was used up when the new token was issued."""


class ClientGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib is untyped
    TOKEN_ENDPOINT_AUTH_METHODS = _CONFIDENTIAL


async def _find_token(here: Here, secret: str) -> Token | None:
    """The access token that was presented, or a refresh token, used or not."""
    if access := here.presented:
        login = await here.session.get(LoginSession, access.session_id)
        return Token(login, None, list(access.scopes or ())) if login else None
    query = select(RefreshToken, LoginSession).join(LoginSession, LoginSession.id == RefreshToken.session_id)
    found = (await here.session.execute(query.where(RefreshToken.token_hash == fingerprint(secret)))).one_or_none()
    return Token(found[1], found[0]) if found else None


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """Revoking one token ends the whole session: what it issued is as stolen as the token is."""

    CLIENT_AUTH_METHODS = _ANY_CLIENT

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return await_only(_find_token(self.server.here, token_string))

    def revoke_token(self, token: Token, request: Request) -> None:
        here: Here = self.server.here
        await_only(sessions.end(here.session, LoginSession.id == token.login.id, "revoked by the application"))
        standing.forget(here.database)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """An application learns of its own tokens only; all others are inactive to it."""

    CLIENT_AUTH_METHODS = _CONFIDENTIAL

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return await_only(_find_token(self.server.here, token_string))

    def check_permission(self, token: Token, client: Client, request: Request) -> bool:
        return token.check_client(client) and await_only(sessions.stands(self.server.here.session, token.login))

    def introspect_token(self, token: Token) -> dict[str, Any]:
        described = token.described()
        return {**described, "iss": self.server.here.issuer, "client_id": self.server.request.client.get_client_id()}


def server(here: Here, request: Request) -> Server:
    """A server with its grants and endpoints."""
    made = Server(here, request)
    made.register_grant(CodeGrant, [S256(required=True)])
    made.register_grant(RefreshGrant)
    made.register_grant(ClientGrant)
    made.register_endpoint(Revocation)
    made.register_endpoint(Introspection)
    return made


async def token_response(here: Here, request: Request) -> Reply:
    """Answer at the token endpoint."""
    return await _run(here, request, lambda it: it.create_token_response(request))


async def endpoint_response(here: Here, request: Request, name: str) -> Reply:
    """Answer at `revocation` or `introspection`."""
    return await _run(here, request, lambda it: it.create_endpoint_response(name, request))


@dataclass(frozen=True)
class Consent:
    """What an application asks a person for, once the request is known to be in order."""

    client: OAuthClient
    scopes: list[str]
    redirect_uri: str

    def choice(self) -> Choice:
        """Whom the application may act for: a partner's for the partner's people; none for a platform admin."""
        if self.client.organization_id:
            return Choice(among=(Role.PARTNER_ADMIN, Role.PARTNER_USER), below=self.client.organization_id)
        return Choice(among=tuple(role for role in ROLE_ORDER if role is not Role.PLATFORM_ADMIN))


async def asked(here: Here, request: Request) -> Consent | Reply:
    """What the authorization request asks for; where it is not in order, the answer to give.

    The answer redirects only where client and redirect_uri are known to belong together.
    """
    return await here.session.run_sync(lambda _: _asked(server(here, request), request))


async def granted(here: Here, request: Request, whom: Granted | None) -> Reply:
    """Send the browser back with a code for the person, or with access_denied."""
    return await here.session.run_sync(lambda _: _granted(server(here, request), request, whom))


def _asked(made: Server, request: Request) -> Consent | Reply:
    try:
        if fault := request.payload.fault():
            raise InvalidRequestError(fault)
        grant = made.get_consent_grant(request)
    except OAuth2Error as error:
        return _refusal(made, request, error)
    return Consent(request.client.row, request.scope.split(), grant.redirect_uri)


def _granted(made: Server, request: Request, whom: Granted | None) -> Reply:
    reply: Reply = made.create_authorization_response(request, whom, made.get_authorization_grant(request))
    return reply


def _refusal(made: Server, request: Request, error: OAuth2Error) -> Reply:
    reply: Reply = made.handle_error_response(request, error)
    if reply.location:
        reply.location = add_params_to_uri(reply.location, {"iss": made.here.issuer})
    return reply


async def _run(here: Here, request: Request, work: Any) -> Reply:
    made = server(here, request)
    if fault := request.payload.fault():
        refusal: Reply = made.handle_error_response(request, InvalidRequestError(fault))
        return refusal
    return await here.session.run_sync(lambda _: work(made))
