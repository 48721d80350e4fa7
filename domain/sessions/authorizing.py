"""Who may charge where.

At a public charger every accepted token of its entity. At a private one those of its owner, of the people of an
organization that owns it, and those that were admitted to it. Nobody at a charger that is not in service.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ChargerAccess, ChargerState
from domain.contacts.models import Contact
from domain.rows import find
from domain.sessions.models import OPEN, ChargingSession, IdToken, SessionMark, TokenStatus
from domain.sessions.reports import Authorization, AuthorizationStatus

_CLOSED = (ChargerState.SUSPENDED, ChargerState.RETIRED)


async def authorize(session: AsyncSession, device: Device, id_token: str) -> Authorization:
    """Whether a token may charge at the device's charger, now. For the system.

    A token that charges somewhere else is CONCURRENT_TX, unless both chargers are its holder's; at the same charger it
    is not: the driver may be there to stop. Nor is it where it was accepted first.
    """
    charger = await find(session, Charger, device.charger_id)
    return await judge(session, charger, await token_named(session, charger.entity_id, id_token))


async def token_named(session: AsyncSession, entity_id: UUID, token: str, *, lock: bool = False) -> IdToken | None:
    """Case does not matter, as OCPP has it; what cannot be a token is none.

    `lock`: until the transaction ends no other charger begins a session by it.
    """
    if not token.isprintable():
        return None
    named = select(IdToken).where(IdToken.entity_id == entity_id, IdToken.token == token.strip().upper())
    if lock:
        named = named.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(named)).scalar_one_or_none()


async def judge(session: AsyncSession, charger: Charger, token: IdToken | None) -> Authorization:
    """See `authorize`; None is a token that nobody knows."""
    if token is None:
        return Authorization(AuthorizationStatus.INVALID)
    status = _standing(token) or await _at(session, charger, token)
    return Authorization(status, token.contact_id, token.id)


def _standing(token: IdToken) -> AuthorizationStatus | None:
    """What is wrong with a token wherever it is used."""
    if token.status == TokenStatus.BLOCKED:
        return AuthorizationStatus.BLOCKED
    if token.valid_until is not None and token.valid_until <= datetime.now(UTC):
        return AuthorizationStatus.EXPIRED
    return None


async def _at(session: AsyncSession, charger: Charger, token: IdToken) -> AuthorizationStatus:
    if charger.state in _CLOSED or not await may_charge(session, charger, token.contact_id, token):
        return AuthorizationStatus.BLOCKED
    if await _charges_elsewhere(session, charger, token):
        return AuthorizationStatus.CONCURRENT_TX
    return AuthorizationStatus.ACCEPTED


async def may_charge(
    session: AsyncSession, charger: Charger, contact_id: UUID | None, token: IdToken | None = None
) -> bool:
    """Whether a person may charge at a charger, by a token that was admitted to it where one is given."""
    if charger.access == ChargerAccess.PUBLIC or (token is not None and charger.id in token.charger_ids):
        return True
    if contact_id is None or charger.owner_contact_id is None:
        return False
    return contact_id == charger.owner_contact_id or await _belongs(session, contact_id, charger.owner_contact_id)


async def _belongs(session: AsyncSession, contact_id: UUID, owner_id: UUID) -> bool:
    """Whether the contact is of the organization that owns the charger, or one of the two is a duplicate merged."""
    alike = or_(Contact.parent_organization_id == owner_id, Contact.merged_into_id == owner_id)
    merged = select(Contact.merged_into_id).where(Contact.id == owner_id).scalar_subquery()
    of_it = select(Contact.id).where(Contact.id == contact_id, or_(alike, Contact.id == merged))
    return (await session.execute(of_it)).scalar_one_or_none() is not None


async def _charges_elsewhere(session: AsyncSession, charger: Charger, token: IdToken) -> bool:
    elsewhere = (
        select(ChargingSession.id)
        .where(ChargingSession.id_token_id == token.id, ChargingSession.state.in_(OPEN))
        .where(ChargingSession.charger_id != charger.id)
        .where(~ChargingSession.marks.contains([SessionMark.REFUSED_TOKEN.value]))
        .limit(1)
    )
    if charger.owner_contact_id == token.contact_id:
        elsewhere = elsewhere.where(ChargingSession.owner_contact_id.is_distinct_from(token.contact_id))
    return (await session.execute(elsewhere)).first() is not None
