"""Tables of authentication. Only the system audience reads those that hold secrets."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, one_of
from tenants.permissions import Role
from tenants.rls import OF_THE_ENTITY, Rule, protect

_ROLE = "(SELECT current_setting('chargecars.role', true))"
OF_THEIR_ADMINS = f"{OF_THE_ENTITY} AND {_ROLE} = 'TENANT_ADMIN'"
_OF_THE_SUBTREE = (
    "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id "
    "AND c.chain_organization_ids @> ARRAY[{organization}])"
)
OF_THEIR_PARTNER_ADMINS = f"{OF_THE_ENTITY} AND {_ROLE} = 'PARTNER_ADMIN' AND {_OF_THE_SUBTREE}"
ADMINS = {
    "staff": "The actor administers the business entity.",
    "partner": "The actor administers the organization, or one above it.",
}


class SigningKey(Base):
    """An ES256 key of access tokens. It signs during [signs_from, signs_until) and verifies until `verifies_until`."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    """PKCS#8 DER, encrypted."""
    signs_from: Mapped[datetime]
    signs_until: Mapped[datetime]
    verifies_until: Mapped[datetime]


protect(SigningKey)


class LoginSession(Identified, Base):
    """One login, and the family of all tokens that came from it: ending it ends them all."""

    __tablename__ = "login_session"
    __table_args__ = (
        Index("ix_login_session_user", "user_id"),
        Index("ix_login_session_client", "client_id"),
        CheckConstraint("(membership_id IS NULL) = (user_id IS NULL)", name="membership_of_user"),
        CheckConstraint("user_id IS NOT NULL OR client_id IS NOT NULL", name="somebody"),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("oauth_client.id"))
    """The application that acts for the user, or for itself when there is no user."""
    scopes: Mapped[Texts | None]
    """What the token may do at most; NULL is all that the role may."""
    only_entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_entity.id"))
    """Where an entity's own application or identity provider vouches, it does so for that entity alone."""
    method: Mapped[str]
    """How the person proved to be somebody: `password`, `code`, `oidc`, `invitation`, `client`."""
    strong: Mapped[bool] = mapped_column(Boolean, server_default=false())
    ip_address: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]


protect(LoginSession)


class RefreshToken(Identified, Base):
    """One link in a session's chain of refresh tokens; using it a second time ends the session."""

    __tablename__ = "refresh_token"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("login_session.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


protect(RefreshToken)


class CodePurpose(StrEnum):
    LOGIN = "LOGIN"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # a purpose, not a password
    SIGNING = "SIGNING"


class OneTimeCode(Identified, Base):
    """A mailed secret that works once; there is one too for an address that nobody here has, but it was not mailed."""

    __tablename__ = "one_time_code"
    __table_args__ = (one_of("purpose", CodePurpose), Index("ix_one_time_code_email", "email", "entity_id", "purpose"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    email: Mapped[str]
    purpose: Mapped[str]
    code_hash: Mapped[str] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    used_at: Mapped[datetime | None]


protect(OneTimeCode)


class OAuthClient(Identified, Updated, Base):
    """An application. With an organization it belongs to a partner; without a secret it is public."""

    __tablename__ = "oauth_client"
    __table_args__ = (Index("ix_oauth_client_entity", "entity_id", "created_at", "id"),)

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    client_key: Mapped[str] = mapped_column(unique=True)
    """The `client_id` of OAuth."""
    secret_hash: Mapped[str | None]
    name: Mapped[str]
    redirect_uris: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    grant_types: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    scopes: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    restricted_to_trusted_documents: Mapped[bool] = mapped_column(Boolean, server_default=false())
    revoked_at: Mapped[datetime | None]
    created_by_user_id: Mapped[UUID | None]


protect(
    OAuthClient,
    staff=Rule(OF_THEIR_ADMINS, hidden=("secret_hash",)),
    partner=Rule(OF_THEIR_PARTNER_ADMINS, hidden=("secret_hash",)),
    explain=ADMINS,
)


class AuthorizationCode(Identified, Base):
    """What a user granted to a client, to be exchanged once within a minute; a replay ends the session it issued."""

    __tablename__ = "authorization_code"

    code_hash: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_client.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    strong: Mapped[bool] = mapped_column(Boolean, server_default=false())
    redirect_uri: Mapped[str]
    scopes: Mapped[Texts]
    code_challenge: Mapped[str]
    """BASE64URL(SHA256(verifier)); RFC 7636, S256 only."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("login_session.id"))


protect(AuthorizationCode)


class ApiKey(Identified, Updated, Base):
    """A secret of a partner's system, or of the entity's own where there is no organization."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_entity", "entity_id", "created_at", "id"),)

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    """The part that may be shown and logged."""
    secret_hash: Mapped[str]
    scopes: Mapped[Texts]
    restricted_to_trusted_documents: Mapped[bool] = mapped_column(Boolean, server_default=false())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Exact to the minute."""
    rotated_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id"), unique=True)
    created_by_user_id: Mapped[UUID | None]


protect(
    ApiKey,
    staff=Rule(OF_THEIR_ADMINS, hidden=("secret_hash",)),
    partner=Rule(OF_THEIR_PARTNER_ADMINS, hidden=("secret_hash",)),
    explain=ADMINS,
)


class Invitation(Identified, Updated, Base):
    """A mailed offer of a membership."""

    __tablename__ = "invitation"
    __table_args__ = (one_of("role", Role), Index("ix_invitation_entity", "entity_id", "created_at", "id"))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    invited_by_user_id: Mapped[UUID | None]


protect(
    Invitation,
    staff=Rule(OF_THEIR_ADMINS, hidden=("token_hash",)),
    partner=Rule(OF_THEIR_PARTNER_ADMINS, hidden=("token_hash",)),
    explain=ADMINS,
)


class IdentityProvider(Identified, Updated, Base):
    """An entity's own OpenID Connect provider."""

    __tablename__ = "identity_provider"
    __table_args__ = (UniqueConstraint("entity_id", "issuer", "client_key"), one_of("default_role", Role))

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_key: Mapped[str]
    """Our `client_id` there."""
    client_secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    email_domains: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    """Whose verified addresses may be linked to a user here; empty links nobody by address."""
    default_role: Mapped[str | None]
    """The role a login through it takes where the user holds several."""
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


protect(
    IdentityProvider,
    staff=Rule(OF_THEIR_ADMINS, hidden=("client_secret",)),
    explain={"staff": ADMINS["staff"]},
)


class ExternalIdentity(Identified, Base):
    """That subject `subject` at `issuer` is this user."""

    __tablename__ = "external_identity"
    __table_args__ = (UniqueConstraint("provider_id", "issuer", "subject"),)

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("identity_provider.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)


protect(ExternalIdentity)


class OidcLogin(Identified, Base):
    """A login that is under way at an identity provider."""

    __tablename__ = "oidc_login"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("identity_provider.id"))
    state_hash: Mapped[str] = mapped_column(unique=True)
    browser_hash: Mapped[str]
    """Of a cookie: the browser that started is the one that may finish."""
    nonce: Mapped[str]
    code_verifier: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    host: Mapped[str]
    return_to: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    handover_hash: Mapped[str | None] = mapped_column(unique=True)
    """Of what the portal exchanges for tokens after the person came back; once, within a minute."""
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    strong: Mapped[bool] = mapped_column(Boolean, server_default=false())


protect(OidcLogin)
