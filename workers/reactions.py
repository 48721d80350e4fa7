"""What reacts to events: tasks of every worker process, and the job of what could not be done in its turn.

The reactions themselves are listed in domain/reactions.py, since previews foresee them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.reactions import REACTIONS, Reaction
from tenants.engine import Database
from tenants.sandboxes import is_sandbox
from tenants.settings import Settings
from workers.background import BACKGROUND, Background
from workers.jobs import Arguments, GiveUp, job
from workers.reacting import PARKED, Follower
from workers.run import Run


@job(PARKED)
async def react(session: AsyncSession, arguments: Arguments, run: Run) -> None:
    """One reaction to one event, apart from the others."""
    reaction = next((each for each in REACTIONS if each.name == arguments["reaction"]), None)
    when = datetime.fromisoformat(arguments["created_at"])
    query = select(Event).where(Event.id == UUID(arguments["event_id"]), Event.created_at == when)
    event = (await session.execute(query)).scalar_one_or_none()
    if reaction is None or event is None:
        raise GiveUp("the reaction or the event is not there any more")
    if reaction.in_sandboxes or not await is_sandbox(session, event.entity_id):
        await reaction.react(session, event)


def follower(reaction: Reaction) -> Background:
    """The task of a worker process that follows the log with one reaction."""

    async def follow(database: Database, _settings: Settings) -> None:
        await Follower(database, reaction).run()

    return follow


BACKGROUND.update({f"reaction {reaction.name}": follower(reaction) for reaction in REACTIONS})
