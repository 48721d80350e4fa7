"""What can happen to the money of an order, in any mix and order, done by the real functions."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.commissions.reactions import follow_orders
from domain.errors import DomainError, DomainErrors
from domain.invoices import settling
from domain.invoices.crediting import CreditLine, credit, lines_of
from domain.invoices.issuing import issue_orders
from domain.invoices.models import Invoice, InvoiceKind, InvoicePart
from domain.ledger.posting import today
from domain.money import Money
from domain.orders.completing import complete
from domain.payments import refunding, registering
from domain.payments.models import Destination, Payment, PaymentKind, PaymentMethod, Provider
from domain.payments.receiving import receive
from domain.quotes.draft import LineRequest
from domain.quotes.models import Quote
from domain.vat.models import BillingProfile
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.quoting import Market, market

PAYERS = ("customer", "dealer", "master")
_CATEGORIES = ("CHARGING_STATION", "INSTALLATION_SERVICE", "METER_BOX_MODULE", "CABLE_ACCESSORY")
_CLASSES = ("STANDARD", "REDUCED", "ZERO")
_ROLES = {"CUSTOMER": "customer", "PARTNER": "dealer", "PAYER": "master"}


@dataclass(frozen=True)
class Line:
    """A line that is ordered."""

    category: str
    vat_class: str
    unit_cents: int
    quantity: Decimal
    discount: Decimal
    payer: str


@dataclass(frozen=True)
class Step:
    """One thing that happens; `which` and `how` choose the invoice or payment and the part of it."""

    what: str
    which: int
    how: int


@dataclass(frozen=True)
class Story:
    """An order, how its payers are invoiced, and what happens then."""

    lines: Sequence[Line]
    deposit: Decimal
    progress: Decimal
    steps: Sequence[Step]


_cents = st.one_of(st.integers(0, 500), st.sampled_from([1, 3, 999, 33333, 89995, 10**8 - 1]), st.integers(1, 10**7))
_lines = st.builds(
    Line,
    st.sampled_from(_CATEGORIES),
    st.sampled_from(_CLASSES),
    _cents,
    st.sampled_from([Decimal(n) for n in ("1", "3", "7", "0.333", "2.5")]),
    st.sampled_from([Decimal(n) for n in ("0", "0", "10", "33.33", "100")]),
    st.sampled_from(PAYERS),
)
_WHAT = (
    *("deposit", "progress", "complete", "complete", "issue", "issue", "issue", "write_off", "undo_write_off"),
    *("pay", "pay", "pay", "pay", "overpay", "unknown", "allocate", "from_wallet"),
    *("credit", "credit_line", "credit_amount", "credit_again"),
    *("refund", "refund_to_wallet", "settle_refund", "fail_refund", "charge_back", "reverse", "follow"),
)
_steps = st.builds(Step, st.sampled_from(_WHAT), st.integers(0, 5), st.integers(1, 100))
STORIES = st.builds(
    Story,
    st.lists(_lines, min_size=1, max_size=4),
    st.sampled_from([Decimal(n) for n in ("0", "30", "33.33")]),
    st.sampled_from([Decimal(n) for n in ("50", "66.67")]),
    st.lists(_steps, min_size=6, max_size=24),
)


@dataclass
class Teller:
    """Lets a story happen. What the domain refuses is undone whole, and counted."""

    market: Market
    story: Story
    order_id: UUID
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def tell(self) -> None:
        """All steps, and then what every order comes to: it is completed, invoiced, and commission follows."""
        end = [Step(what, 0, 100) for what in ("complete", "issue", "follow")]
        for step in [*self.story.steps, *end]:
            await self.do(step)

    async def do(self, step: Step) -> None:
        act: Callable[[AsyncSession, Step], Awaitable[Any]] = getattr(self, f"_{step.what}")
        try:
            async with self.market.database.session(SYSTEM) as session:
                await act(session, step)
            self.done.append(step.what)
        except (DomainError, DomainErrors) as refusal:
            self.refused.append(f"{step.what}: {refusal}")

    # --- invoices

    async def _deposit(self, session: AsyncSession, step: Step) -> None:
        await issue_orders(session, [self.order_id], InvoicePart.DEPOSIT)

    async def _progress(self, session: AsyncSession, step: Step) -> None:
        await issue_orders(session, [self.order_id], InvoicePart.PROGRESS, step=1)

    async def _complete(self, session: AsyncSession, step: Step) -> None:
        await complete(session, self.order_id)

    async def _issue(self, session: AsyncSession, step: Step) -> None:
        await issue_orders(session, [self.order_id])

    async def _credit(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await credit(session, invoice.id, None, "Retour", bill_again=None)

    async def _credit_again(self, session: AsyncSession, step: Step) -> None:
        """What is credited as a whole is billed anew."""
        if invoice := await self._invoice(session, step):
            await credit(session, invoice.id, None, "Verkeerd gefactureerd", bill_again=True)

    async def _credit_line(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            lines = await lines_of(session, invoice.id)
            line = lines[step.how % len(lines)]
            pieces = (line.quantity * step.how / 100).quantize(Decimal("0.001")) or None
            await credit(session, invoice.id, [CreditLine(line.id, pieces)], "Minder geleverd")

    async def _credit_amount(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            part = max(invoice.net_cents * step.how // 150, 1)
            await credit(session, invoice.id, None, "Korting achteraf", net_cents=part)

    async def _write_off(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await settling.write_off(session, invoice.id, "Failliet")

    async def _undo_write_off(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await settling.undo_write_off(session, invoice.id)

    # --- money

    async def _pay(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await self._receive(session, invoice, max(invoice.gross_cents * step.how // 100, 1), step)

    async def _overpay(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await self._receive(session, invoice, invoice.gross_cents + step.how, step)

    async def _receive(self, session: AsyncSession, invoice: Invoice, cents: int, step: Step) -> None:
        provider = (Provider.LOCAL, Provider.BANK, Provider.MANUAL)[step.how % 3]
        method = PaymentMethod.CASH if provider is Provider.MANUAL else PaymentMethod.BANK_TRANSFER
        for _ in range(2):  # told twice, received once
            await receive(
                session,
                entity_id=self.market.entity.id,
                amount=Money(cents),
                method=method,
                provider=provider,
                provider_id=f"{self.order_id}:{len(self.done)}:{len(self.refused)}",
                received_on=today(),
                invoice_ids=[invoice.id],
            )

    async def _unknown(self, session: AsyncSession, step: Step) -> None:
        """From nobody whom we know: it waits."""
        await receive(
            session,
            entity_id=self.market.entity.id,
            amount=Money(step.how * 10),
            method=PaymentMethod.BANK_TRANSFER,
            provider=Provider.BANK,
            provider_id=str(uuid4()),
            received_on=today(),
        )

    async def _allocate(self, session: AsyncSession, step: Step) -> None:
        payment, invoice = (
            await self._payment(session, step, Payment.suspense_cents > 0),
            await self._invoice(session, step),
        )
        if payment and invoice:
            await registering.allocate(session, payment.id, invoice_ids=[invoice.id])

    async def _from_wallet(self, session: AsyncSession, step: Step) -> None:
        if invoice := await self._invoice(session, step):
            await registering.pay_from_wallet(session, owner_id=invoice.payer_contact_id, invoice_id=invoice.id)

    async def _refund(self, session: AsyncSession, step: Step, to: Destination = Destination.SOURCE) -> None:
        if payment := await self._payment(session, step, Payment.kind == PaymentKind.RECEIPT):
            amount = Money(max(payment.amount_cents * step.how // 100, 1))
            await refunding.refund(session, payment.id, amount, to, "Terug")

    async def _refund_to_wallet(self, session: AsyncSession, step: Step) -> None:
        await self._refund(session, step, Destination.WALLET)

    async def _settle_refund(self, session: AsyncSession, step: Step) -> None:
        if payment := await self._payment(session, step, Payment.status == "PENDING"):
            await refunding.succeed(session, payment.id)

    async def _fail_refund(self, session: AsyncSession, step: Step) -> None:
        if payment := await self._payment(session, step, Payment.kind == PaymentKind.REFUND):
            await refunding.fail(session, payment.id, "rekening opgeheven")

    async def _charge_back(self, session: AsyncSession, step: Step) -> None:
        if payment := await self._payment(session, step, Payment.kind == PaymentKind.RECEIPT):
            left = payment.amount_cents - payment.refunded_cents
            if left and payment.provider != Provider.WALLET:
                amount = Money(max(left * step.how // 100, 1))
                id, kind = f"cb:{payment.id}", PaymentKind.CHARGEBACK
                await refunding.charge_back(session, payment.id, amount, provider_id=id, on=today(), kind=kind)

    async def _reverse(self, session: AsyncSession, step: Step) -> None:
        if payment := await self._payment(session, step, Payment.kind == PaymentKind.RECEIPT):
            await registering.reverse(session, payment.id, "Vergissing")

    async def _follow(self, session: AsyncSession, step: Step) -> None:
        await follow_orders(session, self.market.entity.id, [self.order_id])

    # --- which

    async def _invoice(self, session: AsyncSession, step: Step) -> Invoice | None:
        query = select(Invoice).where(Invoice.order_id == self.order_id, Invoice.kind == InvoiceKind.INVOICE)
        found = (await session.execute(query.order_by(Invoice.id))).scalars().all()
        return found[step.which % len(found)] if found else None

    async def _payment(self, session: AsyncSession, step: Step, condition: Any) -> Payment | None:
        query = select(Payment).where(Payment.entity_id == self.market.entity.id, condition)
        found = (await session.execute(query.order_by(Payment.id))).scalars().all()
        return found[step.which % len(found)] if found else None


async def begin(database: Database, story: Story) -> Teller:
    """A market of its own with the order of a story, signed by all who have to."""
    m = await market(database, agreement={"partner_without_lines": "WAIVE", "payer_by_category": {}})
    payers = {"customer": m.customer.id, "dealer": m.dealer.id, "master": m.master.id}
    async with database.session(SYSTEM) as session:
        for id in payers.values():
            terms = {"deposit_percent": story.deposit, "progress_percents": [story.progress]}
            session.add(BillingProfile(entity_id=m.entity.id, contact_id=id, **terms))
        requests = [await _request(session, m, line, payers[line.payer]) for line in story.lines]
    quote_id = await m.quote(*requests)
    order_id = None
    while order_id is None:
        async with database.session(SYSTEM) as session:
            pending = (await session.get_one(Quote, quote_id)).pending_parties
        order_id = await m.sign(_ROLES[pending[0]], quote_id)
    return Teller(m, story, order_id)


async def _request(session: AsyncSession, m: Market, line: Line, payer_id: UUID) -> LineRequest:
    kinds = {"category": line.category, "vat_class": line.vat_class}
    article = await factories.article(session, m.entity, line.unit_cents, **kinds)
    return LineRequest(article_id=article.id, quantity=line.quantity, discount_percent=line.discount, payer_id=payer_id)
