"""What reacts to events: tasks of every worker process, and the job of what could not be done in its turn."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import reactions as days
from domain.events.models import Event
from domain.notifications import causes
from domain.orders import following
from tenants.engine import Database
from tenants.settings import Settings
from workers.background import BACKGROUND, Background
from workers.jobs import Arguments, GiveUp, job
from workers.reacting import PARKED, Follower, Reaction
from workers.run import Run
from workers.webhooks import make_deliveries

REACTIONS: tuple[Reaction, ...] = (
    Reaction("webhooks", None, make_deliveries),
    Reaction("orders", following.EVENTS, following.react),
    Reaction("notifications", frozenset(causes.CAUSES), causes.react),
    Reaction("days", days.TYPES, days.react),
)


@job(PARKED)
async def react(session: AsyncSession, arguments: Arguments, run: Run) -> None:
    """One reaction to one event, apart from the others."""
    reaction = next((each for each in REACTIONS if each.name == arguments["reaction"]), None)
    when = datetime.fromisoformat(arguments["created_at"])
    query = select(Event).where(Event.id == UUID(arguments["event_id"]), Event.created_at == when)
    event = (await session.execute(query)).scalar_one_or_none()
    if reaction is None or event is None:
        raise GiveUp("the reaction or the event is not there any more")
    await reaction.react(session, event)


def follower(reaction: Reaction) -> Background:
    """The task of a worker process that follows the log with one reaction."""

    async def follow(database: Database, _settings: Settings) -> None:
        await Follower(database, reaction).run()

    return follow


BACKGROUND.update({f"reaction {reaction.name}": follower(reaction) for reaction in REACTIONS})
