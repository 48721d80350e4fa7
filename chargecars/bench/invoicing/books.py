"""Two years of postings of all entities, and what profit and loss of one of them takes."""

import time
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.models import AccountType, JournalLine, LedgerAccount
from domain.ledger.reports import ProfitAndLoss, profit_and_loss

ENTRIES = 28_000
"""At scale 1, over two years: an order makes an invoice, a payment and what was recognized."""
_TABLES = ("journal_entry", "journal_line")
_ENTRIES = """
INSERT INTO journal_entry (entity_id, number, kind, key, booked_on, currency, text, source_type, source_id, fingerprint)
SELECT e.id, e.code || '-B-' || n, 'INVOICE', 'bench:' || n, $2::date + (n::bigint * 7919 % 730)::int, 'EUR', 'Invoice',
  'Invoice', e.id, ''
FROM generate_series(1, $1) AS n
JOIN (SELECT id, code, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS many FROM business_entity) e
  ON e.place = n % e.many
"""
_LINES = """
INSERT INTO journal_line (entry_id, entity_id, position, account_id, debit_cents, credit_cents, currency, booked_on,
  intercompany_entity_id)
SELECT j.id, j.entity_id, x.position, a.id, greatest(x.cents, 0), greatest(-x.cents, 0), 'EUR', j.booked_on,
  CASE WHEN x.role LIKE 'INTERCOMPANY%' THEN
    (SELECT o.id FROM business_entity o WHERE o.id <> j.entity_id ORDER BY o.id LIMIT 1) END
FROM (SELECT id, entity_id, booked_on, split_part(key, ':', 2)::bigint AS n,
        10000 + split_part(key, ':', 2)::bigint * 104729 % 400000 AS net
      FROM journal_entry WHERE key LIKE 'bench:%') j
CROSS JOIN LATERAL (SELECT round(j.net * 0.21)::bigint AS vat) v
CROSS JOIN LATERAL (VALUES
  (1, CASE WHEN j.n % 20 = 0 THEN 'INTERCOMPANY_RECEIVABLE' ELSE 'RECEIVABLE' END, j.net + v.vat),
  (2, CASE WHEN j.n % 20 = 0 THEN 'INTERCOMPANY_REVENUE' ELSE ($1::text[])[1 + (j.n % cardinality($1))::int] END,
    -j.net),
  (3, 'VAT_STANDARD', -v.vat)) AS x (position, role, cents)
JOIN ledger_account a ON a.entity_id = j.entity_id AND a.role = x.role
"""
_ROLES = ["REVENUE_CHARGING_STATION", "REVENUE_INSTALLATION_SERVICE", "REVENUE_CABLE_ACCESSORY", "REVENUE_OTHER"]


async def fill(owner: "asyncpg.Connection[Any]", entries: int, first: date) -> int:
    """Post them in bulk, balanced, past the triggers that would seal each; the number of lines."""
    async with owner.transaction():
        for table in _TABLES:
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await owner.execute(_ENTRIES, entries, first, timeout=600)
        await owner.execute(_LINES, _ROLES, timeout=600)
        for table in _TABLES:
            await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table in _TABLES:
        await owner.execute(f"VACUUM (ANALYZE) {table}", timeout=600)
    return int(await owner.fetchval("SELECT count(*) FROM journal_line"))


async def by_sums(session: AsyncSession, entity_ids: Sequence[UUID], year: int) -> ProfitAndLoss:
    """The function of the domain: consolidated, by month, beside the year before."""
    return await profit_and_loss(session, entity_ids, date(year, 1, 1), date(year + 1, 1, 1), consolidated=True)


async def by_rows(session: AsyncSession, entity_ids: Sequence[UUID], year: int) -> tuple[dict[str, int], float]:
    """Row by row, in Python: cents by number of account, and how long it took."""
    began, sums = time.perf_counter(), dict[str, int]()
    accounts = {row.id: row for row in await session.scalars(select(LedgerAccount))}
    query = (
        select(JournalLine)
        .where(JournalLine.booked_on >= date(year, 1, 1), JournalLine.booked_on <= date(year, 12, 31))
        .execution_options(yield_per=5_000)
    )
    async for line in await session.stream_scalars(query):
        account = accounts[line.account_id]
        if account.type not in (AccountType.REVENUE, AccountType.EXPENSE) or line.intercompany_entity_id in entity_ids:
            continue
        cents = line.credit_cents - line.debit_cents
        sums[account.code] = sums.get(account.code, 0) + (cents if account.type == AccountType.REVENUE else -cents)
    return sums, time.perf_counter() - began


def totals(found: ProfitAndLoss) -> dict[str, int]:
    """Cents of the year by number of account."""
    return {row.account.code: row.total_cents for row in found.rows if row.total_cents}
