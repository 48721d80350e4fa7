"""Counters: a number is drawn in the transaction that uses it, so none is skipped and none is used twice."""

from uuid import UUID

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.rls import OF_THE_ENTITY, Rule, protect


class Counter(Base):
    """The last number drawn for one kind of document of one entity in one year."""

    __tablename__ = "counter"

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


_DRAW = "SELECT, INSERT, UPDATE"
protect(
    Counter,
    staff=Rule(OF_THE_ENTITY, _DRAW),
    partner=Rule(OF_THE_ENTITY, _DRAW),
    customer=Rule(OF_THE_ENTITY, _DRAW),
)
