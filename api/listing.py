"""How a root list of records with a channel finds its rows by an index, whoever lists."""

from typing import Any

from api.reading import Listing, Source
from tenants.audience import Audience
from tenants.listing import ChannelRow


def by_entity_or_channel(kind: str) -> Any:
    """A `source` for `@reads`: staff of one entity walk its index, partners the index of their organization's rows.

    `kind` is the one that the record is listed under (tenants.listing); the default order has to be `created_at`.
    """

    def source(listing: Listing, row: Any) -> Source | None:
        if listing.audience is Audience.STAFF and listing.one_entity:
            return Source(where=[row.entity_id == listing.actor.entity_id])
        if listing.audience is Audience.PARTNER and listing.sort == "created_at":
            return _of_channel(kind, listing, row)
        return None

    return source


def _of_channel(kind: str, listing: Listing, row: Any) -> Source:
    listed = ChannelRow.__table__.alias()
    own = (listed.c.kind == kind) & (listed.c.organization_id == listing.actor.organization_id)
    return Source(where=[own], join=(listed, listed.c.row_id == row.id), keys=(listed.c.created_at, listed.c.row_id))
