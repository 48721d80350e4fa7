"""What a colleague does by hand: register money, undo that, allocate what stands in suspense; paying from a wallet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import Faults, InvalidState, NotAChoice, OutOfRange, Required
from domain.invoices import settling
from domain.invoices.errors import NothingOpen
from domain.invoices.models import Invoice
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Leg, credit, debit, today
from domain.money import CurrencyMismatch, Money
from domain.payments import books
from domain.payments.errors import NotInSuspense, NotUndone, NoWallet, PaymentInUse
from domain.payments.events import PaymentAllocated, PaymentReversed
from domain.payments.giving_back import Standing, standing
from domain.payments.links_closing import close_settled
from domain.payments.models import Payment, PaymentKind, PaymentMethod, PaymentStatus, Provider
from domain.payments.payers import as_open, lock_invoices, payable_cents, payer_of
from domain.payments.receiving import Receipt, add_to_wallet, check_share, facts, pay, take_in, tell
from domain.payments.sharing import oldest_first
from domain.rows import find
from domain.validation import text
from domain.wallets import service as wallets
from domain.wallets.models import MovementKind, Wallet
from tenants.models import BusinessEntity

LONGEST_REFERENCE = 140
LONGEST_REASON = 1000
LONGEST_PAST = timedelta(days=3 * 366)
BY_HAND = frozenset(
    {
        PaymentMethod.CASH,
        PaymentMethod.BANK_TRANSFER,
        PaymentMethod.DIRECT_DEBIT,
        PaymentMethod.CARD,
        PaymentMethod.OTHER,
    }
)
_UNDONE = frozenset({Provider.MANUAL, Provider.BANK, Provider.WALLET})


async def register(
    session: AsyncSession,
    *,
    entity_id: UUID,
    amount: Money,
    method: PaymentMethod,
    received_on: date,
    shares: Mapping[UUID, int] | None = None,
    invoice_ids: Sequence[UUID] = (),
    contact_id: UUID | None = None,
    reference: str = "",
) -> Payment:
    """Record cash, or a transfer that is known otherwise, in the currency of the entity.

    Raises: OutOfRange, CurrencyMismatch and what `receive` raises.
    """
    if method not in BY_HAND:
        raise NotAChoice(choices=", ".join(sorted(BY_HAND)), field=("method",))
    _check_amount(amount)
    _check_day(received_on)
    said = text(reference, "reference", minimum=0, maximum=LONGEST_REFERENCE)
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if amount.currency != entity.currency:
        raise CurrencyMismatch(left=amount.currency, right=entity.currency, field=("currency",))
    return await take_in(
        session,
        Receipt(
            entity_id,
            amount,
            method,
            Provider.MANUAL,
            received_on,
            invoice_ids=tuple(invoice_ids),
            shares=shares or {},
            reference=said,
            contact_id=contact_id,
        ),
    )


def _check_amount(amount: Money) -> None:
    if amount.cents < 1:
        raise OutOfRange(minimum="0.01", maximum="10000000000000.00", field=("amount_cents",))


def _check_day(day: date) -> None:
    first = today() - LONGEST_PAST
    if not first <= day <= today():
        raise OutOfRange(minimum=first.isoformat(), maximum=today().isoformat(), field=("received_on",))


async def reverse(
    session: AsyncSession, payment_id: UUID, reason: str, *, account: AccountRole | None = None
) -> Payment:
    """Undo a payment that was registered by mistake. Again: nothing happens. `account` as `receive` was given it.

    Raises: NotFound, InvalidState, NotUndone (a provider has the money), PaymentInUse, PeriodClosed.
    """
    why = text(reason, "reason", maximum=LONGEST_REASON)
    payment = await find(session, Payment, payment_id, lock=True)
    if payment.status == PaymentStatus.REVERSED:
        return payment
    _require_undoable(payment)
    where = await standing(session, payment)
    if where.held.total != payment.amount_cents:
        raise PaymentInUse(field=("id",))
    shares = _take_back(where)
    legs = books.opposite(books.shared_out(payment, shares, list(where.invoices.values())))
    await _pay_back(session, payment, shares)
    payment.status, payment.reason, payment.suspense = PaymentStatus.REVERSED.value, why, None
    payment.wallet_cents = payment.suspense_cents = 0
    await session.flush()
    legs.append(_left(payment, account or books.money_account(payment)))
    await books.write(session, payment, EntryKind.REVERSAL, f"payment:{payment.id}:reversed", legs)
    await tell(session, payment, PaymentReversed(*facts(payment)))
    return payment


def _take_back(where: Standing) -> dict[UUID, int]:
    """All of a payment's allocations come to nothing; cents per invoice."""
    shares: dict[UUID, int] = defaultdict(int)
    for row in where.allocations.values():
        shares[row.invoice_id] += row.amount_cents - row.returned_cents
        row.returned_cents = row.amount_cents
    return shares


def _left(payment: Payment, role: AccountRole) -> Leg:
    """The money is not where the payment said it was."""
    owner = payment.contact_id if role is AccountRole.WALLET else None
    return credit(role, Money(payment.amount_cents, payment.currency), contact_id=owner)


async def undo(session: AsyncSession, payment_id: UUID, reason: str) -> Payment:
    """`reverse` by a colleague; what a bank statement says is undone by undoing its match instead."""
    payment = await find(session, Payment, payment_id)
    if payment.provider == Provider.BANK:
        raise NotUndone(provider=payment.provider, field=("id",))
    return await reverse(session, payment_id, reason)


