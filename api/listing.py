"""How a root list of records with a channel finds its rows by an index, whoever lists."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, select

from api.reading import Listing, Source
from tenants.audience import Audience
from tenants.listing import ChannelRow

SourceOf = Callable[[Listing, Any], Source | None]
_KEYS = {
    Audience.PARTNER: "organization_id",
    Audience.CUSTOMER: "contact_id",
    Audience.TECHNICIAN: "team_id",
}


def by_entity_or_channel(kind: str, *walkers: Audience) -> SourceOf:
    """A `source` for `@reads`: staff of one entity walk its index, partners the index of their organization's rows.

    `kind` is the one that the record is listed under (tenants.listing), `walkers` are further audiences under whose
    contact or team it is; the default order has to be `created_at`.
    """
    walking = {Audience.PARTNER, *walkers}

    def source(listing: Listing, row: Any) -> Source | None:
        if listing.audience is Audience.STAFF and listing.one_entity:
            return Source(where=[row.entity_id == listing.actor.entity_id])
        if listing.audience in walking and listing.sort == "created_at":
            return walk(kind, getattr(listing.actor, _KEYS[listing.audience]), row, months=kind == "event")
        return None

    return source


def by_key(kind: str) -> SourceOf:
    """A `source` for what is listed under entities and organizations alike: both walk their own rows."""

    def source(listing: Listing, row: Any) -> Source | None:
        if listing.sort != "created_at":
            return None
        if listing.audience is Audience.STAFF and listing.one_entity:
            return walk(kind, listing.actor.entity_id, row)
        return walk(kind, listing.actor.organization_id, row) if listing.audience is Audience.PARTNER else None

    return source


def walk(kind: str, key: Any, row: Any, *, months: bool = False) -> Source:
    """The rows of a kind that are listed under a key, newest first or last; `months`: of a partitioned table."""
    table = ChannelRow.__table__.alias()
    own = (table.c.kind == kind) & (table.c.organization_id == key)
    same = table.c.row_id == row.id
    if months:
        same &= table.c.created_at == row.created_at
    return Source(where=[own], join=(table, same), keys=(table.c.created_at, table.c.row_id))


def listed(kind: str, key: Any) -> Select[Any]:
    """The ids of what is listed under a key."""
    table = ChannelRow.__table__.alias()
    return select(table.c.row_id).where(table.c.kind == kind, table.c.organization_id == key)


def of_organizations(listing: Listing, row: Any) -> Source | None:
    """A `source` for what belongs to an `organization_id`: staff of one entity walk its index, a partner's are few."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id.in_(listed("organization", listing.actor.organization_id))])
    return None
