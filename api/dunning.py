"""Reminders and their policy, pauses, statements of account, and how old what is open is."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.bank import OURS, of_one_entity
from api.billing_amounts import as_recorded
from api.context import Info
from api.enums import described
from api.explained_amounts import amount_of, recorded
from api.inputs import key_of
from api.invoice_documents import Document
from api.quote_changes import contact_key
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    column,
    condition,
    expression,
    field,
    filters,
    global_id,
    match,
    read_connection,
    read_in_many,
    read_one,
    reads,
    related,
)
from api.reading.errors import BadInput
from domain import validation
from domain.dunning import aged as ageing_of
from domain.dunning.accounts import Account, Ageing, Movement, StatementEntryKind
from domain.dunning.models import AccountStatement as AccountRow
from domain.dunning.models import DunningPause as PauseRow
from domain.dunning.models import DunningPolicy as PolicyRow
from domain.dunning.models import PauseReason, ReminderKind
from domain.dunning.models import Reminder as ReminderRow
from domain.dunning.policies import policy_of
from domain.dunning.statements import statement_of
from domain.errors import DomainError
from domain.ledger.posting import today
from tenants.models import BusinessEntity as EntityRow
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
_READ, _STAFF = Permission.INVOICES_READ, Permission.INVOICES_WRITE
MOST_PAYERS = 250
MOST_ENTRIES = 5_000

described(
    ReminderKind,
    "How a payer is reminded.",
    REMINDER="Friendly.",
    DEMAND="A demand; to businesses with collection costs.",
    FINAL="The last one; to consumers the letter of fourteen days, which says what collection will cost.",
)
described(
    PauseReason,
    "Why nobody is reminded.",
    DISPUTED="What is billed is contested.",
    AGREED="A later day or instalments were agreed.",
    OTHER="Something else.",
)
described(
    StatementEntryKind,
    "What changed what is owed.",
    INVOICE="An invoice.",
    CREDIT="A credit note.",
    PAYMENT="A payment, as far as it pays invoices.",
    REFUND="A payment went back.",
    OTHER="Something was written off, or is expected again.",
)


@reads(ReminderRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="That a payer was reminded of an invoice.")
class Reminder(Node):
    kind: ReminderKind = column("How.")
    step: int | None = column("Step of the policy, from 1; null for one of a kind that somebody chose.")
    sent_on: date = column("When.")
    pay_before: date = column("The last day to pay on.")
    open: Money = expression("What was open.", as_recorded("dunning.open", "open_cents", "Reminder"))
    interest: Money = expression(
        "Statutory interest that was claimed.", as_recorded("dunning.interest", "interest_cents", "Reminder")
    )
    costs: Money = expression(
        "Collection costs that were named.", as_recorded("dunning.costs", "costs_cents", "Reminder")
    )
    costs_due: bool = column("Whether the costs were claimed; else they were announced, or there were none.")
    recipient: str | None = column("To which address; null where there was none.")
    created_at: datetime = column("When it was written.")
    invoice: InvoiceRef | None = related("The invoice.", on=lambda r, i: i.id == r.invoice_id)
    contact: ContactRef | None = related("Who pays.", on=lambda r, c: c.id == r.contact_id)
    entity: EntityRef | None = related("Who is paid.", on=lambda r, e: e.id == r.entity_id)
    sent_by: UserRef | None = related("Who sent it; null: the policy.", on=lambda r, u: u.id == r.sent_by)


@reads(PauseRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="That an invoice, or a payer, is left alone for a while.")
class DunningPause(Node):
    reason: PauseReason = column("Why.")
    note: str = column("What was noted.")
    until: date | None = column("The last day; null: until it is lifted.")
    created_at: datetime = column("When it began.")
    lifted_at: datetime | None = column("When it was lifted.")
    invoice: InvoiceRef | None = related("The invoice.", on=lambda p, i: i.id == p.invoice_id)
    contact: ContactRef | None = related("The payer.", on=lambda p, c: c.id == p.contact_id)
    entity: EntityRef | None = related("Whose reminders.", on=lambda p, e: e.id == p.entity_id)
    paused_by: UserRef | None = related("Who paused it.", on=lambda p, u: u.id == p.paused_by)


@reads(AccountRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="A statement of account that was asked for as a document.")
class AccountStatement(Node):
    since: date = column("The first day.")
    until: date = column("The last day.")
    recipient: str | None = column("To whom it is mailed.")
    created_at: datetime = column("When it was asked for.")
    contact: ContactRef | None = related("Whose account.", on=lambda s, c: c.id == s.contact_id)
    entity: EntityRef | None = related("With whom.", on=lambda s, e: e.id == s.entity_id)
    document: Document | None = related(
        "The document, once it was made.",
        on=lambda s, d: (d.owner_type == "AccountStatement") & (d.owner_id == s.id),
    )
    requested_by: UserRef | None = related("Who asked for it.", on=lambda s, u: u.id == s.requested_by)


@strawberry.type(description="A reminder so many days after the due day.")
class DunningStep:
    days: int = strawberry.field(description="Days after the due day.")
    kind: ReminderKind = strawberry.field(description="How.")


@strawberry.type(description="How an entity reminds.")
class DunningPolicy:
    active: bool = strawberry.field(description="Whether reminders are sent by themselves.")
    steps: list[DunningStep] = strawberry.field(description="Which, in order.")
    minimum: Money = strawberry.field(description="What is less open is not reminded of.")
    collection_costs: bool = strawberry.field(description="Whether the costs of Besluit BIK are named.")
    interest: bool = strawberry.field(description="Whether statutory interest is claimed.")
    standard: bool = strawberry.field(description="Whether it is the platform's, because the entity has none.")


# --- accounts -------------------------------------------------------------------------------------------------------


@strawberry.type(description="What is open by days past its due day.")
class AgeingBuckets:
    not_due: Money = strawberry.field(description="Not due yet, and what we owe.")
    to30: Money = strawberry.field(description="1 to 30 days.", name="days1To30")
    to60: Money = strawberry.field(description="31 to 60 days.", name="days31To60")
    to90: Money = strawberry.field(description="61 to 90 days.", name="days61To90")
    above90: Money = strawberry.field(description="More than 90 days.", name="above90Days")
    overdue: Money = strawberry.field(description="All that is past due.")
    total: Money = strawberry.field(description="All together.")


@strawberry.type(description="Something that changed what is owed.")
class AccountEntry:
    on: date = strawberry.field(description="The day.")
    kind: StatementEntryKind = strawberry.field(description="What it is.")
    number: str = strawberry.field(description="Number of the invoice, credit note or payment.")
    amount: Money = strawberry.field(description="Positive: more is owed.")
    balance: Money = strawberry.field(description="The balance after it.")
    invoice_id: strawberry.ID = strawberry.field(description="The invoice that it is about.")
    source_id: strawberry.ID = strawberry.field(description="The invoice, credit note or payment itself.")


@strawberry.type(description="How an account stands: opening balance, what changed it, closing balance.")
class Statement:
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The last day.")
    opening: Money = strawberry.field(description="The balance before the first day.")
    closing: Money = strawberry.field(description="The balance after the last day; negative: we owe it.")
    entries: list[AccountEntry] = strawberry.field(description="In order of days.")
    ageing: AgeingBuckets = strawberry.field(description="How old the closing balance is.")


@strawberry.type(description="What one payer owes.")
class AgedPayer:
    contact_id: strawberry.ID = strawberry.field(description="Who.")
    entity_id: strawberry.ID = strawberry.field(description="To which business entity.")
    invoices: int = strawberry.field(description="How many invoices are open.")
    ageing: AgeingBuckets = strawberry.field(description="Since when.")


@strawberry.type(description="What is open on invoices, payer by payer.")
class AgedReceivables:
    as_of: date = strawberry.field(description="The day that ages are counted to.")
    total: AgeingBuckets = strawberry.field(description="Of all payers.")
    payer_count: int = strawberry.field(description="How many payers there are.")
    payers: list[AgedPayer] = strawberry.field(description="The most overdue first.")
    contacts: list[ContactRef] = strawberry.field(description="The payers as contacts, in the same order, each once.")


def buckets(found: Ageing, currency: str, language: str) -> AgeingBuckets:
    """An ageing as the API gives it."""
    cents = (found.not_due, found.to_30, found.to_60, found.to_90, found.above_90)
    names = ("not_due", "to30", "to60", "to90", "above90")
    parts = {n: recorded(c, currency, "ageing.bucket", language) for n, c in zip(names, cents, strict=True)}
    late, all_of_them = [("bucket", each) for each in cents[1:]], [("bucket", each) for each in cents]
    return AgeingBuckets(
        **parts,
        overdue=amount_of(found.overdue, currency, "ageing.sum", late, language),
        total=amount_of(found.total, currency, "ageing.sum", all_of_them, language),
    )


def _entries(opening: int, movements: tuple[Movement, ...], currency: str, language: str) -> list[AccountEntry]:
    entries, balance = [], opening
    for each in movements[:MOST_ENTRIES]:
        moved = [("before", balance), ("movement", each.cents)]
        balance += each.cents
        paid = each.kind in (StatementEntryKind.PAYMENT, StatementEntryKind.REFUND)
        source = str(global_id("Payment" if paid else "Invoice", each.source_id))
        entries.append(
            AccountEntry(
                on=each.on,
                kind=each.kind,
                number=each.number,
                amount=recorded(each.cents, currency, "account.movement", language, source),
                balance=amount_of(balance, currency, "account.balance", moved, language),
                invoice_id=strawberry.ID(global_id("Invoice", each.invoice_id)),
                source_id=strawberry.ID(source),
            )
        )
    return entries


# --- lists ----------------------------------------------------------------------------------------------------------


@filters(ReminderRow)
@strawberry.input(description="Which reminders.")
class ReminderFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    invoice_id: IDFilter | None = match("By invoice.", node="Invoice")
    contact_id: IDFilter | None = match("By payer.", node="Contact")
    kind: EnumFilter[ReminderKind] | None = match("By kind.")
    sent_on: DateFilter | None = match("By day.")
    created_at: DateTimeFilter | None = match("By time.")


REMINDER_SORT = Sort(ReminderRow, created_at="When it was written.", sent_on="By day.", default="-created_at")


@filters(PauseRow)
@strawberry.input(description="Which pauses.")
class DunningPauseFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    invoice_id: IDFilter | None = match("By invoice.", node="Invoice")
    contact_id: IDFilter | None = match("By payer.", node="Contact")
    reason: EnumFilter[PauseReason] | None = match("By reason.")
    lifted: bool | None = condition("By whether it was lifted.", lambda p, value: p.lifted_at.is_not(None) == value)


PAUSE_SORT = Sort(PauseRow, created_at="When it began.", default="-created_at")


@filters(AccountRow)
@strawberry.input(description="Which statements.")
class AccountStatementFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By whose account.", node="Contact")
    created_at: DateTimeFilter | None = match("By time.")


ACCOUNT_SORT = Sort(AccountRow, created_at="When it was asked for.", default="-created_at")

_Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]


@strawberry.type
class DunningQueries:
    reminders: Connection[Reminder] = read_connection(
        "Reminders that were sent.", filter=ReminderFilter, order=REMINDER_SORT, requires=_STAFF
    )
    dunning_pauses: Connection[DunningPause] = read_connection(
        "What is not reminded of.", filter=DunningPauseFilter, order=PAUSE_SORT, requires=_STAFF
    )
    account_statement: AccountStatement | None = read_one("One statement as a document.", requires=_STAFF)
    account_statements: Connection[AccountStatement] = read_connection(
        "Statements of account that were asked for as documents.",
        filter=AccountStatementFilter,
        order=ACCOUNT_SORT,
        requires=_STAFF,
    )

    @field("How a business entity reminds; null where it is not yours.", requires=_STAFF)
    async def dunning_policy(self, info: Info, entity_id: _Entity) -> DunningPolicy | None:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.read() as session:
            return await policy_in(session, key, info.context.language)

    @field(
        "The statement of account of somebody with a business entity, from the invoices and payments that you may see.",
        requires=_READ,
        most=MOST_ENTRIES,
    )
    async def statement(
        self,
        info: Info,
        contact_id: Annotated[strawberry.ID, strawberry.argument(description="Whose: a person or an organization.")],
        entity_id: _Entity,
        since: Annotated[date, strawberry.argument(name="from", description="The first day.")],
        until: Annotated[date, strawberry.argument(description="The last day.")],
        currency: Annotated[str, strawberry.argument(description="ISO 4217 code.")] = "EUR",
    ) -> Statement | None:
        contact, entity = contact_key(contact_id, "contactId"), key_of("BusinessEntity", entity_id, "entityId")
        since, until = validation.day(since, "from"), validation.day(until, "until")
        currency = validation.currency(currency, "currency")
        if contact is None:
            return None
        async with info.context.read() as session:
            found = await _account(session, contact, entity, since, until, currency)
        return _statement(found, currency, info.context.language) if found else None

    @field(
        "What is open on invoices by age, payer by payer, the most overdue first.",
        requires=_STAFF,
        most=MOST_PAYERS,
    )
    async def aged_receivables(
        self,
        info: Info,
        entity_ids: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="These entities; all of yours if left out.")
        ] = None,
        as_of: Annotated[
            date | None, strawberry.argument(description="Ages are counted to this day; today if left out.")
        ] = None,
        currency: Annotated[str, strawberry.argument(description="ISO 4217 code.")] = "EUR",
        first: Annotated[int, strawberry.argument(description="How many payers, at most 250.")] = 50,
        after: Annotated[int, strawberry.argument(description="After so many payers.")] = 0,
    ) -> AgedReceivables:
        if not 1 <= first <= MOST_PAYERS or not 0 <= after <= 1_000_000:
            raise BadInput("BAD_INPUT", "first", f"1 to {MOST_PAYERS}, after 0 or more.")
        keys = [key_of("BusinessEntity", id, "entityIds") for id in entity_ids] if entity_ids is not None else None
        on, currency = validation.day(as_of or today(), "as_of"), validation.currency(currency, "currency")
        async with info.context.read() as session:
            return await _aged(session, info, keys, on, currency, first, after)


async def policy_in(session: AsyncSession, entity_id: UUID, language: str) -> DunningPolicy | None:
    """What holds for an entity that the actor sees."""
    query = select(EntityRow.currency, PolicyRow).outerjoin(PolicyRow, PolicyRow.entity_id == EntityRow.id)
    found = (await session.execute(query.where(EntityRow.id == entity_id))).one_or_none()
    if found is None:
        return None
    policy = policy_of(found[1])
    return DunningPolicy(
        active=policy.active,
        steps=[DunningStep(days=step.days, kind=step.kind) for step in policy.steps],
        minimum=recorded(policy.minimum_cents, found[0], "dunning.minimum", language),
        collection_costs=policy.collection_costs,
        interest=policy.interest,
        standard=found[1] is None,
    )


async def _account(
    session: AsyncSession, contact_id: UUID, entity_id: UUID, since: date, until: date, currency: str
) -> Account | None:
    try:
        return await statement_of(
            session, contact_id=contact_id, entity_id=entity_id, since=since, until=until, currency=currency
        )
    except DomainError as refused:
        if refused.code == "NOT_FOUND":
            return None
        raise BadInput("BAD_INPUT", "until", refused.message("en")) from None


def _statement(found: Account, currency: str, language: str) -> Statement:
    movement = found.closing_cents - found.opening_cents
    moved = [("before", found.opening_cents), ("movement", movement)]
    return Statement(
        since=found.since,
        until=found.until,
        opening=recorded(found.opening_cents, currency, "account.opening", language),
        closing=amount_of(found.closing_cents, currency, "account.balance", moved, language),
        entries=_entries(found.opening_cents, found.movements, currency, language),
        ageing=buckets(found.ageing, currency, language),
    )


async def _aged(
    session: AsyncSession, info: Info, keys: list[UUID] | None, on: date, currency: str, first: int, after: int
) -> AgedReceivables:
    own = list(await session.scalars(select(EntityRow.id)))
    wanted = own if keys is None else [key for key in keys if key in own]
    found = await ageing_of.aged(session, wanted, on, currency=currency, first=first, after=after)
    return AgedReceivables(
        as_of=on,
        total=buckets(found.total, currency, info.context.language),
        payer_count=found.count,
        payers=[
            AgedPayer(
                contact_id=strawberry.ID(global_id("Contact", each.contact_id)),
                entity_id=strawberry.ID(global_id("BusinessEntity", each.entity_id)),
                invoices=each.invoices,
                ageing=buckets(each.ageing, currency, info.context.language),
            )
            for each in found.payers
        ],
        contacts=await read_in_many(
            session, info, "contacts", list(dict.fromkeys(each.contact_id for each in found.payers))
        ),
    )


TYPES = (Reminder, DunningPause, AccountStatement)
