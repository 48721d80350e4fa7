"""What of the API is going to be removed, and who still uses it."""

from datetime import date, datetime
from typing import Any

import strawberry
from sqlalchemy import Select, func, select

from api.enums import described
from api.reading import (
    BigInt,
    Connection,
    DateFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    column,
    condition,
    filters,
    match,
    read_connection,
    read_list,
    reads,
    related_any,
)
from domain.deprecations.models import DeprecatedUse as UseRow
from tenants.actor import ClientKind
from tenants.audience import Audience
from tenants.permissions import Permission

MOST = 250

described(
    ClientKind,
    "What kind of program asks.",
    API_KEY="An API key.",
    OAUTH_CLIENT="An application.",
    PORTAL="A brand's own portal.",
)


@reads(None)
@strawberry.type(description="A part of the schema that is going to be removed and that you still use.")
class Deprecation:
    part: str = column("Schema coordinate, such as `Order.number` or `Query.orders(filter:)`.")
    since: date = column("Since when it is deprecated.")
    removal: date = column("The day after which it may be gone.")
    replacement: str = column("What to use instead.")
    uses: BigInt = column("Requests that used it, in 400 days.")
    last_used_at: datetime = column("When it was used last, exact to a minute.")


def _of_one_entity(listing: Listing, use: Any) -> Source | None:
    """Staff of one entity walk its index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[use.entity_id == listing.actor.entity_id])
    return None


@reads(UseRow, source=_of_one_entity)
@strawberry.type(description="How often one client used a deprecated part of the schema on one day.")
class DeprecatedUse(Node):
    part: str = column("Schema coordinate, such as `Order.number` or `Query.orders(filter:)`.")
    since: date = column("Since when it is deprecated.")
    removal: date = column("The day after which it may be gone.")
    replacement: str = column("What to use instead.")
    client_kind: ClientKind = column("Through what it was used.")
    client: Node | None = related_any(
        "The API key, application or brand, where you may see it.",
        kind=lambda use: use.client_kind,
        id=lambda use: use.client_id,
    )
    role: str = column("The role in which it was used.")
    day: date = column("The day, in the Netherlands.")
    uses: BigInt = column("Requests that used it on that day.")
    last_used_at: datetime = column("When it was used last on that day, exact to a minute.")


@filters(UseRow)
@strawberry.input(description="Which uses; all conditions hold together.")
class DeprecatedUseFilter:
    part: TextFilter | None = match("By schema coordinate.")
    client_id: strawberry.ID | None = condition(
        "Of this API key, application or brand.",
        lambda use, value: use.client_id == value,
        node=("ApiKey", "OAuthClient", "Brand"),
    )
    day: DateFilter | None = match("By day.")


USE_SORT = Sort(
    UseRow, created_at="When it was counted first.", last_used_at="When it was used last.", default="-created_at"
)


def _own(arguments: Any) -> Select[Any]:
    """What the actor's client used, as far as row-level security lets the actor see it."""
    use = UseRow.__table__.alias("use")
    latest = func.max(use.c.last_used_at)
    return (
        select(
            use.c.part,
            func.max(use.c.since).label("since"),
            func.max(use.c.removal).label("removal"),
            func.max(use.c.replacement).label("replacement"),
            func.sum(use.c.uses).label("uses"),
            latest.label("last_used_at"),
        )
        .where(use.c.client_id == arguments.actor.client_id)
        .group_by(use.c.part)
        .order_by(latest.desc(), use.c.part)
    )


@strawberry.type
class DeprecationQueries:
    my_deprecations: list[Deprecation] = read_list(
        f"Deprecated parts of the schema that your API key, application or portal used, the latest use first; at most "
        f"{MOST}.",
        rows=_own,
        limit=MOST,
        requires=Permission.SIGNED_IN,
    )
    deprecated_uses: Connection[DeprecatedUse] = read_connection(
        "Who uses deprecated parts of the schema, per client and day, the newest first.",
        filter=DeprecatedUseFilter,
        order=USE_SORT,
        requires=Permission.API_KEYS_MANAGE,
    )


TYPES = (Deprecation, DeprecatedUse)
