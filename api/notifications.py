"""Notifications: the inbox, what was sent to whom and became of it, templates, kinds, preferences."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func, or_
from strawberry.scalars import JSON

import api.notification_enums  # noqa: F401  # describes the enums before they are used
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    argument,
    column,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_any,
)
from domain.notifications.kinds import Category
from domain.notifications.models import Channel, DeliveryReason, DeliveryState
from domain.notifications.models import Notification as NotificationRow
from domain.notifications.models import NotificationDelivery as DeliveryRow
from domain.notifications.models import NotificationPreference as PreferenceRow
from domain.notifications.models import NotificationTemplate as TemplateRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import Brand, BusinessEntity
    from api.organizations import Organization
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
BrandRef = Annotated["Brand", strawberry.lazy("api.entities")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
NOBODY_ELSES = (Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN)


# --- the inbox ----------------------------------------------------------------------------------------------------


@reads(NotificationRow, audiences=NOBODY_ELSES, where=lambda n: n.in_app)
@strawberry.type(description="Something that you were told.")
class Notification(Node):
    kind: str = column("What it tells, as in `notificationKinds`.")
    category: Category = column("What you set your channels for.")
    title: str = column("In a few words.")
    text: str = column("What it says; empty once that is forgotten, 90 days later.")
    language: str = column("`nl` or `en`.")
    created_at: datetime = column("When you were told.")
    read_at: datetime | None = column("When you read it.")
    subject_type: str = column("GraphQL type of what it is about.")
    subject: Node | None = related_any(
        "What it is about, where you may see it.", kind=lambda n: n.subject_type, id=lambda n: n.subject_id
    )
    entity: EntityRef | None = related("Who tells you.", on=lambda n, e: e.id == n.entity_id)


@filters(NotificationRow)
@strawberry.input(description="Which notifications; all conditions hold together.")
class NotificationFilter:
    unread: bool | None = condition("Whether you have yet to read it.", lambda n, value: n.read_at.is_(None) == value)
    category: EnumFilter[Category] | None = match("By category.")
    kind: TextFilter | None = match("By kind.")
    created_at: DateTimeFilter | None = match("By time.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    subject_id: strawberry.ID | None = condition(
        "About this subject.", lambda n, value: n.subject_id == value, node="*"
    )


# --- deliveries ---------------------------------------------------------------------------------------------------


def _of_one_entity(listing: Listing, row: Any) -> Source | None:
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    return None


@reads(DeliveryRow, source=_of_one_entity)
@strawberry.interface(description="A message to somebody over one channel, and what became of it.")
class NotificationDelivery(Node):
    kind: str = column("What it tells, as in `notificationKinds`.")
    channel: Channel = column("The channel.")
    state: DeliveryState = column("How far it is.")
    reason: DeliveryReason | None = column("Why it failed or was not sent.")
    title: str = column("Its subject; empty where the channel has none.")
    address: str = column("Where it went.")
    created_at: datetime = column("When it was made.")
    next_attempt_at: datetime = column("Not to be sent before; later than it was made where quiet hours hold it.")
    sent_at: datetime | None = column("When the provider accepted it.")
    delivered_at: datetime | None = column("When it arrived.")
    opened_at: datetime | None = column("When it was first opened, where the provider tells.")
    bounced_at: datetime | None = column("When the address turned out not to exist.")
    failed_at: datetime | None = column("When it failed for good.")
    subject_type: str = column("GraphQL type of what it is about.")
    subject: Node | None = related_any(
        "What it is about, where you may see it.", kind=lambda d: d.subject_type, id=lambda d: d.subject_id
    )
    entity: EntityRef | None = related("In whose name it is.", on=lambda d, e: e.id == d.entity_id)


@reads(DeliveryRow, audiences=[Audience.STAFF, Audience.SYSTEM], source=_of_one_entity)
@strawberry.type(description="A delivery as staff see it.")
class StaffNotificationDelivery(NotificationDelivery):
    attempts: int = column("How often it was tried.")
    provider_id: str | None = column("What the provider calls it.")
    last_error: str | None = column("Kind of the last failure.")
    contact: ContactRef | None = related("To which contact.", on=lambda d, c: c.id == d.contact_id)
    user: UserRef | None = related("To which user.", on=lambda d, u: u.id == d.user_id)
    organization: OrganizationRef | None = related("On whose behalf.", on=lambda d, o: o.id == d.organization_id)
    template: Annotated["NotificationTemplate", strawberry.lazy("api.notifications")] | None = related(
        "The version it is written by; null for the platform's own words.", on=lambda d, t: t.id == d.template_id
    )


@reads(DeliveryRow, audiences=[Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN])
@strawberry.type(description="A delivery to you.")
class OwnNotificationDelivery(NotificationDelivery):
    pass


@filters(DeliveryRow)
@strawberry.input(description="Which deliveries; all conditions hold together.")
class NotificationDeliveryFilter:
    state: EnumFilter[DeliveryState] | None = match("By state.")
    channel: EnumFilter[Channel] | None = match("By channel.")
    reason: EnumFilter[DeliveryReason] | None = match("By reason.")
    kind: TextFilter | None = match("By kind.")
    contact_id: IDFilter | None = match("To this contact.", node=["Contact", "Organization"])
    organization_id: IDFilter | None = match("On behalf of this organization.", node="Organization")
    user_id: IDFilter | None = match("To this user.", node="User")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    subject_id: strawberry.ID | None = condition(
        "About this subject.", lambda d, value: d.subject_id == value, node="*"
    )
    created_at: DateTimeFilter | None = match("By time.")


# --- templates ----------------------------------------------------------------------------------------------------


@reads(TemplateRow, audiences=[Audience.STAFF, Audience.SYSTEM], source=_of_one_entity)
@strawberry.type(description="One version of a text for a kind, a channel and a language.")
class NotificationTemplate(Node):
    kind: str = column("The kind.")
    channel: Channel = column("The channel.")
    language: str = column("`nl` or `en`.")
    version: int = column("Counts up per kind, channel, language and owner.")
    active: bool = column("Whether it holds.")
    subject: str = column("Subject, with variables; empty on channels without one.")
    text: str = column("Text, with variables.")
    html: str | None = column("The letter's inner part, with variables; made of the text where null.")
    note: str = column("What its author says of it.")
    created_at: datetime = column("When it was saved.")
    entity: EntityRef | None = related("Whose it is.", on=lambda t, e: e.id == t.entity_id)
    brand: BrandRef | None = related("For this brand only.", on=lambda t, b: b.id == t.brand_id)
    organization: OrganizationRef | None = related(
        "For what comes through this partner only.", on=lambda t, o: o.id == t.organization_id
    )


@filters(TemplateRow)
@strawberry.input(description="Which templates; all conditions hold together.")
class NotificationTemplateFilter:
    kind: TextFilter | None = match("By kind.")
    channel: EnumFilter[Channel] | None = match("By channel.")
    language: TextFilter | None = match("By language.")
    active: bool | None = condition("Whether it holds.", lambda t, value: t.active == value)
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    brand_id: IDFilter | None = match("Of this brand.", node="Brand")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")


# --- preferences --------------------------------------------------------------------------------------------------


def _clock(value: Any) -> Any:
    return func.to_char(value, "HH24:MI")


@reads(PreferenceRow)
@strawberry.type(description="What a recipient wants of one business entity.")
class NotificationPreferences(Node):
    channels: JSON = column("`{category: [channel, …]}`: the channels in the order in which they are tried.")
    muted: list[str] = column("Optional kinds that are not wanted.")
    quiet: bool = column("Whether there are quiet hours at all.")
    quiet_from: str | None = expression(
        "Begin of quiet hours, as in `21:00`, in Amsterdam; null: those of the entity.",
        lambda p: _clock(p.quiet_from),
    )
    quiet_until: str | None = expression("Their end.", lambda p: _clock(p.quiet_until))
    quiet_weekends: bool | None = column("Whether weekends are quiet; null: as the entity says.")
    quiet_holidays: bool | None = column("Whether public holidays are quiet; null: as the entity says.")
    updated_at: datetime = column("When they were last set.")
    entity: EntityRef | None = related("Of whom.", on=lambda p, e: e.id == p.entity_id)


def _asked_for(row: Any, given: Any) -> Any:
    """Those of the contact that is named, else the actor's own as a contact or as a user."""
    of_entity = row.entity_id == given.entity_id
    if given.contact_id is not None:
        return of_entity & (row.contact_id == given.contact_id)
    return of_entity & or_(row.contact_id == given.actor.contact_id, row.user_id == given.actor.user_id)


