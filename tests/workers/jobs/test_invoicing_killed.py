"""`issueInvoices` over 1,000 orders while its workers are killed ten times: each order billed once, without a gap."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from domain.invoices import runs
from domain.invoices.runs import RunRequest
from domain.ledger.posting import today
from tests.invoicing import completed
from tests.quoting import Market, market
from tests.workers.jobs.conftest import Bench
from tests.workers.jobs.test_kill import _KEPT, ROOT, _plain

ORDERS = 1_000
KILLS = 10

_REPEATED = """
INSERT INTO "order" (entity_id, number, quote_id, quote_version_id, sequence, account_contact_id, account_chain_ids,
  end_customer_contact_id, channel_organization_ids, service_address_id, stage, progress, completed_at)
SELECT entity_id, number || '-' || n, quote_id, quote_version_id, n, account_contact_id, account_chain_ids,
  end_customer_contact_id, channel_organization_ids, service_address_id, stage, progress, completed_at
FROM "order", generate_series(2, $2::int) n WHERE id = $1
"""


class Forks:
    """Worker processes, one after the other."""

    def __init__(self, bench: Bench) -> None:
        given = bench.settings.model_copy(update={"job_lease_seconds": 1, "worker_port": 0})
        environment = {name.upper(): _plain(getattr(given, name)) for name in _KEPT} | {"WORKER_QUEUES": "billing"}
        command = [sys.executable, "-m", "tests.workers.jobs.forking"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._parent = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, text=True, start_new_session=True, **pipes
        )

    def start(self) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def stop(self) -> None:
        os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.wait()


@pytest.fixture
def forks(bench: Bench) -> Iterator[Forks]:
    made = Forks(bench)
    yield made
    made.stop()


async def test_a_thousand_orders_are_billed_once_whatever_is_killed(bench: Bench, forks: Forks) -> None:
    m = await market(bench.database, agreement={}, invoice_prefix="CRASH")
    await _orders(bench, m)
    async with bench.database.session(m.actors["staff"]) as session:
        run = await runs.request(session, _all_of(m))
    for kill in range(KILLS):
        worker = forks.start()
        await bench.until(lambda done=kill: _at_least(bench, run.id, done * ORDERS // (KILLS + 1)))
        os.kill(worker, signal.SIGKILL)
    forks.start()
    await bench.until(lambda: _at_least(bench, run.id, ORDERS))
    await _nothing_was_skipped_or_doubled(bench, m, run.id)
    tries = "SELECT max(attempts) FROM job WHERE name = $1 AND state = 'DONE'"
    assert await bench.owner.fetchval(tries, runs.CHUNK) > 1, "some died in the middle of a job"


def _all_of(m: Market) -> RunRequest:
    return RunRequest(entity_id=m.entity.id, completed_from=today(), completed_until=today() + timedelta(days=1))


async def _orders(bench: Bench, m: Market) -> None:
    """One that was signed by two payers and completed, and 999 that repeat it."""
    order_id = await completed(m)
    await bench.owner.execute(_REPEATED, order_id, ORDERS)


async def _at_least(bench: Bench, run_id: UUID, orders: int) -> bool:
    query = "SELECT count(*) FROM invoice_run_order WHERE run_id = $1 AND outcome <> 'WAITING'"
    return int(await bench.owner.fetchval(query, run_id)) >= orders


async def _nothing_was_skipped_or_doubled(bench: Bench, m: Market, run_id: UUID) -> None:
    async def one(query: str, *values: object) -> object:
        return await bench.owner.fetchval(query, *values)

    many = 2 * ORDERS  # one for each of the two payers
    outcomes = "SELECT count(*) FROM invoice_run_order WHERE run_id = $1 AND outcome = 'ISSUED'"
    assert await one(outcomes, run_id) == ORDERS
    numbers = await bench.owner.fetch("SELECT number FROM invoice WHERE entity_id = $1", m.entity.id)
    assert sorted(int(row["number"].rsplit("-", 1)[1]) for row in numbers) == list(range(1, many + 1))
    billed = "SELECT count(*), count(DISTINCT (order_id, payer_contact_id)) FROM invoice WHERE entity_id = $1"
    assert tuple(await bench.owner.fetchrow(billed, m.entity.id)) == (many, many)
    lines = "SELECT count(DISTINCT (order_id, line_item_id)) = count(*) FROM invoice_line WHERE entity_id = $1"
    assert await one(lines, m.entity.id)
    assert await one("SELECT count(*) FROM billing_part WHERE entity_id = $1", m.entity.id) == many
    assert await one("SELECT count(*) FROM event WHERE type = 'invoice.issued'") == many
    assert await one("SELECT count(*) FROM journal_entry WHERE kind = 'INVOICE' AND number IS NOT NULL") == many
    assert await one("SELECT sum(debit_cents) - sum(credit_cents) FROM journal_line") == 0
