"""What an order of a sandbox is told to be planned for: a sandbox has no visits, so nobody plans or drives to them."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import OF_THE_ENTITY, Rule, child_of, protect


class RehearsedVisit(Base):
    """Day and installer of one order of a sandbox."""

    __tablename__ = "rehearsed_visit"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"), primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    installer: Mapped[str]


_OF_THE_ORDER = child_of("order", "order_id")
protect(
    RehearsedVisit,
    staff=Rule(OF_THE_ENTITY),
    partner=_OF_THE_ORDER,
    customer=_OF_THE_ORDER,
    technician=_OF_THE_ORDER,
    explain={
        "staff": "The order is of one of the actor's business entities.",
        "partner": "The actor sees the order.",
        "customer": "The actor sees the order.",
        "technician": "The actor sees the order.",
    },
)
