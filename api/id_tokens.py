"""Tokens by which drivers are known to chargers."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func

import api.session_enums  # noqa: F401  # describes the enums before they are used here
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    TextFilter,
    column,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.sessions.models import IdToken as TokenRow
from domain.sessions.models import TokenKind, TokenStatus
from domain.sessions.tokens import MOST_CHARGERS
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.contacts import Contact
    from api.entities import BusinessEntity

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
_READ = Permission.CHARGING_READ
_HOLDERS = [Audience.STAFF, Audience.CUSTOMER, Audience.SYSTEM]


def _usable(token: Any) -> Any:
    in_time = token.valid_until.is_(None) | (token.valid_until > func.now())
    return (token.status == TokenStatus.ACCEPTED.value) & in_time


@reads(TokenRow, audiences=_HOLDERS, source=by_entity_or_channel("id_token"))
@strawberry.type(description="By which a driver is known to chargers: a card, a vehicle, or the app.")
class IdToken(Node):
    token: str = column("As chargers say it, in capitals.")
    kind: TokenKind = column("What it is.")
    label: str = column("What its holder calls it.")
    status: TokenStatus = column("Whether it was blocked.")
    usable: bool = expression("Whether somebody may charge with it now.", _usable)
    blocked_reason: str = column("Why it was blocked.")
    valid_until: datetime | None = column("Until when it is good, not included; null: for good.")
    created_at: datetime = column("When it was registered.")
    updated_at: datetime = column("When it was last changed.")
    contact: ContactRef | None = related("Who charges with it and is billed.", on=lambda t, c: c.id == t.contact_id)
    entity: EntityRef | None = related("At whose chargers it is good.", on=lambda t, e: e.id == t.entity_id)
    chargers: list[ChargerRef] = related_list(
        "Private chargers of others at which it may charge too.",
        on=lambda t, c: c.id == func.any(t.charger_ids),
        order_by=lambda c: c.id,
        limit=MOST_CHARGERS,
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.", on=lambda t, e: e.subject_id == t.id, filter=EventFilter, order=EVENT_SORT
    )


@filters(TokenRow)
@strawberry.input(description="Which tokens; all conditions hold together.")
class IdTokenFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("Of this person or organization.", node=["Contact", "Organization"])
    token: TextFilter | None = match("By the token, in capitals.")
    kind: EnumFilter[TokenKind] | None = match("By what it is.")
    status: EnumFilter[TokenStatus] | None = match("By whether it was blocked.")
    valid_until: DateTimeFilter | None = match("By when it ends.")
    created_at: DateTimeFilter | None = match("By when it was registered.")


ID_TOKEN_SORT = Sort(
    TokenRow, created_at="When it was registered.", valid_until="By when it ends.", default="-created_at"
)


@strawberry.type
class IdTokenQueries:
    id_token: IdToken | None = read_one("One token.", requires=_READ)
    id_tokens: Connection[IdToken] = read_connection(
        "Tokens: of staff's entities, or your own.", filter=IdTokenFilter, order=ID_TOKEN_SORT, requires=_READ
    )


TYPES = (IdToken,)
