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
    """Trusted documents of a key were added or withdrawn."""

    type = "api_key.documents_changed"
    subject_type = "ApiKey"


@dataclass(frozen=True)
class OAuthClientDocumentsChanged(DocumentsChanged):
    """Trusted documents of an application were added or withdrawn."""

    type = "oauth_client.documents_changed"
    subject_type = "OAuthClient"


@dataclass(frozen=True)
class BrandDocumentsChanged(DocumentsChanged):
    """Trusted documents of a portal were added or withdrawn."""

    type = "brand.documents_changed"
    subject_type = "Brand"
    internal = True


@dataclass(frozen=True)
class ApiKeyRestricted(ClientRestricted):
    """A key may send trusted documents only, or any again."""

    type = "api_key.restricted"
    subject_type = "ApiKey"


@dataclass(frozen=True)
class OAuthClientRestricted(ClientRestricted):
    """An application may send trusted documents only, or any again."""

    type = "oauth_client.restricted"
    subject_type = "OAuthClient"


@dataclass(frozen=True)
class BrandRestricted(ClientRestricted):
    """A portal may send trusted documents only, or any again."""

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
