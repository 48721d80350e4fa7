"""`explanation` of amounts: the inputs give the very cents, in both lanes, for each audience as it may read."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from graphql import get_named_type
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Numeric, literal_column
from sqlalchemy.dialects.postgresql import JSONB

import domain.explanations.billing
import domain.explanations.formulas  # noqa: F401  # declares them
from api.admission import READS, Refused, admit
from api.context import Context, RequestFacts
from api.lane import Lane, Ordinary
from api.reading.registry import Readable
from api.reading.rows import Row
from api.reading.specs import ExpressionSpec, Spec, call
from api.requests import Operation
from domain.commissions.computing import at_rate
from domain.explanations import registry
from domain.explanations.registry import evaluate, versions
from domain.invoices.billing import Creditable, credit_quantity, due_cents
from domain.invoices.crediting import CreditLine, credit
from domain.invoices.drafting import drafts_of
from domain.invoices.issuing import issue, issue_order
from domain.invoices.models import InvoicePart
from domain.ledger.posting import today
from domain.money import Money, VatClass, line_total
from domain.orders.completing import complete
from domain.payments.models import PaymentMethod, Provider
from domain.payments.receiving import receive
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, Asker, gid
from tests.both_lanes import in_both
from tests.commissioning import Channel, channel
from tests.explaining import EXPLAINED, amounts, check, documents
from tests.invoicing import lines_of, profile
from tests.quoting import market

EXPECTED = {
    f"{type_}_{name}"
    for type_, names in {
        "InvoiceLine": "unitPrice discount net vat gross creditedNet creditedVat",
        "Invoice": "net vat gross paid credited open",
        "InvoiceVat": "net vat gross",
        "StaffPayment": "amount refunded toWallet inSuspense fee",
        "PaymentAllocation": "amount returned",
        "Wallet": "balance",
        "WalletMovement": "amount balance",
        "Commission": "base uncut amount total",
        "JournalEntry": "total",
        "JournalLine": "debit credit",
        "LedgerAccount": "balance",
        "StaffOrder": "net vat gross cost",
        "PartnerOrder": "net",
        "CustomerOrder": "gross",
        "StaffArticle": "unitCost",
        "ArticlePrice": "unitPrice",
    }.items()
    for name in names.split()
}
"""Amounts that the world of these tests holds."""
QUOTE = """query Q($id: ID!) { quote(id: $id) { net %s vat %s gross %s
  ... on StaffQuote { cost %s margin %s }
  lines { sku ... on PricedLineItem { unitPrice %s unitPriceIncludingVat %s net %s vat %s gross %s }
    ... on StaffLineItem { unitCost %s margin %s } }
  parties { net %s vat %s gross %s vatShares { net %s vat %s gross %s } } } }""".replace("%s", EXPLAINED)


@pytest.mark.parametrize("who", ["staff", "dealer", "customer"])
async def test_amounts_of_a_quote_follow_from_their_inputs(who: str, database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(
        m.line("station", quantity=Decimal("1.333"), discount_percent=Decimal("7.5")),
        m.line("installation"),
        m.line("cable", quantity=Decimal("12.5"), discount_percent=Decimal("0.01")),
    )

    def context() -> Context:
        return Context(m.actors[who], database, settings, RequestFacts("explained"))

    lane = Lane(SCHEMA)
    fast, slow = await in_both(lane, SCHEMA, context, QUOTE, {"id": gid("Quote", quote_id)})
    assert (fast.reason, fast.errors, slow.errors) == (None, [], [])
    assert fast.data is not None
    assert slow.data is not None
    assert orjson.loads(fast.data) == orjson.loads(slow.data)
    found = [amount for _, amount in amounts(orjson.loads(fast.data))]
    assert len(found) >= {"staff": 38, "dealer": 14, "customer": 14}[who]
    for amount in found:
        check(amount)


# --- all that is billed -------------------------------------------------------------------------------------------


async def billed(database: Database) -> Channel:
    """Deposit and remainder, credits of pieces and of amounts, payments and their surplus, commission and its loss."""
    c = await channel(database)
    m = c.market
    await profile(m, m.customer.id, deposit_percent=Decimal("33.33"))
    lines = (m.line("station", quantity=Decimal(7), discount_percent=Decimal("7.5")), m.line("installation"))
    order_id = await c.order("dealer", *lines)
    async with database.session(SYSTEM) as session:
        for draft in await drafts_of(session, order_id, InvoicePart.DEPOSIT):
            await issue(session, draft)
        await complete(session, order_id)
        final = (await issue_order(session, order_id))[0]
    await c.follow(order_id)
    whole_id, [whole] = await c.billed("agent", m.line("cable", quantity=Decimal("12.5")), m.line("station"))
    async with database.session(c.finance) as session:
        first = (await lines_of(session, whole.id))[0].id
        for line in (CreditLine(first, Decimal(3)), CreditLine(first, net_cents=1111), CreditLine(first, Decimal(2))):
            await credit(session, whole.id, [line], "Te veel")
        await credit(session, final.id, None, "Korting", net_cents=9_999)
    for invoice, cents in ((final, 1_000_00), (whole, 5_000_00)):
        async with database.session(c.finance) as session:
            await receive(
                session,
                entity_id=c.entity_id,
                amount=Money(cents),
                method=PaymentMethod.BANK_TRANSFER,
                provider=Provider.MANUAL,
                provider_id=None,
                received_on=today(),
                invoice_ids=[invoice.id],
            )
    await c.follow(whole_id)
    return c


async def read(asking: Callable[[], Context], asked: str) -> Any:
    """What the byte lane answers; None where the reader may not ask. It is held against the other lane elsewhere."""
    context = asking()
    try:
        admitted = await admit(SCHEMA, Operation(asked, None, {}, None), context, READS)
        answer = await Lane(SCHEMA).answer(admitted, context)
    except Refused:
        return None
    except Ordinary as ordinary:
        if ordinary.reason != "refused":
            raise
        return None
    assert not answer.errors
    return orjson.loads(answer.data or b"null")


async def unseen(asker: Asker, ids: list[str]) -> list[str]:
    """The sources that the reader cannot find by their ids."""
    found: list[Any] = []
    for first in range(0, len(ids), 200):
        asked = "query N($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        found += (await asker.ask(asked, ids=ids[first : first + 200]))["nodes"]
    return [id for id, node in zip(ids, found, strict=True) if node is None]


async def test_every_amount_follows_from_its_inputs_for_every_reader(database: Database, settings: Settings) -> None:
    c = await billed(database)
    roomy = settings.model_copy(update=dict.fromkeys(("cost_maximum", "cost_budget", "max_aliases"), 10**9))
    met: set[str] = set()
    sources: dict[Actor, set[str]] = defaultdict(set)
    for actor in (c.finance, c.admins["dealer"], c.admins["agent"], c.market.actors["customer"]):
        for _, asked in documents(actor.audience):
            facts = RequestFacts("explained", ip_address=uuid4().hex)
            for place, amount in amounts(await read(partial(Context, actor, database, roomy, facts), asked)):
                met.add(place)
                check(amount)
                sources[actor] |= {each["sourceId"] for each in amount["explanation"]["inputs"]} - {None}
    assert met >= EXPECTED
    for actor, ids in sources.items():
        assert await unseen(Asker(database, settings, actor), sorted(ids)) == []


# --- no amount without an explanation -----------------------------------------------------------------------------


class _AnyRow:
    """Stands for a row of a SELECT whatever its labels."""

    def __getattr__(self, name: str) -> Any:
        return literal_column(name, JSONB() if name == "rules" else Numeric())


class _AnyArguments(_AnyRow):
    actor = _AnyRow()


def _amount_fields() -> Iterator[tuple[str, Readable, Spec]]:
    """Every field that reads an amount."""
    for readable in SCHEMA._schema.extensions["reading"].registry.readable.values():
        for name, spec in readable.specs.items():
            if get_named_type(readable.type.fields[name].type).name == "Money":
                yield f"{readable.type.name}.{name}", readable, spec


def test_every_amount_that_is_read_says_how_it_came_about() -> None:
    unexplained = []
    for name, readable, spec in _amount_fields():
        assert isinstance(spec, ExpressionSpec), name
        row: Any = Row.of_model(readable.model, "t") if readable.reads.model else _AnyRow()
        if call(spec.value, row, _AnyArguments()).values["explanation"] is None:
            unexplained.append(name)
    assert unexplained == []


def test_amounts_that_python_makes_are_made_in_one_place() -> None:
    """`api/explained_amounts.py`, where no amount can be made without the inputs that give it."""
    makers = {
        path.name
        for path in Path("api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and any(keyword.arg == "cents" for keyword in node.keywords)
    }
    assert makers <= {"explained_amounts.py"}


# --- formulas -----------------------------------------------------------------------------------------------------

CENTS = st.integers(-(10**12), 10**12)
POSITIVE = st.integers(0, 10**10)
PERCENTS = st.decimals(0, 100, places=2)
PIECES = st.decimals("0.001", 10**6, places=3)


def given_inputs(**values: Any) -> list[tuple[str, Decimal]]:
    return [(name, Decimal(value)) for name, value in values.items()]


def outcome(name: str, **values: Any) -> int:
    return evaluate(versions(name)[-1], given_inputs(**values)).cents


@given(CENTS, PIECES, PERCENTS, st.sampled_from([VatClass.STANDARD, VatClass.REDUCED, VatClass.ZERO]))
def test_lines_are_computed_by_their_formulas(price: int, count: Decimal, discount: Decimal, vat: VatClass) -> None:
    made = line_total(count, Money(price // 10**4), vat, date(2026, 1, 1), discount)
    net = outcome("line.net", unitPrice=price // 10**4, quantity=count, discountPercent=discount)
    assert net == made.net.cents
    assert outcome("line.vat", net=net, vatRate=made.rate) == made.vat.cents
    assert outcome("line.gross", net=net, vat=made.vat.cents) == made.gross.cents


@given(POSITIVE, st.lists(PERCENTS, min_size=1, max_size=5))
def test_portions_are_billed_by_their_formula(amount: int, shares: list[Decimal]) -> None:
    before = 0
    for upto in sorted(shares):
        part = max(due_cents(amount, upto) - before, 0)
        assert outcome("invoiceLine.portion.net", ordered=amount, upToPercent=upto, billedBefore=before) == part
        before += part


@given(POSITIVE, POSITIVE, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_pieces_are_credited_by_their_formula(net: int, vat: int, pieces: list[int]) -> None:
    line, whole = Creditable(Decimal(sum(pieces)), net, vat), sum(pieces)
    for piece in pieces:
        off = credit_quantity(line, Decimal(piece))
        part = line.credited_quantity + piece
        for amount, billed, before, taken in (
            ("net", net, line.credited_net_cents, off.net_cents),
            ("vat", vat, line.credited_vat_cents, off.vat_cents),
        ):
            said = outcome(f"creditLine.{amount}", billed=billed, part=part, whole=whole, creditedBefore=before)
            assert said == -taken
        line = Creditable(
            line.quantity,
            net,
            vat,
            part,
            line.credited_net_cents + off.net_cents,
            line.credited_vat_cents + off.vat_cents,
        )


@given(POSITIVE, PERCENTS)
def test_shares_of_commission_are_computed_by_their_formula(base: int, rate: Decimal) -> None:
    assert outcome("commission.rate", base=base, ratePercent=rate) == at_rate(Money(base), rate).cents


def test_a_formula_knows_its_inputs() -> None:
    with pytest.raises(KeyError):
        outcome("line.gross", net=1, vta=2)
    with pytest.raises(ValueError, match="does not round"):
        outcome("line.gross", net=Decimal("0.5"), vat=0)


def _times(factor: int, inputs: Any) -> Any:
    return inputs["x"] * factor


def test_versions_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FORMULAS", {})
    for version, since in ((1, registry.ALWAYS), (2, date(2027, 1, 1))):
        registry.formula(
            "a.b",
            {"x": registry.Unit.CENTS},
            partial(_times, version),
            nl="",
            en="",
            version=version,
            valid_from=since,
        )
    assert [registry.in_force("a.b", day).version for day in (date(2026, 12, 31), date(2027, 1, 1))] == [1, 2]
    with pytest.raises(registry.UnknownFormula):
        registry.in_force("a.b", date(1999, 12, 31))
    with pytest.raises(ValueError, match="does not follow"):
        registry.formula("a.b", {}, lambda i: 0, nl="", en="", version=4)
