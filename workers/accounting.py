"""Telling accounting packages: one worker at a time per administration, a record at a time, nothing twice.

Before anything is sent its row says that it is being sent; what a worker leaves behind in that state when it dies is
looked for at the other side before it is sent again. Nothing is held in a transaction while a package is asked.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import NoReturn
from uuid import UUID

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting import collecting, connections, reconciling, records
from domain.accounting.auditfile import making
from domain.accounting.auditfile.errors import AuditFileRefused
from domain.accounting.connections import PUSH_JOB, QUEUE, TEST_JOB
from domain.accounting.errors import AdministrationFixed
from domain.accounting.mapping import AccountMapping, proposed_accounts, proposed_vat
from domain.accounting.models import AccountingConnection, ConnectionState, Side
from domain.accounting.packages.asking import Busy, CredentialsRefused, Refused, Uncertain, Unreachable
from domain.accounting.packages.opening import opened, stored
from domain.accounting.packages.package import Catalogue, Package
from domain.accounting.records import Begun
from domain.accounting.telling import tell
from domain.jobs.service import enqueue
from domain.ledger.chart import CHART
from domain.numbering.service import AMSTERDAM
from domain.rows import find
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings
from workers.jobs import Arguments, GiveUp, Later, job
from workers.run import Run, progress

RECONCILE_JOB = "accounting.reconcile"
TOLD = Counter("chargecars_accounting_attempts", "Records told to accounting packages.", ("package", "outcome"))
_AT_A_STRETCH = 600.0
"""Seconds for which one job goes on."""
_REST_SECONDS = 60.0
_IN_A_ROW = 3
"""Answers that are none, after which the package is left alone for a while."""
_log = structlog.get_logger(__name__)


@job(TEST_JOB, queue=QUEUE, outside=True, timeout=180, attempts=3)
async def test_connection(run: Run, arguments: Arguments) -> None:
    """Look into the administration; a connection that works becomes active."""
    await look(run.database, run.settings, UUID(arguments["connection_id"]))


async def look(database: Database, settings: Settings, id: UUID) -> None:
    """What the administration has to choose from is kept. Raises: GiveUp, Later, Unreachable."""
    async with database.session(SYSTEM) as session:
        connection = await find(session, AccountingConnection, id)
    try:
        async with _open(settings, connection) as package:
            catalogue = await package.look()
    except (CredentialsRefused, Refused) as error:
        await _refuse(database, connection, str(error))
    except Busy as busy:
        raise Later(busy.seconds) from busy
    try:
        async with database.session(SYSTEM) as session:
            await connections.looked(session, id, stored(catalogue), _proposed(catalogue), clock.now())
    except AdministrationFixed as error:
        await _refuse(database, connection, error.message("en"))


async def _refuse(database: Database, connection: AccountingConnection, why: str) -> NoReturn:
    async with database.session(SYSTEM) as session:
        await connections.refuse(session, connection.id, why)
    raise GiveUp(f"{connection.package}: {why}")


def _proposed(catalogue: Catalogue) -> AccountMapping:
    codes = {account.role.value: account.code for account in CHART}
    accounts = [each.as_json() for each in catalogue.accounts]
    return AccountMapping(
        proposed_accounts(codes, accounts), proposed_vat(each.as_json() for each in catalogue.vat_rates)
    )


@job(PUSH_JOB, queue=QUEUE, outside=True, timeout=900, attempts=5)
async def push(run: Run, arguments: Arguments) -> None:
    """Tell what waits; with `everything` first write down what never was."""
    id = UUID(arguments["connection_id"])
    if arguments.get("everything"):
        async with run.database.session(SYSTEM) as session:
            added = await collecting.collect(session, await find(session, AccountingConnection, id))
        await progress(run, 0, 1, f"{added} to tell")
    wait = await drain(run.database, run.settings, id)
    if wait is not None:
        raise Later(wait)


async def drain(database: Database, settings: Settings, id: UUID, seconds: float = _AT_A_STRETCH) -> float | None:
    """Tell what is due, as long as there is some; after how many seconds to go on, None where there is nothing to."""
    async with database.session(SYSTEM) as session:
        connection = await connections.take(session, id)
    if connection is None or connection.lease is None:
        return None
    rest, error = _REST_SECONDS, "interrupted"
    try:
        async with _open(settings, connection) as package:
            rest, error = await Talk(database, connection, package, time.monotonic() + seconds).go_on()
    finally:
        async with database.session(SYSTEM) as session:
            await connections.release(session, id, connection.lease, resume_in=rest, error=error or None)
    return rest or None


class Talk:
    """One worker's talk with one administration."""

    def __init__(self, database: Database, connection: AccountingConnection, package: Package, until: float) -> None:
        self._database = database
        self._connection = connection
        self._package = package
        self._until = until
        self._silent = 0

    async def go_on(self) -> tuple[float, str]:
        """Until nothing is due, or the package wants to be left alone: for how many seconds, and why."""
        while begun := await self._begin():
            try:
                rest = await self._one(begun)
            except CredentialsRefused as error:
                await self._refused(begun, str(error))
                return 0.0, str(error)
            if rest is not None:
                return rest
            if time.monotonic() > self._until:
                return 1.0, ""
        return 0.0, ""

    async def _begin(self) -> Begun | None:
        assert self._connection.lease is not None
        async with self._database.session(SYSTEM) as session:
            if not await connections.hold(session, self._connection.id, self._connection.lease):
                return None
            return await records.begin(session, self._connection.id)

    async def _one(self, begun: Begun) -> tuple[float, str] | None:
        """One record; for how long to rest now, and why, or None to go on."""
        try:
            found = await tell(self._package, begun)
        except Refused as refused:
            async with self._settle(begun, "refused") as session:
                await records.refused(session, begun, refused.code, refused.message)
            return None
        except Busy as busy:
            await self._put_back(begun, "busy", str(busy), uncertain=False)
            return busy.seconds, str(busy)
        except Unreachable as error:
            await self._put_back(begun, "unreachable", str(error), uncertain=False)
            return _REST_SECONDS, str(error)
        except Uncertain as error:
            await self._put_back(begun, "uncertain", str(error), uncertain=True)
            self._silent += 1
            return (_REST_SECONDS, str(error)) if self._silent >= _IN_A_ROW else None
        self._silent = 0
        async with self._settle(begun, "done") as session:
            await records.done(session, begun, found)
        return None

    async def _put_back(self, begun: Begun, outcome: str, why: str, *, uncertain: bool) -> None:
        async with self._settle(begun, outcome) as session:
            await records.put_back(session, begun, uncertain=uncertain, why=why)

    async def _refused(self, begun: Begun, why: str) -> None:
        async with self._settle(begun, "credentials") as session:
            await records.put_back(session, begun, uncertain=False, why=why)
            await connections.refuse(session, self._connection.id, why)

    @asynccontextmanager
    async def _settle(self, begun: Begun, outcome: str) -> AsyncIterator[AsyncSession]:
        TOLD.labels(self._connection.package, outcome).inc()
        # What the package answered is kept with the record, not logged: it may quote a person.
        _log.debug("accounting_told", record_id=str(begun.id), kind=begun.kind.value, outcome=outcome)
        async with self._database.session(SYSTEM) as session:
            yield session


