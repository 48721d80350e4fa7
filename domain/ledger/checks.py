"""Whether the books are right: each entity balances, the numbers have no gap, the sub-ledgers agree.

Run every night over all entities, and before a period is closed. A session sees the entities of its actor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Text, TextClause, bindparam, select, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.models import AccountRole
from domain.ledger.subledgers import SUBLEDGERS, SubLedger
from tenants.models import BusinessEntity

BALANCE, NUMBERS, MIRROR, SUSPENSE = "balance", "numbers", "intercompany", "suspense"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: what the books say against what they have to. Amounts in cents, debit positive."""

    name: str
    entity_id: UUID
    currency: str
    booked_cents: int
    expected_cents: int
    warning: bool = False
    """A difference is no fault of the books: somebody has to look, and may close the period all the same."""

    @property
    def holds(self) -> bool:
        return self.booked_cents == self.expected_cents


_OF = bindparam("entity_ids", type_=ARRAY(PgUUID(as_uuid=True)))

_BALANCE = text(
    """
    SELECT entity_id, currency, sum(debit_cents)::numeric AS booked, sum(credit_cents)::numeric AS expected
    FROM journal_line WHERE entity_id = ANY (:entity_ids) GROUP BY 1, 2
    """
).bindparams(_OF)

_NUMBERS = text(
    """
    SELECT c.entity_id, '' AS currency, c.last AS expected,
      (SELECT count(*) FROM journal_entry e WHERE e.entity_id = c.entity_id
       AND e.booked_on >= make_date(c.year, 1, 1) AND e.booked_on < make_date(c.year + 1, 1, 1)) AS booked
    FROM counter c WHERE c.kind = 'journal' AND c.entity_id = ANY (:entity_ids)
    """
).bindparams(_OF)

_MIRROR = text(
    """
    SELECT entity_id, currency, sum(booked) AS booked, sum(expected) AS expected FROM (
      SELECT l.entity_id, l.intercompany_entity_id AS other_id, l.currency, l.debit_cents - l.credit_cents AS booked,
        0 AS expected
      FROM journal_line l JOIN ledger_account a ON a.id = l.account_id
      WHERE l.intercompany_entity_id = ANY (:entity_ids) AND l.entity_id = ANY (:entity_ids)
        AND a.type IN ('ASSET', 'LIABILITY')
      UNION ALL
      SELECT l.intercompany_entity_id, l.entity_id, l.currency, 0, l.credit_cents - l.debit_cents
      FROM journal_line l JOIN ledger_account a ON a.id = l.account_id
      WHERE l.intercompany_entity_id = ANY (:entity_ids) AND l.entity_id = ANY (:entity_ids)
        AND a.type IN ('ASSET', 'LIABILITY')
    ) both_sides GROUP BY entity_id, other_id, currency
    """
).bindparams(_OF)
"""What one entity says of another is what the other says of it, where both are asked about."""

_SUBLEDGER = """
    SELECT entity_id, currency, sum(booked) AS booked, sum(expected) AS expected FROM (
      SELECT l.entity_id, l.currency, sum(l.debit_cents - l.credit_cents) AS booked, 0 AS expected
      FROM journal_line l JOIN ledger_account a ON a.id = l.account_id
      WHERE l.entity_id = ANY (:entity_ids) AND a.entity_id = ANY (:entity_ids) AND a.role = ANY (:roles)
        AND l.intercompany_entity_id IS NULL
      GROUP BY 1, 2
      UNION ALL
      SELECT entity_id, currency, 0, sum(cents) FROM ({rows}) held WHERE entity_id = ANY (:entity_ids) GROUP BY 1, 2
    ) both_sides GROUP BY 1, 2
"""

_SUSPENSE = text(
    """
    SELECT l.entity_id, l.currency, sum(l.debit_cents - l.credit_cents) AS booked, 0 AS expected
    FROM journal_line l JOIN ledger_account a ON a.id = l.account_id
    WHERE l.entity_id = ANY (:entity_ids) AND a.entity_id = ANY (:entity_ids) AND a.role = :role
      AND l.booked_on < :until GROUP BY 1, 2
    """
).bindparams(_OF, bindparam("until", type_=Date))


async def check_books(session: AsyncSession, entity_ids: Sequence[UUID] | None = None) -> list[Check]:
    """Every check of the entities (None: all that the actor sees), those that hold too."""
    ids = list(entity_ids) if entity_ids is not None else await _all_entities(session)
    found = await _run(session, BALANCE, _BALANCE, {"entity_ids": ids})
    found += await _run(session, NUMBERS, _NUMBERS, {"entity_ids": ids})
    found += await _run(session, MIRROR, _MIRROR, {"entity_ids": ids})
    for each in SUBLEDGERS.values():
        found += await _agrees(session, each, ids)
    return found


async def unmatched(session: AsyncSession, entity_id: UUID, until: date) -> list[Check]:
    """Whether all that was booked before `until` on the suspense account was matched; a warning where it was not."""
    values = {"entity_ids": [entity_id], "role": AccountRole.SUSPENSE.value, "until": until}
    return await _run(session, SUSPENSE, _SUSPENSE, values, warning=True)


async def _agrees(session: AsyncSession, declared: SubLedger, ids: list[UUID]) -> list[Check]:
    query = text(_SUBLEDGER.format(rows=declared.rows)).bindparams(_OF, bindparam("roles", type_=ARRAY(Text)))
    roles = [role.value for role in declared.roles]
    return await _run(session, declared.name, query, {"entity_ids": ids, "roles": roles})


async def _run(
    session: AsyncSession, name: str, query: TextClause, values: dict[str, object], *, warning: bool = False
) -> list[Check]:
    rows = await session.execute(query, values)
    return [
        Check(name, row.entity_id, row.currency, int(row.booked), int(row.expected), warning=warning) for row in rows
    ]


async def _all_entities(session: AsyncSession) -> list[UUID]:
    return list((await session.execute(select(BusinessEntity.id))).scalars())
