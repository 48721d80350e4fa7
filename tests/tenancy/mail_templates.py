"""Templates of mails: of every partner with a login an old version and the present one."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail_reading.models import MailTemplate, TemplateOrigin, TemplateState

_WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def add_mail_templates(session: AsyncSession, owner: dict[str, Any]) -> None:
    """Of one partner of an entity."""
    template = {"name": "mail", "origin": TemplateOrigin.LEARNED}
    session.add(MailTemplate(**owner, **template, version=1, state=TemplateState.RETIRED, retired_at=_WHEN))
    session.add(MailTemplate(**owner, **template, version=2))
    await session.flush()