async def push_what_is_due(database: Database) -> int:
    """Ask for a job for each connection that has something to tell and nobody who does; how many."""
    async with database.session(SYSTEM) as session:
        waiting = await collecting.connections_with_work(session)
        for connection in waiting:
            await connections.ask_for_push(session, connection)
    return len(waiting)


# --- reconciliation ---------------------------------------------------------------------------------------------------


@job(RECONCILE_JOB, queue=QUEUE, outside=True, timeout=1800, attempts=3)
async def reconcile_connection(run: Run, arguments: Arguments) -> None:
    """Compare the months that may have changed."""
    id = UUID(arguments["connection_id"])
    async with run.database.session(SYSTEM) as session:
        connection = await find(session, AccountingConnection, id)
        months = await reconciling.worth_checking(session, connection, datetime.now(AMSTERDAM).date())
    try:
        for number, month in enumerate(months):
            await reconcile(run.database, run.settings, id, month)
            await progress(run, number + 1, len(months), month.isoformat()[:7])
    except Busy as busy:
        raise Later(busy.seconds) from busy
    except (CredentialsRefused, Refused) as error:
        raise GiveUp(f"{connection.package}: {error}") from error


async def reconcile(database: Database, settings: Settings, id: UUID, month: date) -> bool:
    """One month of sales and purchases; whether both sides agree. Raises what packages.asking names."""
    async with database.session(SYSTEM) as session:
        connection = await find(session, AccountingConnection, id)
        entity = await find(session, BusinessEntity, connection.entity_id)
    agree = True
    async with _open(settings, connection) as package:
        for side in Side:
            there = await reconciling.gathered(package.documents(side, month))
            async with database.session(SYSTEM) as session:
                here = await reconciling.told(session, id, side, month)
                said = (connection, side, month, here, there, f"{entity.invoice_prefix}-")
                agree = await reconciling.keep(session, *said) and agree
    return agree


async def reconcile_all(database: Database) -> int:
    """Ask for the reconciliation of every connection that works; how many."""
    async with database.session(SYSTEM) as session:
        query = select(AccountingConnection).where(AccountingConnection.state == ConnectionState.ACTIVE)
        active = list(await session.scalars(query))
        for each in active:
            arguments = {"connection_id": each.id}
            await enqueue(session, RECONCILE_JOB, arguments, entity_id=each.entity_id, queue=QUEUE)
    return len(active)


@asynccontextmanager
async def _open(settings: Settings, connection: AccountingConnection) -> AsyncIterator[Package]:
    redis: Redis | None = Redis.from_url(settings.redis_url) if settings.redis_url else None
    package = opened(settings, connection, redis)
    try:
        yield package
    finally:
        await package.close()
        if redis is not None:
            await redis.aclose()


# --- audit files ------------------------------------------------------------------------------------------------------


@job(making.JOB, queue=making.QUEUE, timeout=3000, attempts=2)
async def make_audit_file(session: AsyncSession, arguments: Arguments, run: Run) -> None:
    """The books of a year as a file, in one transaction with its document."""

    async def tell_progress(done: int, total: int) -> None:
        await progress(run, done, total, f"{done} of {total} lines")

    try:
        await making.make(session, UUID(arguments["id"]), tell_progress)
    except AuditFileRefused as refused:
        raise GiveUp(str(refused)) from refused
