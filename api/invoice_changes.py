"""What can be done with invoices: complete and invoice orders, credit, write off, set how contacts are invoiced."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.inputs import given, key_of, optional_key
from api.invoices import Invoice
from api.invoicing import CONTACTS, BillingProfile, InvoiceRun
from api.mutations import PreviewablePayload, mutation
from api.orders import Order
from api.reading import read_in
from api.reading.ids import parse_id_of
from domain.invoices import crediting, profiles, runs, settling
from domain.invoices.crediting import CreditLine
from domain.invoices.runs import RunRequest
from domain.ledger.posting import seal
from domain.orders.completing import complete
from domain.vat.models import VatTreatment
from tenants.permissions import Permission

_WRITE = Permission.INVOICES_WRITE
_AS_IT_IS = "The invoice as it is now."


@strawberry.type(description="What completeOrder returns.")
class CompleteOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description="The order as it is now.")


@strawberry.type(description="What issueInvoices returns.")
class IssueInvoicesPayload(PreviewablePayload):
    run: InvoiceRun | None = strawberry.field(default=None, description="The run; ask again for how far it is.")


@strawberry.type(description="What creditInvoice returns.")
class CreditInvoicePayload(PreviewablePayload):
    credit_note: Invoice | None = strawberry.field(default=None, description="The credit note.")
    invoice: Invoice | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What writeOffInvoice returns.")
class WriteOffInvoicePayload(PreviewablePayload):
    invoice: Invoice | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What undoWriteOffInvoice returns.")
class UndoWriteOffInvoicePayload(PreviewablePayload):
    invoice: Invoice | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What saveBillingProfile returns.")
class SaveBillingProfilePayload(PreviewablePayload):
    profile: BillingProfile | None = strawberry.field(default=None, description="What holds from now on.")


@strawberry.input(description="Which orders to invoice: named ones, or all that an entity completed in a period.")
class IssueInvoicesInput:
    order_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These orders of one business entity, at most 1000."
    )
    entity_id: strawberry.ID | None = strawberry.field(default=None, description="All orders of this business entity")
    completed_from: date | None = strawberry.field(
        default=None, description="completed from this day on, in Amsterdam,"
    )
    completed_until: date | None = strawberry.field(
        default=None, description="until this day, not included; at most 366 days."
    )


@strawberry.input(description="What to take off a line; all that is left of it without quantity and amount.")
class CreditLineInput:
    invoice_line_id: strawberry.ID = strawberry.field(description="The line of the invoice.")
    quantity: Decimal | None = strawberry.field(default=None, description="How many pieces.")
    net_cents: int | None = strawberry.field(default=None, description="Or an amount without VAT, in cents.")


@strawberry.input(description="What to credit; all that is left of the invoice without lines and amount.")
class CreditInvoiceInput:
    id: strawberry.ID = strawberry.field(description="The invoice.")
    reason: str = strawberry.field(description="Why, at most 1000 characters; the payer reads it.")
    lines: list[CreditLineInput] | None = strawberry.field(default=None, description="Only these lines.")
    net_cents: int | None = strawberry.field(
        default=None, description="Or an amount without VAT, in cents, over all lines in proportion to what is left."
    )
    bill_again: bool | None = strawberry.field(
        default=None,
        description="Whether what was credited as a whole may be invoiced anew. A deposit or progress invoice always "
        "may if you do not say.",
    )


@strawberry.input(description="How a contact is invoiced; what is left out stays.")
class SaveBillingProfileInput:
    entity_id: strawberry.ID = strawberry.field(description="Who invoices.")
    contact_id: strawberry.ID = strawberry.field(description="Who is invoiced.")
    collective: bool | None = strawberry.field(
        default=strawberry.UNSET, description="One invoice for all orders of a month."
    )
    invoice_email: str | None = strawberry.field(default=strawberry.UNSET, description="Null for its own address.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="nl, en; null for its own.")
    purchase_order_required: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Invoice nothing before its purchase order is known."
    )
    payment_terms_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="0 to 365; null for what the order says."
    )
    deposit_percent: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Share of an order that is invoiced when it is received, 0 to 100."
    )
    progress_percents: list[Decimal] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Share that has been invoiced after each visit, deposit included: rising, below 100, at most 10.",
    )
    vat_treatment: VatTreatment | None = strawberry.field(default=strawberry.UNSET, description="Who owes the VAT.")
    vat_reason: str | None = strawberry.field(
        default=strawberry.UNSET, description="Why that is not automatic; at most 500 characters."
    )


InvoiceId = Annotated[strawberry.ID, strawberry.argument(description="The invoice.")]
OrderId = Annotated[strawberry.ID, strawberry.argument(description="The order.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; only staff read it.")]


@strawberry.type
class InvoiceMutations:
    @mutation(
        "Says that the work of an order is done, by way of the stages between; its invoices follow.",
        requires=Permission.ORDERS_WRITE,
        previewable=True,
    )
    async def complete_order(self, info: Info, id: OrderId) -> CompleteOrderPayload:
        async with info.context.write() as session:
            order = await complete(session, key_of("Order", id))
            return CompleteOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation(
        "Invoices completed orders, in the background: what was invoiced before is skipped, so asking twice is safe.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def issue_invoices(self, info: Info, input: IssueInvoicesInput) -> IssueInvoicesPayload:
        async with info.context.write() as session:
            run = await runs.request(session, _run(input))
            return IssueInvoicesPayload(run=await read_in(session, info, "run", run.id))

    @mutation(
        "Credits an invoice: as a whole, by line, by quantity or by amount; never more than was billed.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def credit_invoice(self, info: Info, input: CreditInvoiceInput) -> CreditInvoicePayload:
        id = key_of("Invoice", input.id, "id")
        lines = None if input.lines is None else [_line(n, line) for n, line in enumerate(input.lines)]
        async with info.context.write() as session:
            note = await crediting.credit(
                session, id, lines, input.reason, net_cents=input.net_cents, bill_again=input.bill_again
            )
            await seal(session)
            return CreditInvoicePayload(
                credit_note=await read_in(session, info, "credit_note", note.id),
                invoice=await read_in(session, info, "invoice", id),
            )

    @mutation("Expects what is open of an invoice no more.", requires=_WRITE, idempotent=True, previewable=True)
    async def write_off_invoice(self, info: Info, id: InvoiceId, reason: Reason) -> WriteOffInvoicePayload:
        async with info.context.write() as session:
            invoice = await settling.write_off(session, key_of("Invoice", id), reason)
            await seal(session)
            return WriteOffInvoicePayload(invoice=await read_in(session, info, "invoice", invoice.id))

    @mutation("Expects again what was written off.", requires=_WRITE, previewable=True)
    async def undo_write_off_invoice(self, info: Info, id: InvoiceId) -> UndoWriteOffInvoicePayload:
        async with info.context.write() as session:
            invoice = await settling.undo_write_off(session, key_of("Invoice", id))
            await seal(session)
            return UndoWriteOffInvoicePayload(invoice=await read_in(session, info, "invoice", invoice.id))

    @mutation("Sets how a business entity invoices a contact.", requires=_WRITE, previewable=True)
    async def save_billing_profile(self, info: Info, input: SaveBillingProfileInput) -> SaveBillingProfilePayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        contact_id = parse_id_of(frozenset(CONTACTS), input.contact_id, "contactId")
        values = _plain(given(input, but=("entity_id", "contact_id")))
        async with info.context.write() as session:
            profile = await profiles.save_profile(session, entity_id, contact_id, values)
            return SaveBillingProfilePayload(profile=await read_in(session, info, "profile", profile.id))


def _run(input: IssueInvoicesInput) -> RunRequest:
    return RunRequest(
        order_ids=[key_of("Order", id, f"orderIds.{n}") for n, id in enumerate(input.order_ids or [])],
        entity_id=optional_key("BusinessEntity", input.entity_id, "entityId"),
        completed_from=input.completed_from,
        completed_until=input.completed_until,
    )


def _line(position: int, line: CreditLineInput) -> CreditLine:
    id: UUID = key_of("InvoiceLine", line.invoice_line_id, f"lines.{position}.invoiceLineId")
    return CreditLine(id, line.quantity, line.net_cents)


_MAY_BE_NULL = ("invoice_email", "language", "payment_terms_days")


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Null for what cannot be empty is as if it was left out."""
    given_ = {name: value for name, value in values.items() if value is not None or name in _MAY_BE_NULL}
    return {name: getattr(value, "value", value) for name, value in given_.items()}
