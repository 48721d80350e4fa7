"""Enums of notifications, under names of their own: other areas have channels and deliveries too."""

import strawberry

from api.enums import described
from domain.notifications.kinds import Category, RecipientRole, VariableType
from domain.notifications.models import Channel, DeliveryReason, DeliveryState, Language

strawberry.enum(Channel, name="NotificationChannel")
strawberry.enum(Category, name="NotificationCategory")
strawberry.enum(DeliveryState, name="NotificationState")
strawberry.enum(DeliveryReason, name="NotificationReason")
strawberry.enum(RecipientRole, name="NotificationRecipient")
strawberry.enum(VariableType, name="NotificationVariableType")
strawberry.enum(Language, name="NotificationLanguage")
described(
    Channel,
    "How a notification reaches somebody.",
    EMAIL="By mail.",
    SMS="By text message.",
    WHATSAPP="By WhatsApp.",
    PUSH="By a push message of an app.",
    IN_APP="In the inbox of a portal.",
)
described(
    Category,
    "What recipients set their channels for.",
    QUOTES="Quotes and signatures.",
    ORDERS="The course of orders.",
    VISITS="Appointments.",
    REMINDERS="Reminders of what waits or is ahead.",
    FOLLOW_UPS="Questions about a request that was made.",
    LEADS="Leads that came in or were assigned.",
    CHARGERS="What is wrong with chargers, and their maintenance.",
    INTEGRATIONS="Webhooks and keys.",
    ACCOUNT="One's own login.",
)
described(
    DeliveryState,
    "How far a delivery is.",
    QUEUED="It waits for its time, or for the provider.",
    SENT="The provider accepted it.",
    DELIVERED="It arrived.",
    FAILED="It failed; the reason says why.",
    SUPPRESSED="It was not to be sent; the reason says why.",
)
described(
    DeliveryReason,
    "Why a delivery failed or was suppressed.",
    NOT_CONFIGURED="The installation has no provider for the channel.",
    NO_ADDRESS="The recipient has no address for the channel.",
    OPTED_OUT="The recipient does not want it.",
    BOUNCED="The address does not exist.",
    REFUSED="The provider refused it.",
    GIVEN_UP="It was tried as often as it is tried.",
    ERASED="The recipient's data was erased first.",
    COMPLAINED="The recipient called it unwanted.",
    OUTDATED="It was no longer so before it was sent.",
    SANDBOX="Nothing leaves a sandbox.",
)


described(
    RecipientRole,
    "To whom a kind of notification goes.",
    CUSTOMER="The customer.",
    PARTNER="The people of the partner.",
    TECHNICIAN="The people of the team.",
    STAFF="The people of the business entity.",
    USER="The user that it is about.",
)
described(
    VariableType,
    "What a variable holds, and so how it is written.",
    TEXT="Text.",
    URL="An address.",
    DATE="A day, written out.",
    TIME="A moment, written as the clock in Amsterdam shows it.",
    PART_OF_DAY="Morning or afternoon, in the recipient's language; compared as MORNING or AFTERNOON.",
)
described(Language, "A language of texts.", NL="Dutch.", EN="English.")
