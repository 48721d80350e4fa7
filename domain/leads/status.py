"""The life of a lead: which status follows which (L6), and what every change of status brings about."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InvalidState
from domain.events.record import Payload, changes_of
from domain.leads import followups
from domain.leads.events import tell
from domain.leads.models import Lead, LeadStatus

_S = LeadStatus
FOLLOWS: dict[LeadStatus, frozenset[LeadStatus]] = {
    _S.NEW: frozenset({_S.INTAKE, _S.QUALIFIED, _S.DISQUALIFIED}),
    _S.INTAKE: frozenset({_S.QUALIFIED, _S.DISQUALIFIED}),
    _S.QUALIFIED: frozenset({_S.QUOTED, _S.DISQUALIFIED}),
    _S.QUOTED: frozenset({_S.CONVERTED, _S.QUALIFIED, _S.DISQUALIFIED}),
    _S.CONVERTED: frozenset(),
    _S.DISQUALIFIED: frozenset({_S.NEW, _S.INTAKE, _S.QUALIFIED, _S.QUOTED}),
}
"""QUOTED returns to QUALIFIED when its quotes have all ended; DISQUALIFIED returns to where it came from."""


def require(current: str, wanted: LeadStatus) -> None:
    """Raise InvalidState unless `wanted` follows `current`."""
    if wanted not in FOLLOWS[LeadStatus(current)]:
        raise InvalidState(current=current, wanted=wanted.value, field=("id",))


async def enter(session: AsyncSession, lead: Lead, wanted: LeadStatus, payload: Payload) -> None:
    """Give a locked lead its next status: what was due in the old one is cancelled, what the new one asks is due.

    In a session of anybody who may change the lead; InvalidState where the status does not follow.
    """
    require(lead.status, wanted)
    lead.status = wanted.value
    changes = changes_of(lead)
    await session.flush()
    await followups.cancel(session, lead)
    await followups.schedule(session, lead)
    await tell(session, lead, payload, changes=changes)
