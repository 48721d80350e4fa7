"""Filters and orders over columns that the audience may not read: refused with a word, not by a failing query."""

from typing import Any

from sqlalchemy import ColumnClause
from sqlalchemy.sql import visitors

from api.reading.errors import BadInput
from tenants.audience import Audience
from tenants.rls import REGISTRY


def refuse_unread(audience: Audience, expression: Any, argument: str) -> None:
    """Raise BadInput NOT_READABLE where the expression of an argument uses a column that is not granted."""
    for element in visitors.iterate(expression):
        if isinstance(element, ColumnClause) and element.name in _unread(audience, element):
            raise BadInput("NOT_READABLE", argument, "you may not read what it asks about.")


def _unread(audience: Audience, column: ColumnClause[Any]) -> tuple[str, ...]:
    table = getattr(column.table, "element", column.table)
    protected = REGISTRY.get(getattr(table, "name", ""))
    rule = protected.rules.get(audience) if protected else None
    return rule.unread if rule else ()
