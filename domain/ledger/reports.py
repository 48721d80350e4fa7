"""Profit and loss, trial balance, balances: sums over the lines, read along one covering index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, bindparam, select, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import OutOfRange
from domain.ledger.models import AccountType, LedgerAccount
from domain.ledger.months import Step, later, spans

MOST_PERIODS = 120
_IDS = ARRAY(PgUUID(as_uuid=True))


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account of one entity or, consolidated, the accounts of all of them with one code."""

    entity_id: UUID | None
    code: str
    name_nl: str
    name_en: str
    type: AccountType
    rgs_code: str


@dataclass(frozen=True, slots=True)
class Row:
    """Cents per period, in the order of the periods; revenue and expense are both positive where they are normal."""

    account: AccountKey
    cents: Sequence[int]
    previous_cents: int
    """Of the whole span before, of the same length."""

    @property
    def total_cents(self) -> int:
        return sum(self.cents)


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """The result of a span of time, cut into periods, beside the span before it."""

    since: date
    until: date
    previous_since: date
    currency: str
    periods: Sequence[tuple[date, date]]
    rows: Sequence[Row]

    def cents_of(self, type: AccountType, period: int | None = None) -> int:
        """The sum of all accounts of a type, in one period or in all."""
        rows = [row for row in self.rows if row.account.type is type]
        return sum(row.total_cents if period is None else row.cents[period] for row in rows)

    def previous_of(self, type: AccountType) -> int:
        return sum(row.previous_cents for row in self.rows if row.account.type is type)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account stood at, was moved by, and stands at. Cents; `opening` and `closing` debit positive."""

    account_id: UUID
    currency: str
    opening_cents: int
    debit_cents: int
    credit_cents: int

    @property
    def closing_cents(self) -> int:
        return self.opening_cents + self.debit_cents - self.credit_cents


_SUMS = text(
    """
    SELECT l.account_id, width_bucket(l.booked_on, :starts) - 1 AS period, sum(l.credit_cents - l.debit_cents) AS cents
    FROM journal_line l
    WHERE l.entity_id = ANY (:entity_ids) AND l.account_id = ANY (:accounts) AND l.currency = :currency
      AND l.booked_on >= :since AND l.booked_on < :until
      AND NOT (:consolidated AND l.intercompany_entity_id IS NOT NULL AND l.intercompany_entity_id = ANY (:entity_ids))
    GROUP BY 1, 2
    """
).bindparams(
    bindparam("entity_ids", type_=_IDS),
    bindparam("accounts", type_=_IDS),
    bindparam("starts", type_=ARRAY(Date)),
    bindparam("since", type_=Date),
    bindparam("until", type_=Date),
    bindparam("consolidated", type_=Boolean),
)

_BALANCES = text(
    """
    SELECT a.id AS account_id, COALESCE(l.currency, 'EUR') AS currency,
      COALESCE(sum(l.debit_cents - l.credit_cents) FILTER (WHERE l.booked_on < :since), 0) AS opening,
      COALESCE(sum(l.debit_cents) FILTER (WHERE l.booked_on >= :since), 0) AS debit,
      COALESCE(sum(l.credit_cents) FILTER (WHERE l.booked_on >= :since), 0) AS credit
    FROM ledger_account a
    LEFT JOIN journal_line l ON l.entity_id = a.entity_id AND l.account_id = a.id AND l.booked_on < :until
    WHERE a.entity_id = ANY (:entity_ids)
    GROUP BY a.id, 2
    """
).bindparams(bindparam("entity_ids", type_=_IDS), bindparam("since", type_=Date), bindparam("until", type_=Date))


async def profit_and_loss(
    session: AsyncSession,
    entity_ids: Sequence[UUID],
    since: date,
    until: date,
    *,
    by: Step = Step.MONTH,
    consolidated: bool = False,
    currency: str = "EUR",
) -> ProfitAndLoss:
    """Revenue and expense of [since, until) by account and period, beside the span of the same length before it.

    Consolidated: the accounts of all entities with one code are one row, and what they owe each other falls out.
    Accounts that nothing was booked on are left out. Raises: OutOfRange.
    """
    periods = _periods(since, until, by)
    previous = _previous(since, until)
    accounts = await _accounts(session, entity_ids)
    values = {"entity_ids": list(entity_ids), "accounts": list(accounts), "consolidated": consolidated}
    values |= {"starts": [start for start, _ in periods], "since": previous, "until": until, "currency": currency}
    sums: dict[AccountKey, list[int]] = {}
    for account_id, period, cents in await session.execute(_SUMS, values):
        key = key_of(accounts[account_id], consolidated)
        sums.setdefault(key, [0] * (len(periods) + 1))[period] += int(cents)  # the span before is at -1, the last
    rows = [_row(key, cents) for key, cents in sums.items()]
    rows.sort(key=lambda row: (row.account.code, str(row.account.entity_id)))
    return ProfitAndLoss(since, until, previous, currency, periods, rows)


async def balances(session: AsyncSession, entity_ids: Sequence[UUID], since: date, until: date) -> list[Balance]:
    """Of every account of the entities: at the beginning of [since, until), its movements, at the end."""
    values = {"entity_ids": list(entity_ids), "since": since, "until": until}
    rows = await session.execute(_BALANCES, values)
    return [Balance(row[0], row[1], *(int(cents) for cents in row[2:])) for row in rows]


async def _accounts(session: AsyncSession, entity_ids: Sequence[UUID]) -> dict[UUID, LedgerAccount]:
    kinds = [AccountType.REVENUE.value, AccountType.EXPENSE.value]
    query = select(LedgerAccount).where(LedgerAccount.entity_id.in_(entity_ids), LedgerAccount.type.in_(kinds))
    return {account.id: account for account in (await session.execute(query)).scalars()}


def _periods(since: date, until: date, by: Step) -> list[tuple[date, date]]:
    if not since < until or (until.year - since.year) * 12 > MOST_PERIODS:
        last = later(since.replace(day=1), MOST_PERIODS)
        raise OutOfRange(minimum=since + timedelta(days=1), maximum=last, field=("until",))
    return list(spans(since, until, by))


def _previous(since: date, until: date) -> date:
    """Where the span of the same length before begins: whole months before whole months, else days."""
    if since.day == until.day == 1:
        return later(since, (since.year - until.year) * 12 + since.month - until.month)
    return since - (until - since)


def key_of(account: LedgerAccount, consolidated: bool = False) -> AccountKey:
    """The account as a report shows it."""
    entity = None if consolidated else account.entity_id
    kind = AccountType(account.type)
    return AccountKey(entity, account.code, account.name_nl, account.name_en, kind, account.rgs_code)


def _row(account: AccountKey, cents: list[int]) -> Row:
    """Credits are revenue; of an expense the debits are positive."""
    signed = cents if account.type is AccountType.REVENUE else [-each for each in cents]
    return Row(account, signed[:-1], signed[-1])
