"""Profit and loss, trial balance, and what is checked before a month is closed."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.enums import described
from api.explained_amounts import amount_of, recorded
from api.inputs import key_of
from api.reading import BigInt, Money, field, global_id
from domain import validation
from domain.ledger import checks, periods, reports
from domain.ledger.models import AccountType
from domain.ledger.models import LedgerAccount as AccountRow
from domain.ledger.months import Step, later, month_of
from domain.ledger.posting import today
from tenants.models import BusinessEntity as EntityRow
from tenants.permissions import Permission

_READ = Permission.LEDGER_READ
_MOST_LINES = 500

described(
    Step,
    "How a span of time is cut.",
    MONTH="By month.",
    QUARTER="By quarter.",
    YEAR="By year.",
)


@strawberry.type(description="What a check of the books came to.")
class LedgerCheck:
    name: str = strawberry.field(description="Which check.")
    entity_id: strawberry.ID = strawberry.field(description="Whose books.")
    holds: bool = strawberry.field(description="Whether the two amounts are the same.")
    warning: bool = strawberry.field(description="Whether a month may be closed by force although it does not hold.")
    booked: BigInt = strawberry.field(description="What the books say: cents, of `numbers` how many entries.")
    expected: BigInt = strawberry.field(description="What they have to say.")
    currency: str = strawberry.field(description="ISO 4217 code; empty where no money is compared.")


@strawberry.type(description="What closing a month would come to.")
class ClosingChecks:
    month: date = strawberry.field(description="The month.")
    next_month: date | None = strawberry.field(description="The month that can be closed next; null without postings.")
    checks: list[LedgerCheck] = strawberry.field(description="All checks.")


@strawberry.type(description="An account in a report; without `entityId` those of all entities with its number.")
class ReportedAccount:
    entity_id: strawberry.ID | None = strawberry.field(description="Whose books.")
    code: str = strawberry.field(description="Number.")
    name_nl: str = strawberry.field(description="Name in Dutch.")
    name_en: str = strawberry.field(description="Name in English.")
    type: AccountType = strawberry.field(description="What it is.")
    rgs_code: str = strawberry.field(description="Code of the Referentie GrootboekSchema.")


@strawberry.type(
    description="An account in the profit and loss; revenue and expense are positive where they are normal."
)
class ProfitAndLossLine:
    account: ReportedAccount = strawberry.field(description="The account.")
    amounts: list[Money] = strawberry.field(description="Per period.")
    total: Money = strawberry.field(description="Of all periods.")
    previous: Money = strawberry.field(description="Of the span before, of the same length.")


@strawberry.type(description="Revenue, expense and result of a span of time.")
class ProfitAndLossTotal:
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The day after the last.")
    revenue: Money = strawberry.field(description="Revenue.")
    expense: Money = strawberry.field(description="Expense.")
    result: Money = strawberry.field(description="Revenue less expense.")


@strawberry.type(description="The profit and loss of entities over a span of time.")
class ProfitAndLossReport:
    currency: str = strawberry.field(description="ISO 4217 code.")
    consolidated: bool = strawberry.field(description="Whether what they did for each other is left out.")
    periods: list[ProfitAndLossTotal] = strawberry.field(description="Per period.")
    total: ProfitAndLossTotal = strawberry.field(description="Of the whole span.")
    previous: ProfitAndLossTotal = strawberry.field(description="Of the span before, of the same length.")
    lines: list[ProfitAndLossLine] = strawberry.field(description="Per account, in the order of their numbers.")


@strawberry.type(description="An account in the trial balance; debit is positive in `opening` and `closing`.")
class TrialBalanceLine:
    account: ReportedAccount = strawberry.field(description="The account.")
    opening: Money = strawberry.field(description="At the beginning.")
    debit: Money = strawberry.field(description="Debits of the span.")
    credit: Money = strawberry.field(description="Credits of the span.")
    closing: Money = strawberry.field(description="At the end.")


@strawberry.type(description="All accounts of an entity over a span of time; debits and credits are equal.")
class TrialBalance:
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The day after the last.")
    debit: Money = strawberry.field(description="All debits.")
    credit: Money = strawberry.field(description="All credits.")
    lines: list[TrialBalanceLine] = strawberry.field(description="Per account and currency, those with postings.")


_Entities = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="These business entities; all of yours if left out.")
]
_Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
_Since = Annotated[date | None, strawberry.argument(description="The first day; of this year if left out.")]
_Until = Annotated[
    date | None, strawberry.argument(description="The day after the last; a year after the first if left out.")
]


@strawberry.type
class LedgerReportQueries:
    @field(
        "Revenue and expense per account and period, beside the span before; of your entities together, or "
        "`consolidated`: without what they did for each other.",
        requires=_READ,
        cost=200,
        most=_MOST_LINES,
    )
    async def profit_and_loss(
        self,
        info: Info,
        entity_ids: _Entities = None,
        since: _Since = None,
        until: _Until = None,
        by: Annotated[Step, strawberry.argument(description="How it is cut.")] = Step.MONTH,
        consolidated: Annotated[
            bool, strawberry.argument(description="Leave out what the entities did for each other.")
        ] = False,
        currency: Annotated[str, strawberry.argument(description="ISO 4217 code.")] = "EUR",
    ) -> ProfitAndLossReport | None:
        wanted = None if entity_ids is None else [key_of("BusinessEntity", id, "entityIds") for id in entity_ids]
        since, until = _span(since, until)
        code = validation.currency(currency, "currency")
        async with info.context.read() as session:
            ids = await _visible(session, wanted)
            found = await reports.profit_and_loss(
                session, ids, since, until, by=by, consolidated=consolidated, currency=code
            )
        return _profit_and_loss(found, consolidated, info.context.language)

    @field("All accounts of an entity over a span of time.", requires=_READ, cost=200, most=_MOST_LINES)
    async def trial_balance(
        self, info: Info, entity_id: _Entity, since: _Since = None, until: _Until = None
    ) -> TrialBalance | None:
        since, until = _span(since, until)
        async with info.context.read() as session:
            ids = await _visible(session, [key_of("BusinessEntity", entity_id, "entityId")])
            accounts = select(AccountRow).where(AccountRow.entity_id.in_(ids))
            by_id = {account.id: account for account in (await session.execute(accounts)).scalars()}
            found = await reports.balances(session, ids, since, until)
        return _trial_balance(since, until, by_id, found, info.context.language) if ids else None

    @field("What is checked before a month of an entity is closed.", requires=_READ, cost=200, most=50)
    async def closing_checks(
        self,
        info: Info,
        entity_id: _Entity,
        month: Annotated[date, strawberry.argument(description="Any day of the month.")],
    ) -> ClosingChecks | None:
        key, month = key_of("BusinessEntity", entity_id, "entityId"), validation.day(month, "month")
        async with info.context.read() as session:
            if not await _visible(session, [key]):
                return None
            made = await periods.checks_of(session, key, month)
            following = await periods.next_to_close(session, key)
        return ClosingChecks(month=month_of(month), next_month=following, checks=shown(made))


def shown(made: Sequence[checks.Check]) -> list[LedgerCheck]:
    """Checks as the API shows them."""
    return [
        LedgerCheck(
            name=check.name,
            entity_id=strawberry.ID(global_id("BusinessEntity", check.entity_id)),
            holds=check.holds,
            warning=check.warning,
            booked=BigInt(check.booked_cents),
            expected=BigInt(check.expected_cents),
            currency=check.currency,
        )
        for check in made
    ]


async def _visible(session: AsyncSession, wanted: list[UUID] | None) -> list[UUID]:
    """The entities that the actor works for; others do not exist for it."""
    query = select(EntityRow.id).order_by(EntityRow.id)
    if wanted is not None:
        query = query.where(EntityRow.id.in_(wanted))
    return list((await session.execute(query)).scalars())


def _span(since: date | None, until: date | None) -> tuple[date, date]:
    first = validation.day(since or today().replace(month=1, day=1), "since")
    last = validation.day(until, "until") if until else None
    return first, last or (later(first, 12) if first.day == 1 else first + timedelta(days=365))


def _profit_and_loss(found: reports.ProfitAndLoss, consolidated: bool, language: str) -> ProfitAndLossReport:
    revenue, expense = AccountType.REVENUE, AccountType.EXPENSE
    parts = [
        _total(found, *span, found.cents_of(revenue, place), found.cents_of(expense, place), language)
        for place, span in enumerate(found.periods)
    ]
    before = found.previous_of(revenue), found.previous_of(expense)
    return ProfitAndLossReport(
        currency=found.currency,
        consolidated=consolidated,
        periods=parts,
        total=_total(found, found.since, found.until, found.cents_of(revenue), found.cents_of(expense), language),
        previous=_total(found, found.previous_since, found.since, *before, language),
        lines=[_line(row, found.currency, language) for row in found.rows],
    )


def _total(
    found: reports.ProfitAndLoss, since: date, until: date, revenue: int, expense: int, language: str
) -> ProfitAndLossTotal:
    both = [("revenue", revenue), ("expense", expense)]
    return ProfitAndLossTotal(
        since=since,
        until=until,
        revenue=recorded(revenue, found.currency, "report.sum", language),
        expense=recorded(expense, found.currency, "report.sum", language),
        result=amount_of(revenue - expense, found.currency, "report.result", both, language),
    )


def _line(row: reports.Row, currency: str, language: str) -> ProfitAndLossLine:
    return ProfitAndLossLine(
        account=_reported(row.account),
        amounts=[recorded(cents, currency, "report.account", language) for cents in row.cents],
        total=amount_of(row.total_cents, currency, "report.sum", [("amount", cents) for cents in row.cents], language),
        previous=recorded(row.previous_cents, currency, "report.account", language),
    )


def _reported(account: reports.AccountKey) -> ReportedAccount:
    entity = strawberry.ID(global_id("BusinessEntity", account.entity_id)) if account.entity_id else None
    return ReportedAccount(
        entity_id=entity,
        code=account.code,
        name_nl=account.name_nl,
        name_en=account.name_en,
        type=account.type,
        rgs_code=account.rgs_code,
    )


def _trial_balance(
    since: date, until: date, accounts: dict[UUID, AccountRow], found: Sequence[reports.Balance], language: str
) -> TrialBalance:
    booked = [each for each in found if each.opening_cents or each.debit_cents or each.credit_cents]
    booked.sort(key=lambda each: (accounts[each.account_id].code, each.currency))
    return TrialBalance(
        since=since,
        until=until,
        debit=_summed([each.debit_cents for each in booked], language),
        credit=_summed([each.credit_cents for each in booked], language),
        lines=[_balance(accounts[each.account_id], each, language) for each in booked],
    )


def _summed(cents: Sequence[int], language: str) -> Money:
    return amount_of(sum(cents), "EUR", "report.sum", [("amount", each) for each in cents], language)


def _balance(account: AccountRow, each: reports.Balance, language: str) -> TrialBalanceLine:
    source = str(global_id("LedgerAccount", account.id))
    moved = [("opening", each.opening_cents), ("debit", each.debit_cents), ("credit", each.credit_cents)]
    return TrialBalanceLine(
        account=_reported(reports.key_of(account)),
        opening=recorded(each.opening_cents, each.currency, "report.opening", language, source),
        debit=recorded(each.debit_cents, each.currency, "report.account", language, source),
        credit=recorded(each.credit_cents, each.currency, "report.account", language, source),
        closing=amount_of(each.closing_cents, each.currency, "report.closing", moved, language),
    )
