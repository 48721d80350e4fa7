"""The byte lane over the shop: admitted documents without HTTP around them."""

from typing import Any

from graphql import parse
from graphql.execution.values import VariableValues, get_variable_values

from api.admission import Admitted
from api.documents import Document
from api.lane import Lane, Written
from api.reading.plan import Plan, Scope
from tenants.actor import Actor
from tests.api.reading.shop_api import ShopApi, ShopContext
from tests.api.reading.shop_schema import schema

LANE = Lane(schema)


def admitted(text: str, values: dict[str, Any] | None = None) -> Admitted:
    """A document with one operation, which is taken as valid."""
    document = Document(text, parse(text))
    (operation,) = document.operations.values()
    found = get_variable_values(schema._schema, operation.variable_definitions or (), values or {})
    assert isinstance(found, VariableValues)
    return Admitted(document, operation, found)


def planned(who: Actor, text: str) -> tuple[Plan, list[Any]]:
    """The statement of a document, and its parameters."""
    wanted, scope = admitted(text), Scope.of(who)
    plan, prepared = LANE.plan(LANE.asking.asked(wanted, scope), wanted, scope)
    return plan, plan.bind(prepared, who)


async def answered(
    shop: ShopApi, who: Actor, text: str, values: dict[str, Any] | None = None
) -> tuple[Written, ShopContext]:
    """What the lane answers, and the context that it spent from. Raises: Ordinary"""
    context: Any = ShopContext(who, shop.pools)
    return await LANE.answer(admitted(text, values), context), context
