"""How often each client uses what is deprecated, counted per day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.actor import ClientKind
from tenants.base import Base, Identified, one_of
from tenants.rls import OF_THE_ENTITY, Rule, protect

_OWN_ROLE = f"{OF_THE_ENTITY} AND role = (SELECT current_setting('chargecars.role', true))"


class DeprecatedUse(Identified, Base):
    """One deprecated part of the schema, used by one client in one role on one day in the Netherlands.

    `since`, `removal` and `replacement` are what the schema said then: the row outlives the part.
    """

    __tablename__ = "deprecated_use"
    __table_args__ = (
        one_of("client_kind", ClientKind),
        CheckConstraint("uses > 0", name="uses"),
        UniqueConstraint(
            "client_id",
            "entity_id",
            "organization_id",
            "role",
            "part",
            "day",
            name="uq_deprecated_use_day",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_deprecated_use_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_deprecated_use_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID | None]
    """Of the actor; no foreign key, so that organizations can be merged."""
    client_kind: Mapped[str]
    client_id: Mapped[UUID]
    """An API key, an application or a brand; it may be gone."""
    role: Mapped[str]
    part: Mapped[str]
    """A schema coordinate: `Order.number`, `Query.orders(filter:)`, `OrderStage.OLD`, `OrderFilter.number`."""
    since: Mapped[date] = mapped_column(Date)
    removal: Mapped[date] = mapped_column(Date)
    replacement: Mapped[str]
    day: Mapped[date] = mapped_column(Date)
    uses: Mapped[int] = mapped_column(BigInteger)
    last_used_at: Mapped[datetime]


protect(
    DeprecatedUse,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(f"{OF_THE_ENTITY} AND organization_id = ANY ({{organizations}})"),
    customer=Rule(_OWN_ROLE),
    technician=Rule(_OWN_ROLE),
    explain={
        "staff": "The client was used for the business entity.",
        "partner": "The client was used for the actor's organization.",
        "customer": "A portal of the business entity was used in the actor's role.",
        "technician": "A portal of the business entity was used in the actor's role.",
    },
)
