"""Payments, what they pay, links to pay by, wallets, and accounts with providers."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Text, case, cast, func, select

import api.payment_enums  # noqa: F401  # describes the enums before they are used here
from api import billing_amounts as explained
from api.listing import by_entity_or_channel
from api.reading import (
    BigIntFilter,
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    by,
    column,
    condition,
    derived,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.payments.carrying_out import WEBHOOKS
from domain.payments.links import url_of
from domain.payments.models import (
    Direction,
    LinkPurpose,
    LinkStatus,
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    Provider,
    ProviderMode,
    Suspense,
)
from domain.payments.models import Payment as PaymentRow
from domain.payments.models import PaymentAllocation as AllocationRow
from domain.payments.models import PaymentLink as LinkRow
from domain.payments.models import PaymentProvider as ProviderRow
from domain.wallets.models import MovementKind
from domain.wallets.models import Wallet as WalletRow
from domain.wallets.models import WalletMovement as MovementRow
from tenants.audience import Audience
from tenants.models import Brand
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.users import User

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
PaymentRef = Annotated["Payment", strawberry.lazy("api.payments")]
OURS = [Audience.STAFF, Audience.SYSTEM]
PAYERS = [Audience.PARTNER, Audience.CUSTOMER]
ALL = OURS + PAYERS
_READ = Permission.PAYMENTS_READ
MOST_ALLOCATIONS = 250


def _as_recorded(formula: str, name: str, kind: str | None) -> Any:
    """Money of a column that follows from no other; `kind` of the row's own ids, if it has any."""

    def amount(row: Any) -> Any:
        cents = getattr(row, name)
        return money(cents, row.currency, explained.recorded(formula, cents, kind, row))

    return amount


@reads(AllocationRow, audiences=ALL)
@strawberry.type(description="What of a payment pays an invoice; of a refund: what it opens again.")
class PaymentAllocation(Node):
    amount: Money = expression("What it pays.", _as_recorded("payment.allocated", "amount_cents", None))
    returned: Money = expression("What of it was taken back.", _as_recorded("payment.returned", "returned_cents", None))
    created_at: datetime = column("When it was allocated.")
    payment: PaymentRef | None = related("The payment.", on=lambda a, p: p.id == a.payment_id)
    invoice: InvoiceRef | None = related("The invoice.", on=lambda a, i: i.id == a.invoice_id)


@reads(PaymentRow, source=by_entity_or_channel("payment"))
@strawberry.interface(description="Money that moved between somebody and a business entity, or is about to move back.")
class Payment(Node):
    number: str = column("Human number, such as `CC-P-2026-00012`.")
    kind: PaymentKind = column("What it is.")
    direction: Direction = column("Which way the money went.")
    method: PaymentMethod = column("How was paid.")
    status: PaymentStatus = column("Where it is.")
    provider: Provider = column("Who carried it out.")
    amount: Money = expression("How much.", _as_recorded("payment.amount", "amount_cents", "Payment"))
    refunded: Money = expression(
        "What of it was given or taken back, refunds under way included.",
        _as_recorded("payment.refunded", "refunded_cents", "Payment"),
    )
    to_wallet: Money = expression(
        "What of it stands in the payer's wallet, or was taken out of it.",
        _as_recorded("payment.toWallet", "wallet_cents", "Payment"),
    )
    received_on: date = column("The day it is booked on.")
    reference: str = column("What the payer or a colleague wrote.")
    reason: str = column("Why it was refunded, undone, or has failed.")
    created_at: datetime = column("When we learned of it.")
    entity: EntityRef | None = related("To whom or from whom.", on=lambda p, e: e.id == p.entity_id)
    contact: ContactRef | None = related("Who paid, or was paid.", on=lambda p, c: c.id == p.contact_id)
    allocations: list[PaymentAllocation] = related_list(
        "What it pays.", on=lambda p, a: a.payment_id == p.id, order_by=lambda a: a.id, limit=MOST_ALLOCATIONS
    )
    refunds: list[PaymentRef] = related_list(
        "What of it was given or taken back.", on=lambda p, r: r.refunds_payment_id == p.id, order_by=lambda r: r.id
    )
    refund_of: PaymentRef | None = related(
        "The payment that it gives back.", on=lambda p, o: o.id == p.refunds_payment_id
    )


