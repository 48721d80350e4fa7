"""What is done with payments: asking for them, registering, allocating, refunding, undoing; wallets; providers."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import PreviewablePayload, mutation
from api.payments import Payment, PaymentLink, PaymentProvider, Wallet
from api.quote_changes import contact_key
from api.reading import BigInt, read_in
from domain import validation
from domain.bank import runs
from domain.contacts import relations
from domain.errors import Duplicate, Required
from domain.invoices.models import Invoice
from domain.money import Money
from domain.payments import accounts, links, refunding, registering
from domain.payments.models import Destination, PaymentMethod, Provider
from domain.payments.models import Payment as PaymentRow
from domain.payments.models import PaymentProvider as ProviderRow
from domain.rows import find
from domain.wallets import service as wallets
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import BusinessEntity
from tenants.permissions import Permission

_MAKE, _WRITE = Permission.PAYMENTS_MAKE, Permission.PAYMENTS_WRITE
InvoiceId = Annotated[strawberry.ID, strawberry.argument(description="The invoice.")]
PaymentId = Annotated[strawberry.ID, strawberry.argument(description="The payment.")]
RefundId = Annotated[strawberry.ID, strawberry.argument(description="The refund.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters.")]


@strawberry.input(description="An invoice that a payment pays.")
class PaymentShareInput:
    invoice_id: strawberry.ID = strawberry.field(description="The invoice.")
    amount_cents: BigInt | None = strawberry.field(
        default=None, description="What of the payment it gets; left out of all: the invoice due first is paid first."
    )


@strawberry.input(description="Money that came in by other ways than a provider or a bank statement.")
class RegisterPaymentInput:
    amount_cents: BigInt = strawberry.field(description="How much, in cents.")
    method: PaymentMethod = strawberry.field(description="How was paid; not WALLET or IDEAL.")
    received_on: date = strawberry.field(description="The day, not in the future; its period has to be open.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="To whom; your business entity if you have one only."
    )
    currency: str = strawberry.field(default="EUR", description="ISO 4217 code.")
    invoices: list[PaymentShareInput] = strawberry.field(
        default_factory=list, description="What it pays; what is left goes to the payer's wallet. At most 250."
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who paid; the payer of the first invoice if left out."
    )
    reference: str = strawberry.field(default="", description="What the payer wrote, at most 140 characters.")


@strawberry.input(description="A payment to give back, or a part of it.")
class RefundPaymentInput:
    payment_id: strawberry.ID = strawberry.field(description="The payment.")
    reason: str = strawberry.field(description="Why, at most 1000 characters; the payer reads it.")
    amount_cents: BigInt | None = strawberry.field(default=None, description="All that is left if left out.")
    to: Destination = strawberry.field(default=Destination.SOURCE, description="Where to.")
    invoice_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Take it from this invoice; if left out, first from what is overpaid on invoices that were "
        "credited, then from the wallet, then from the invoice due last.",
    )


@strawberry.input(description="An account with a payment provider.")
class SavePaymentProviderInput:
    entity_id: strawberry.ID = strawberry.field(description="Whose it is.")
    provider: Provider = strawberry.field(description="MOLLIE or STRIPE.")
    api_key: str = strawberry.field(description="The secret key; it is never shown again.")
    webhook_secrets: list[str] = strawberry.field(
        default_factory=list, description="Stripe's signing secrets (whsec_…), newest first; Mollie has none."
    )


@strawberry.type(description="What a change of a payment returns.")
class PaymentPayload(PreviewablePayload):
    payment: Payment | None = strawberry.field(default=None, description="The payment.")


@strawberry.type(description="What refundPayment returns.")
class RefundPaymentPayload(PreviewablePayload):
    refund: Payment | None = strawberry.field(default=None, description="The payment that gives money back.")


@strawberry.type(description="What createPaymentLink, topUpWallet and cancelPaymentLink return.")
class PaymentLinkPayload(PreviewablePayload):
    link: PaymentLink | None = strawberry.field(default=None, description="The link.")


@strawberry.type(description="What correctWallet returns.")
class CorrectWalletPayload(PreviewablePayload):
    wallet: Wallet | None = strawberry.field(default=None, description="The wallet.")


@strawberry.type(description="What savePaymentProvider and switchOffPaymentProvider return.")
class PaymentProviderPayload(PreviewablePayload):
    payment_provider: PaymentProvider | None = strawberry.field(default=None, description="The account.")


@strawberry.type
class PaymentMutations:
    @mutation(
        "Gives the address at which an invoice that you may read is paid: the live one, or a new one.",
        requires=_MAKE,
        previewable=True,
    )
    async def create_payment_link(self, info: Info, invoice_id: InvoiceId) -> PaymentLinkPayload:
        key = key_of("Invoice", invoice_id, "invoiceId")
        async with info.context.write() as session:
            link = await links.for_invoice(session, info.context.settings, key, brand_id=_brand(info))
            return PaymentLinkPayload(link=await read_in(session, info, "link", link.id))

    @mutation("Closes a link: nobody can pay by it any more.", requires=_WRITE, previewable=True)
    async def cancel_payment_link(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The link.")]
    ) -> PaymentLinkPayload:
        async with info.context.write() as session:
            link = await links.cancel(session, key_of("PaymentLink", id))
            return PaymentLinkPayload(link=await read_in(session, info, "link", link.id))

    @mutation(
        "Gives an address at which a wallet is topped up: your own or, for staff, that of a contact.",
        requires=_MAKE,
        idempotent=True,
        previewable=True,
    )
    async def top_up_wallet(
        self,
        info: Info,
        amount_cents: Annotated[BigInt, strawberry.argument(description="How much, 100 to 1,000,000.")],
        entity_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="With whom; yours if you have one only.")
        ] = None,
        contact_id: Annotated[strawberry.ID | None, strawberry.argument(description="For staff: whose wallet.")] = None,
    ) -> PaymentLinkPayload:
        actor, entity_key = info.context.actor, optional_key("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            entity = await relations.entity_of(session, entity_key)
            owner = _own(actor) or contact_key(contact_id, "contactId")
            if owner is None:
                raise Required(field=("contact_id",))
            link = await links.for_top_up(
                session,
                info.context.settings,
                entity_id=entity,
                contact_id=owner,
                amount=Money(amount_cents, (await find(session, BusinessEntity, entity)).currency),
                brand_id=_brand(info),
            )
            return PaymentLinkPayload(link=await read_in(session, info, "link", link.id))

    @mutation(
        "Pays an invoice that you may read from your own wallet; for staff: from the wallet of its payer.",
        requires=_MAKE,
        idempotent=True,
        previewable=True,
    )
    async def pay_from_wallet(
        self,
        info: Info,
        invoice_id: InvoiceId,
        amount_cents: Annotated[
            BigInt | None, strawberry.argument(description="What is open, or else all that is there, if left out.")
        ] = None,
    ) -> PaymentPayload:
        key, actor = key_of("Invoice", invoice_id, "invoiceId"), info.context.actor
        async with info.context.system() as session:
            async with acting_as(session, actor):
                invoice = await find(session, Invoice, key, field=("invoice_id",))
            amount = None if amount_cents is None else Money(amount_cents, invoice.currency)
            owner = _own(actor) or invoice.payer_contact_id
            payment = await registering.pay_from_wallet(session, owner_id=owner, invoice_id=key, amount=amount)
            return PaymentPayload(payment=await _as_actor(session, info, "payment", payment.id))

    @mutation(
        "Registers money that came in: it pays the invoices, the rest goes to the payer's wallet.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def register_payment(self, info: Info, input: RegisterPaymentInput) -> PaymentPayload:
        shares, ids = _shares(input.invoices)
        entity_key = optional_key("BusinessEntity", input.entity_id, "entityId")
        contact = contact_key(input.contact_id, "contactId")
        async with info.context.write() as session:
            payment = await registering.register(
                session,
                entity_id=await relations.entity_of(session, entity_key),
                amount=Money(input.amount_cents, validation.currency(input.currency, "currency")),
                method=input.method,
                received_on=input.received_on,
                shares=shares,
                invoice_ids=ids,
                contact_id=contact,
                reference=input.reference,
            )
            return PaymentPayload(payment=await read_in(session, info, "payment", payment.id))

    @mutation(
        "Undoes a payment that was registered by mistake; one over a provider is refunded, one of the bank unmatched.",
        requires=_WRITE,
        previewable=True,
    )
    async def reverse_payment(self, info: Info, id: PaymentId, reason: Reason) -> PaymentPayload:
        async with info.context.write() as session:
            payment = await registering.undo(session, key_of("Payment", id), reason)
            return PaymentPayload(payment=await read_in(session, info, "payment", payment.id))

    @mutation("Lets money that stands in suspense pay invoices, or go to a wallet.", requires=_WRITE, previewable=True)
    async def allocate_payment(
        self,
        info: Info,
        id: PaymentId,
        invoices: Annotated[
            list[PaymentShareInput] | None, strawberry.argument(description="What it pays, at most 250.")
        ] = None,
        contact_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Who paid; needed where no invoice is given.")
        ] = None,
    ) -> PaymentPayload:
        shares, ids = _shares(invoices or [])
        async with info.context.write() as session:
            payment = await registering.allocate(
                session,
                key_of("Payment", id),
                shares=shares,
                invoice_ids=ids,
                contact_id=contact_key(contact_id, "contactId"),
            )
            return PaymentPayload(payment=await read_in(session, info, "payment", payment.id))

    @mutation(
        "Gives a payment back, or a part of it: never more than came in and was not given back yet.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def refund_payment(self, info: Info, input: RefundPaymentInput) -> RefundPaymentPayload:
        key = key_of("Payment", input.payment_id, "paymentId")
        invoice_id = optional_key("Invoice", input.invoice_id, "invoiceId")
        async with info.context.write() as session:
            payment = await find(session, PaymentRow, key, field=("payment_id",))
            left = payment.amount_cents - payment.refunded_cents
            cents = left if input.amount_cents is None else input.amount_cents
            amount = Money(cents, payment.currency)
            out = await refunding.refund(session, key, amount, input.to, input.reason, invoice_id=invoice_id)
            return RefundPaymentPayload(refund=await read_in(session, info, "refund", out.id))

    @mutation(
        "Says that a refund by bank was carried out, where no statement says so.", requires=_WRITE, previewable=True
    )
    async def confirm_refund(self, info: Info, id: RefundId) -> RefundPaymentPayload:
        async with info.context.write() as session:
            out = await refunding.confirm(session, key_of("Payment", id))
            return RefundPaymentPayload(refund=await read_in(session, info, "refund", out.id))

    @mutation(
        "Takes back a refund by bank that was not carried out: the money stands where it was taken from.",
        requires=_WRITE,
        previewable=True,
    )
    async def cancel_refund(self, info: Info, id: RefundId, reason: Reason) -> RefundPaymentPayload:
        async with info.context.write() as session:
            out = await runs.cancel_refund(session, key_of("Payment", id), reason)
            return RefundPaymentPayload(refund=await read_in(session, info, "refund", out.id))

    @mutation(
        "Changes a balance by hand, with a reason; it is never negative.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def correct_wallet(
        self,
        info: Info,
        contact_id: Annotated[strawberry.ID, strawberry.argument(description="Whose wallet; opened if need be.")],
        amount_cents: Annotated[BigInt, strawberry.argument(description="What is added; negative: taken out.")],
        reason: Reason,
        entity_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="With whom; yours if you have one only.")
        ] = None,
    ) -> CorrectWalletPayload:
        contact, entity_key = (
            contact_key(contact_id, "contactId"),
            optional_key("BusinessEntity", entity_id, "entityId"),
        )
        assert contact is not None
        async with info.context.write() as session:
            entity = await relations.entity_of(session, entity_key)
            wallet = await wallets.open_wallet(session, entity_id=entity, contact_id=contact)
            await wallets.correct(session, wallet.id, Money(amount_cents), reason, f"by-hand:{uuid4()}")
            return CorrectWalletPayload(wallet=await read_in(session, info, "wallet", wallet.id))

    @mutation(
        "Sets up the account that carries out an entity's payments from now on; payments of the one before are still "
        "looked after.",
        requires=Permission.ENTITIES_WRITE,
        previewable=True,
    )
    async def save_payment_provider(self, info: Info, input: SavePaymentProviderInput) -> PaymentProviderPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                await find(session, BusinessEntity, entity_id, field=("entity_id",))
            account = await accounts.save(
                session,
                info.context.settings,
                entity_id=entity_id,
                provider=input.provider,
                api_key=input.api_key,
                webhook_secrets=input.webhook_secrets,
            )
            shown = await _as_actor(session, info, "payment_provider", account.id)
            return PaymentProviderPayload(payment_provider=shown)

    @mutation(
        "Lets no new payment go through an account; those that were begun are still looked after.",
        requires=Permission.ENTITIES_WRITE,
        previewable=True,
    )
    async def switch_off_payment_provider(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The account.")]
    ) -> PaymentProviderPayload:
        key = key_of("PaymentProvider", id)
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                await find(session, ProviderRow, key)
            await accounts.switch_off(session, key)
            return PaymentProviderPayload(payment_provider=await _as_actor(session, info, "payment_provider", key))


def _own(actor: Actor) -> UUID | None:
    """Whose wallet somebody spends from: its own; staff have none."""
    return {Audience.PARTNER: actor.organization_id, Audience.CUSTOMER: actor.contact_id}.get(actor.audience)


def _brand(info: Info) -> UUID | None:
    return info.context.brand.brand_id if info.context.brand else None


def _shares(given: Sequence[PaymentShareInput]) -> tuple[dict[UUID, int], list[UUID]]:
    """Cents per invoice where amounts are given, else the invoices alone."""
    ids = [key_of("Invoice", each.invoice_id, f"invoices.{place}.invoiceId") for place, each in enumerate(given)]
    for place, id in enumerate(ids):
        if id in ids[:place]:
            raise Duplicate(field=("invoices", place, "invoice_id"))
    amounts = [each.amount_cents for each in given]
    if all(amount is None for amount in amounts):
        return {}, ids
    for place, amount in enumerate(amounts):
        if amount is None:
            raise Required(field=("invoices", place, "amount_cents"))
    return {id: amount for id, amount in zip(ids, amounts, strict=True) if amount is not None}, []


async def _as_actor(session: AsyncSession, info: Info, field: str, id: UUID) -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, field, id)
