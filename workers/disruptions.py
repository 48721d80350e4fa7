"""Repairing the days that a disruption upsets, within seconds and beside everything else that workers do."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.days import loading
from domain.days.loading import Days
from domain.disruptions import proposing
from domain.disruptions.alternatives import alternatives
from domain.disruptions.models import Disruption, DisruptionState
from domain.disruptions.proposing import OFFER_DAYS, Proposal, upset_of
from domain.disruptions.repairing import repaired
from domain.disruptions.reporting import JOB, QUEUE
from domain.disruptions.situation import Upset
from domain.rows import find
from domain.slots.cache import boards_of
from domain.teams.planning_days import versions
from domain.travel.matrix import travel_of
from tenants.actor import SYSTEM, Actor
from workers.attempts import Lost, is_interruption
from workers.jobs import Arguments, job
from workers.run import Run, progress

_ATTEMPTS = 3
_INTERNAL = "INTERNAL"


@job(JOB, queue=QUEUE, attempts=_ATTEMPTS, timeout=120, outside=True)
async def repair(run: Run, arguments: Arguments) -> None:
    """Make the repaired plan of a disruption; where it cannot be made, the plan in force stays."""
    disruption_id = UUID(arguments["disruption_id"])
    try:
        await _repair(run, disruption_id)
    except Exception as error:
        if run.failures + 1 >= _ATTEMPTS and not isinstance(error, Lost) and not is_interruption(error):
            async with run.database.session(SYSTEM) as session:
                await proposing.fail(session, disruption_id, _INTERNAL)
        raise


async def _repair(run: Run, disruption_id: UUID) -> None:
    began = time.monotonic()
    async with run.database.session(SYSTEM) as session:
        disruption = await find(session, Disruption, disruption_id)
        if disruption.state != DisruptionState.REPORTED:
            return
        upset = upset_of(disruption)
        at = await versions(session, upset.days)
    last = upset.days[-1] + timedelta(days=OFFER_DAYS)
    days, _ = await loading.apart(run.database, travel_of(run.database, run.settings), (), upset.days[0], last)
    await progress(run, 1, 3, "repairing")
    made = await asyncio.to_thread(_proposal(days, upset, at, began))
    await progress(run, 2, 3, "keeping")
    async with run.database.session(_who(run.actor)) as session:
        await proposing.propose(session, boards_of(run.database), disruption_id, made)


def _proposal(days: Days, upset: Upset, at: dict[date, int], began: float) -> Callable[[], Proposal]:
    def make() -> Proposal:
        now = datetime.now(UTC)
        plan = repaired(days, upset, now)
        offers = alternatives(days, plan, now)
        return Proposal(days, plan, offers, at, time.monotonic() - began)

    return make


def _who(actor: Actor) -> Actor:
    """The platform, for whoever reported it."""
    return actor if actor.audience is SYSTEM.audience else SYSTEM