@reads(PaymentRow, audiences=OURS)
@strawberry.type(description="A payment as staff see it.")
class StaffPayment(Payment):
    provider_id: str | None = column("The provider's id.")
    suspense: Suspense | None = column("Why it pays nothing yet; somebody has to allocate or refund it.")
    in_suspense: Money = expression(
        "What of it pays nothing yet.", _as_recorded("payment.inSuspense", "suspense_cents", "Payment")
    )
    unrecovered: Money = expression(
        "What of a chargeback nothing was left for: to be claimed from the payer.",
        _as_recorded("payment.unrecovered", "missing_cents", "Payment"),
    )
    fee: Money = expression("What the provider kept.", _as_recorded("payment.fee", "fee_cents", "Payment"))
    registered_by: UserRef | None = related("Who registered it.", on=lambda p, u: u.id == p.made_by)


@reads(PaymentRow, audiences=PAYERS)
@strawberry.type(description="A payment as who paid sees it.")
class PayerPayment(Payment):
    pass


@reads(LinkRow, audiences=ALL)
@strawberry.type(description="An address at which an invoice is paid, or a wallet topped up.")
class PaymentLink(Node):
    purpose: LinkPurpose = column("What it is for.")
    status: LinkStatus = column("Whether it can be used.")
    amount: Money = expression(
        "What was asked when it was made; of an invoice the page asks what is open.",
        _as_recorded("payment.asked", "amount_cents", "PaymentLink"),
    )
    expires_at: datetime = column("Until when it can be used, not included.")
    created_at: datetime = column("When it was made.")
    url: str = derived(
        "The address; whoever has it can pay, and sees what is asked of whom.",
        needs=lambda link: {"id": link.id, "host": _host(link)},
        resolve=lambda values, info: url_of(info.context.settings, str(values["host"]), UUID(str(values["id"]))),
    )
    entity: EntityRef | None = related("Who is paid.", on=lambda link, e: e.id == link.entity_id)
    contact: ContactRef | None = related("Who is to pay.", on=lambda link, c: c.id == link.contact_id)
    invoice: InvoiceRef | None = related("The invoice.", on=lambda link, i: i.id == link.invoice_id)


def _host(link: Any) -> Any:
    brand = Brand.__table__.alias()
    return select(brand.c.host).where(brand.c.id == link.brand_id).scalar_subquery()


@reads(MovementRow, audiences=ALL)
@strawberry.type(description="One change of a balance.")
class WalletMovement(Node):
    kind: MovementKind = column("Why.")
    amount: Money = expression(
        "What was added; negative: taken out.", _as_recorded("wallet.movement", "amount_cents", "WalletMovement")
    )
    balance: Money = expression(
        "The balance after it.", lambda m: money(m.balance_cents, m.currency, explained.balance_after(m))
    )
    reason: str = column("Why it was corrected.")
    created_at: datetime = column("When.")
    payment: Payment | None = related("The payment that brought it about.", on=lambda m, p: p.id == m.payment_id)


@filters(MovementRow)
@strawberry.input(description="Which movements.")
class WalletMovementFilter:
    kind: EnumFilter[MovementKind] | None = match("By kind.")
    created_at: DateTimeFilter | None = match("By time.")


MOVEMENT_SORT = Sort(MovementRow, created_at="By time.", default="-created_at")


@reads(WalletRow, audiences=ALL, source=by_entity_or_channel("wallet"))
@strawberry.type(description="What a business entity holds for somebody.")
class Wallet(Node):
    currency: str = column("ISO 4217 code.")
    balance: Money = expression(
        "What is in it.", lambda w: money(w.balance_cents, w.currency, explained.wallet_balance(w))
    )
    created_at: datetime = column("When it was opened.")
    updated_at: datetime = column("When it last changed.")
    entity: EntityRef | None = related("Who holds it.", on=lambda w, e: e.id == w.entity_id)
    contact: ContactRef | None = related("Whose it is.", on=lambda w, c: c.id == w.contact_id)
    movements: Connection[WalletMovement] = related_connection(
        "What changed it.", on=lambda w, m: m.wallet_id == w.id, filter=WalletMovementFilter, order=MOVEMENT_SORT
    )


