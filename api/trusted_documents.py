"""The manifests of clients: which documents an API key, an application or a portal has registered."""

import asyncio
import hashlib
from datetime import datetime
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry import Schema

from api.context import Context, Info
from api.credentials import ApiKey, OAuthClient
from api.documents import Document, Documents
from api.entities import Brand, BusinessEntity
from api.limits import check, of_the_parser
from api.mutations import Payload, mutation
from api.organizations import Organization
from api.reading import (
    Connection,
    Node,
    Sort,
    TextFilter,
    column,
    filters,
    match,
    parse_id,
    read_connection,
    reads,
    related,
)
from api.reading.errors import BadInput
from domain.errors import Duplicate, Faults, Required
from domain.trusted_documents import service
from domain.trusted_documents.clients import ClientKey
from domain.trusted_documents.errors import HashMismatch, InvalidDocument
from domain.trusted_documents.models import TrustedDocument as TrustedDocumentRow
from domain.trusted_documents.service import Manifest, Text
from tenants.actor import ClientKind
from tenants.audience import Audience
from tenants.permissions import Permission

_MANAGE = Permission.TRUSTED_DOCUMENTS_MANAGE
_HASH = "SHA-256 of the text in UTF-8, 64 hexadecimal digits in lower case."
_CLIENT = "The client: the id of an API key, an application (OAuthClient) or a portal (Brand)."
_AS_IT_IS = "Whether the client may now send trusted documents only."


@reads(TrustedDocumentRow, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM])
@strawberry.type(description="A document that a client has registered.")
class TrustedDocument(Node):
    hash: str = column(_HASH)
    document: str = column("The text.")
    operation_names: list[str] = column("Names of its operations; an anonymous one is left out.")
    created_at: datetime = column("When it was registered.")
    api_key: ApiKey | None = related("The key whose it is.", on=lambda d, k: k.id == d.api_key_id)
    oauth_client: OAuthClient | None = related(
        "The application whose it is.", on=lambda d, c: c.id == d.oauth_client_id
    )
    brand: Brand | None = related("The portal whose it is.", on=lambda d, b: b.id == d.brand_id)
    entity: BusinessEntity | None = related("The business entity.", on=lambda d, e: e.id == d.entity_id)
    organization: Organization | None = related(
        "The partner of the client, if any.", on=lambda d, o: o.id == d.organization_id
    )


@filters(TrustedDocumentRow)
@strawberry.input(description="Which documents; all conditions hold together.")
class TrustedDocumentFilter:
    hash: TextFilter | None = match("By hash.")
    api_key_id: strawberry.ID | None = match("Of this API key.", node="ApiKey")
    oauth_client_id: strawberry.ID | None = match("Of this application.", node="OAuthClient")
    brand_id: strawberry.ID | None = match("Of this portal.", node="Brand")
    entity_id: strawberry.ID | None = match("Of clients of this business entity.", node="BusinessEntity")


TRUSTED_DOCUMENT_SORT = Sort(TrustedDocumentRow, created_at="When it was registered.", default="-created_at")


@strawberry.type
class TrustedDocumentQueries:
    trusted_documents: Connection[TrustedDocument] = read_connection(
        "Documents of the clients that you administer.",
        filter=TrustedDocumentFilter,
        order=TRUSTED_DOCUMENT_SORT,
        requires=_MANAGE,
    )


@strawberry.input(description="A document to register; without its text one that is registered and stays.")
class TrustedDocumentInput:
    document: str | None = strawberry.field(default=None, description="The text, character by character as it is used.")
    hash: str | None = strawberry.field(default=None, description=f"{_HASH} Checked where the text is given too.")


@strawberry.input(description="Documents of one client; all are registered, or none.")
class RegisterTrustedDocumentsInput:
    client_id: strawberry.ID = strawberry.field(description=_CLIENT)
    documents: list[TrustedDocumentInput] = strawberry.field(description="The documents.")
    prune: bool = strawberry.field(
        default=False, description="Whether every other document of the client is withdrawn."
    )
    dry_run: bool = strawberry.field(default=False, description="Whether only to tell what would be done.")


@strawberry.input(description="Documents to withdraw.")
class WithdrawTrustedDocumentsInput:
    client_id: strawberry.ID = strawberry.field(description=_CLIENT)
    hashes: list[str] = strawberry.field(description="Their hashes; one that is not there changes nothing.")


@strawberry.type(description="What registerTrustedDocuments returns.")
class RegisterTrustedDocumentsPayload(Payload):
    added: list[str] = strawberry.field(default_factory=list, description="Hashes of those that are new.")
    unchanged: list[str] = strawberry.field(default_factory=list, description="Hashes of those that stay.")
    withdrawn: list[str] = strawberry.field(default_factory=list, description="Hashes of those that are gone.")


