"""The books: accounts with their balances, journal entries, trial balance, profit and loss, months."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ColumnElement, Date, case, cast, func, literal_column, or_, select

from api import billing_amounts as explained
from api.enums import described
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    TextSearchFilter,
    argument,
    column,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_list,
    read_one,
    reads,
    related,
    related_any,
    related_connection,
)
from domain.catalog.models import ArticleCategory
from domain.ledger.models import AccountRole, AccountType, EntryKind
from domain.ledger.models import IntercompanyRate as RateRow
from domain.ledger.models import JournalEntry as EntryRow
from domain.ledger.models import JournalLine as LineRow
from domain.ledger.models import LedgerAccount as AccountRow
from domain.ledger.models import LedgerPeriod as PeriodRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.orders import Order
    from api.users import User

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
KEEPERS = [Audience.STAFF, Audience.SYSTEM]
_READ = Permission.LEDGER_READ

described(
    AccountType,
    "What an account is.",
    ASSET="What the entity has.",
    LIABILITY="What it owes.",
    EQUITY="Its own.",
    REVENUE="What it earns.",
    EXPENSE="What it spends.",
)
described(
    EntryKind,
    "What was posted.",
    INVOICE="An invoice.",
    CREDIT_NOTE="A credit note.",
    SELF_BILLING="An invoice for commission, made in the partner's name.",
    RECOGNITION="Deferred revenue became revenue.",
    PAYMENT="A payment that came in.",
    REFUND="A payment that went back.",
    PAYOUT="A payment that went out.",
    WALLET="Credit of a customer or partner.",
    BANK="A movement on the bank account.",
    FEE="A charge of a payment provider.",
    COMMISSION="Commission that was accrued, or taken back.",
    WRITE_OFF="A claim that was given up.",
    DUNNING="A charge for a reminder.",
    INTERCOMPANY="Work that one entity did for another.",
    SETTLEMENT="What entities owed each other was cleared.",
    REVERSAL="The opposite of another entry.",
    OPENING="What was there when the books began.",
)


def _said(role: AccountRole) -> str:
    return role.value.replace("_", " ").capitalize() + "."


described(AccountRole, "What an account is for.", **{role.name: _said(role) for role in AccountRole})


def _balance(account: Any, arguments: Any) -> Any:
    """Of all that was booked until the end of the day."""
    until = func.coalesce(arguments.as_of, literal_column("'infinity'::date"))
    normal = case((or_(account.type == AccountType.ASSET, account.type == AccountType.EXPENSE), 1), else_=-1)
    booked = (LineRow.entity_id == account.entity_id) & (LineRow.account_id == account.id)
    held = (booked, LineRow.booked_on <= cast(until, Date), LineRow.currency == arguments.currency)
    debit, credit, found = (
        select(func.coalesce(func.sum(amount), 0)).where(*held).scalar_subquery()
        for amount in (LineRow.debit_cents, LineRow.credit_cents, LineRow.debit_cents - LineRow.credit_cents)
    )
    how = explained.account_balance(account, normal == 1, debit, credit)
    return money(found * normal, arguments.currency, how)


_AS_OF = {
    "as_of": argument(date | None, "Of what was booked until the end of this day; all if left out."),
    "currency": argument(str, "In this currency.", default="EUR"),
}


@reads(AccountRow, audiences=KEEPERS)
@strawberry.type(description="An account of a business entity's books.")
class LedgerAccount(Node):
    code: str = column("Number in the chart of accounts.")
    name_nl: str = column("Name in Dutch.")
    name_en: str = column("Name in English.")
    type: AccountType = column("What it is.")
    role: AccountRole = column("What it is for.")
    rgs_code: str = column("Code of the Referentie GrootboekSchema.")
    active: bool = column("Whether it is in use.")
    balance: Money = expression(
        "What it stands at, positive on the side where it normally is: debit of assets and expenses, else credit.",
        _balance,
        arguments=_AS_OF,
        cost=20,
    )
    entity: EntityRef | None = related("Whose books.", on=lambda a, e: e.id == a.entity_id)


def _booked(side: str) -> Any:
    def amount(line: Any) -> Any:
        cents = getattr(line, f"{side}_cents")
        return money(cents, line.currency, explained.recorded(f"journal.{side}", cents, "JournalLine", line))

    return amount


@reads(LineRow, audiences=KEEPERS)
@strawberry.type(description="An amount on one account: debit or credit, the other is zero.")
class JournalLine(Node):
    position: int = column("Place in the entry, from 1.")
    booked_on: date = column("The day.")
    debit: Money = expression("Debit.", _booked("debit"))
    credit: Money = expression("Credit.", _booked("credit"))
    account: LedgerAccount | None = related("The account.", on=lambda line, a: a.id == line.account_id)
    entry: Annotated["JournalEntry", strawberry.lazy("api.ledger")] | None = related(
        "The entry that it is of.", on=lambda line, e: e.id == line.entry_id
    )
    contact: ContactRef | None = related("Whom it is about.", on=lambda line, c: c.id == line.contact_id)
    order: OrderRef | None = related("The order.", on=lambda line, o: o.id == line.order_id)
    intercompany_entity: EntityRef | None = related(
        "The entity on the other side.", on=lambda line, e: e.id == line.intercompany_entity_id
    )


LINE_SORT = Sort(LineRow, position="By place in the entry.", default="position")


@reads(EntryRow, audiences=KEEPERS)
@strawberry.type(description="A posting: lines that balance. Never changed; a mistake is reversed by another.")
class JournalEntry(Node):
    number: str | None = column("Without gaps per entity and year; given when the posting is committed.")
    kind: EntryKind = column("What was posted.")
    key: str = column("What is posted under one key is posted once.")
    booked_on: date = column("The day of the books.")
    currency: str = column("ISO 4217 code.")
    text: str = column("What it says.")
    source_type: str = column("GraphQL type of what was posted.")
    created_at: datetime = column("When it was posted.")
    total: Money = expression(
        "The sum of its debits, which is that of its credits.",
        lambda e: money(
            select(func.coalesce(func.sum(LineRow.debit_cents), 0)).where(LineRow.entry_id == e.id).scalar_subquery(),
            e.currency,
            explained.entry_total(e),
        ),
    )
    source: Node | None = related_any(
        "What was posted, if it can be read.", kind=lambda e: e.source_type, id=lambda e: e.source_id
    )
    lines: Connection[JournalLine] = related_connection(
        "Its lines.", on=lambda e, line: line.entry_id == e.id, order=LINE_SORT
    )
    entity: EntityRef | None = related("Whose books.", on=lambda e, b: b.id == e.entity_id)
    reverses: Annotated["JournalEntry", strawberry.lazy("api.ledger")] | None = related(
        "The entry that it is the opposite of.", on=lambda e, other: other.id == e.reverses_id
    )
    reversed_by: Annotated["JournalEntry", strawberry.lazy("api.ledger")] | None = related(
        "The entry that is its opposite.", on=lambda e, other: other.reverses_id == e.id
    )
    recorded_by: UserRef | None = related(
        "Who caused it; none for the platform.", on=lambda e, u: u.id == e.recorded_by
    )


@filters(AccountRow)
@strawberry.input(description="Which accounts; all conditions hold together.")
class LedgerAccountFilter:
    entity_id: IDFilter | None = match("Of these business entities.", node="BusinessEntity")
    type: EnumFilter[AccountType] | None = match("By what they are.")
    role: EnumFilter[AccountRole] | None = match("By what they are for.")
    code: TextSearchFilter | None = match("By number.")


ACCOUNT_SORT = Sort(AccountRow, code="By number.", created_at="By when they were made.", default="code")


def _has_line(entry: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(1).where(LineRow.entry_id == entry.id, *conditions).exists()


@filters(EntryRow)
@strawberry.input(description="Which journal entries; all conditions hold together.")
class JournalEntryFilter:
    entity_id: IDFilter | None = match("Of these business entities.", node="BusinessEntity")
    kind: EnumFilter[EntryKind] | None = match("By what was posted.")
    booked_on: DateFilter | None = match("By day of the books.")
    created_at: DateTimeFilter | None = match("By when they were posted.")
    number: TextFilter | None = match("By number.")
    key: TextFilter | None = match("By key.")
    source_id: strawberry.ID | None = condition("Of this source.", lambda e, id: e.source_id == id, node="*")
    account_id: strawberry.ID | None = condition(
        "With a line on this account.", lambda e, id: _has_line(e, LineRow.account_id == id), node="LedgerAccount"
    )
    contact_id: strawberry.ID | None = condition(
        "With a line about this contact.", lambda e, id: _has_line(e, LineRow.contact_id == id), node="Contact"
    )
    order_id: strawberry.ID | None = condition(
        "With a line of this order.", lambda e, id: _has_line(e, LineRow.order_id == id), node="Order"
    )


ENTRY_SORT = Sort(
    EntryRow, created_at="By when they were posted.", booked_on="By day of the books.", default="-created_at"
)


@reads(RateRow, audiences=KEEPERS)
@strawberry.type(description="What the entity that carries work out gets of the net of the seller's lines.")
class IntercompanyRate(Node):
    category: ArticleCategory = column("Of lines of this category.")
    percent: Decimal = column("In percent.")
    valid_from: date = expression("The first day.", lambda r: func.lower(r.valid))
    valid_until: date | None = expression("The first day on which it holds no more.", lambda r: func.upper(r.valid))
    seller: EntityRef | None = related("Who sells.", on=lambda r, e: e.id == r.seller_entity_id)
    executor: EntityRef | None = related("Who carries it out.", on=lambda r, e: e.id == r.executing_entity_id)


@filters(RateRow)
@strawberry.input(description="Which rates; all conditions hold together.")
class IntercompanyRateFilter:
    seller_entity_id: IDFilter | None = match("Of this seller.", node="BusinessEntity")
    executing_entity_id: IDFilter | None = match("Of this executing entity.", node="BusinessEntity")
    category: EnumFilter[ArticleCategory] | None = match("By category.")
    on: date | None = condition("In force on this day.", lambda r, day: r.valid.op("@>")(cast(day, Date)))


RATE_SORT = Sort(RateRow, created_at="By when they were agreed.", default="-created_at")


@reads(None, audiences=KEEPERS)
@strawberry.type(description="A month of an entity's books that was closed at least once.")
class LedgerPeriod:
    month: date = column("Its first day.")
    closed_at: datetime | None = column("Since when it is closed; null where it was opened again.")
    forced: bool = column("Whether it was closed although receipts were not matched.")
    entity: EntityRef | None = related("Whose books.", on=lambda p, e: e.id == p.entity_id)
    closed_by: UserRef | None = related("Who closed it.", on=lambda p, u: u.id == p.closed_by)


def _periods(arguments: Any) -> Any:
    query = select(
        PeriodRow.month, PeriodRow.closed_at, PeriodRow.forced, PeriodRow.entity_id, PeriodRow.closed_by
    ).order_by(PeriodRow.month.desc(), PeriodRow.entity_id)
    if arguments.entity_id is not None:
        query = query.where(PeriodRow.entity_id == arguments.entity_id)
    return query


@strawberry.type
class LedgerQueries:
    ledger_accounts: Connection[LedgerAccount] = read_connection(
        "Accounts of the books of your business entities.",
        filter=LedgerAccountFilter,
        order=ACCOUNT_SORT,
        requires=_READ,
    )
    ledger_account: LedgerAccount | None = read_one("An account of the books.", requires=_READ)
    journal_entries: Connection[JournalEntry] = read_connection(
        "What was posted, the newest first.", filter=JournalEntryFilter, order=ENTRY_SORT, requires=_READ
    )
    journal_entry: JournalEntry | None = read_one("A posting.", by=("id", "number"), requires=_READ)
    intercompany_rates: Connection[IntercompanyRate] = read_connection(
        "What your entities agreed for work for each other.",
        filter=IntercompanyRateFilter,
        order=RATE_SORT,
        requires=_READ,
    )
    ledger_periods: list[LedgerPeriod] = read_list(
        "Months that were closed, the latest first.",
        rows=_periods,
        arguments={
            "entity_id": argument(
                strawberry.ID | None, "Of this entity; of all of yours if left out.", node="BusinessEntity"
            )
        },
        requires=_READ,
    )


TYPES = (LedgerAccount, JournalEntry, JournalLine, IntercompanyRate, LedgerPeriod)