@reads(ProviderRow, audiences=OURS, source=by_entity_or_channel("payment_provider"))
@strawberry.type(description="An entity's account with a payment provider. Its keys are never shown.")
class PaymentProvider(Node):
    provider: Provider = column("Whose account.")
    mode: ProviderMode = column("Whether it moves money.")
    key_hint: str = column("The last four characters of the key.")
    active: bool = column("Whether new payments go through it.")
    webhook_path: str | None = expression(
        "Where, on any of the entity's portals, Stripe is to send its events; Mollie is told with each payment.",
        lambda p: _webhook_path(p),
    )
    created_at: datetime = column("When it was set up.")
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("Whose it is.", on=lambda p, e: e.id == p.entity_id)


def _webhook_path(provider: Any) -> Any:
    path = func.concat(f"{WEBHOOKS}/stripe/", func.replace(cast(provider.id, Text), "-", ""))
    return case((provider.provider == Provider.STRIPE.value, path))


# --- lists --------------------------------------------------------------------------------------------------------


@filters(PaymentRow)
@strawberry.input(description="Which payments.")
class PaymentFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By who paid.", node="Contact")
    kind: EnumFilter[PaymentKind] | None = match("By kind.")
    direction: EnumFilter[Direction] | None = match("By direction.")
    method: EnumFilter[PaymentMethod] | None = match("By method.")
    status: EnumFilter[PaymentStatus] | None = match("By state.")
    provider: EnumFilter[Provider] | None = match("By who carried it out.")
    number: TextFilter | None = match("By number.")
    amount_cents: BigIntFilter | None = match("By amount in cents.")
    currency: TextFilter | None = match("By currency.")
    received_on: DateFilter | None = match("By day.")
    created_at: DateTimeFilter | None = match("By when we learned of it.")
    search: str | None = condition("Text in number, reference or payer; the 250 best.", with_text("payment"))


PAYMENT_SORT = Sort(
    PaymentRow,
    created_at="When we learned of it.",
    received_on="The day it is booked on.",
    amount=by("By amount.", lambda p: p.amount_cents),
    number="By number.",
    default="-created_at",
)


@filters(WalletRow)
@strawberry.input(description="Which wallets.")
class WalletFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By owner.", node="Contact")
    balance_cents: BigIntFilter | None = match("By balance in cents.")
    currency: TextFilter | None = match("By currency.")


WALLET_SORT = Sort(
    WalletRow,
    created_at="When it was opened.",
    balance=by("By balance.", lambda w: w.balance_cents),
    default="-created_at",
)


@filters(ProviderRow)
@strawberry.input(description="Which accounts.")
class PaymentProviderFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    active: bool | None = match("By whether new payments go through it.")


PROVIDER_SORT = Sort(ProviderRow, created_at="When it was set up.", default="-created_at")


@strawberry.type
class PaymentQueries:
    payment: Payment | None = read_one("One payment.", requires=_READ)
    payments: Connection[Payment] = read_connection(
        "Payments you may see.", filter=PaymentFilter, order=PAYMENT_SORT, requires=_READ
    )
    suspended_payments: Connection[Payment] = read_connection(
        "Payments somebody has to look at: money that pays nothing yet, and what of a chargeback is to be claimed.",
        filter=PaymentFilter,
        order=PAYMENT_SORT,
        where=lambda p, a: (p.suspense_cents > 0) | (p.missing_cents > 0),
        requires=Permission.PAYMENTS_WRITE,
    )
    wallet: Wallet | None = read_one("One wallet.", requires=_READ)
    wallets: Connection[Wallet] = read_connection(
        "Wallets you may see.", filter=WalletFilter, order=WALLET_SORT, requires=_READ
    )
    payment_link: PaymentLink | None = read_one("One link.", requires=_READ)
    payment_providers: Connection[PaymentProvider] = read_connection(
        "Accounts with payment providers, in use and before.",
        filter=PaymentProviderFilter,
        order=PROVIDER_SORT,
        requires=Permission.PAYMENTS_WRITE,
    )


TYPES = (StaffPayment, PayerPayment)
