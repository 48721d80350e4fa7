"""explainAccess: which rule shows or hides a row to somebody."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import column, literal, select

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.reading import field
from api.reading.ids import parse_id
from tenants.access import actor_of, explain
from tenants.audience import Audience
from tenants.base import Base
from tenants.models import Membership
from tenants.permissions import Permission

described(
    Audience,
    "For whom a database role reads.",
    STAFF="People of a business entity.",
    PARTNER="People and keys of partner organizations.",
    CUSTOMER="Customers, charger owners and EV drivers.",
    TECHNICIAN="Technicians of a team.",
    SYSTEM="The platform itself.",
)


@strawberry.type(description="One condition of a rule.")
class AccessCondition:
    rule: str = strawberry.field(description="The condition over the row's columns, as declared beside the table.")
    holds: bool = strawberry.field(description="Whether the row meets it for the actor.")


@strawberry.type(description="Why somebody sees a row or does not.")
class AccessExplanation:
    visible: bool = strawberry.field(description="Whether the database shows the row.")
    audience: Audience = strawberry.field(description="The audience whose rule applies.")
    table: str = strawberry.field(description="The table.")
    reason: str = strawberry.field(description="The rule in a sentence.")
    conditions: list[AccessCondition] = strawberry.field(description="The rule's parts; all have to hold.")
    hidden_columns: list[str] = strawberry.field(description="Columns that this audience never reads.")


@strawberry.type
class AccessQueries:
    @field(
        "Which rule shows or hides something to a user in one of its memberships; null where you may not see either.",
        requires=Permission.ACCESS_EXPLAIN,
        cost=50,
    )
    async def explain_access(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="What is or is not seen.")],
        membership_id: Annotated[strawberry.ID, strawberry.argument(description="By whom: a membership of the user.")],
    ) -> AccessExplanation | None:
        kind, key = parse_id(id, "id")
        membership_key = key_of("Membership", membership_id, "membershipId")
        table = _table_of(info, kind)
        if table is None or not await _sees_both(info, table, key, membership_key):
            return None
        actor = await actor_of(info.context.database, membership_key)
        found = await explain(info.context.database, table, key, actor)
        conditions = [AccessCondition(rule=part.rule, holds=part.holds) for part in found.conditions]
        return AccessExplanation(
            visible=found.visible,
            audience=found.audience,
            table=found.table,
            reason=found.reason,
            conditions=conditions,
            hidden_columns=list(found.hidden_columns),
        )


def _table_of(info: Info, kind: str) -> str | None:
    readables = info.schema._schema.extensions["reading"].registry.readable.values()
    models = (readable.reads.model for readable in readables if readable.kind == kind)
    return next((model.__tablename__ for model in models if model is not None), None)


async def _sees_both(info: Info, table: str, key: UUID, membership_key: UUID) -> bool:
    async with info.context.read() as session:
        seen = await session.execute(select(Membership.id).where(Membership.id == membership_key))
        query = select(literal(1)).select_from(Base.metadata.tables[table]).where(column("id") == key)
        return seen.first() is not None and (await session.execute(query)).first() is not None