@strawberry.type(description="What withdrawTrustedDocuments returns.")
class WithdrawTrustedDocumentsPayload(Payload):
    withdrawn: list[str] = strawberry.field(default_factory=list, description="Hashes of those that were there.")


@strawberry.type(description="What restrictToTrustedDocuments returns.")
class RestrictToTrustedDocumentsPayload(Payload):
    restricted: bool | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type
class TrustedDocumentMutations:
    @mutation("Registers documents of a client, each checked against the schema.", requires=_MANAGE)
    async def register_trusted_documents(
        self, info: Info, input: RegisterTrustedDocumentsInput
    ) -> RegisterTrustedDocumentsPayload:
        key = _client(input.client_id)
        manifest = await _manifest(info, input)
        async with info.context.system() as session:
            change = await service.register(session, info.context.actor, key, manifest, dry_run=input.dry_run)
        return RegisterTrustedDocumentsPayload(
            added=change.added, unchanged=change.unchanged, withdrawn=change.withdrawn
        )

    @mutation("Withdraws documents of a client; effective within five seconds.", requires=_MANAGE)
    async def withdraw_trusted_documents(
        self, info: Info, input: WithdrawTrustedDocumentsInput
    ) -> WithdrawTrustedDocumentsPayload:
        async with info.context.system() as session:
            gone = await service.withdraw(session, info.context.actor, _client(input.client_id), input.hashes)
        return WithdrawTrustedDocumentsPayload(withdrawn=gone)

    @mutation("Restricts a client to its trusted documents, or lets it send anything again.", requires=_MANAGE)
    async def restrict_to_trusted_documents(
        self,
        info: Info,
        client_id: Annotated[strawberry.ID, strawberry.argument(description=_CLIENT)],
        restricted: Annotated[bool, strawberry.argument(description="Whether it is restricted.")] = True,
    ) -> RestrictToTrustedDocumentsPayload:
        async with info.context.system() as session:
            client = await service.restrict(session, info.context.actor, _client(client_id), restricted)
            return RestrictToTrustedDocumentsPayload(restricted=client.restricted_to_trusted_documents)


TYPES = (TrustedDocument,)


# --- reading the input ----------------------------------------------------------------------------------------------


def _client(id: str) -> ClientKey:
    kind, key = parse_id(id, "clientId")
    try:
        return ClientKey(ClientKind(kind), key)
    except ValueError:
        raise BadInput("BAD_ID", "clientId", f"this is the id of a {kind}, not of a client.") from None


async def _manifest(info: Info, input: RegisterTrustedDocumentsInput) -> Manifest:
    """Every fault of every document at once."""
    texts: dict[str, Text] = {}
    kept: set[str] = set()
    with Faults() as faults:
        for position, given in enumerate(input.documents):
            with faults.at("documents", position):
                if given.document is not None:
                    text = _text(info.schema, info.context, given.document, given.hash)
                    _add(texts, text)
                elif given.hash is not None:
                    kept.add(given.hash)
                else:
                    raise Required(field=("document",))
            await asyncio.sleep(0)  # other requests are answered between
    return Manifest(texts, kept, input.prune)


def _add(texts: dict[str, Text], text: Text) -> None:
    if text.hash in texts:
        raise Duplicate()
    texts[text.hash] = text


def _text(schema: Schema, context: Context, document: str, hash: str | None) -> Text:
    found = hashlib.sha256(document.encode()).hexdigest()
    if hash not in (None, found):
        raise HashMismatch(field=("hash",), found=found)
    parsed = _parsed(document, context)
    if errors := parsed.errors(schema._schema):
        raise InvalidDocument(field=("document",), reason=" ".join(map(_said, errors[:5])))
    if not parsed.operations:
        raise InvalidDocument(field=("document",), reason="It has no operation.")
    return Text(found, document, [name for name in parsed.operations if name])


def _parsed(document: str, context: Context) -> Document:
    """Within the bounds that hold when it is sent."""
    try:
        parsed = Documents().document(document, context.settings.max_tokens)
        check(parsed.figures, None, context.settings)
        return parsed
    except GraphQLError as error:
        raise InvalidDocument(field=("document",), reason=_said(of_the_parser(error, context.settings))) from None
    except RecursionError:
        raise InvalidDocument(field=("document",), reason="It is nested too deeply.") from None


def _said(error: GraphQLError) -> str:
    places = ", ".join(f"{place.line}:{place.column}" for place in error.locations or ())
    return f"{error.message} ({places})" if places else error.message
