"""Documents that are kept; making those that are missing, sending an invoice again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.mutations import PreviewablePayload, mutation
from api.reading import Node, column, read_in, reads
from domain.documents import models, reactions, sending
from domain.documents.models import DocumentKind
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.invoices import Invoice
    from api.jobs import Job

InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
_THE_INVOICE = strawberry.argument(description="The invoice.")

described(
    DocumentKind,
    "What a document is.",
    PDF="For people: PDF/A-3, which carries the electronic invoice with it.",
    UBL="For programs: UBL 2.1 after EN 16931, of Dutch sellers to businesses in the form of NLCIUS.",
    XAF="XML Auditfile Financieel.",
    CAMT="A bank statement, CAMT.053.",
    PAIN="Direct debits (pain.008) or payouts (pain.001) for the bank.",
    CSV="A table.",
)


@reads(models.Document)
@strawberry.type(description="A file that was made once and never changes.")
class Document(Node):
    kind: DocumentKind = column("What it is.")
    media_type: str = column("Such as `application/pdf`.")
    file_name: str = column("The name it is downloaded under.")
    size: int = column("In bytes.")
    sha256: str = column("Its SHA-256 in hexadecimal digits.")
    created_at: datetime = column("When it was made.")


@strawberry.type(description="What sendInvoice returns.")
class SendInvoicePayload(PreviewablePayload):
    invoice: InvoiceRef | None = strawberry.field(default=None, description="The invoice that was sent.")


@strawberry.type(description="What renderInvoice returns.")
class RenderInvoicePayload(PreviewablePayload):
    job: JobRef | None = strawberry.field(default=None, description="The job that makes them; follow it.")


@strawberry.type
class DocumentMutations:
    @mutation(
        "Makes the documents of an invoice that has none, such as one from before they were made here; mails nothing.",
        requires=Permission.INVOICES_WRITE,
        previewable=True,
    )
    async def render_invoice(self, info: Info, id: Annotated[strawberry.ID, _THE_INVOICE]) -> RenderInvoicePayload:
        async with info.context.write() as session:
            job_id = await reactions.ask(session, key_of("Invoice", id, "id"))
            return RenderInvoicePayload(job=await read_in(session, info, "job", job_id))

    @mutation(
        "Mails the documents of an invoice once more, as they were made; who did so and to whom is in the audit trail.",
        requires=Permission.INVOICES_WRITE,
        previewable=True,
    )
    async def send_invoice(
        self,
        info: Info,
        id: Annotated[strawberry.ID, _THE_INVOICE],
        to: Annotated[
            str | None, strawberry.argument(description="Another address than where its invoices go.")
        ] = None,
    ) -> SendInvoicePayload:
        async with info.context.write() as session:
            sent = await sending.send_again(session, key_of("Invoice", id, "id"), to)
            return SendInvoicePayload(invoice=await read_in(session, info, "invoice", sent.id))


TYPES = (Document,)
