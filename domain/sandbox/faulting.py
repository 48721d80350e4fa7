"""How messages to a partner's sandbox endpoints go wrong: by chance for the partner's own tests, by plan in a run."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Duplicate, Faults, OutOfRange
from domain.sandbox import events
from domain.sandbox.models import PartnerSandbox
from domain.webhooks.models import EndpointState, Fault, WebhookEndpoint


async def set_shares(session: AsyncSession, sandbox: PartnerSandbox, given: Sequence[tuple[Fault, float]]) -> None:
    """From now on this share of the messages goes wrong so; none at all lets everything go well.

    Raises: OutOfRange, Duplicate, each at its place.
    """
    shares: dict[str, float] = {}
    with Faults() as faults:
        for place, (fault, share) in enumerate(given):
            if not 0 <= share <= 1:
                faults.add(OutOfRange(minimum=0, maximum=1, field=("faults", place, "share")))
            elif fault.value in shares:
                faults.add(Duplicate(field=("faults", place, "fault")))
            shares[fault.value] = share
        if sum(shares.values()) > 1 and len(shares) == len(given):
            faults.add(OutOfRange(minimum=0, maximum=1, field=("faults",)))
    sandbox.faults = {name: share for name, share in shares.items() if share}
    await apply(session, sandbox, {})
    await events.tell(
        session, sandbox, events.SandboxFaultsSet({name: round(share * 100) for name, share in sandbox.faults.items()})
    )


async def plan(session: AsyncSession, sandbox: PartnerSandbox, subject_id: UUID, planned: Mapping[str, Fault]) -> None:
    """Messages about the subject go wrong as planned, by type of event, and nothing by chance meanwhile."""
    await apply(session, sandbox, {str(subject_id): {type: fault.value for type, fault in planned.items()}})


async def apply(session: AsyncSession, sandbox: PartnerSandbox, planned: Mapping[str, Any]) -> None:
    """Write what holds now to the endpoints of the sandbox."""
    held = {"planned": dict(planned)} if planned else {"shares": dict(sandbox.faults)} if sandbox.faults else {}
    mine = update(WebhookEndpoint).where(*_mine(sandbox)).values(faults=held)
    await session.execute(mine.execution_options(synchronize_session=False))
    await session.flush()


async def endpoints(session: AsyncSession, sandbox: PartnerSandbox) -> list[WebhookEndpoint]:
    """The endpoints that get the sandbox's messages, the oldest first."""
    query = select(WebhookEndpoint).where(*_mine(sandbox), WebhookEndpoint.state == EndpointState.ENABLED)
    found = await session.scalars(query.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id))
    return list(found)


def _mine(sandbox: PartnerSandbox) -> tuple[Any, ...]:
    return (
        WebhookEndpoint.entity_id == sandbox.sandbox_entity_id,
        WebhookEndpoint.organization_id == sandbox.sandbox_organization_id,
        WebhookEndpoint.deleted_at.is_(None),
    )