NOTIFICATION_SORT = Sort(NotificationRow, created_at="When you were told.", default="-created_at")
DELIVERY_SORT = Sort(DeliveryRow, created_at="When it was made.", default="-created_at")
TEMPLATE_SORT = Sort(TemplateRow, created_at="When it was saved.", default="-created_at")


@strawberry.type
class NotificationQueries:
    notification: Notification | None = read_one("One of your notifications.", requires=Permission.NOTIFICATIONS_READ)
    notifications: Connection[Notification] = read_connection(
        "Your inbox, newest first; `totalCount` with `filter: {unread: true}` is the number to show beside it.",
        filter=NotificationFilter,
        order=NOTIFICATION_SORT,
        requires=Permission.NOTIFICATIONS_READ,
    )
    notification_delivery: NotificationDelivery | None = read_one(
        "One delivery.", requires=Permission.NOTIFICATIONS_READ
    )
    notification_deliveries: Connection[NotificationDelivery] = read_connection(
        "What was sent, newest first: for staff all of it, for everybody else what was sent to them.",
        filter=NotificationDeliveryFilter,
        order=DELIVERY_SORT,
        requires=Permission.NOTIFICATIONS_READ,
    )
    notification_templates: Connection[NotificationTemplate] = read_connection(
        "All versions of all templates.",
        filter=NotificationTemplateFilter,
        order=TEMPLATE_SORT,
        requires=Permission.NOTIFICATIONS_CONFIGURE,
    )
    notification_preferences: NotificationPreferences | None = read_one(
        "What you want of a business entity, or what a contact said it wants; null where nothing was said.",
        by=(),
        where=_asked_for,
        arguments={
            "entity_id": argument(strawberry.ID, "The business entity.", node="BusinessEntity"),
            "contact_id": argument(
                strawberry.ID | None, "A contact, for staff.", default=None, node=["Contact", "Organization"]
            ),
        },
        requires=Permission.NOTIFICATIONS_READ,
    )


TYPES = (
    Notification,
    StaffNotificationDelivery,
    OwnNotificationDelivery,
    NotificationTemplate,
    NotificationPreferences,
)
