"""A small shop with every kind of column that reading has to write, and row-level security like the platform's."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Float, ForeignKey, Index, Numeric, Text, Time, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tenants.rls import MACROS

ROLES = ("staff", "partner", "customer", "technician", "system")


class ShopBase(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, UUID: PgUUID(as_uuid=True)}


class OrderStatus(StrEnum):
    RECEIVED = "RECEIVED"
    PLANNED = "PLANNED"
    DONE = "DONE"


class Urgency(StrEnum):
    """Stored values that differ from the GraphQL names."""

    LOW = "low"
    HIGH = "very 'high'"


class Shop(ShopBase):
    __tablename__ = "shop"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class Person(ShopBase):
    __tablename__ = "person"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID]
    name: Mapped[str]
    is_company: Mapped[bool]


class Order(ShopBase):
    __tablename__ = "shop_order"
    __table_args__ = (Index("ix_shop_order_newest", "entity_id", "created_at", "id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organization_id: Mapped[UUID | None]
    number: Mapped[str]
    stage: Mapped[str]
    urgency: Mapped[str | None]
    urgencies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    note: Mapped[str | None]
    total_cents: Mapped[int] = mapped_column(BigInteger)
    discount_cents: Mapped[int | None] = mapped_column(BigInteger)
    weight: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    ratio: Mapped[float | None] = mapped_column(Float)
    rank: Mapped[int | None]
    paid: Mapped[bool]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    helper_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PgUUID(as_uuid=True)))
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    due_on: Mapped[date | None] = mapped_column(Date)
    due_at: Mapped[time | None] = mapped_column(Time)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Line(ShopBase):
    __tablename__ = "line"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("shop_order.id"))
    entity_id: Mapped[UUID]
    position: Mapped[int]
    sku: Mapped[str]
    cents: Mapped[int] = mapped_column(BigInteger)
    cost_cents: Mapped[int] = mapped_column(BigInteger)


class Remark(ShopBase):
    """Points to a row of any kind."""

    __tablename__ = "remark"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    text: Mapped[str]


class Link(ShopBase):
    """Who lists what, as the platform's channel rows."""

    __tablename__ = "link"
    __table_args__ = (Index("ix_link_newest", "organization_id", "created_at", "row_id"),)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


ENTITY = f"entity_id = ANY ({MACROS['entities']})"
PARTNER = f"organization_id = {MACROS['organization']}"
CUSTOMER = f"person_id = {MACROS['contact']}"
OF_ORDER = "EXISTS (SELECT 1 FROM shop_order o WHERE o.id = order_id)"

POLICIES = {
    "shop": {"staff": f"id = ANY ({MACROS['entities']})", "partner": "true", "customer": "true"},
    "person": {"staff": ENTITY, "partner": ENTITY, "customer": f"id = {MACROS['contact']}"},
    "shop_order": {"staff": ENTITY, "partner": PARTNER, "customer": CUSTOMER},
    "line": {"staff": OF_ORDER, "partner": OF_ORDER, "customer": "false"},
    "remark": {"staff": ENTITY},
    "link": {"partner": PARTNER},
}
"""Who sees what; a role without a policy has no privilege on the table."""


def statements(prefix: str) -> list[str]:
    """Row-level security for roles named `{prefix}staff` and so on."""
    made = []
    for table, rules in POLICIES.items():
        made += [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"]
        for role, condition in rules.items():
            hidden = {"cost_cents"} if (table, role) == ("line", "partner") else set()
            columns = ", ".join(c.name for c in ShopBase.metadata.tables[table].columns if c.name not in hidden)
            made.append(f"CREATE POLICY {role} ON {table} TO {prefix}{role} USING ({condition})")
            made.append(f"GRANT SELECT ({columns}) ON {table} TO {prefix}{role}")
    made.append(f"GRANT UPDATE ON person TO {prefix}staff")
    return made
