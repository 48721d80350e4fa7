"""A message ready to be sent: words filled in for one recipient, in one language, for one channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications import letter, rendering
from domain.notifications.kinds import Kind
from domain.notifications.models import Channel, Language
from domain.notifications.recipients import Recipient
from domain.notifications.rendering import RenderingFailed
from domain.notifications.templates import LONGEST, Wording, Wordings, own_words
from tenants.auth.hosts import origin
from tenants.models import Brand, BusinessEntity
from tenants.settings import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """The brand in whose name people are told."""

    entity: BusinessEntity
    brand: Brand
    origin: str
    """The portal's address."""

    def values(self, recipient: Recipient) -> dict[str, str | None]:
        """What every kind may name."""
        return {
            "recipient.name": recipient.name,
            "brand.name": self.brand.name,
            "brand.portal": self.origin,
            "brand.email": self.entity.email,
            "brand.phone": self.entity.phone,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """In clear."""

    subject: str
    text: str
    html: str | None
    template_id: UUID | None


async def sender_of(
    session: AsyncSession, settings: Settings, entity_id: UUID, brand_id: UUID | None = None
) -> Sender | None:
    """The brand given, or else the entity's first; None where it has none in whose name to tell anybody anything."""
    query = select(BusinessEntity, Brand).join(Brand, Brand.entity_id == BusinessEntity.id)
    query = query.where(BusinessEntity.id == entity_id).order_by(Brand.created_at, Brand.id)
    query = query if brand_id is None else query.where(Brand.id == brand_id)
    row = (await session.execute(query.limit(1))).first()
    return Sender(row[0], row[1], origin(settings, row[1].host)) if row else None


def compose(
    wordings: Wordings,
    channel: Channel,
    language: Language,
    values: Mapping[str, str | None],
    sender: Sender,
    unsubscribe_url: str | None = None,
) -> Message:
    """The nearest template's words; the platform's own where those cannot be filled in."""
    kind = wordings.kind
    wording = wordings.of(channel, language)
    try:
        return _filled(kind, wording, channel, language, values, sender, unsubscribe_url)
    except RenderingFailed as error:
        if wording.template_id is None:
            raise
        _log.warning("template_failed", template_id=str(wording.template_id), error=str(error))
        own = own_words(kind, channel, language)
        return _filled(kind, own, channel, language, values, sender, unsubscribe_url)


def _filled(
    kind: Kind,
    wording: Wording,
    channel: Channel,
    language: Language,
    values: Mapping[str, str | None],
    sender: Sender,
    unsubscribe_url: str | None,
) -> Message:
    known: dict[str, Any] = rendering.typed(kind.named.values(), values)
    subject = rendering.one_line(rendering.filled(wording.subject, known, language))
    text = shortened(rendering.filled(wording.text, known, language), LONGEST[channel])
    if channel is not Channel.EMAIL:
        return Message(subject, text, None, wording.template_id)
    inner = letter.as_html(text) if wording.html is None else rendering.filled(wording.html, known, language, html=True)
    html = letter.page(
        inner,
        title=subject,
        language=language,
        brand=sender.brand.name,
        logo_url=sender.brand.logo_url,
        looks=sender.brand.theme,
        unsubscribe_url=unsubscribe_url,
    )
    return Message(subject, text, html, wording.template_id)


def shortened(text: str, maximum: int) -> str:
    """The text, or as much of it as the channel carries."""
    return text if len(text) <= maximum else text[: maximum - 1].rstrip() + "…"
