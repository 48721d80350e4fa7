"""The key breaks ties where there can be any, and only there."""

import pytest
from sqlalchemy import Index, Integer, UniqueConstraint, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.reading.ordering import total
from api.reading.rows import Row


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "ordered_item"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    parent_id: Mapped[object] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    maybe: Mapped[int | None] = mapped_column(Integer)
    partly: Mapped[int] = mapped_column(Integer)
    whole: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        UniqueConstraint("parent_id", "position"),
        UniqueConstraint("parent_id", "maybe"),
        Index("ix_partly", "partly", unique=True, postgresql_where=text("partly > 0")),
        Index("ix_whole", "whole", unique=True),
    )


PARENT = Row.of_model(Item, "parent")
ITEM = Row.of_model(Item, "item")


@pytest.mark.parametrize(
    ("terms", "condition", "is_total"),
    [
        ([ITEM.position], ITEM.parent_id == PARENT.parent_id, True),
        ([ITEM.position.desc()], (ITEM.parent_id == PARENT.parent_id) & (ITEM.partly > 1), True),
        ([ITEM.position], (ITEM.parent_id == PARENT.parent_id) | (ITEM.partly == 1), False),
        ([ITEM.position], ITEM.parent_id != PARENT.parent_id, False),
        ([ITEM.position], ITEM.parent_id == ITEM.whole, False),
        ([ITEM.position], None, False),
        ([ITEM.maybe], ITEM.parent_id == PARENT.parent_id, False),
        ([ITEM.partly], None, False),
        ([ITEM.whole.desc().nulls_last()], None, True),
        ([ITEM.whole + 1], None, False),
        ([PARENT.whole], None, False),
        ([ITEM.id], None, True),
        ([], None, False),
    ],
)
def test_the_key_breaks_ties(terms: list[object], condition: object, is_total: bool) -> None:
    found = total(terms, ITEM, condition)
    assert all(one is other for one, other in zip(found, terms, strict=False))
    assert len(found) == len(terms) + (not is_total)
