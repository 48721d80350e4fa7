"""What happens to the manifests of clients; the subject is the client."""

from dataclasses import dataclass

from domain.events.record import Payload
from tenants.actor import ClientKind


@dataclass(frozen=True)
class DocumentsChanged(Payload):
    """So many documents were registered and withdrawn."""

    added: int
    withdrawn: int


@dataclass(frozen=True)
class ClientRestricted(Payload):
    """It may send trusted documents only, or anything again."""

    restricted: bool


@dataclass(frozen=True)
class ApiKeyDocumentsChanged(DocumentsChanged):
    type = "api_key.documents_changed"
    subject_type = "ApiKey"


@dataclass(frozen=True)
class OAuthClientDocumentsChanged(DocumentsChanged):
    type = "oauth_client.documents_changed"
    subject_type = "OAuthClient"


@dataclass(frozen=True)
class BrandDocumentsChanged(DocumentsChanged):
    type = "brand.documents_changed"
    subject_type = "Brand"
    internal = True


@dataclass(frozen=True)
class ApiKeyRestricted(ClientRestricted):
    type = "api_key.restricted"
    subject_type = "ApiKey"


@dataclass(frozen=True)
class OAuthClientRestricted(ClientRestricted):
    type = "oauth_client.restricted"
    subject_type = "OAuthClient"


@dataclass(frozen=True)
class BrandRestricted(ClientRestricted):
    type = "brand.restricted"
    subject_type = "Brand"
    internal = True


CHANGED: dict[ClientKind, type[DocumentsChanged]] = {
    ClientKind.API_KEY: ApiKeyDocumentsChanged,
    ClientKind.OAUTH_CLIENT: OAuthClientDocumentsChanged,
    ClientKind.PORTAL: BrandDocumentsChanged,
}
RESTRICTED: dict[ClientKind, type[ClientRestricted]] = {
    ClientKind.API_KEY: ApiKeyRestricted,
    ClientKind.OAUTH_CLIENT: OAuthClientRestricted,
    ClientKind.PORTAL: BrandRestricted,
}
