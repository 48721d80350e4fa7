"""What people are told about, as those see it who write the texts or choose their channels."""

import strawberry

import api.notification_enums  # noqa: F401  # describes the enums before they are used
from api.context import Info
from api.reading import field
from domain.notifications.catalogue import KINDS
from domain.notifications.kinds import Category, Kind, RecipientRole, Variable, VariableType, default_text
from domain.notifications.models import Channel, Language
from tenants.audience import Audience
from tenants.permissions import Permission

_TOLD: dict[Audience, frozenset[RecipientRole]] = {
    Audience.CUSTOMER: frozenset({RecipientRole.CUSTOMER, RecipientRole.USER}),
    Audience.PARTNER: frozenset({RecipientRole.PARTNER, RecipientRole.USER}),
    Audience.TECHNICIAN: frozenset({RecipientRole.TECHNICIAN, RecipientRole.USER}),
}


@strawberry.type(description="A value that a text may name.")
class NotificationVariable:
    name: str = strawberry.field(description="As it is written between double braces: `order.number`.")
    type: VariableType = strawberry.field(description="What it holds.")
    description: str = strawberry.field(description="What it says.")
    example: str = strawberry.field(description="For previews.")
    optional: bool = strawberry.field(description="Whether it may be missing, and is empty then.")


@strawberry.type(description="The platform's own text, which holds where no template does.")
class NotificationDefault:
    channel: Channel = strawberry.field(description="The channel.")
    language: Language = strawberry.field(description="The language.")
    subject: str = strawberry.field(description="Subject; empty on channels without one.")
    text: str = strawberry.field(description="Text.")


@strawberry.type(description="One thing that somebody is told about.")
class NotificationKind:
    name: str = strawberry.field(description="Its name, as in `order.scheduled`.")
    description: str = strawberry.field(description="When it is sent.")
    recipient: RecipientRole = strawberry.field(description="To whom.")
    category: Category = strawberry.field(description="What recipients set their channels for.")
    subject_type: str = strawberry.field(description="GraphQL type of what it is about.")
    channels: list[Channel] = strawberry.field(description="How it goes where the recipient says nothing.")
    in_app: bool = strawberry.field(description="Whether it is in the inbox as well.")
    optional: bool = strawberry.field(description="Whether the recipient may switch it off.")
    urgent: bool = strawberry.field(description="Whether it is sent in quiet hours too.")
    variables: list[NotificationVariable] = strawberry.field(description="What its texts may name.")
    defaults: list[NotificationDefault] = strawberry.field(description="The platform's own texts.")


@strawberry.type
class NotificationKindQueries:
    @field("What people like you are told about; for staff, everybody.", requires=Permission.NOTIFICATIONS_READ)
    def notification_kinds(self, info: Info) -> list[NotificationKind]:
        told = _TOLD.get(info.context.actor.audience, frozenset(RecipientRole))
        return [_shown(kind) for _, kind in sorted(KINDS.items()) if kind.to in told]


def _shown(kind: Kind) -> NotificationKind:
    return NotificationKind(
        name=kind.name,
        description=kind.description,
        recipient=kind.to,
        category=kind.category,
        subject_type=kind.subject_type,
        channels=list(kind.channels),
        in_app=kind.in_app,
        optional=kind.optional,
        urgent=kind.urgent,
        variables=[_variable(variable) for variable in kind.named.values()],
        defaults=[_default(kind, channel, language) for channel in Channel for language in Language],
    )


def _variable(variable: Variable) -> NotificationVariable:
    return NotificationVariable(
        name=variable.name,
        type=variable.type,
        description=variable.description,
        example=variable.example,
        optional=variable.optional,
    )


def _default(kind: Kind, channel: Channel, language: Language) -> NotificationDefault:
    subject, text = default_text(kind, channel, language)
    return NotificationDefault(channel=channel, language=language, subject=subject, text=text)
