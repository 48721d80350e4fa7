"""How the amounts of quotes, orders and their parts came about; see domain/explanations/formulas.py."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import case, literal, select

from api.reading import Each, Explained, Given
from domain.money import VatClass
from domain.quotes.models import LineItem as LineRow
from domain.quotes.models import QuoteParty as PartyRow
from domain.vat.rules import VatRule

LINE, PARTY = "LineItem", "QuoteParty"


def _rule(vat_class: Any) -> Any:
    """Id of the rule behind a class; which one shifts VAT is decided with the invoice."""
    ids = {VatClass.STANDARD: VatRule.STANDARD, VatClass.REDUCED: VatRule.REDUCED, VatClass.ZERO: VatRule.ZERO}
    known = ((vat_class == each.value, literal(rule.value)) for each, rule in ids.items())
    return case(*known, else_=vat_class)


def unit_price(line: Any) -> Explained:
    """As it was fixed; its source is the article."""
    return Explained("line.unitPrice", [Given("recorded", line.unit_price_cents, ("Article", line.article_id))])


def unit_price_with_vat(line: Any) -> Explained:
    given = [Given("unitPrice", line.unit_price_cents, (LINE, line.id)), _vat_rate(line)]
    return Explained("line.unitPriceWithVat", given, _rule(line.vat_class))


def net(line: Any) -> Explained:
    source = (LINE, line.id)
    given = [
        Given("unitPrice", line.unit_price_cents, source),
        Given("quantity", line.quantity, source),
        Given("discountPercent", line.discount_percent, source),
    ]
    return Explained("line.net", given)


def vat(line: Any) -> Explained:
    return Explained(
        "line.vat", [Given("net", line.net_cents, (LINE, line.id)), _vat_rate(line)], _rule(line.vat_class)
    )


def gross(line: Any) -> Explained:
    source = (LINE, line.id)
    given = [Given("net", line.net_cents, source), Given("vat", line.vat_cents, source)]
    return Explained("line.gross", given, _rule(line.vat_class))


def unit_cost(line: Any) -> Explained:
    return Explained("line.unitCost", [Given("recorded", line.unit_cost_cents, ("Article", line.article_id))])


def margin(line: Any, cost: Any) -> Explained:
    source = (LINE, line.id)
    return Explained("line.margin", [Given("net", line.net_cents, source), Given("cost", cost, source)])


def party(amount: str, row: Any) -> Explained:
    """`amount` is net, vat or gross; the inputs are the party's lines."""
    return Explained(f"party.{amount}", [Each(amount, _lines(amount, row.quote_version_id, row.contact_id), LINE)])


def share(amount: str, row: Any) -> Explained:
    """The lines of one VAT rate."""
    lines = LineRow.__table__.alias()
    rows = _lines(amount, row.version_id, row.payer_id, lines)
    rows = rows.where(lines.c.vat_class == row.vat_class, lines.c.vat_rate == row.rate)
    return Explained(f"vatShare.{amount}", [Each(amount, rows, LINE)], _rule(row.vat_class))


def total(whose: str, column: str, version_id: Any) -> Explained:
    """The parties that the reader sees."""
    amount, rows = column.removesuffix("_cents"), PartyRow.__table__.alias()
    query = select(rows.c[column].label("value"), rows.c.id.label("key"))
    query = query.where(rows.c.quote_version_id == version_id).order_by(rows.c.role, rows.c.id)
    return Explained(f"{whose}.{amount}", [Each(amount, query, PARTY)])


def cost(whose: str, version_id: Any, cost_of: Callable[[Any], Any]) -> Explained:
    return Explained(f"{whose}.cost", [Each("cost", _of_version(version_id, cost_of), LINE)])


def margin_of_lines(version_id: Any, cost_of: Callable[[Any], Any]) -> Explained:
    nets = _of_version(version_id, lambda line: line.net_cents)
    return Explained("quote.margin", [Each("net", nets, LINE), Each("cost", _of_version(version_id, cost_of), LINE)])


def _of_version(version_id: Any, value: Callable[[Any], Any]) -> Any:
    lines = LineRow.__table__.alias()
    query = select(value(lines.c).label("value"), lines.c.id.label("key"))
    return query.where(lines.c.quote_version_id == version_id).order_by(lines.c.position)


def _lines(amount: str, version_id: Any, payer_id: Any, lines: Any = None) -> Any:
    lines = LineRow.__table__.alias() if lines is None else lines
    query = select(lines.c[f"{amount}_cents"].label("value"), lines.c.id.label("key"))
    own = lines.c.quote_version_id == version_id, lines.c.payer_contact_id == payer_id
    return query.where(*own).order_by(lines.c.position)


def _vat_rate(line: Any) -> Given:
    return Given("vatRate", line.vat_rate, (LINE, line.id))
