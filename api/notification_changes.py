"""What can be done with notifications: reading them, wishes, templates and their previews, settings, sending again."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.notifications import (
    Notification,
    NotificationDelivery,
    NotificationPreferences,
    NotificationTemplate,
)
from api.reading import field, read_in
from api.reading.ids import parse_id, parse_id_of
from domain.errors import Required
from domain.notifications import inbox, preferences, preview, settings, templates, tracking
from domain.notifications.kinds import Category
from domain.notifications.messages import Message
from domain.notifications.models import Channel, Language
from domain.notifications.preferences import Wishes
from domain.notifications.preview import Subject
from domain.notifications.quiet import Quiet
from domain.notifications.settings import NotificationSettings as Settings
from domain.notifications.settings import time_of_day
from domain.notifications.templates import GivenTemplate
from domain.rows import find
from tenants.acting import acting_as
from tenants.models import BusinessEntity
from tenants.permissions import Permission

NotificationId = Annotated[strawberry.ID, strawberry.argument(description="The notification.")]
TemplateId = Annotated[strawberry.ID, strawberry.argument(description="The version.")]
DeliveryId = Annotated[strawberry.ID, strawberry.argument(description="The delivery.")]
EntityId = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
Until = Annotated[
    datetime | None, strawberry.argument(description="Only what you were told until then; else all of it.")
]

# --- inputs -------------------------------------------------------------------------------------------------------


@strawberry.input(description="A version of a text.")
class SaveNotificationTemplateInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    kind: str = strawberry.field(description="The kind, as in `notificationKinds`.")
    channel: Channel = strawberry.field(description="The channel.")
    language: Language = strawberry.field(description="The language.")
    subject: str = strawberry.field(default="", description="Subject, at most 200 characters; none on SMS, WhatsApp.")
    text: str = strawberry.field(description="Text, at most 10,000 characters. A mail has one even with `html`.")
    html: str | None = strawberry.field(default=None, description="For mail: the letter's inner part.")
    brand_id: strawberry.ID | None = strawberry.field(default=None, description="For this brand only.")
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="For what comes through this partner, or one below it, only."
    )
    note: str = strawberry.field(default="", description="What you say of it, at most 500 characters.")
    activate: bool = strawberry.field(default=False, description="Whether it holds at once.")


@strawberry.input(description="What to look at: a version that is kept, or a draft.")
class PreviewNotificationInput:
    template_id: strawberry.ID | None = strawberry.field(default=None, description="A version that is kept.")
    draft: SaveNotificationTemplateInput | None = strawberry.field(default=None, description="A draft.")
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="A quote, order, visit or lead to fill it in with; examples otherwise."
    )


@strawberry.input(description="The channels for a category.")
class CategoryChannelsInput:
    category: Category = strawberry.field(description="The category.")
    channels: list[Channel] = strawberry.field(
        description="In the order in which they are tried; none: only the inbox, and what you have to be told."
    )


@strawberry.input(description="What a recipient wants; everything is set anew.")
class NotificationPreferencesInput:
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; yours if you have one only."
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=None, description="For staff: the contact that said so; you yourself otherwise."
    )
    channels: list[CategoryChannelsInput] = strawberry.field(
        default_factory=list, description="Per category; where it is left out, as usual."
    )
    muted: list[str] = strawberry.field(default_factory=list, description="Optional kinds that are not wanted.")
    quiet: bool = strawberry.field(default=True, description="Whether there are quiet hours at all.")
    quiet_from: str | None = strawberry.field(default=None, description="Their begin, as in `21:00`.")
    quiet_until: str | None = strawberry.field(default=None, description="Their end, as in `08:00`.")
    quiet_weekends: bool | None = strawberry.field(default=None, description="Whether weekends are quiet.")
    quiet_holidays: bool | None = strawberry.field(default=None, description="Whether public holidays are quiet.")


@strawberry.input(description="How a business entity tells people; everything is set anew.")
class UpdateNotificationSettingsInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    quiet_from: str = strawberry.field(default="21:00", description="Begin of quiet hours in Amsterdam.")
    quiet_until: str = strawberry.field(default="08:00", description="Their end; equal to the begin: none.")
    quiet_weekends: bool = strawberry.field(default=False, description="Whether weekends are quiet.")
    quiet_holidays: bool = strawberry.field(default=False, description="Whether public holidays are quiet.")
    quote_reminder_days: int = strawberry.field(
        default=7, description="After so many days a quote is brought to mind, 0 to 90; 0: never."
    )
    quote_expiry_days: int = strawberry.field(
        default=3, description="So many days before it expires signers are told, 0 to 90; 0: never."
    )
    visit_reminder: bool = strawberry.field(default=True, description="Whether customers are reminded of a visit.")


# --- results ------------------------------------------------------------------------------------------------------


@strawberry.type(description="How a business entity tells people.")
class NotificationSettings:
    quiet_from: str = strawberry.field(description="Begin of quiet hours in Amsterdam.")
    quiet_until: str = strawberry.field(description="Their end.")
    quiet_weekends: bool = strawberry.field(description="Whether weekends are quiet.")
    quiet_holidays: bool = strawberry.field(description="Whether public holidays are quiet.")
    quote_reminder_days: int = strawberry.field(description="After so many days a quote is brought to mind.")
    quote_expiry_days: int = strawberry.field(description="So many days before it expires signers are told.")
    visit_reminder: bool = strawberry.field(description="Whether customers are reminded of a visit.")


@strawberry.type(description="A message as it would be sent.")
class NotificationPreview:
    subject: str = strawberry.field(description="Subject or title; empty where the channel has none.")
    text: str = strawberry.field(description="Text.")
    html: str | None = strawberry.field(description="The mail as a page, cleaned of what a mail must not hold.")


@strawberry.type(description="What markNotificationRead returns.")
class MarkNotificationReadPayload(Payload):
    notification: Notification | None = strawberry.field(default=None, description="The notification.")


@strawberry.type(description="What markAllNotificationsRead returns.")
class MarkAllNotificationsReadPayload(Payload):
    marked: int = strawberry.field(default=0, description="How many were unread.")


@strawberry.type(description="What setNotificationPreferences returns.")
class SetNotificationPreferencesPayload(Payload):
    preferences: NotificationPreferences | None = strawberry.field(default=None, description="What is wanted now.")


@strawberry.type(description="What a change of a template returns.")
class NotificationTemplatePayload(Payload):
    template: NotificationTemplate | None = strawberry.field(default=None, description="The version.")


@strawberry.type(description="What previewNotification returns.")
class PreviewNotificationPayload(Payload):
    preview: NotificationPreview | None = strawberry.field(default=None, description="The message.")


@strawberry.type(description="What updateNotificationSettings returns.")
class UpdateNotificationSettingsPayload(Payload):
    settings: NotificationSettings | None = strawberry.field(default=None, description="The settings.")


@strawberry.type(description="What resendNotificationDelivery returns.")
class ResendNotificationDeliveryPayload(Payload):
    delivery: NotificationDelivery | None = strawberry.field(default=None, description="The new delivery.")


@strawberry.type
class NotificationSettingsQueries:
    @field("How a business entity tells people.", requires=Permission.NOTIFICATIONS_CONFIGURE)
    async def notification_settings(self, info: Info, entity_id: EntityId) -> NotificationSettings:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.read() as session:
            entity = await find(session, BusinessEntity, key, field=("entity_id",))
            return _shown(settings.notification_settings(entity))


@strawberry.type
class NotificationMutations:
    @mutation("Notes that you have read a notification.", requires=Permission.NOTIFICATIONS_READ)
    async def mark_notification_read(self, info: Info, id: NotificationId) -> MarkNotificationReadPayload:
        key = key_of("Notification", id)
        async with info.context.write() as session:
            await inbox.mark_read(session, key)
            return MarkNotificationReadPayload(notification=await read_in(session, info, "notification", key))

    @mutation("Notes that you have read everything in your inbox.", requires=Permission.NOTIFICATIONS_READ)
    async def mark_all_notifications_read(self, info: Info, until: Until = None) -> MarkAllNotificationsReadPayload:
        async with info.context.write() as session:
            return MarkAllNotificationsReadPayload(marked=await inbox.mark_all_read(session, until))

    @mutation(
        "Keeps what you want of a business entity or, for staff, what a contact said it wants.",
        requires=Permission.NOTIFICATIONS_READ,
    )
    async def set_notification_preferences(
        self, info: Info, input: NotificationPreferencesInput
    ) -> SetNotificationPreferencesPayload:
        entity_id = optional_key("BusinessEntity", input.entity_id, "entityId")
        contact_id = _contact_key(input.contact_id)
        async with info.context.write() as session:
            kept = await preferences.save(session, _wishes(input), entity_id=entity_id, contact_id=contact_id)
            read = await read_in(session, info, "preferences", kept.id)
            return SetNotificationPreferencesPayload(preferences=read)

    @mutation("Saves a version of a text; what is wrong with it is told.", requires=Permission.NOTIFICATIONS_CONFIGURE)
    async def save_notification_template(
        self, info: Info, input: SaveNotificationTemplateInput
    ) -> NotificationTemplatePayload:
        given = _given(input)
        async with info.context.write() as session:
            made = await templates.save(session, given, activate=input.activate)
            return NotificationTemplatePayload(template=await read_in(session, info, "template", made.id))

    @mutation("Lets a version hold, in place of the one that did.", requires=Permission.NOTIFICATIONS_CONFIGURE)
    async def activate_notification_template(self, info: Info, id: TemplateId) -> NotificationTemplatePayload:
        key = key_of("NotificationTemplate", id)
        async with info.context.write() as session:
            made = await templates.activate(session, key)
            return NotificationTemplatePayload(template=await read_in(session, info, "template", made.id))

    @mutation(
        "Lets a version hold no longer: a wider template does then, or the platform's own words.",
        requires=Permission.NOTIFICATIONS_CONFIGURE,
    )
    async def revert_notification_template(self, info: Info, id: TemplateId) -> NotificationTemplatePayload:
        key = key_of("NotificationTemplate", id)
        async with info.context.write() as session:
            made = await templates.revert(session, key)
            return NotificationTemplatePayload(template=await read_in(session, info, "template", made.id))

    @mutation("Shows how a message would look; sends nothing.", requires=Permission.NOTIFICATIONS_CONFIGURE)
    async def preview_notification(self, info: Info, input: PreviewNotificationInput) -> PreviewNotificationPayload:
        template_id = optional_key("NotificationTemplate", input.template_id, "templateId")
        subject = Subject(*parse_id(input.subject_id, "subjectId")) if input.subject_id else None
        async with info.context.write() as session:
            draft = await preview.draft_of(session, template_id) if template_id else _given(_draft(input))
            made = await preview.preview(session, info.context.settings, draft, subject)
            return PreviewNotificationPayload(preview=_previewed(made))

    @mutation("Sets how a business entity tells people.", requires=Permission.NOTIFICATIONS_CONFIGURE)
    async def update_notification_settings(
        self, info: Info, input: UpdateNotificationSettingsInput
    ) -> UpdateNotificationSettingsPayload:
        key = key_of("BusinessEntity", input.entity_id, "entityId")
        given = _settings(input)
        async with info.context.write() as session:
            entity = await settings.save(session, key, given)
            shown = _shown(settings.notification_settings(entity))
            return UpdateNotificationSettingsPayload(settings=shown)

    @mutation("Sends once more what a delivery said, over its channel.", requires=Permission.NOTIFICATIONS_SEND)
    async def resend_notification_delivery(self, info: Info, id: DeliveryId) -> ResendNotificationDeliveryPayload:
        key, actor = key_of("NotificationDelivery", id), info.context.actor
        async with info.context.system() as session:
            again = await tracking.resend(session, actor, key)
            async with acting_as(session, actor):
                read = await read_in(session, info, "delivery", again.id)
            return ResendNotificationDeliveryPayload(delivery=read)


# --- from inputs --------------------------------------------------------------------------------------------------


def _contact_key(value: str | None) -> Any:
    return parse_id_of(frozenset({"Contact", "Organization"}), value, "contactId") if value else None


def _given(input: SaveNotificationTemplateInput) -> GivenTemplate:
    return GivenTemplate(
        entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
        kind=input.kind,
        channel=input.channel,
        language=input.language,
        text=input.text,
        subject=input.subject,
        html=input.html,
        brand_id=optional_key("Brand", input.brand_id, "brandId"),
        organization_id=optional_key("Organization", input.organization_id, "organizationId"),
        note=input.note,
    )


def _draft(input: PreviewNotificationInput) -> SaveNotificationTemplateInput:
    if input.draft is None:
        raise Required(field=("template_id",))
    return input.draft


def _wishes(input: NotificationPreferencesInput) -> Wishes:
    return Wishes(
        channels={chosen.category.value: [channel.value for channel in chosen.channels] for chosen in input.channels},
        muted=input.muted,
        quiet=input.quiet,
        quiet_from=time_of_day(input.quiet_from, "quiet_from") if input.quiet_from else None,
        quiet_until=time_of_day(input.quiet_until, "quiet_until") if input.quiet_until else None,
        quiet_weekends=input.quiet_weekends,
        quiet_holidays=input.quiet_holidays,
    )


def _settings(input: UpdateNotificationSettingsInput) -> Settings:
    quiet = Quiet(
        time_of_day(input.quiet_from, "quiet_from"),
        time_of_day(input.quiet_until, "quiet_until"),
        input.quiet_weekends,
        input.quiet_holidays,
    )
    return Settings(quiet, input.quote_reminder_days, input.quote_expiry_days, input.visit_reminder)


def _shown(kept: Settings) -> NotificationSettings:
    return NotificationSettings(
        quiet_from=f"{kept.quiet.start:%H:%M}",
        quiet_until=f"{kept.quiet.end:%H:%M}",
        quiet_weekends=kept.quiet.weekends,
        quiet_holidays=kept.quiet.holidays,
        quote_reminder_days=kept.quote_reminder_days,
        quote_expiry_days=kept.quote_expiry_days,
        visit_reminder=kept.visit_reminder,
    )


def _previewed(made: Message) -> NotificationPreview:
    return NotificationPreview(subject=made.subject, text=made.text, html=made.html)
