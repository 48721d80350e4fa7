"""Reading: the selection of a root field becomes one SQL statement that returns its JSON.

Declaring a type
    @reads(models.Order, source=order_source)
    @strawberry.type(description="An order.")
    class Order(Node):                                      # id: base64("Order:<uuid>")
        number: str = column("The number.")
        total: Money = expression("The total.", lambda o: money(o.total_cents, o.currency))
        customer: Contact | None = related("The customer.", on=lambda o, c: c.id == o.customer_id)
        lines: list[Line] = related_list("The lines.", on=lambda o, l: l.order_id == o.id)
        quotes: Connection[Quote] = related_connection("…", on=…, filter=QuoteFilter, order=QUOTE_SORT)

`o`, `c`, `l` are aliases of the models; what the functions return is plain SQLAlchemy Core, and every Python value in
it is bound, never written into SQL. A function may take one more parameter, the field's declared `arguments=` and the
actor (`a.as_of`, `a.actor.organization_id`), all of them bound parameters. To-one fields are nullable, since row-level
security may hide the row. Other helpers: `related_any` (row of one of several types), `embedded` (same row, other
type), `computed` and `computed_list` (rows of a SELECT under a type with `@reads(None)`), `derived` (a Python function
over SQL values).

Audiences
    An interface with `@reads(model)` is read as the one of its types whose `audiences` has the actor's. A column that a
    role has no grant for does not exist on that role's type. An audience without a type reads null or an empty list.

Roots
    `read_one`, `read_list`, `read_connection`, `read_node`, `read_nodes`, `read_search`; each says what it `requires`.
    Python resolvers use `field`, `mutation` and `subscription` of this package, which take `requires` as well.
    `read_in(session, info, "order", order.id)` reads what a mutation's payload selects, in the mutation's transaction.

How it runs
    `selection` resolves fragments, directives and aliases to a tree per audience; `arguments` splits argument values
    into a shape (which filters, which order, which cursors are there) and bound values; `plan` compiles tree and shape
    to SQL and caches it; `execute` sets the row-level security context in the same statement and runs it on the
    audience's pool. The same document with other values is the same SQL text, so that it stays prepared.
"""

from api.reading.cursors import CursorKey
from api.reading.declare import (
    argument,
    column,
    computed,
    computed_list,
    derived,
    embedded,
    expression,
    money,
    reads,
    related,
    related_any,
    related_connection,
    related_list,
)
from api.reading.errors import BadInput, DeclarationError
from api.reading.execute import read_in, read_in_many
from api.reading.explained import Cases, Each, Explained, Given
from api.reading.filters import (
    BigIntFilter,
    DateFilter,
    DateTimeFilter,
    DecimalFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    TextFilter,
    TextSearchFilter,
    condition,
    filters,
    match,
)
from api.reading.ids import global_id, parse_id, parse_id_of
from api.reading.objects import Connection, Edge, Explanation, ExplanationInput, Money, Node, PageInfo
from api.reading.roots import (
    PUBLIC,
    field,
    mutation,
    read_connection,
    read_list,
    read_node,
    read_nodes,
    read_one,
    read_search,
    subscription,
)
from api.reading.scalars import BigInt
from api.reading.schema import Schema, permission_of
from api.reading.sorting import Sort, SortDirection, by
from api.reading.specs import Composite, Listing, Source

__all__ = [
    "PUBLIC",
    "BadInput",
    "BigInt",
    "BigIntFilter",
    "Cases",
    "Composite",
    "Connection",
    "CursorKey",
    "DateFilter",
    "DateTimeFilter",
    "DecimalFilter",
    "DeclarationError",
    "Each",
    "Edge",
    "EnumFilter",
    "Explained",
    "Explanation",
    "ExplanationInput",
    "Given",
    "IDFilter",
    "IntFilter",
    "Listing",
    "Money",
    "Node",
    "PageInfo",
    "Schema",
    "Sort",
    "SortDirection",
    "Source",
    "TextFilter",
    "TextSearchFilter",
    "argument",
    "by",
    "column",
    "computed",
    "computed_list",
    "condition",
    "derived",
    "embedded",
    "expression",
    "field",
    "filters",
    "global_id",
    "match",
    "money",
    "mutation",
    "parse_id",
    "parse_id_of",
    "permission_of",
    "read_connection",
    "read_in",
    "read_in_many",
    "read_list",
    "read_node",
    "read_nodes",
    "read_one",
    "read_search",
    "reads",
    "related",
    "related_any",
    "related_connection",
    "related_list",
    "subscription",
]
