"""Carrying out the follow-up steps of leads that are due: each exactly once, however many workers run."""

from uuid import UUID

import structlog

from domain.leads import followups
from domain.notifications.follow_ups import send
from tenants.actor import SYSTEM
from tenants.engine import Database

_MOST = 500
"""Of one run; the next run takes the rest."""
_log = structlog.get_logger(__name__)


async def carry_out_due_follow_ups(database: Database, most: int = _MOST) -> int:
    """Carry out what is due; the number of steps done. A step that fails is tried again later and holds up no other."""
    done = 0
    for _ in range(most):
        outcome = await _one(database)
        if outcome is None:
            break
        done += outcome
    return done


async def _one(database: Database) -> bool | None:
    """Whether the step that was longest due was carried out; None where nothing was due."""
    taken: UUID | None = None
    try:
        async with database.session(SYSTEM) as session:
            due = await followups.take_due(session)
            if due is None:
                return None
            taken = due.follow_up.id
            await followups.carry_out(session, due, send)
    except Exception as error:
        if taken is None:
            raise
        # The text of an error may quote the lead, so only its kind is logged.
        _log.warning("lead_follow_up_failed", follow_up_id=str(taken), error=type(error).__name__)
        async with database.session(SYSTEM) as session:
            await followups.failed(session, taken)
        return False
    return True
