"""Writing down what an accounting package is to be told: contacts, documents and what was paid of them.

What is written down already stays as it is, so that looking again from the beginning adds what is missing and no more.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.connections import PUSH_JOB, QUEUE
from domain.accounting.models import AccountingConnection, ConnectionState
from domain.events.models import Event
from domain.invoices.events import InvoiceIssued, InvoicePaymentChanged
from domain.jobs.service import enqueue

EVENTS = frozenset({InvoiceIssued.type, InvoicePaymentChanged.type})
_EACH = "(CAST(:only AS uuid) IS NULL OR {} = CAST(:only AS uuid))"
_UNTOLD = """
    FROM accounting_connection c
    JOIN invoice i ON i.entity_id = c.entity_id AND i.issued_on >= c.since
    LEFT JOIN accounting_record told
      ON told.connection_id = c.id AND told.kind = i.kind AND told.subject_id = i.id
    WHERE c.id = :connection AND told.id IS NULL AND """ + _EACH.format("i.id")
_CONTACTS = f"""
    INSERT INTO accounting_record AS r
      (entity_id, connection_id, kind, rank, subject_id, contact_id, reference, booked_on)
    SELECT c.entity_id, c.id, 'CONTACT', 0, i.payer_contact_id, i.payer_contact_id,
           replace(i.payer_contact_id::text, '-', ''), min(i.issued_on)
    {_UNTOLD}
    GROUP BY c.entity_id, c.id, i.payer_contact_id
    ON CONFLICT (connection_id, kind, subject_id, part_id) DO UPDATE
    SET state = 'PENDING', uncertain = r.uncertain OR r.state = 'SENDING', attempts = 0, next_attempt_at = now(),
        code = NULL, message = NULL, updated_at = now()"""  # noqa: S608  # constants
_DOCUMENTS = f"""
    INSERT INTO accounting_record
      (entity_id, connection_id, kind, rank, subject_id, contact_id, reference, booked_on, currency, gross_cents,
       depends_on_id)
    SELECT c.entity_id, c.id, i.kind, 1, i.id, i.payer_contact_id, i.number, i.issued_on, i.currency, i.gross_cents,
           (SELECT p.id FROM accounting_record p
            WHERE p.connection_id = c.id AND p.kind = 'CONTACT' AND p.subject_id = i.payer_contact_id)
    {_UNTOLD}
    ON CONFLICT (connection_id, kind, subject_id, part_id) DO NOTHING"""  # noqa: S608  # constants
# The payment that an event tells of was allocated in its transaction, which began just before.
_PAYMENTS = """
    INSERT INTO accounting_record
      (entity_id, connection_id, kind, rank, subject_id, part_id, contact_id, reference, booked_on, currency,
       gross_cents, depends_on_id)
    SELECT c.entity_id, c.id, 'PAYMENT', 2, e.id, d.subject_id, d.contact_id,
           d.reference || '/' || right(replace(e.id::text, '-', ''), 6),
           coalesce(
             (SELECT p.received_on FROM payment_allocation a JOIN payment p ON p.id = a.payment_id
              WHERE a.invoice_id = d.subject_id
                AND a.created_at BETWEEN e.created_at - interval '1 minute' AND e.created_at
              ORDER BY a.created_at DESC, a.id DESC LIMIT 1),
             (e.created_at AT TIME ZONE 'Europe/Amsterdam')::date),
           d.currency, (e.payload ->> 'changed_cents')::bigint, d.id
    FROM accounting_connection c
    JOIN event e ON e.entity_id = c.entity_id AND e.type = :paid
      AND e.created_at >= CAST(c.since AS timestamp) AT TIME ZONE 'Europe/Amsterdam'
    JOIN accounting_record d ON d.connection_id = c.id AND d.subject_id = e.subject_id AND d.rank = 1
    WHERE c.id = :connection AND c.with_payments AND (e.payload ->> 'changed_cents')::bigint <> 0 AND """
_ONE_PAYMENT = (
    _PAYMENTS + "e.id = :only AND e.created_at = :at ON CONFLICT (connection_id, kind, subject_id, part_id) DO NOTHING"
)
_ALL_PAYMENTS = _PAYMENTS + "true ON CONFLICT (connection_id, kind, subject_id, part_id) DO NOTHING"
_ID = bindparam("only", type_=PgUUID(as_uuid=True))


async def react(session: AsyncSession, event: Event) -> None:
    """The reaction to issued invoices and changed payments: rows for each connection, and a job that tells them."""
    for connection in await _connections(session, event):
        if event.type == InvoiceIssued.type:
            await collect_documents(session, connection, event.subject_id)
        else:
            values = {"connection": connection.id, "paid": event.type, "only": event.id, "at": event.created_at}
            await session.execute(text(_ONE_PAYMENT).bindparams(_ID), values)
        if connection.state == ConnectionState.ACTIVE:
            await _ask(session, connection, event)


async def _connections(session: AsyncSession, event: Event) -> list[AccountingConnection]:
    query = select(AccountingConnection).where(
        AccountingConnection.entity_id == event.entity_id, AccountingConnection.state != ConnectionState.UNTESTED
    )
    return list(await session.scalars(query))


async def _ask(session: AsyncSession, connection: AccountingConnection, event: Event) -> None:
    """One job for all events of a minute; what comes after it has begun is found by the sweep."""
    minute = event.created_at.replace(second=0, microsecond=0)
    key = f"{connection.id}:{minute.isoformat()}"
    arguments = {"connection_id": connection.id, "everything": False}
    await enqueue(session, PUSH_JOB, arguments, entity_id=connection.entity_id, key=key, queue=QUEUE)


async def collect(session: AsyncSession, connection: AccountingConnection) -> int:
    """Write down all that the connection is to be told and is not yet; how many documents and payments that is."""
    made = await collect_documents(session, connection)
    done: Any = await session.execute(
        text(_ALL_PAYMENTS), {"connection": connection.id, "paid": InvoicePaymentChanged.type}
    )
    return made + int(done.rowcount)


async def collect_documents(
    session: AsyncSession, connection: AccountingConnection, invoice_id: UUID | None = None
) -> int:
    """Documents with their contacts: one, or all from the connection's first day on."""
    values = {"connection": connection.id, "only": invoice_id}
    await session.execute(text(_CONTACTS).bindparams(_ID), values)
    done: Any = await session.execute(text(_DOCUMENTS).bindparams(_ID), values)
    return int(done.rowcount)


async def connections_with_work(session: AsyncSession) -> list[AccountingConnection]:
    """Active connections that nobody works for and that have something to tell now."""
    due = text(
        "EXISTS (SELECT 1 FROM accounting_record r WHERE r.connection_id = accounting_connection.id "
        "AND r.state IN ('PENDING', 'SENDING') AND r.next_attempt_at <= now())"
    )
    query = select(AccountingConnection).where(
        AccountingConnection.state == ConnectionState.ACTIVE,
        func.coalesce(AccountingConnection.leased_until, func.now()) <= func.now(),
        func.coalesce(AccountingConnection.resume_at, func.now()) <= func.now(),
        due,
    )
    return list(await session.scalars(query))
