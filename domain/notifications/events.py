"""What happens to notifications and to how they are written. Payloads hold no text of a message and no address."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class NotificationReceived(Payload):
    """Somebody was told something; who, is in the notification."""

    type = "notification.received"
    subject_type = "Notification"
    kind: str
    channels: list[str]


@dataclass(frozen=True)
class NotificationUndeliverable(Payload):
    """No channel reached the recipient."""

    type = "notification.undeliverable"
    subject_type = "Notification"
    internal = True
    kind: str
    reason: str


@dataclass(frozen=True)
class NotificationPreferencesSet(Payload):
    """A contact chose what it is told, and how."""

    type = "notification_preferences.set"
    subject_type = "Contact"
    muted: list[str]


@dataclass(frozen=True)
class UserNotificationPreferencesSet(Payload):
    """A user chose what it is told, and how."""

    type = "notification_preferences.set_by_user"
    subject_type = "User"
    internal = True
    muted: list[str]


@dataclass(frozen=True)
class _TemplateEvent(Payload):
    subject_type = "NotificationTemplate"
    internal = True
    kind: str
    channel: str
    language: str
    template_version: int


@dataclass(frozen=True)
class TemplateSaved(_TemplateEvent):
    """A version of a template was written."""

    type = "notification_template.saved"


@dataclass(frozen=True)
class TemplateActivated(_TemplateEvent):
    """A version of a template is in use from now on."""

    type = "notification_template.activated"


@dataclass(frozen=True)
class TemplateReverted(_TemplateEvent):
    """What was written before it holds again, or what a wider template or the platform says."""

    type = "notification_template.reverted"


@dataclass(frozen=True)
class NotificationSettingsSaved(Payload):
    """How the entity sends notifications has changed."""

    type = "notification_settings.saved"
    subject_type = "BusinessEntity"
    internal = True
