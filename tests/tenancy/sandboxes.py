"""A sandbox of one partner of every entity, with a run that failed, and requests of both sides."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.models import Order
from domain.request_log.histogram import CLASSES
from domain.request_log.models import RequestHour, RequestLog
from domain.sandbox import making
from domain.sandbox.models import PartnerSandbox, SandboxCheck, SandboxRun
from domain.visits.rehearsed import RehearsedVisit
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role
from tenants.sandboxes import REAL

_WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def add_sandboxes(session: AsyncSession) -> None:
    for entity_id in list(await session.scalars(select(BusinessEntity.id).where(REAL).order_by(BusinessEntity.code))):
        partners = select(Membership.organization_id).where(
            Membership.entity_id == entity_id, Membership.role == Role.PARTNER_ADMIN
        )
        for partner_id in await session.scalars(partners.distinct().order_by(Membership.organization_id).limit(2)):
            if partner_id is not None:
                await _of(session, await making.create(session, SYSTEM, entity_id, partner_id))
        await _request(session, entity_id, None)
        order = (await session.scalars(select(Order.id).where(Order.entity_id == entity_id).limit(1))).first()
        if order is not None:
            session.add(RehearsedVisit(order_id=order, entity_id=entity_id, day=_WHEN.date(), installer="Team"))


async def _of(session: AsyncSession, sandbox: PartnerSandbox) -> None:
    of = {"entity_id": sandbox.entity_id, "organization_id": sandbox.organization_id}
    run = SandboxRun(**of, sandbox_id=sandbox.id, state="FAILED", score=40, finished_at=_WHEN)
    session.add(run)
    await session.flush()
    check = {"position": 0, "code": "ORDER_ACCEPTED", "required": True, "state": "FAILED", "checked_at": _WHEN}
    session.add(SandboxCheck(**of, run_id=run.id, **check))
    await _request(session, sandbox.entity_id, sandbox.organization_id)


async def _request(session: AsyncSession, entity_id: object, organization_id: object) -> None:
    whose = {"entity_id": entity_id, "organization_id": organization_id, "client_kind": "ApiKey", "client_id": uuid4()}
    asked = {"request_id": uuid4().hex, "method": "POST", "route": "/graphql", "path": "/graphql", "ip_address": "::1"}
    figures = {"milliseconds": 5, "request_bytes": 2, "response_bytes": 2, "status": 200}
    session.add(RequestLog(created_at=clock.now(), **whose, **asked, **figures, sandbox=False, replayable=False))
    counts = dict.fromkeys(("refused", "errors", "unlogged"), 0) | {"requests": 1, "milliseconds": 5, "slowest": 5}
    histogram = [1] + [0] * (CLASSES - 1)
    session.add(RequestHour(hour=_WHEN, **whose, route="/graphql", sandbox=False, **counts, histogram=histogram))
    await session.flush()
