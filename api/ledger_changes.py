"""Closing and opening months, what entities agree for work for each other, settling it."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.inputs import key_of
from api.ledger import IntercompanyRate, JournalEntry
from api.ledger_reports import LedgerCheck, shown
from api.mutations import PreviewablePayload, mutation
from api.reading import read_in, read_in_many
from domain.catalog.models import ArticleCategory
from domain.ledger import intercompany, periods
from domain.ledger.intercompany import GivenRate
from domain.ledger.posting import seal
from tenants.permissions import Permission

_WRITE = Permission.LEDGER_WRITE
_Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
_Other = Annotated[strawberry.ID, strawberry.argument(description="The other entity.")]
_Month = Annotated[date, strawberry.argument(description="Any day of the month.")]


@strawberry.input(description="What an entity that carries work out gets, from a day on.")
class IntercompanyRateInput:
    seller_entity_id: strawberry.ID = strawberry.field(description="Who sells.")
    executing_entity_id: strawberry.ID = strawberry.field(description="Who carries the work out.")
    category: ArticleCategory = strawberry.field(description="Of lines of this category.")
    percent: Decimal = strawberry.field(description="Of their net, in percent, 0 to 100; 0 for nothing any more.")
    since: date = strawberry.field(description="The first day. What held before stays until then.")


@strawberry.type(description="What closePeriod returns.")
class ClosePeriodPayload(PreviewablePayload):
    month: date | None = strawberry.field(default=None, description="The month that is closed now.")
    checks: list[LedgerCheck] = strawberry.field(default_factory=list, description="What was checked.")


@strawberry.type(description="What reopenPeriod returns.")
class ReopenPeriodPayload(PreviewablePayload):
    month: date | None = strawberry.field(default=None, description="The month that is open again.")


@strawberry.type(description="What saveIntercompanyRate returns.")
class SaveIntercompanyRatePayload(PreviewablePayload):
    rate: IntercompanyRate | None = strawberry.field(default=None, description="What holds from that day on.")


@strawberry.type(description="What settleIntercompany returns.")
class SettleIntercompanyPayload(PreviewablePayload):
    entries: list[JournalEntry] = strawberry.field(default_factory=list, description="One in the books of each.")


@strawberry.type(description="What undoIntercompanySettlement returns.")
class UndoIntercompanySettlementPayload(PreviewablePayload):
    entries: list[JournalEntry] = strawberry.field(
        default_factory=list, description="The opposite in each one's books."
    )


@strawberry.type
class LedgerMutations:
    @mutation(
        "Closes a month of an entity's books, in order and once they are right; nothing can be booked in it any more.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def close_period(
        self,
        info: Info,
        entity_id: _Entity,
        month: _Month,
        force: Annotated[
            bool, strawberry.argument(description="Although receipts are not matched; faults are never passed over.")
        ] = False,
    ) -> ClosePeriodPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            closed = await periods.close_period(session, key, month, force=force)
            return ClosePeriodPayload(month=closed.period.month, checks=shown(closed.checks))

    @mutation("Opens the month that was closed last.", requires=_WRITE, previewable=True)
    async def reopen_period(self, info: Info, entity_id: _Entity, month: _Month) -> ReopenPeriodPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            period = await periods.reopen_period(session, key, month)
            return ReopenPeriodPayload(month=period.month)

    @mutation(
        "Agrees what one of your entities gets for work that it does for another.", requires=_WRITE, previewable=True
    )
    async def save_intercompany_rate(self, info: Info, input: IntercompanyRateInput) -> SaveIntercompanyRatePayload:
        given = GivenRate(
            seller_entity_id=key_of("BusinessEntity", input.seller_entity_id, "sellerEntityId"),
            executing_entity_id=key_of("BusinessEntity", input.executing_entity_id, "executingEntityId"),
            category=input.category,
            percent=input.percent,
            since=input.since,
        )
        async with info.context.write() as session:
            rate = await intercompany.save_rate(session, given)
            return SaveIntercompanyRatePayload(rate=await read_in(session, info, "rate", rate.id))

    @mutation(
        "Clears what two of your entities owe each other until the end of a month into one transfer.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def settle_intercompany(
        self,
        info: Info,
        entity_id: _Entity,
        other_entity_id: _Other,
        month: _Month,
    ) -> SettleIntercompanyPayload:
        one, other = _pair(entity_id, other_entity_id)
        async with info.context.write() as session:
            ids = await intercompany.settle(session, one, other, month)
            await seal(session)
            return SettleIntercompanyPayload(entries=await read_in_many(session, info, "entries", ids))

    @mutation(
        "Takes the settlement of a month back; what two entities owe each other stands open again.",
        requires=_WRITE,
        previewable=True,
    )
    async def undo_intercompany_settlement(
        self, info: Info, entity_id: _Entity, other_entity_id: _Other, month: _Month
    ) -> UndoIntercompanySettlementPayload:
        one, other = _pair(entity_id, other_entity_id)
        async with info.context.write() as session:
            ids = await intercompany.undo_settlement(session, one, other, month)
            await seal(session)
            return UndoIntercompanySettlementPayload(entries=await read_in_many(session, info, "entries", ids))


def _pair(entity_id: str, other_entity_id: str) -> tuple[UUID, UUID]:
    return key_of("BusinessEntity", entity_id, "entityId"), key_of("BusinessEntity", other_entity_id, "otherEntityId")
