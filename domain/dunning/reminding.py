"""Reminding a payer of an invoice: by the steps of the policy, or because somebody asks for it."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank.order_models import BankFileLine, FileLineState
from domain.contacts.models import ContactType
from domain.documents.models import DocumentKind
from domain.documents.sending import address_of, documents_of, sender_of, sender_or_none
from domain.dunning import policies
from domain.dunning.claims import Claim, claim_of
from domain.dunning.errors import AlreadyRemindedToday, DunningPaused, NobodyToRemind, NotDue
from domain.dunning.events import ReminderSent
from domain.dunning.letters import letter_of
from domain.dunning.models import Reminder, ReminderKind
from domain.dunning.pausing import is_paused
from domain.dunning.policies import Policy
from domain.invoices.models import Invoice, InvoiceKind
from domain.invoices.telling import tell
from domain.ledger.posting import today
from domain.mail.service import queue_mail
from domain.money import Money
from domain.numbering.service import AMSTERDAM
from domain.rows import actor_of, find

_DECENT = time(8, 0)


async def remind_by_hand(session: AsyncSession, invoice_id: UUID, kind: ReminderKind | None = None) -> Reminder:
    """Remind now: with a kind, else with the next step of the policy, or its last kind after all of them.

    Raises: NotFound, NotDue, DunningPaused, AlreadyRemindedToday, NobodyToRemind. For staff.
    """
    invoice = await find(session, Invoice, invoice_id, lock=True)
    if invoice.kind != InvoiceKind.INVOICE or invoice.open_cents <= 0 or invoice.due_on >= today():
        raise NotDue(number=invoice.number, field=("id",))
    if (await session.execute(select(Invoice.id).where(Invoice.id == invoice.id, is_paused(Invoice, today())))).first():
        raise DunningPaused(number=invoice.number, field=("id",))
    sent = await history(session, invoice.id)
    if any(each.sent_on == today() for each in sent):
        raise AlreadyRemindedToday(number=invoice.number, field=("id",))
    if await address_of(session, invoice) is None:
        raise NobodyToRemind(number=invoice.number, field=("id",))
    policy = await policies.load(session, invoice.entity_id)
    step = _next_step(policy, sent) if kind is None else None
    chosen = kind or (policy.steps[step - 1].kind if step else _last_kind(policy))
    return await _send(session, invoice, policy, sent, chosen, step)


async def remind_by_policy(session: AsyncSession, invoice_id: UUID, on: date) -> Reminder | None:
    """The next step of the policy, where its day has come; None where there is nothing to do. For the system."""
    query = select(Invoice).where(Invoice.id == invoice_id, ~is_paused(Invoice, on), ~_collected(Invoice))
    query = query.with_for_update(of=Invoice, skip_locked=True).execution_options(populate_existing=True)
    invoice = (await session.execute(query)).scalar_one_or_none()
    if invoice is None or invoice.kind != InvoiceKind.INVOICE:
        return None
    policy = await policies.load(session, invoice.entity_id)
    sent = await history(session, invoice.id)
    step = _next_step(policy, sent)
    if not policy.active or step is None or not _has_come(invoice, policy, sent, step, on):
        return None
    if await sender_or_none(session, invoice.entity_id) is None:
        return None
    return await _send(session, invoice, policy, sent, policy.steps[step - 1].kind, step)


async def due(session: AsyncSession, on: date, most: int, after: UUID | None = None) -> list[UUID]:
    """Invoices that may have to be reminded of, by id: whether so is found under their lock. For the system."""
    query = select(Invoice.id).where(Invoice.open_cents > 0, Invoice.kind == InvoiceKind.INVOICE.value)
    query = query.where(Invoice.due_on < on, ~is_paused(Invoice, on), ~_collected(Invoice))
    steps = func.coalesce(func.max(Reminder.step), 0)
    sent = select(steps).where(Reminder.invoice_id == Invoice.id).correlate(Invoice).scalar_subquery()
    query = query.where(sent < policies.MOST_STEPS)
    if after is not None:
        query = query.where(Invoice.id > after)
    return list(await session.scalars(query.order_by(Invoice.id).limit(most)))


async def history(session: AsyncSession, invoice_id: UUID) -> list[Reminder]:
    """The reminders of an invoice, oldest first."""
    query = select(Reminder).where(Reminder.invoice_id == invoice_id).order_by(Reminder.sent_on, Reminder.id)
    return list(await session.scalars(query))


def _collected(invoice: type[Invoice]) -> ColumnElement[bool]:
    """The bank is about to collect it."""
    line = select(BankFileLine.id).where(BankFileLine.invoice_id == invoice.id)
    return exists(line.where(BankFileLine.state == FileLineState.PENDING.value).correlate(invoice))


def _next_step(policy: Policy, sent: list[Reminder]) -> int | None:
    step = max((each.step or 0 for each in sent), default=0) + 1
    return step if step <= len(policy.steps) else None


def _last_kind(policy: Policy) -> ReminderKind:
    return policy.steps[-1].kind if policy.steps else ReminderKind.REMINDER


def _has_come(invoice: Invoice, policy: Policy, sent: list[Reminder], step: int, on: date) -> bool:
    """So many days after the due day, and as many after the reminder before as the policy leaves between them."""
    if invoice.open_cents <= 0 or invoice.open_cents < policy.minimum_cents:
        return False
    if on < invoice.due_on + timedelta(days=policy.steps[step - 1].days):
        return False
    last = max((each.sent_on for each in sent), default=None)
    return last is None or on >= last + timedelta(days=max(policy.wait_before(step), 1))


# --- sending --------------------------------------------------------------------------------------------------------


async def _send(
    session: AsyncSession,
    invoice: Invoice,
    policy: Policy,
    sent: list[Reminder],
    kind: ReminderKind,
    step: int | None,
) -> Reminder:
    claim = _claim(invoice, policy, sent, kind)
    recipient = await address_of(session, invoice)
    row = Reminder(
        entity_id=invoice.entity_id,
        invoice_id=invoice.id,
        contact_id=invoice.payer_contact_id,
        step=step,
        kind=kind.value,
        sent_on=today(),
        pay_before=claim.pay_before,
        open_cents=invoice.open_cents,
        interest_cents=claim.interest.cents,
        costs_cents=claim.costs.cents,
        costs_due=claim.costs_due,
        currency=invoice.currency,
        recipient=recipient,
        sent_by=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    if recipient:
        await _mail(session, invoice, recipient, kind, claim)
    said = (invoice.number, kind.value, step, invoice.open_cents, invoice.currency)
    await tell(session, invoice, ReminderSent(*said, recipient is not None))
    return row


def _claim(invoice: Invoice, policy: Policy, sent: list[Reminder], kind: ReminderKind) -> Claim:
    announced = any(
        each.kind == ReminderKind.FINAL and each.costs_cents > 0 and each.pay_before < today() and each.recipient
        for each in sent
    )
    return claim_of(
        Money(invoice.open_cents, invoice.currency),
        invoice.due_on,
        today(),
        kind,
        consumer=invoice.payer.get("contact_type") == ContactType.PERSON,
        charges_costs=policy.collection_costs,
        charges_interest=policy.interest,
        announced=announced,
    )


async def _mail(session: AsyncSession, invoice: Invoice, to: str, kind: ReminderKind, claim: Claim) -> None:
    """With the invoice itself, where its document was made; by hand at once, else at a decent hour."""
    entity, brand = await sender_of(session, invoice.entity_id)
    letter = letter_of(invoice, entity, brand, kind, claim)
    attached = [each.id for each in await documents_of(session, invoice.id) if each.kind == DocumentKind.PDF]
    await queue_mail(
        session,
        entity_id=invoice.entity_id,
        to=to,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
        host=brand.host,
        not_before=None if actor_of(session).user_id else decent(datetime.now(UTC)),
        attachment_ids=attached,
    )


def decent(now: datetime) -> datetime:
    """The moment itself, or eight in the morning in Amsterdam where it is earlier than that."""
    local = now.astimezone(AMSTERDAM)
    return max(now, datetime.combine(local.date(), _DECENT, AMSTERDAM).astimezone(UTC))
