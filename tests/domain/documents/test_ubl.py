"""UBL element by element, whatever is on the invoice, and every rule that refuses one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domain.documents.errors import InvalidDocument
from domain.documents.making.ubl import to_ubl
from domain.documents.making.validating import check, faults_of, parsed
from domain.documents.making.whole import make
from domain.documents.printable import Credited, PrintableInvoice, PrintableLine
from domain.invoices.models import InvoiceKind
from tests.domain.documents import samples
from tests.domain.documents.test_golden import SPACES, values


def tree(element: Any) -> Any:
    """An element as nested lists: name, attributes, text or children."""
    children = [tree(child) for child in element]
    return [etree.QName(element).localname, dict(element.attrib), children or element.text]


def amount(name: str, value: str) -> list[Any]:
    return [name, {"currencyID": "EUR"}, value]


def test_a_line_with_a_discount_is_said_in_full() -> None:
    line = parsed(to_ubl(samples.PLAIN)).findall("cac:InvoiceLine", SPACES)[1]
    assert tree(line)[2] == [
        ["ID", {}, "2"],
        ["InvoicedQuantity", {"unitCode": "HUR"}, "3.5"],
        amount("LineExtensionAmount", "228.38"),
        [
            "AllowanceCharge",
            {},
            [
                ["ChargeIndicator", {}, "false"],
                ["AllowanceChargeReason", {}, "Korting"],
                ["MultiplierFactorNumeric", {}, "10"],
                amount("Amount", "25.37"),
                amount("BaseAmount", "253.75"),
            ],
        ],
        [
            "Item",
            {},
            [
                ["Name", {}, "Installatie basis, 1 fase"],
                ["SellersItemIdentification", {}, [["ID", {}, "INST-BASIC-1P"]]],
                [
                    "ClassifiedTaxCategory",
                    {},
                    [["ID", {}, "S"], ["Percent", {}, "21"], ["TaxScheme", {}, [["ID", {}, "VAT"]]]],
                ],
            ],
        ],
        ["Price", {}, [amount("PriceAmount", "72.50")]],
    ]


def test_sums_and_payment_are_said_in_full() -> None:
    root = parsed(to_ubl(samples.COLLECTIVE))
    total = root.find("cac:LegalMonetaryTotal", SPACES)
    assert tree(total)[2] == [
        amount("LineExtensionAmount", "2363.36"),
        amount("TaxExclusiveAmount", "2363.36"),
        amount("TaxInclusiveAmount", "2854.27"),
        amount("PayableAmount", "2854.27"),
    ]
    subtotals = root.findall("cac:TaxTotal/cac:TaxSubtotal", SPACES)
    assert [[child[2] for child in tree(each)[2][:2]] for each in subtotals] == [
        ["2318.36", "486.86"],
        ["45.00", "4.05"],
    ]
    means = root.find("cac:PaymentMeans", SPACES)
    assert tree(means)[2] == [
        ["PaymentMeansCode", {}, "58"],
        ["PaymentID", {}, "RF63LT202600001"],
        ["PayeeFinancialAccount", {}, [["ID", {}, "NL20INGB0001234567"]]],
    ]
    assert tree(root.find("cac:InvoicePeriod", SPACES))[2] == [
        ["StartDate", {}, "2026-02-01"],
        ["EndDate", {}, "2026-02-28"],
    ]


def test_lines_of_a_collective_invoice_name_their_orders() -> None:
    ubl = to_ubl(samples.COLLECTIVE)
    assert values(ubl, "cac:InvoiceLine/cac:DocumentReference/cbc:ID") == [
        "LT-2026-00201",
        "LT-2026-00201",
        "LT-2026-00202",
        "LT-2026-00202",
        "LT-2026-00203",
    ]
    assert values(ubl, "cac:OrderReference") == []


def test_a_price_is_never_negative() -> None:
    taken_back = samples.line("Aanbetaling verrekend", "-1", 20_000)
    discounted = samples.line("Retour met korting", "-2", 1_000, discount_percent="10")
    ubl = to_ubl(samples.invoice(samples.STATION, taken_back, discounted))
    assert values(ubl, "cac:InvoiceLine/cac:Price/cbc:PriceAmount") == ["895.00", "200.00", "18.00"]
    assert values(ubl, "cac:InvoiceLine/cbc:InvoicedQuantity") == ["1", "-1", "-1"]
    assert values(ubl, "cac:InvoiceLine/cbc:Note") == ["-2 piece × 10.00"]
    assert faults_of(ubl) == []


CATEGORIES = st.sampled_from([("S", "21"), ("S", "9"), ("Z", "0"), ("AE", "0"), ("K", "0")])


@st.composite
def lines(draw: st.DrawFn) -> PrintableLine:
    category, rate = draw(CATEGORIES)
    quantity = draw(st.decimals("0.001", "500", places=3)) * draw(st.sampled_from([1, 1, 1, -1]))
    discount = draw(st.one_of(st.just(Decimal(0)), st.decimals(0, 100, places=2)))
    price = draw(st.integers(0, 2_000_000))
    text = draw(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=30))
    return samples.line(text, str(quantity), price, rate, category, str(discount))


@settings(max_examples=25, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=8), st.booleans())
def test_whatever_is_invoiced_breaks_no_rule(drawn: list[PrintableLine], credited: bool) -> None:
    invoice = samples.invoice(*drawn, buyer=samples.GERMAN)
    if credited:
        origin = Credited("LT-2026-00001", date(2026, 3, 2))
        invoice = replace(invoice, kind=InvoiceKind.CREDIT_NOTE, credits=origin)
    assert faults_of(to_ubl(invoice)) == []


def test_a_partner_without_numbers_is_outside_the_tax() -> None:
    person = replace(samples.PARTNER, kvk_number="", vat_number="", iban="", identifier="P-7")
    line = samples.line("Commissie", "1", 5_000, rate="0", category="E")
    words = {"E": "Geen btw: de leverancier heeft geen btw-nummer"}
    kind = {"kind": InvoiceKind.SELF_BILLING, "part": "COMMISSION"}
    ubl = make(samples.invoice(line, reasons=words, seller=person, buyer=samples.SELLER, **kind)).ubl
    assert values(ubl, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID") == ["O"]
    assert values(ubl, ".//cbc:TaxExemptionReason") == list(words.values())
    assert values(ubl, "cac:PaymentMeans/cbc:PaymentMeansCode") == ["57"]
    assert values(ubl, ".//cac:PartyTaxScheme/cbc:CompanyID") == []
    assert values(ubl, "cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID") == ["P-7"]


DUTCH = replace(samples.PLAIN, buyer=samples.PARTNER)
BROKEN: list[tuple[str, PrintableInvoice]] = [
    ("BR-NL-1", replace(DUTCH, seller=replace(samples.SELLER, kvk_number=""))),
    ("BR-NL-2", replace(DUTCH, order_number="", payment_reference="")),
    ("BR-NL-3", replace(DUTCH, seller=replace(samples.SELLER, street="", house_number=""))),
    ("BR-NL-4", replace(DUTCH, buyer=replace(samples.PARTNER, postal_code=""))),
    ("BR-CO-14", replace(DUTCH, vat_cents=DUTCH.vat_cents + 1, gross_cents=DUTCH.gross_cents + 1)),
    ("BR-CO-15", replace(DUTCH, gross_cents=DUTCH.gross_cents + 1)),
    ("BR-CO-10", replace(DUTCH, net_cents=DUTCH.net_cents + 1)),
    ("BR-S-02", replace(DUTCH, seller=replace(samples.SELLER, vat_number=""))),
    ("BR-AE-02", replace(samples.SUBCONTRACTED, buyer=replace(samples.PARTNER, vat_number="", kvk_number=""))),
    ("BR-IC-02", replace(samples.ABROAD, buyer=replace(samples.GERMAN, vat_number=""))),
    ("BR-CL-14", replace(DUTCH, buyer=replace(samples.PARTNER, country="QQ"))),
]


@pytest.mark.parametrize(("rule", "invoice"), BROKEN, ids=[rule for rule, _ in BROKEN])
def test_what_breaks_a_rule_is_refused_with_its_id(rule: str, invoice: PrintableInvoice) -> None:
    with pytest.raises(InvalidDocument, match=rf"\b{rule}\b") as raised:
        make(invoice)
    assert rule in [fault.rule for fault in raised.value.faults]


def changed(path: str, text: str | None) -> bytes:
    """The plain invoice to a Dutch business with one element changed, or taken out."""
    root = parsed(to_ubl(DUTCH))
    element = root.find(path, SPACES)
    assert element is not None
    if text is None:
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    else:
        element.text = text
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("BR-NL-7", "cbc:InvoiceTypeCode", "326"),
        ("BR-NL-8", "cbc:InvoiceTypeCode", "381"),
        ("BR-NL-9", "cbc:InvoiceTypeCode", "384"),
        ("BR-NL-10", "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID", None),
        ("BR-NL-11", "cac:PaymentMeans", None),
        ("BR-NL-12", "cac:PaymentMeans/cbc:PaymentMeansCode", "10"),
        ("XSD", "cbc:IssueDate", "2 maart"),
    ],
)
def test_what_was_changed_is_found(rule: str, path: str, text: str | None) -> None:
    assert rule in [fault.rule for fault in faults_of(changed(path, text))]


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"no xml", "XML"),
        (b"<order/>", "XSD"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "XSD"),
    ],
)
def test_what_is_no_invoice_is_told_so(xml: bytes, rule: str) -> None:
    with pytest.raises(InvalidDocument, match=rule):
        check(xml)
