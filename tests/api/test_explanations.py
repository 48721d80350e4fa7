"""`explanation` of amounts: the inputs give the very cents, in both lanes, for each audience as it may read."""

import ast
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import get_named_type
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Numeric, literal_column
from sqlalchemy.dialects.postgresql import JSONB

import domain.explanations.billing
import domain.explanations.formulas  # noqa: F401  # declares them
from api.context import Context, RequestFacts
from api.lane import Lane
from api.reading.registry import Readable
from api.reading.rows import Row
from api.reading.specs import ExpressionSpec, Spec, call
from domain.commissions.computing import at_rate
from domain.explanations import registry
from domain.explanations.registry import evaluate, versions
from domain.invoices.billing import Creditable, credit_quantity, due_cents
from domain.money import Money, VatClass, line_total
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.both_lanes import in_both
from tests.quoting import market

EXPLAINED = """{ cents explanation { formula version text inputs { name value unit sourceId } vatRule roundingRemainder
  commissionBase result } }"""
QUOTE = """query Q($id: ID!) { quote(id: $id) { net %s vat %s gross %s
  ... on StaffQuote { cost %s margin %s }
  lines { sku ... on PricedLineItem { unitPrice %s unitPriceIncludingVat %s net %s vat %s gross %s }
    ... on StaffLineItem { unitCost %s margin %s } }
  parties { net %s vat %s gross %s vatShares { net %s vat %s gross %s } } } }""".replace("%s", EXPLAINED)


def amounts(value: Any) -> Iterator[Any]:
    """All explained amounts in an answer."""
    if isinstance(value, dict):
        if "explanation" in value:
            yield value
        for item in value.values():
            yield from amounts(item)
    elif isinstance(value, list):
        for item in value:
            yield from amounts(item)


def check(amount: Any) -> None:
    """The inputs of an amount give its cents and its remainder."""
    told = amount["explanation"]
    formula = versions(told["formula"])[told["version"] - 1]
    outcome = evaluate(formula, [(each["name"], Decimal(each["value"])) for each in told["inputs"]])
    assert (outcome.cents, outcome.cents) == (int(amount["cents"]), int(told["result"])), told
    assert outcome.remainder == Decimal(told["roundingRemainder"]), told
    assert told["text"] in (formula.nl, formula.en)
    assert all(each["unit"] == formula.inputs[each["name"]] for each in told["inputs"])


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
    found = list(amounts(orjson.loads(fast.data)))
    assert len(found) >= {"staff": 38, "dealer": 14, "customer": 14}[who]
    for amount in found:
        check(amount)


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


def test_versions_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FORMULAS", {})
    for version, since in ((1, registry.ALWAYS), (2, date(2027, 1, 1))):
        times = version
        registry.formula(
            "a.b",
            {"x": registry.Unit.CENTS},
            lambda i, times=times: i["x"] * times,
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
