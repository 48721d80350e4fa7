"""No cent is lost or made, whatever happens to an order's money and in whatever order it comes.

Stories are told by the real functions in a real database; then the rows are added up by hand, past all of them.
"""

from collections import Counter

from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as examples

import domain.tables  # noqa: F401  # what the books have to agree with is declared
from domain.ledger.checks import check_books
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.money.stories import STORIES, Story, Teller, begin

Owner = "asyncpg.Connection[Any]"


@examples(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a story takes too long to be told a hundred times over
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=STORIES)
async def test_every_cent_is_conserved(database: Database, owner: Owner, story: Story) -> None:
    teller = await begin(database, story)
    await teller.tell()
    for what in set(teller.done):
        event(what)
    await _books_hold(database, teller)
    for added_up in (documents, credits_within_bills, money, orders):
        await added_up(owner, teller)


async def _books_hold(database: Database, teller: Teller) -> None:
    async with database.session(SYSTEM) as session:
        failed = [check for check in await check_books(session, [teller.market.entity.id]) if not check.holds]
    assert failed == [], (teller.done, teller.refused)


async def documents(owner: Owner, teller: Teller) -> None:
    """Documents are their lines; what is open of each is what was billed less what came off; numbers have no gap."""
    wrong = await owner.fetch(
        "SELECT i.number FROM invoice i JOIN LATERAL (SELECT sum(l.net_cents) AS net, sum(l.vat_cents) AS vat, "
        "sum(l.gross_cents) AS gross FROM invoice_line l WHERE l.invoice_id = i.id) l ON true WHERE i.entity_id = $1 "
        "AND ((l.net, l.vat, l.gross) <> (i.net_cents, i.vat_cents, i.gross_cents) OR l.net + l.vat <> l.gross "
        "OR i.open_cents <> CASE i.kind WHEN 'INVOICE' THEN i.gross_cents - i.paid_cents - i.credited_cents "
        "- i.written_off_cents ELSE 0 END)",
        teller.market.entity.id,
    )
    assert wrong == []
    numbers = await owner.fetch("SELECT number FROM invoice WHERE entity_id = $1", teller.market.entity.id)
    series = Counter(row["number"].rpartition("-")[0] for row in numbers)
    for prefix, many in series.items():
        assert {f"{prefix}-{n:05d}" for n in range(1, many + 1)} <= {row["number"] for row in numbers}


async def credits_within_bills(owner: Owner, teller: Teller) -> None:
    """A line's credits are the credit notes that name it, and never more than the line."""
    wrong = await owner.fetch(
        "SELECT l.id FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id LEFT JOIN LATERAL (SELECT "
        "-sum(c.net_cents) AS net, -sum(c.vat_cents) AS vat FROM invoice_line c WHERE c.credits_line_id = l.id) c ON "
        "true WHERE i.entity_id = $1 AND i.kind = 'INVOICE' AND ((coalesce(c.net, 0), coalesce(c.vat, 0)) <> "
        "(l.credited_net_cents, l.credited_vat_cents) OR coalesce(c.net, 0) NOT BETWEEN 0 AND l.net_cents "
        "OR coalesce(c.vat, 0) NOT BETWEEN 0 AND l.vat_cents OR l.credited_quantity NOT BETWEEN 0 AND l.quantity)",
        teller.market.entity.id,
    )
    assert wrong == []
    wrong = await owner.fetch(
        "SELECT i.number FROM invoice i LEFT JOIN LATERAL (SELECT -sum(c.gross_cents) AS gross FROM invoice c "
        "WHERE c.credits_invoice_id = i.id) c ON true WHERE i.entity_id = $1 AND i.kind = 'INVOICE' "
        "AND (coalesce(c.gross, 0) <> i.credited_cents OR i.credited_cents NOT BETWEEN 0 AND i.gross_cents)",
        teller.market.entity.id,
    )
    assert wrong == []


