"""The declarative base and the columns that most tables share."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, ForeignKey, MetaData, Text, cast, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

UUIDs = Annotated[list[UUID], mapped_column(ARRAY(PgUUID(as_uuid=True)))]
Texts = Annotated[list[str], mapped_column(ARRAY(Text))]


class Base(DeclarativeBase):
    """Every table. Text is unbounded in PostgreSQL and bounded at the edge; times are timestamptz in UTC."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, UUID: PgUUID(as_uuid=True)}


class Identified:
    """A UUIDv7 key drawn by PostgreSQL, and the time of creation: together they are the keyset of every list."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7(), sort_order=-100)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class Updated:
    """The time of the last change, set by the ORM."""

    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)


def one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    """A CHECK that holds a text column to an enum: PostgreSQL's own enum comparison is not leakproof under RLS."""
    values = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def references(target: str, *, nullable: bool = False, index: bool = False) -> Mapped[UUID]:
    """A foreign key column."""
    column: Mapped[UUID] = mapped_column(ForeignKey(target), nullable=nullable, index=index)
    return column


def moment(at: datetime) -> ColumnElement[datetime]:
    """A time as a typed parameter, for operators on ranges: PostgreSQL cannot guess the type of `range @> $1`."""
    return cast(at, DateTime(timezone=True))
