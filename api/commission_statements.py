"""What a partner was due over a month."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.explained_amounts import amount_of, recorded
from api.inputs import key_of, optional_key
from api.organizations import Organization
from api.reading import BadInput, Money, field, read_in
from domain.commissions import statements
from domain.commissions.statements import Statement
from domain.contacts.models import Contact
from domain.errors import DomainError, NotFound
from domain.money import Money as Amount
from domain.rows import find
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import BusinessEntity
from tenants.permissions import Permission

Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
Partner = Annotated[
    strawberry.ID | None, strawberry.argument(description="The partner; your own organization if left out.")
]
Month = Annotated[date, strawberry.argument(description="Any day of the month.")]


@strawberry.type(description="Commission of a partner over a month: closing = opening + accrued + changed - paid.")
class CommissionStatement:
    month: date = strawberry.field(description="First day of the month.")
    beneficiary: Organization | None = strawberry.field(description="The partner.")
    opening: Money = strawberry.field(description="Expected or due at the beginning, and not paid.")
    accrued: Money = strawberry.field(description="What came to be expected.")
    earned: Money = strawberry.field(description="What came to be due, as its orders were paid.")
    changed: Money = strawberry.field(description="What was taken back, restored and corrected.")
    paid: Money = strawberry.field(description="What was paid.")
    closing: Money = strawberry.field(description="Expected or due at the end, and not paid.")
    due: Money = strawberry.field(description="What of the closing balance is due.")
    csv: str = strawberry.field(description="The movements of the month as CSV (RFC 4180) with a head.")


@strawberry.type
class CommissionStatementQueries:
    @field(
        "A partner's statement of commission; null for a partner whose commission is not yours to see.",
        requires=Permission.COMMISSIONS_READ,
        cost=100,
    )
    async def commission_statement(
        self, info: Info, entity_id: Entity, month: Month, organization_id: Partner = None
    ) -> CommissionStatement | None:
        entity = key_of("BusinessEntity", entity_id, "entityId")
        partner = optional_key("Organization", organization_id, "organizationId") or info.context.actor.organization_id
        async with info.context.read() as session:
            if partner is None or not await _may_see(session, info.context.actor, entity, partner):
                return None
            return await _statement(session, info, entity, partner, month)


async def _may_see(session: AsyncSession, actor: Actor, entity_id: UUID, partner_id: UUID) -> bool:
    """A partner sees its own commission, whatever organizations it sees."""
    if actor.audience is Audience.PARTNER and partner_id != actor.organization_id:
        return False
    try:
        await find(session, BusinessEntity, entity_id)
        await find(session, Contact, partner_id)
    except NotFound:
        return False
    return True


async def _statement(
    session: AsyncSession, info: Info, entity_id: UUID, partner_id: UUID, month: date
) -> CommissionStatement:
    try:
        made = await statements.statement(session, entity_id, partner_id, month)
        listed = await statements.as_csv(session, entity_id, partner_id, month)
    except DomainError as fault:
        raise BadInput("BAD_INPUT", "month", fault.message("en")) from None
    return CommissionStatement(
        month=made.month,
        beneficiary=await read_in(session, info, "beneficiary", partner_id),
        csv=listed,
        **{name: _money(made, name, info.context.language) for name in _AMOUNTS},
    )


_AMOUNTS = ("opening", "accrued", "earned", "changed", "paid", "closing", "due")


def _money(made: Statement, name: str, language: str) -> Any:
    amount: Amount = getattr(made, name)
    formula = f"commissionStatement.{name}"
    if name != "closing":
        return recorded(amount.cents, amount.currency, formula, language)
    inputs = [(each, getattr(made, each).cents) for each in ("opening", "accrued", "changed", "paid")]
    return amount_of(amount.cents, amount.currency, formula, inputs, language)
