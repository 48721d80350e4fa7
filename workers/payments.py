"""Asking providers what became of payments, having them refund, and tidying up. Nothing outside in a transaction."""

from uuid import UUID

import structlog

from domain.errors import NotFound
from domain.jobs.service import enqueue
from domain.payments import attempts, carrying_out, links
from domain.payments.attempts import StrangePayment
from domain.payments.carrying_out import JOB_REFRESH, JOB_REFUND
from domain.payments.errors import NoPaymentProvider
from domain.payments.providers.port import ProviderRefusal, ProviderUnreachable
from tenants.actor import SYSTEM
from tenants.auth.sealing import CannotUnseal
from tenants.engine import Database
from workers.jobs import Arguments, GiveUp, Later, job
from workers.run import Run

_HOPELESS = (StrangePayment, NotFound, NoPaymentProvider, CannotUnseal)
LONGEST_WAIT = 3600.0
_log = structlog.get_logger(__name__)


@job(JOB_REFRESH, queue="billing", outside=True, attempts=12, timeout=60)
async def refresh(run: Run, arguments: Arguments) -> None:
    """Take over what a provider says of one payment."""
    given = arguments.get("provider_id")
    try:
        await carrying_out.refresh(run.database, run.settings, UUID(arguments["attempt_id"]), given)
    except ProviderUnreachable as error:
        raise _again(error) from error
    except ProviderRefusal as error:
        raise GiveUp(f"the provider answers HTTP {error.status}") from error
    except _HOPELESS as error:
        raise GiveUp(f"{type(error).__name__}: {error}") from error


@job(JOB_REFUND, queue="billing", outside=True, attempts=12, timeout=60)
async def refund(run: Run, arguments: Arguments) -> None:
    """Have a provider give money back."""
    try:
        await carrying_out.refund(run.database, run.settings, UUID(arguments["payment_id"]))
    except ProviderUnreachable as error:
        raise _again(error) from error
    except _HOPELESS as error:
        raise GiveUp(f"{type(error).__name__}: {error}") from error


def _again(error: ProviderUnreachable) -> Exception:
    """When the provider says how long to wait that is no failure; else the job's own pauses hold."""
    return Later(min(error.after, LONGEST_WAIT)) if error.after else error


async def tidy(database: Database) -> int:
    """End what is past its time, and ask about what no webhook spoke of; how many are asked about."""
    async with database.session(SYSTEM) as session:
        await links.expire(session)
        await attempts.give_up_old(session)
        forsaken = await attempts.forsaken(session)
        for id in forsaken:
            await enqueue(session, JOB_REFRESH, {"attempt_id": id}, queue="billing")
    if forsaken:
        _log.info("payments_looked_after", attempts=len(forsaken))
    return len(forsaken)
