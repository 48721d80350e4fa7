"""A run of the checks: two orders of the partner's own live their lives while messages go wrong, then all is weighed.

A run goes step by step, each in a transaction and a job of its own, so that the worker that plays it may die.
"""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.service import enqueue
from domain.orders.models import Order, OrderStage
from domain.partner_orders.models import PartnerOrder
from domain.proofs.seal import Keyring
from domain.quotes.models import Quote, QuoteStatus
from domain.rows import find
from domain.sandbox import events, faulting
from domain.sandbox.checks import CHECKS, score
from domain.sandbox.errors import SandboxRunRunning, SandboxStepNotPossible
from domain.sandbox.evidence import OF, Proving, profile_of
from domain.sandbox.life import LifeStep, step
from domain.sandbox.models import CheckState, PartnerSandbox, RunState, SandboxCheck, SandboxRun
from domain.webhooks import deliveries
from domain.webhooks.models import Fault
from tenants.actor import Actor
from tenants.auth import clock

STEP = "sandbox.step"
QUEUE = "default"
PAUSE = timedelta(seconds=2)
"""Between looking whether the partner has answered."""
PATIENCE = timedelta(minutes=3)
"""For its answers."""
ABANDONED = timedelta(minutes=15)
_PLANNED = {
    "order.stage_changed:SCHEDULED": Fault.OUT_OF_ORDER,
    "order.held": Fault.BAD_SIGNATURE,
    "order.resumed": Fault.DUPLICATE,
    "order.stage_changed:IN_PROGRESS": Fault.SERVER_ERROR,
    "order.stage_changed:COMPLETED": Fault.TIMEOUT,
}
_LIFE = (LifeStep.SCHEDULE, LifeStep.HOLD, LifeStep.RESUME, LifeStep.START, LifeStep.COMPLETE)
_RETRY_NOW = text("""
    UPDATE webhook_delivery SET next_attempt_at = now()
    WHERE entity_id = :entity AND organization_id = :twin AND state = 'PENDING' AND subject_id = ANY (:subjects)
      AND attempts > 0 AND lease_until IS NULL AND next_attempt_at > now()
""")
_WAITING = text("""
    SELECT count(*) FROM webhook_delivery
    WHERE entity_id = :entity AND organization_id = :twin AND state = 'PENDING' AND subject_id = ANY (:subjects)
""")
_UNTOLD = text("""
    SELECT count(*) FROM event e JOIN event_position p ON p.event_id = e.id
    JOIN event_consumer c ON c.name = 'webhooks' AND c.position < p.position
    WHERE e.subject_id = ANY (:subjects) AND e.created_at >= :since
""")
"""Events that webhooks have not been made of yet."""


class Phase(StrEnum):
    """What the next step of a run is."""

    APPROVE = "APPROVE"
    LIVE = "LIVE"
    ANSWERS = "ANSWERS"
    WEIGH = "WEIGH"


_WORDS = {
    Phase.APPROVE: "Signing the quotes of two orders",
    Phase.LIVE: "Playing the life of two orders",
    Phase.ANSWERS: "Waiting for answers to the messages",
    Phase.WEIGH: "Weighing what was proved",
}


async def start(session: AsyncSession, by: Actor, sandbox: PartnerSandbox) -> SandboxRun:
    """Begin a run; one at a time. In a session of the platform. Raises: SandboxRunRunning."""
    await _give_up_abandoned(session, sandbox)
    profile = await profile_of(session, sandbox)
    of = {"entity_id": sandbox.entity_id, "organization_id": sandbox.organization_id}
    row = insert(SandboxRun).values(
        **of, sandbox_id=sandbox.id, plan={"phase": Phase.APPROVE.value}, started_by_user_id=by.user_id
    )
    id = (await session.execute(row.on_conflict_do_nothing().returning(SandboxRun.id))).scalar_one_or_none()
    if id is None:
        raise SandboxRunRunning(field=("sandbox_id",))
    for position, check in enumerate(CHECKS):
        state = CheckState.WAITING if profile.concerns(check) else CheckState.SKIPPED
        required = profile.requires(check)
        session.add(
            SandboxCheck(**of, run_id=id, position=position, code=check.code, required=required, state=state.value)
        )
    run = await find(session, SandboxRun, id)
    await session.flush()
    await events.tell(session, run, events.SandboxRunStarted())
    await _next(session, run, 0)
    return run


async def stop(session: AsyncSession, run: SandboxRun) -> None:
    """End a run that goes on; nothing happens to one that is over."""
    if run.state == RunState.RUNNING:
        sandbox = await find(session, PartnerSandbox, run.sandbox_id)
        await _finish(session, sandbox, run, RunState.STOPPED)


async def advance(session: AsyncSession, keys: Keyring, run_id: UUID, number: int = 0) -> bool:
    """Do the next step of a run and ask for the one after it; whether there is one. In a session of the platform."""
    run = await session.get(SandboxRun, run_id, with_for_update=True)
    if run is None or run.state != RunState.RUNNING:
        return False
    sandbox = await find(session, PartnerSandbox, run.sandbox_id, lock=True)
    phase = await _do(session, sandbox, run, keys)
    if phase is None:
        return False
    if run.plan.get("phase") != phase:
        run.plan = {**run.plan, "phase": phase.value}
        await _progress(session, run, _WORDS[phase])
    await _next(session, run, number + 1)
    return True


async def _do(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun, keys: Keyring) -> Phase | None:
    match Phase(run.plan["phase"]):
        case Phase.APPROVE:
            return await _approve(session, sandbox, run, keys)
        case Phase.LIVE:
            return await _live(session, sandbox, run, keys)
        case Phase.ANSWERS:
            return await _look(session, sandbox, run)
        case Phase.WEIGH:
            await _weigh(session, sandbox, run)
            return None


