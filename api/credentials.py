"""API keys, applications and identity providers."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import (
    PUBLIC,
    Connection,
    DateTimeFilter,
    Node,
    Sort,
    TextFilter,
    column,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_in,
    reads,
    related,
)
from domain.users import api_keys, identity_providers, oauth_clients
from domain.users.identity_providers import Wanted as WantedProvider
from domain.users.oauth_clients import Wanted as WantedClient
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.auth.models import ApiKey as ApiKeyRow
from tenants.auth.models import IdentityProvider as ProviderRow
from tenants.auth.models import OAuthClient as ClientRow
from tenants.auth.scopes import PERMISSION_OF
from tenants.permissions import Permission, Role

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
ADMINISTERED = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
_ENTITY = "The business entity; your only one if left out."
_ORGANIZATION = "The partner it is for; a partner's own if left out, else none: it is the entity's own."


@reads(ApiKeyRow, audiences=ADMINISTERED)
@strawberry.type(description="A secret of a partner's system, or of the entity's own.")
class ApiKey(Node):
    name: str = column("Name for people.")
    prefix: str = column("The part of the key that may be shown: `cck_<prefix>_…`.")
    scopes: list[str] = column("What it may do.")
    expires_at: datetime | None = column("Until when it works; none: until it is revoked.")
    restricted_to_trusted_documents: bool = column("Whether it may send its trusted documents only.")
    revoked_at: datetime | None = column("When it was revoked.")
    last_used_at: datetime | None = column("When it was last used, exact to the minute.")
    created_at: datetime = column("When it was made.")
    replaces_id: strawberry.ID | None = column("The key it replaces.", name="rotated_from_id", node="ApiKey")
    entity: EntityRef | None = related("The business entity.", on=lambda k, e: e.id == k.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; none for a key of the entity itself.", on=lambda k, o: o.id == k.organization_id
    )


@reads(ClientRow, audiences=ADMINISTERED)
@strawberry.type(description="An application that acts for a person, or for a partner on its own (OAuth 2.1).")
class OAuthClient(Node):
    name: str = column("Name that people see when they consent.")
    client_id: str = column("The `client_id` of OAuth.", name="client_key")
    redirect_uris: list[str] = column("Where it takes people back; compared exactly.")
    grant_types: list[str] = column("`authorization_code`, `refresh_token`, `client_credentials`.")
    scopes: list[str] = column("What it may ask for.")
    created_at: datetime = column("When it was registered.")
    restricted_to_trusted_documents: bool = column("Whether it may send its trusted documents only.")
    revoked_at: datetime | None = column("When it was revoked.")
    entity: EntityRef | None = related("The business entity.", on=lambda c, e: e.id == c.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; none for an application of the entity itself.", on=lambda c, o: o.id == c.organization_id
    )


@reads(ProviderRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="An entity's own OpenID Connect provider, by which its employees log in.")
class IdentityProvider(Node):
    name: str = column("Name on the login button.")
    issuer: str = column("Its issuer.")
    client_id: str = column("Our `client_id` there.", name="client_key")
    email_domains: list[str] = column("Whose verified addresses are linked to a user at the first login.")
    default_role: Role | None = column("The role that a login takes where the person holds several.")
    enabled: bool = column("Whether people can log in by it.")
    created_at: datetime = column("When it was added.")
    callback_path: str = expression(
        "Path of the redirect address to register there, at the portal's host.",
        lambda p: func.concat("/auth/oidc/", p.id, "/callback"),
    )
    entity: EntityRef | None = related("The business entity.", on=lambda p, e: e.id == p.entity_id)


@filters(ApiKeyRow)
@strawberry.input(description="Which keys; all conditions hold together.")
class ApiKeyFilter:
    prefix: TextFilter | None = match("By the part that may be shown.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this organization.", node="Organization")
    revoked_at: DateTimeFilter | None = match("By when it was revoked; `isNull` for those that were not.")


@filters(ClientRow)
@strawberry.input(description="Which applications; all conditions hold together.")
class OAuthClientFilter:
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this organization.", node="Organization")
    revoked_at: DateTimeFilter | None = match("By when it was revoked; `isNull` for those that were not.")


API_KEY_SORT = Sort(ApiKeyRow, created_at="When it was made.", name="By name.", default="-created_at")
OAUTH_CLIENT_SORT = Sort(ClientRow, created_at="When it was registered.", name="By name.", default="-created_at")
PROVIDER_SORT = Sort(ProviderRow, created_at="When it was added.", default="-created_at")


@strawberry.type
class CredentialQueries:
    api_keys: Connection[ApiKey] = read_connection(
        "API keys that you administer.", filter=ApiKeyFilter, order=API_KEY_SORT, requires=Permission.API_KEYS_MANAGE
    )
    oauth_clients: Connection[OAuthClient] = read_connection(
        "Applications that you administer.",
        filter=OAuthClientFilter,
        order=OAUTH_CLIENT_SORT,
        requires=Permission.API_KEYS_MANAGE,
    )
    identity_providers: Connection[IdentityProvider] = read_connection(
        "Identity providers that you administer.", order=PROVIDER_SORT, requires=Permission.IDENTITY_PROVIDERS_MANAGE
    )

    @field("Every scope that a key or an application can be given, in alphabetical order.", requires=PUBLIC)
    def scopes(self) -> list[str]:
        return sorted(PERMISSION_OF)


@strawberry.input(description="An API key to make.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="Name for people, 1 to 100 characters.")
    scopes: list[str] = strawberry.field(description="What it may do; nothing that you may not.")
    entity_id: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)
    organization_id: strawberry.ID | None = strawberry.field(default=None, description=_ORGANIZATION)
    expires_at: datetime | None = strawberry.field(
        default=None, description="Until when it works; until it is revoked if left out."
    )


@strawberry.type(description="What createApiKey and rotateApiKey return.")
class ApiKeySecretPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The new key.")
    secret: str | None = strawberry.field(
        default=None, description="The key itself, for `Authorization: Bearer`; shown this once."
    )


@strawberry.type(description="What revokeApiKey returns.")
class RevokeApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The key as it is now.")


@strawberry.input(description="An application to register.")
class CreateOAuthClientInput:
    name: str = strawberry.field(description="Name that people see when they consent, 1 to 100 characters.")
    scopes: list[str] = strawberry.field(description="What it may ask for; nothing that you may not.")
    redirect_uris: list[str] = strawberry.field(
        default_factory=list, description="https, http of the device itself, or a private scheme; at most 10."
    )
    grant_types: list[str] = strawberry.field(
        default_factory=lambda: ["authorization_code", "refresh_token"],
        description="`authorization_code` and `refresh_token` act for a person, `client_credentials` for the partner.",
    )
    public: bool = strawberry.field(
        default=False, description="Whether it cannot keep a secret: an app in a browser or on a telephone."
    )
    entity_id: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)
    organization_id: strawberry.ID | None = strawberry.field(default=None, description=_ORGANIZATION)


@strawberry.type(description="What createOAuthClient and rotateOAuthClientSecret return.")
class OAuthClientSecretPayload(Payload):
    oauth_client: OAuthClient | None = strawberry.field(default=None, description="The application.")
    secret: str | None = strawberry.field(
        default=None, description="Its `client_secret`, shown this once; none for a public application."
    )


@strawberry.type(description="What revokeOAuthClient returns.")
class RevokeOAuthClientPayload(Payload):
    oauth_client: OAuthClient | None = strawberry.field(default=None, description="The application as it is now.")


@strawberry.input(description="An identity provider to add.")
class CreateIdentityProviderInput:
    name: str = strawberry.field(description="Name on the login button, 1 to 100 characters.")
    issuer: str = strawberry.field(description="Its issuer, an https address; its configuration is discovered there.")
    client_id: str = strawberry.field(description="Our `client_id` there.")
    client_secret: str = strawberry.field(description="Our `client_secret` there; kept encrypted, never shown.")
    email_domains: list[str] = strawberry.field(
        default_factory=list, description="Whose verified addresses are linked to a user at the first login."
    )
    default_role: Role | None = strawberry.field(
        default=None, description="The role that a login takes where the person holds several."
    )
    entity_id: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)


@strawberry.input(description="What to change of an identity provider; what is left out stays.")
class UpdateIdentityProviderInput:
    id: strawberry.ID = strawberry.field(description="The provider.")
    name: str | None = strawberry.field(default=None, description="Name on the login button.")
    client_id: str | None = strawberry.field(default=None, description="Our `client_id` there.")
    client_secret: str | None = strawberry.field(default=None, description="Our new `client_secret` there.")
    email_domains: list[str] | None = strawberry.field(default=None, description="Whose addresses are linked.")
    default_role: Role | None = strawberry.field(default=None, description="The role that a login takes.")
    enabled: bool | None = strawberry.field(default=None, description="Whether people can log in by it.")


@strawberry.type(description="What createIdentityProvider and updateIdentityProvider return.")
class IdentityProviderPayload(Payload):
    identity_provider: IdentityProvider | None = strawberry.field(default=None, description="The provider.")


KeyId = Annotated[strawberry.ID, strawberry.argument(description="The key.")]
ClientId = Annotated[strawberry.ID, strawberry.argument(description="The application.")]


@strawberry.type
class CredentialMutations:
    @mutation("Makes an API key.", requires=Permission.API_KEYS_MANAGE)
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> ApiKeySecretPayload:
        wanted = api_keys.Wanted(
            input.name,
            input.scopes,
            optional_key("BusinessEntity", input.entity_id, "entityId"),
            optional_key("Organization", input.organization_id, "organizationId"),
            input.expires_at,
        )
        async with info.context.system() as session:
            made = await api_keys.create(session, info.context.actor, wanted)
            async with acting_as(session, info.context.actor):
                shown = await read_in(session, info, "api_key", made.key.id)
            return ApiKeySecretPayload(api_key=shown, secret=made.shown_once)

    @mutation("Replaces an API key; the old one keeps working for a while.", requires=Permission.API_KEYS_MANAGE)
    async def rotate_api_key(
        self,
        info: Info,
        id: KeyId,
        old_valid_until: Annotated[
            datetime | None, strawberry.argument(description="Until when the old key works; 7 days if left out.")
        ] = None,
    ) -> ApiKeySecretPayload:
        async with info.context.system() as session:
            made = await api_keys.rotate(session, info.context.actor, key_of("ApiKey", id), old_valid_until)
            async with acting_as(session, info.context.actor):
                shown = await read_in(session, info, "api_key", made.key.id)
            return ApiKeySecretPayload(api_key=shown, secret=made.shown_once)

    @mutation("Revokes an API key at once.", requires=Permission.API_KEYS_MANAGE)
    async def revoke_api_key(self, info: Info, id: KeyId) -> RevokeApiKeyPayload:
        async with info.context.system() as session:
            key = await api_keys.revoke(session, info.context.actor, key_of("ApiKey", id))
            async with acting_as(session, info.context.actor):
                return RevokeApiKeyPayload(api_key=await read_in(session, info, "api_key", key.id))

    @mutation("Registers an application.", requires=Permission.API_KEYS_MANAGE)
    async def create_oauth_client(self, info: Info, input: CreateOAuthClientInput) -> OAuthClientSecretPayload:
        wanted = WantedClient(
            input.name,
            input.scopes,
            input.redirect_uris,
            input.grant_types,
            input.public,
            optional_key("BusinessEntity", input.entity_id, "entityId"),
            optional_key("Organization", input.organization_id, "organizationId"),
        )
        async with info.context.system() as session:
            made = await oauth_clients.create(session, info.context.actor, wanted)
            return await _client(info, session, made)

    @mutation("Gives an application a new secret at once.", requires=Permission.API_KEYS_MANAGE)
    async def rotate_oauth_client_secret(self, info: Info, id: ClientId) -> OAuthClientSecretPayload:
        async with info.context.system() as session:
            made = await oauth_clients.rotate_secret(session, info.context.actor, key_of("OAuthClient", id))
            return await _client(info, session, made)

    @mutation("Revokes an application and all that was issued to it.", requires=Permission.API_KEYS_MANAGE)
    async def revoke_oauth_client(self, info: Info, id: ClientId) -> RevokeOAuthClientPayload:
        async with info.context.system() as session:
            client = await oauth_clients.revoke(session, info.context.actor, key_of("OAuthClient", id))
            async with acting_as(session, info.context.actor):
                return RevokeOAuthClientPayload(oauth_client=await read_in(session, info, "oauth_client", client.id))

    @mutation(
        "Adds an OpenID Connect provider for an entity's employees.", requires=Permission.IDENTITY_PROVIDERS_MANAGE
    )
    async def create_identity_provider(self, info: Info, input: CreateIdentityProviderInput) -> IdentityProviderPayload:
        wanted = WantedProvider(
            name=input.name,
            issuer=input.issuer,
            client_key=input.client_id,
            client_secret=input.client_secret,
            email_domains=input.email_domains,
            default_role=input.default_role,
        )
        entity_id = optional_key("BusinessEntity", input.entity_id, "entityId")
        context = info.context
        async with context.system() as session:
            made = await identity_providers.create(session, context.settings, context.actor, entity_id, wanted)
            async with acting_as(session, context.actor):
                shown = await read_in(session, info, "identity_provider", made.id)
            return IdentityProviderPayload(identity_provider=shown)

    @mutation("Changes an identity provider.", requires=Permission.IDENTITY_PROVIDERS_MANAGE)
    async def update_identity_provider(self, info: Info, input: UpdateIdentityProviderInput) -> IdentityProviderPayload:
        wanted = WantedProvider(
            name=input.name,
            client_key=input.client_id,
            client_secret=input.client_secret,
            email_domains=input.email_domains,
            default_role=input.default_role,
            enabled=input.enabled,
        )
        context = info.context
        async with context.system() as session:
            key = key_of("IdentityProvider", input.id)
            kept = await identity_providers.update(session, context.settings, context.actor, key, wanted)
            async with acting_as(session, context.actor):
                shown = await read_in(session, info, "identity_provider", kept.id)
            return IdentityProviderPayload(identity_provider=shown)


async def _client(info: Info, session: AsyncSession, made: oauth_clients.Made) -> OAuthClientSecretPayload:
    async with acting_as(session, info.context.actor):
        shown = await read_in(session, info, "oauth_client", made.client.id)
    return OAuthClientSecretPayload(oauth_client=shown, secret=made.secret)


TYPES = (ApiKey, OAuthClient, IdentityProvider)