async def money(owner: Owner, teller: Teller) -> None:
    """What came in less what went out is in our accounts, and is somebody's: paid, in a wallet, waiting, or owed."""
    entity = teller.market.entity.id
    booked = {row["role"]: int(row["cents"]) for row in await owner.fetch(_BOOKED, entity)}
    moved = await owner.fetchval(
        "SELECT coalesce(sum(CASE WHEN direction = 'IN' THEN amount_cents ELSE -amount_cents END), 0)::bigint "
        "FROM payment WHERE entity_id = $1 AND provider <> 'WALLET' AND status NOT IN ('REVERSED', 'FAILED', 'PENDING')"
        " AND (refund_to IS NULL OR refund_to = 'SOURCE')",
        entity,
    )
    ours = sum(booked.get(role, 0) for role in ("BANK", "CASH", "PROVIDER_CLEARING"))
    assert ours == moved, (teller.done, teller.refused)
    paid = await owner.fetchval(
        "SELECT coalesce(sum(paid_cents), 0)::bigint FROM invoice WHERE entity_id = $1 AND kind = 'INVOICE'", entity
    )
    held = await owner.fetchval(
        "SELECT coalesce(sum(balance_cents), 0)::bigint FROM wallet WHERE entity_id = $1", entity
    )
    waiting, owed = -booked.get("SUSPENSE", 0), -booked.get("PAYABLE", 0)
    assert moved == paid + held + waiting + owed, (teller.done, teller.refused)
    allocated = await owner.fetch(
        "SELECT i.number FROM invoice i LEFT JOIN LATERAL (SELECT sum(CASE p.direction WHEN 'IN' THEN a.amount_cents - "
        "a.returned_cents ELSE 0 END) AS cents FROM payment_allocation a JOIN payment p ON p.id = a.payment_id "
        "WHERE a.invoice_id = i.id) a ON true WHERE i.entity_id = $1 AND coalesce(a.cents, 0) <> i.paid_cents",
        entity,
    )
    assert allocated == [], (teller.done, teller.refused)


_BOOKED = (
    "SELECT a.role, sum(l.debit_cents - l.credit_cents) AS cents FROM journal_line l JOIN ledger_account a "
    "ON a.id = l.account_id WHERE l.entity_id = $1 GROUP BY a.role"
)


async def orders(owner: Owner, teller: Teller) -> None:
    """Of each line of the order exactly what was signed is billed, once; revenue is what of it was not credited."""
    wrong = await owner.fetch(
        'SELECT item.id FROM line_item item JOIN "order" o ON o.quote_version_id = item.quote_version_id '
        "LEFT JOIN LATERAL (SELECT sum(l.net_cents) AS net, sum(l.vat_cents) AS vat FROM invoice_line l "
        "JOIN invoice i ON i.id = l.invoice_id WHERE l.line_item_id = item.id AND i.kind = 'INVOICE' "
        "AND NOT EXISTS (SELECT 1 FROM billing_part b WHERE b.invoice_id = i.id AND b.state = 'RELEASED')) billed "
        "ON true WHERE o.id = $1 AND (coalesce(billed.net, 0), coalesce(billed.vat, 0)) <> "
        "(item.net_cents, item.vat_cents)",
        teller.order_id,
    )
    assert wrong == [], (teller.done, teller.refused)
    booked = {row["role"]: int(row["cents"]) for row in await owner.fetch(_BOOKED, teller.market.entity.id)}
    net, vat = await owner.fetchrow(
        "SELECT coalesce(sum(net_cents), 0)::bigint, coalesce(sum(vat_cents), 0)::bigint FROM invoice "
        "WHERE entity_id = $1 AND kind IN ('INVOICE', 'CREDIT_NOTE')",
        teller.market.entity.id,
    )
    revenue = -sum(cents for role, cents in booked.items() if role.startswith("REVENUE_"))
    assert (revenue, booked.get("DEFERRED_REVENUE", 0)) == (net, 0), (teller.done, teller.refused)
    assert -booked.get("VAT_STANDARD", 0) - booked.get("VAT_REDUCED", 0) == vat
