"""The scripted life of an order in a sandbox: what customers, planners and teams do on the live side, at once.

Each step is what really happens: the same functions, events, letters (kept) and messages to webhooks.
"""

from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InvalidState
from domain.numbering.service import AMSTERDAM
from domain.orders import placement
from domain.orders import service as orders
from domain.orders.completing import complete
from domain.orders.errors import NotOnHold, OrderOnHold
from domain.orders.models import Order, OrderStage
from domain.partner_orders.models import PartnerOrder
from domain.proofs.seal import Keyring
from domain.quotes import service as quotes
from domain.quotes import versions
from domain.quotes.errors import NoDraft, QuoteClosed
from domain.quotes.models import PartyRole, Quote, QuoteParty, QuoteStatus, Requirement
from domain.rows import find
from domain.sandbox.errors import SandboxHasNoSuchOrder, SandboxStepNotPossible
from domain.sandbox.models import PartnerSandbox
from domain.sandbox.timing import now
from domain.signatures import service as signatures
from domain.signatures.models import IdentityProof
from domain.signatures.service import Evidence
from domain.visits.rehearsed import RehearsedVisit
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.models import UserAccount
from tenants.permissions import PERMISSIONS_OF, Role

INSTALLER = "Team Sandbox"
_REASON = "Sandbox"
_IN_DAYS = 7
_EVIDENCE = Evidence(IdentityProof.LOGIN, "", "ChargeCars sandbox")


class LifeStep(StrEnum):
    """What is done to an order."""

    SEND_QUOTE = "SEND_QUOTE"
    APPROVE = "APPROVE"
    """Customer and partner sign; the last signature makes the order."""
    DECLINE = "DECLINE"
    EXPIRE = "EXPIRE"
    SCHEDULE = "SCHEDULE"
    START = "START"
    COMPLETE = "COMPLETE"
    HOLD = "HOLD"
    RESUME = "RESUME"
    CANCEL = "CANCEL"


async def step(
    session: AsyncSession, sandbox: PartnerSandbox, keys: Keyring, partner_order_id: str, wanted: LifeStep
) -> PartnerOrder:
    """Do one step to the order with the partner's number. In a session of the platform.

    Raises: SandboxHasNoSuchOrder, SandboxStepNotPossible.
    """
    found = await order_of(session, sandbox, partner_order_id)
    try:
        if wanted in _OF_QUOTES:
            await _quote_step(session, sandbox, keys, await _quote(session, found), wanted)
        else:
            await _order_step(session, sandbox, await _ordered(session, found), wanted)
    except (InvalidState, QuoteClosed, NoDraft, OrderOnHold, NotOnHold) as refused:
        raise SandboxStepNotPossible(current=await _current(session, found), field=("step",)) from refused
    await session.flush()
    return found


_OF_QUOTES = frozenset({LifeStep.SEND_QUOTE, LifeStep.APPROVE, LifeStep.DECLINE, LifeStep.EXPIRE})


async def order_of(session: AsyncSession, sandbox: PartnerSandbox, partner_order_id: str) -> PartnerOrder:
    """What the twin sent under a number. Raises: SandboxHasNoSuchOrder."""
    query = select(PartnerOrder).filter_by(
        entity_id=sandbox.sandbox_entity_id,
        organization_id=sandbox.sandbox_organization_id,
        partner_order_id=partner_order_id,
    )
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise SandboxHasNoSuchOrder(partner_order_id=partner_order_id, field=("partner_order_id",))
    return found


async def _quote(session: AsyncSession, found: PartnerOrder) -> Quote:
    if found.quote_id is None:
        raise SandboxStepNotPossible(current="NO_QUOTE", field=("step",))
    return await find(session, Quote, found.quote_id, lock=True)


async def _ordered(session: AsyncSession, found: PartnerOrder) -> Order:
    query = select(Order).where(Order.quote_id == found.quote_id).order_by(Order.sequence).limit(1)
    order = (await session.execute(query)).scalar_one_or_none()
    if order is None:
        raise SandboxStepNotPossible(current="QUOTE", field=("step",))
    return order


async def _current(session: AsyncSession, found: PartnerOrder) -> str:
    order = select(Order.stage).where(Order.quote_id == found.quote_id)
    quote = select(Quote.status).where(Quote.id == found.quote_id)
    stage = (await session.execute(order.limit(1))).scalar() or (await session.execute(quote)).scalar()
    return stage or found.status


# --- while it is a quote ------------------------------------------------------------------------------------------


