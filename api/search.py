"""Finding anything by its id or by a piece of text."""

from collections.abc import Callable
from typing import Any

import strawberry
from sqlalchemy import func, select

from api.reading import Node, argument, read_node, read_nodes, read_search
from tenants.permissions import Permission

KINDS = ("contact", "lead", "quote", "order", "article", "charger")
MOST = 50


LISTED = 250
"""The most hits that a list is narrowed to."""


def with_text(*kinds: str) -> Callable[[Any, Any], Any]:
    """The condition of a filter `search`: the record is among the best hits of a text; kinds as in tenants.listing."""
    return lambda row, text: row.id.in_(select(_found(text, list(kinds), LISTED).c.row_id))


def _found(text: Any, kinds: list[str], most: int) -> Any:
    return func.search_ids(text, kinds, most).table_valued("kind", "row_id", "rank")


def _hits(arguments: Any) -> Any:
    hits = _found(arguments.text, list(KINDS), MOST).alias("hits")
    return select(func.initcap(hits.c.kind).label("kind"), hits.c.row_id.label("id")).order_by(
        hits.c.rank.desc(), hits.c.row_id.desc()
    )


@strawberry.type
class SearchQueries:
    node: Node | None = read_node("Anything by its id.", requires=Permission.SIGNED_IN)
    nodes: list[Node | None] = read_nodes(
        "Several things by their ids, in the same order; null for what is not there.", requires=Permission.SIGNED_IN
    )
    search: list[Node] = read_search(
        "Contacts, leads, quotes, orders, articles and chargers with a piece of text in their names or numbers; "
        "best 50 first.",
        source=_hits,
        limit=MOST,
        cost=20,
        arguments={"text": argument(str, "What to look for, at least 2 characters.")},
        requires=Permission.SIGNED_IN,
    )
