"""Mail as it is kept in the database, for those who run the platform without a mail server."""

from sqlalchemy import select

from domain.mail.models import MailMessage
from domain.mail.service import Mail, opened
from tenants.actor import SYSTEM
from tenants.engine import Database


async def latest(database: Database, limit: int = 10, to: str | None = None) -> list[Mail]:
    """The newest mail that is or was to be sent, newest first; to one address where given."""
    query = select(MailMessage).where(MailMessage.status != "SUPPRESSED")
    query = query.where(MailMessage.recipient == to.lower()) if to else query
    newest = query.order_by(MailMessage.created_at.desc(), MailMessage.id.desc()).limit(limit)
    async with database.session(SYSTEM) as session:
        return [opened(row) for row in await session.scalars(newest)]
