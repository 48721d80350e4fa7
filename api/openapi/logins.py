"""What the login and token endpoints take and answer."""

from uuid import UUID

from pydantic import BaseModel, Field

_LANGUAGE = "`nl` or `en`; Dutch if left out."

AUTHORIZATION_PARAMETERS = {
    "response_type": "`code`.",
    "client_id": "The application.",
    "redirect_uri": "Where the browser goes afterwards.",
    "scope": "Scopes, separated by spaces.",
    "state": "The application's own, given back.",
    "code_challenge": "PKCE (RFC 7636).",
    "code_challenge_method": "`S256`.",
    "ui_locales": _LANGUAGE,
}


class TokenAnswer(BaseModel):
    """Tokens (RFC 6749 §5.1)."""

    token_type: str
    access_token: str
    expires_in: int = Field(description="Seconds.")
    refresh_token: str | None = None
    scope: str | None = None


class LogIn(BaseModel):
    """A password, and what chooses between several memberships."""

    email: str
    password: str
    totp: str | None = Field(None, description="The second factor, where the account has one.")
    role: str | None = Field(None, description="As which to log in.")
    membership_id: UUID | None = None


class Refresh(BaseModel):
    """A refresh token; using it twice ends the login."""

    refresh_token: str


class AskForCode(BaseModel):
    """Whom to mail a code."""

    email: str
    language: str | None = Field(None, description=_LANGUAGE)


class CodeSent(BaseModel):
    """The same whether the address is known or not."""

    expires_in: int = Field(description="Seconds.")


class VerifyCode(BaseModel):
    """The code of a mail."""

    email: str
    code: str
    totp: str | None = None
    role: str | None = None
    membership_id: UUID | None = None


class ResetPassword(BaseModel):
    """The token of a mail, and the new password."""

    token: str
    password: str


class Provider(BaseModel):
    """An identity provider."""

    id: UUID
    name: str


class ProvidersAnswer(BaseModel):
    """The identity providers of a portal."""

    providers: list[Provider]


class ExchangeCode(BaseModel):
    """The code of the address that the browser came back to."""

    code: str


class TokenForm(BaseModel):
    """A grant; an application without a secret sends its id in the form."""

    grant_type: str = Field(description="authorization_code, client_credentials or refresh_token.")
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None
    scope: str | None = None
    client_id: str | None = None


class TokenToLookAt(BaseModel):
    """A token."""

    token: str
    token_type_hint: str | None = None


class OAuthError(BaseModel):
    """A refusal (RFC 6749 §5.2)."""

    error: str
    error_description: str | None = None


class Introspected(BaseModel):
    """What is behind a token (RFC 7662)."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    exp: int | None = None
    iat: int | None = None
