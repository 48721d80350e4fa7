"""Object types that every area shares: nodes, pages and money."""

from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from api.reading.scalars import BigInt
from api.reading.specs import COST, SPEC, IdSpec

T = TypeVar("T")


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


@strawberry.type(description="An amount of money, exact to the cent.")
class Money:
    cents: BigInt = strawberry.field(description="The amount in cents.")
    amount: Decimal = strawberry.field(description="The amount in units of the currency, with two decimals.")
    currency: str = strawberry.field(description="ISO 4217 code.")
