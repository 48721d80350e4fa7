"""Object types that every area shares: nodes, pages and money."""

from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from api.enums import described
from api.reading.scalars import BigInt
from api.reading.specs import COST, SPEC, IdSpec
from domain.explanations.registry import Unit

T = TypeVar("T")

described(
    Unit,
    "What the value of an input is in.",
    CENTS="Cents of the amount's currency.",
    PERCENT="Percent.",
    QUANTITY="A number of units.",
)


@strawberry.interface(description="Anything with an id that `node` can find again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Globally unique id.", metadata={SPEC: IdSpec()})


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items precede this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item of the page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item of the page; pass it as `after`.")


@strawberry.type(description="An item of a page with its cursor.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Opaque position of the item in this order.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items of the page with their cursors.")
    nodes: list[T] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
    total_count: int = strawberry.field(description="How many items the filter matches in all.", metadata={COST: 10})


@strawberry.type(description="One of the amounts or figures from which another one follows.")
class ExplanationInput:
    name: str = strawberry.field(description="What it is in the formula; of a sum several have the same name.")
    value: Decimal = strawberry.field(description="Its value, exact.")
    unit: Unit = strawberry.field(description="What the value is in.")
    source_id: strawberry.ID | None = strawberry.field(description="The record that it is of, where that has an id.")


@strawberry.type(description="How an amount came about. It names nothing that you may not read.")
class Explanation:
    formula: str = strawberry.field(description="Stable name of the formula, such as `line.net`.")
    version: int = strawberry.field(description="Version of the formula that was in force.")
    text: str = strawberry.field(description="The formula in your language.")
    inputs: list[ExplanationInput] = strawberry.field(description="What it was computed from.")
    vat_rule: str | None = strawberry.field(description="Which rule of VAT was applied, such as `NL-STANDARD`.")
    rounding_remainder: Decimal = strawberry.field(
        description="What rounding has added to the exact amount, in cents; 0 where nothing was rounded."
    )
    commission_base: BigInt | None = strawberry.field(description="Of commission: what it is a part of, in cents.")
    result: BigInt = strawberry.field(description="The amount in cents.")


COST_OF_AN_EXPLANATION = 2


@strawberry.type(description="An amount of money, exact to the cent.")
class Money:
    cents: BigInt = strawberry.field(description="The amount in cents.")
    amount: Decimal = strawberry.field(description="The amount in units of the currency, with two decimals.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    explanation: Explanation | None = strawberry.field(
        default=None,
        description="How it came about: formula, inputs with their sources, rounding.",
        metadata={COST: COST_OF_AN_EXPLANATION},
    )
