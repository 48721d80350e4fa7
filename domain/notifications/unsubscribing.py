"""The link with which a recipient switches a kind off without logging in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications import preferences
from domain.notifications.catalogue import KINDS
from domain.notifications.kinds import Category, Kind
from domain.notifications.models import Language
from domain.notifications.recipients import Recipient
from tenants.auth.sealing import CannotUnseal, seal, unseal
from tenants.settings import Settings

PATH = "/notifications/unsubscribe/"
_PURPOSE, _CONTEXT = "unsubscribe", "link"
_CONTACT, _USER = b"c", b"u"
_LONGEST = 400
_LABELS: dict[Language, dict[Category, str]] = {
    Language.NL: {
        Category.QUOTES: "offertes",
        Category.ORDERS: "opdrachten",
        Category.VISITS: "afspraken",
        Category.REMINDERS: "herinneringen",
        Category.FOLLOW_UPS: "vragen over uw aanvraag",
        Category.LEADS: "leads",
        Category.CHARGERS: "laadpalen",
        Category.INTEGRATIONS: "koppelingen",
        Category.ACCOUNT: "uw account",
    },
    Language.EN: {
        Category.QUOTES: "quotes",
        Category.ORDERS: "orders",
        Category.VISITS: "appointments",
        Category.REMINDERS: "reminders",
        Category.FOLLOW_UPS: "questions about your request",
        Category.LEADS: "leads",
        Category.CHARGERS: "chargers",
        Category.INTEGRATIONS: "integrations",
        Category.ACCOUNT: "your account",
    },
}


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """Who wants no more of what."""

    entity_id: UUID
    kind: Kind
    contact_id: UUID | None
    user_id: UUID | None

    def shown(self, language: Language) -> str:
        """What is switched off, for people: the whole category of the kind."""
        return _LABELS[language][self.kind.category]


def link(settings: Settings, origin: str, entity_id: UUID, kind: Kind, recipient: Recipient) -> str | None:
    """The address at a portal, for kinds that may be switched off."""
    return f"{origin}{PATH}{token_for(settings, entity_id, kind, recipient)}" if kind.optional else None


def token_for(settings: Settings, entity_id: UUID, kind: Kind, recipient: Recipient) -> str:
    """An encrypted name of recipient and kind; it does not expire, for the mail does not either."""
    who = _CONTACT if recipient.user_id is None else _USER
    plain = entity_id.bytes + who + recipient.id.bytes + kind.name.encode()
    return urlsafe_b64encode(seal(settings, _PURPOSE, _CONTEXT, plain)).decode().rstrip("=")


def opened(settings: Settings, token: str) -> Unsubscription | None:
    """What a token says; None where it is not ours, or its kind no longer exists."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = unseal(settings, _PURPOSE, _CONTEXT, sealed)
    except (CannotUnseal, NotBase64, ValueError):
        return None
    kind = KINDS.get(plain[33:].decode())
    who, id = plain[16:17], UUID(bytes=plain[17:33])
    if kind is None:
        return None
    return Unsubscription(UUID(bytes=plain[:16]), kind, id if who == _CONTACT else None, id if who == _USER else None)


async def carry_out(session: AsyncSession, wanted: Unsubscription) -> bool:
    """Switch it off, with what else may be switched off of its category; whether it was on. System sessions."""
    return await preferences.mute(
        session, wanted.entity_id, wanted.kind, contact_id=wanted.contact_id, user_id=wanted.user_id
    )