async def _quote_step(
    session: AsyncSession, sandbox: PartnerSandbox, keys: Keyring, quote: Quote, wanted: LifeStep
) -> None:
    if wanted is LifeStep.SEND_QUOTE:
        await quotes.send(session, quote.id)
    elif quote.status not in quotes.OPEN:
        raise SandboxStepNotPossible(current=quote.status, field=("step",))
    elif wanted is LifeStep.EXPIRE:
        quote.expires_at = (await session.execute(select(func.now()))).scalar_one()
        await session.flush()
        await quotes.expire_due(session, entity_id=quote.entity_id)
    elif wanted is LifeStep.DECLINE:
        signer = await _signer(session, sandbox, quote, await _first_party(session, quote))
        async with acting_as(session, signer):
            await signatures.decline(session, quote.id, _REASON, _EVIDENCE, keys)
    else:
        await _approve(session, sandbox, keys, quote)


async def _approve(session: AsyncSession, sandbox: PartnerSandbox, keys: Keyring, quote: Quote) -> None:
    """Every party that is asked signs, the customer first."""
    version = await versions.in_force(session, quote)
    for party in await _asked(session, quote):
        signer = await _signer(session, sandbox, quote, party)
        async with acting_as(session, signer):
            await placement.sign_quote(session, quote.id, version.document_hash or b"", _EVIDENCE, keys)
    await session.refresh(quote)
    if quote.status != QuoteStatus.ORDERED:
        raise SandboxStepNotPossible(current=quote.status, field=("step",))


async def _asked(session: AsyncSession, quote: Quote) -> list[QuoteParty]:
    version = await versions.in_force(session, quote)
    parties = await versions.parties_of(session, version.id)
    asked = [each for each in parties if each.requirement != Requirement.WAIVED and each.acted_at is None]
    return sorted(asked, key=lambda each: each.role != PartyRole.CUSTOMER)


async def _first_party(session: AsyncSession, quote: Quote) -> QuoteParty:
    asked = await _asked(session, quote)
    if not asked:
        raise SandboxStepNotPossible(current=quote.status, field=("step",))
    return asked[0]


async def _signer(session: AsyncSession, sandbox: PartnerSandbox, quote: Quote, party: QuoteParty) -> Actor:
    """Somebody who does not exist, in the role of the party."""
    role = Role.CUSTOMER if party.role == PartyRole.CUSTOMER else Role.PARTNER_USER
    own = {"contact_id": party.contact_id} if role is Role.CUSTOMER else {"organization_id": party.contact_id}
    return Actor(
        role,
        (quote.entity_id,),
        user_id=await _person(session, sandbox),
        permissions=PERMISSIONS_OF[role],
        name=INSTALLER,
        **own,  # type: ignore[arg-type]  # one of the id fields
    )


async def _person(session: AsyncSession, sandbox: PartnerSandbox) -> UUID:
    """The user that signs in this sandbox: it has no password and no membership, so nobody can be it."""
    email = f"{sandbox.id.hex}@sandbox.invalid"
    row = insert(UserAccount).values(email=email, name="Sandbox")
    await session.execute(row.on_conflict_do_nothing(index_elements=["email"]))
    found: UUID = (await session.execute(select(UserAccount.id).where(UserAccount.email == email))).scalar_one()
    return found


# --- once it is an order ------------------------------------------------------------------------------------------


async def _order_step(session: AsyncSession, sandbox: PartnerSandbox, order: Order, wanted: LifeStep) -> None:
    match wanted:
        case LifeStep.SCHEDULE:
            await _plan(session, order, now(sandbox).astimezone(AMSTERDAM).date() + timedelta(days=_IN_DAYS))
            await orders.move(session, order.id, OrderStage.SCHEDULED)
        case LifeStep.START:
            await orders.move(session, order.id, OrderStage.IN_PROGRESS)
        case LifeStep.COMPLETE:
            await complete(session, order.id)
        case LifeStep.HOLD:
            await orders.hold(session, order.id, _REASON)
        case LifeStep.RESUME:
            await orders.resume(session, order.id)
        case _:
            await orders.cancel(session, order.id, _REASON)


async def _plan(session: AsyncSession, order: Order, day: date) -> None:
    row = insert(RehearsedVisit).values(order_id=order.id, entity_id=order.entity_id, day=day, installer=INSTALLER)
    await session.execute(row.on_conflict_do_update(index_elements=["order_id"], set_={"day": day}).inline())
