"""What Authlib asks of a client, a code and a token, answered from our tables."""

import hmac
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from tenants.auth.models import AuthorizationCode, LoginSession, OAuthClient, RefreshToken
from tenants.auth.sealing import fingerprint
from tenants.auth.sessions import expired
from tenants.models import Membership

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


@dataclass(frozen=True)
class Granted:
    """Who granted a client what, on the authorization page."""

    membership: Membership
    strong: bool


class Client(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """An application."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    @property
    def public(self) -> bool:
        return self.row.secret_hash is None

    def get_client_id(self) -> str:
        return self.row.client_key

    def get_default_redirect_uri(self) -> None:
        """None: the request has to name one."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes asked for, all of the client's where none are; None where one is not the client's."""
        wanted = scope.split() if scope else list(self.row.scopes)
        return None if set(wanted) - set(self.row.scopes) else " ".join(dict.fromkeys(wanted))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret_hash or "", fingerprint(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.public:
            return method == "none" and endpoint != "introspection"
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types and not (self.public and grant_type == "client_credentials")


class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib is untyped
    """An authorization code."""

    def __init__(self, row: AuthorizationCode) -> None:
        self.row = row
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.row.scopes)


class Token(TokenMixin):  # type: ignore[misc]  # Authlib is untyped
    """An access or a refresh token of an application, with the session it belongs to."""

    def __init__(self, login: LoginSession, refresh: RefreshToken | None, scopes: list[str] | None = None) -> None:
        self.login = login
        self.refresh = refresh
        self.scopes = list(login.scopes or ()) if scopes is None else scopes

    def check_client(self, client: Client) -> bool:
        return bool(self.login.client_id == client.row.id)

    def get_scope(self) -> str:
        return " ".join(self.scopes)

    def is_expired(self) -> bool:
        """Of an access token the signature's time was checked before."""
        return expired(self.refresh.expires_at if self.refresh else None)

    def is_revoked(self) -> bool:
        used = self.refresh is not None and self.refresh.used_at is not None
        return used or self.login.ended_at is not None

    def described(self) -> dict[str, Any]:
        """RFC 7662 §2.2, less what only the server knows."""
        subject = self.login.user_id or self.login.client_id
        return {"active": True, "scope": self.get_scope(), "sub": str(subject), "token_type": "Bearer"}
