"""Links with which a document is downloaded."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.context import Info
from api.inputs import key_of
from api.mutations import Payload, mutation
from domain.documents.linking import LASTS, open_document
from tenants.auth.hosts import origin
from tenants.permissions import Permission


@strawberry.type(description="What createDocumentLink returns.")
class CreateDocumentLinkPayload(Payload):
    url: str | None = strawberry.field(
        default=None, description="Downloads the file, whoever has the link: do not pass it on."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when.")


@strawberry.type
class DocumentLinkMutations:
    @mutation(
        f"Makes a link to download a document that you may see, for {LASTS.seconds // 60} minutes.",
        requires=Permission.INVOICES_READ,
    )
    async def create_document_link(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The document.")]
    ) -> CreateDocumentLinkPayload:
        context = info.context
        portal = origin(context.settings, context.request.host) if context.request.host else ""
        async with context.write() as session:
            made = await open_document(session, key_of("Document", id, "id"), context.settings, portal)
            return CreateDocumentLinkPayload(url=made.url, expires_at=made.expires_at)