# --- playing ------------------------------------------------------------------------------------------------------


async def _approve(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun, keys: Keyring) -> Phase:
    """Choose the newest two orders that are still open, and have them signed where they are not."""
    if not await faulting.endpoints(session, sandbox):
        return Phase.WEIGH
    chosen = await _open_orders(session, sandbox)
    for number, signed in chosen:
        if not signed:
            await step(session, sandbox, keys, number, LifeStep.APPROVE)
    numbers = [number for number, _ in chosen]
    ids = [str(id) for id in [await _order_id(session, sandbox, number) for number in numbers]]
    run.plan = {**run.plan, "orders": numbers, "ids": ids}
    if ids:
        await faulting.plan(session, sandbox, UUID(ids[0]), _PLANNED)
    return Phase.LIVE if ids else Phase.WEIGH


async def _open_orders(session: AsyncSession, sandbox: PartnerSandbox) -> list[tuple[str, bool]]:
    """Number and whether it is an order already, of up to two that can still live."""
    ordered = select(Order.stage).where(Order.quote_id == Quote.id, Order.sequence == 1).scalar_subquery()
    query = (
        select(PartnerOrder.partner_order_id, ordered.is_not(None))
        .join(Quote, Quote.id == PartnerOrder.quote_id)
        .where(
            PartnerOrder.entity_id == sandbox.sandbox_entity_id,
            PartnerOrder.organization_id == sandbox.sandbox_organization_id,
            func.coalesce(ordered == OrderStage.RECEIVED, Quote.status == QuoteStatus.SENT),
        )
        .order_by(PartnerOrder.received_at.desc(), PartnerOrder.id.desc())
        .limit(2)
    )
    return [(number, signed) for number, signed in await session.execute(query)]


async def _order_id(session: AsyncSession, sandbox: PartnerSandbox, number: str) -> UUID:
    query = select(Order.id).filter_by(
        entity_id=sandbox.sandbox_entity_id,
        account_contact_id=sandbox.sandbox_organization_id,
        partner_order_id=number,
    )
    return (await session.execute(query)).scalar_one()


async def _live(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun, keys: Keyring) -> Phase:
    """The first is completed with a hold on its way, the second is cancelled."""
    first, *second = run.plan["orders"]
    try:
        for wanted in _LIFE:
            await step(session, sandbox, keys, first, wanted)
        for number in second:
            await step(session, sandbox, keys, number, LifeStep.CANCEL)
    except SandboxStepNotPossible as refused:  # somebody has moved it meanwhile
        run.plan = {**run.plan, "interrupted": str(refused)}
    return Phase.ANSWERS


async def _look(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun) -> Phase:
    """Whether all messages are over; what waits for its retry comes now."""
    subjects = [UUID(id) for id in run.plan["ids"]]
    of = {"entity": sandbox.sandbox_entity_id, "twin": sandbox.sandbox_organization_id, "subjects": subjects}
    await session.execute(_RETRY_NOW, of)
    await deliveries.ring(session)
    untold = (await session.execute(_UNTOLD, {"subjects": subjects, "since": run.created_at})).scalar_one()
    waiting = (await session.execute(_WAITING, of)).scalar_one()
    over = clock.now() - run.created_at > PATIENCE
    return Phase.WEIGH if over or not (untold or waiting) else Phase.ANSWERS


# --- weighing -----------------------------------------------------------------------------------------------------


async def _weigh(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun) -> None:
    rows = await checks_of(session, run.id)
    proving = Proving(session, sandbox)
    for row in rows:
        if row.state != CheckState.SKIPPED:
            found = await OF[row.code](proving)
            row.state = (CheckState.PASSED if found else CheckState.FAILED).value
            row.evidence, row.checked_at = dict(found or {}), clock.now()
    run.score = score((row.code, row.state) for row in rows)
    good = all(row.state == CheckState.PASSED for row in rows if row.required)
    await _finish(session, sandbox, run, RunState.PASSED if good else RunState.FAILED)


async def checks_of(session: AsyncSession, run_id: UUID) -> list[SandboxCheck]:
    """The checks of a run in their order."""
    query = select(SandboxCheck).where(SandboxCheck.run_id == run_id).order_by(SandboxCheck.position)
    return list(await session.scalars(query))


async def _finish(session: AsyncSession, sandbox: PartnerSandbox, run: SandboxRun, state: RunState) -> None:
    run.state, run.finished_at, run.progress_text = state.value, clock.now(), ""
    await faulting.apply(session, sandbox, {})
    await session.flush()
    await events.tell(session, run, events.SandboxRunFinished(state.value, run.score))


async def _progress(session: AsyncSession, run: SandboxRun, words: str) -> None:
    run.progress_text = words
    rows = await checks_of(session, run.id)
    decided = sum(row.state != CheckState.WAITING for row in rows)
    await events.tell(session, run, events.SandboxRunProgressed(decided, len(rows), words))


async def _next(session: AsyncSession, run: SandboxRun, number: int) -> None:
    at = clock.now() + PAUSE if number else None
    arguments = {"run_id": run.id, "number": number}
    await enqueue(session, STEP, arguments, key=f"{run.id}:{number}", run_at=at, queue=QUEUE, entity_id=run.entity_id)


async def _give_up_abandoned(session: AsyncSession, sandbox: PartnerSandbox) -> None:
    """A run that no worker came back to does not keep the next from starting."""
    query = select(SandboxRun).where(
        SandboxRun.sandbox_id == sandbox.id,
        SandboxRun.state == RunState.RUNNING,
        SandboxRun.created_at < clock.now() - ABANDONED,
    )
    for run in await session.scalars(query.with_for_update()):
        await _finish(session, sandbox, run, RunState.STOPPED)