def _require_undoable(payment: Payment) -> None:
    if payment.kind != PaymentKind.RECEIPT:
        raise InvalidState(current=payment.kind, wanted=PaymentStatus.REVERSED, field=("id",))
    if payment.provider not in _UNDONE:
        raise NotUndone(provider=payment.provider, field=("id",))
    if payment.refunded_cents or payment.status != PaymentStatus.SUCCEEDED:
        raise PaymentInUse(field=("id",))


async def _pay_back(session: AsyncSession, payment: Payment, shares: Mapping[UUID, int]) -> None:
    """Take the whole of a payment back from its invoices and from the wallet it filled, or into that it came from."""
    for id, cents in sorted(shares.items()):
        await settling.settle(session, id, -cents, source=("Payment", payment.id), paid_at=payment.received_on)
    back = payment.amount_cents if payment.provider == Provider.WALLET else -payment.wallet_cents
    if back and payment.contact_id:
        kind = MovementKind.REFUND if back > 0 else MovementKind.PAYOUT
        await add_to_wallet(session, payment, payment.contact_id, back, kind, f"payment:{payment.id}:reversed")


async def allocate(
    session: AsyncSession,
    payment_id: UUID,
    *,
    shares: Mapping[UUID, int] | None = None,
    invoice_ids: Sequence[UUID] = (),
    contact_id: UUID | None = None,
) -> Payment:
    """Let what stands in suspense pay invoices, the rest going to the wallet of the contact or the invoices' payer.

    Raises: NotFound, NotInSuspense, Required, NotPayable, CurrencyMismatch, AllocatedTooMuch.
    """
    payment = await find(session, Payment, payment_id, lock=True)
    waiting = payment.suspense_cents
    invoices = await lock_invoices(session, payment.entity_id, list(shares or invoice_ids), payment.currency)
    payer = await payer_of(session, contact_id or payment.contact_id, invoices)
    if not waiting or payment.kind != PaymentKind.RECEIPT:
        raise NotInSuspense(field=("id",))
    if payer.contact_id is None:
        raise Required(field=("contact_id",))
    payment.contact_id, payment.payer_chain_ids = payer.contact_id, list(payer.chain)
    chosen = _chosen(waiting, invoices, shares or {}, payment.currency)
    rest = waiting - sum(chosen.values())
    payment.suspense_cents, payment.suspense = 0, None
    payment.wallet_cents += rest
    await pay(session, payment, {invoice.id: invoice for invoice in invoices}, chosen)
    await _post_allocated(session, payment, waiting, rest, books.receivables(payment, chosen, invoices))
    await tell(session, payment, PaymentAllocated(*facts(payment), list(chosen)))
    await close_settled(session, list(chosen))
    return payment


async def _post_allocated(
    session: AsyncSession, payment: Payment, waiting: int, rest: int, receivables: list[Leg]
) -> None:
    key = f"payment:{payment.id}:allocated:{uuid4()}"  # the same amount may stand in suspense again
    if rest and payment.contact_id:
        await add_to_wallet(session, payment, payment.contact_id, rest, MovementKind.SURPLUS, key)
    moved = debit(AccountRole.SUSPENSE, Money(waiting, payment.currency))
    legs = [moved, *receivables, *books.kept(payment, rest, 0)]
    await books.write(session, payment, EntryKind.PAYMENT, key, legs)


def _chosen(waiting: int, invoices: Sequence[Invoice], shares: Mapping[UUID, int], currency: str) -> dict[UUID, int]:
    if not shares:
        return oldest_first(waiting, [as_open(invoice) for invoice in invoices])
    with Faults() as faults:
        for place, invoice in enumerate(invoices):
            with faults.at():
                check_share(shares[invoice.id], payable_cents(invoice), currency, place)
    check_share(sum(shares.values()), waiting, currency)
    return dict(shares)


async def pay_from_wallet(
    session: AsyncSession, *, owner_id: UUID, invoice_id: UUID, amount: Money | None = None
) -> Payment:
    """Pay an invoice, or a part of it, from the wallet of `owner_id`; all that is there where no amount is given.

    Raises: NotFound, NotPayable, NothingOpen, NoWallet, WalletTooLow, AllocatedTooMuch.
    """
    invoice = await find(session, Invoice, invoice_id, field=("invoice_id",))
    currency = amount.currency if amount else invoice.currency
    (invoice,) = await lock_invoices(session, invoice.entity_id, [invoice_id], currency)
    wallet = await _filled_wallet(session, owner_id, invoice)
    if payable_cents(invoice) <= 0:
        raise NothingOpen(number=invoice.number, field=("invoice_id",))
    cents = amount.cents if amount else min(wallet.balance_cents, payable_cents(invoice))
    check_share(cents, payable_cents(invoice), invoice.currency)
    receipt = Receipt(
        invoice.entity_id,
        Money(cents, invoice.currency),
        PaymentMethod.WALLET,
        Provider.WALLET,
        today(),
        shares={invoice.id: cents},
        contact_id=wallet.contact_id,
    )
    payment = await take_in(session, receipt)
    await add_to_wallet(session, payment, wallet.contact_id, -cents, MovementKind.DEBIT)
    return payment


async def _filled_wallet(session: AsyncSession, owner_id: UUID, invoice: Invoice) -> Wallet:
    """The wallet of a contact, or of whom it was merged into. Raises: NoWallet where there is nothing in it."""
    owner = await find(session, Contact, owner_id, field=("contact_id",))
    kept = owner.merged_into_id or owner.id
    wallet = await wallets.wallet_of(session, entity_id=invoice.entity_id, contact_id=kept, currency=invoice.currency)
    if wallet is None or wallet.balance_cents == 0:
        raise NoWallet(field=("invoice_id",))
    return wallet
