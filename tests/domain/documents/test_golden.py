"""The worked cases, reverse charge, a collective invoice and an uneven credit: as accepted, and by the rules."""

import io

import pytest
from pypdf import PdfReader

from domain.documents.making.rendering import invoice_pdf
from domain.documents.making.ubl import EN16931, NLCIUS
from domain.documents.making.validating import faults_of, parsed
from domain.documents.making.whole import make
from domain.documents.printable import PrintableInvoice
from tests.domain.documents import samples
from tests.domain.documents.golden import FOLDER, cases, text_of

CASES = dict(cases())
SPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def values(ubl: bytes, path: str) -> list[str]:
    return [element.text or "" for element in parsed(ubl).findall(path, SPACES)]


@pytest.mark.parametrize("name", CASES)
def test_it_is_as_accepted_and_breaks_no_rule(name: str) -> None:
    made = make(CASES[name])
    assert made.ubl == (FOLDER / f"{name}.xml").read_bytes()
    assert text_of(made.pdf) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert faults_of(made.ubl) == []


def test_the_files_are_those_of_the_cases() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", ["consumer", "uneven-credit", "collective"])
def test_the_pdf_claims_pdf_a_3b_and_carries_the_electronic_invoice(name: str) -> None:
    invoice = CASES[name]
    made = make(invoice)
    reader = PdfReader(io.BytesIO(made.pdf))
    assert reader.xmp_metadata is not None
    claims = parsed(bytes(reader.xmp_metadata.stream.get_data()))
    pdfa = "{http://www.aiim.org/pdfa/ns/id/}"
    assert [claims.findtext(f".//{pdfa}{part}") for part in ("part", "conformance")] == ["3", "B"]
    assert {key: value[0] for key, value in reader.attachments.items()} == {f"{invoice.number}.xml": made.ubl}
    file = reader.trailer["/Root"]["/AF"][0].get_object()
    assert file["/AFRelationship"] == "/Alternative"
    assert file["/EF"]["/F"].get_object()["/Subtype"] == "/application/xml"
    assert "/OutputIntents" in reader.trailer["/Root"]


def test_the_same_invoice_gives_the_same_bytes() -> None:
    assert make(samples.COLLECTIVE) == make(samples.COLLECTIVE)
    assert invoice_pdf(samples.PLAIN, b"<a/>") != invoice_pdf(samples.PLAIN, b"<b/>")


@pytest.mark.parametrize(
    ("placed_at", "shares"),
    [("dealer", [7449, 4470, 2980]), ("regional", [7449, 4470]), ("direct", [7449, 4470])],
)
def test_commissions_are_five_three_and_two_percent_of_the_net_amount(placed_at: str, shares: list[int]) -> None:
    order, commissions = samples.channel_order(placed_at), samples.commissions(placed_at)
    assert order.net_cents == 148_986  # 899.95 + 449.95 + 159.95 less 12.5 percent
    assert [commission.net_cents for commission in commissions] == shares
    for commission, partner in zip(commissions, samples.CHAINS[placed_at], strict=True):
        ubl = make(commission).ubl
        assert values(ubl, "cbc:InvoiceTypeCode") == ["389"]
        assert values(ubl, "cac:AccountingSupplierParty//cbc:RegistrationName") == [partner.legal_name]
        assert values(ubl, "cac:AccountingCustomerParty//cbc:RegistrationName") == ["ChargeCars Demo B.V."]
        assert values(ubl, "cac:PaymentMeans//cac:PayeeFinancialAccount/cbc:ID") == [partner.iban]
        assert values(ubl, "cbc:Note") == ["Factuur uitgereikt door afnemer"]
        others = {other.legal_name for other in samples.CHAINS[placed_at]} - {partner.legal_name}
        assert not any(other.encode() in ubl for other in others)


def test_reverse_charge_says_why_and_to_whom() -> None:
    abroad, works = make(samples.ABROAD), make(samples.SUBCONTRACTED)
    assert values(abroad.ubl, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID") == ["K", "AE"]
    reasons = values(abroad.ubl, ".//cbc:TaxExemptionReason")
    assert ["138" in reasons[0], "196" in reasons[1]] == [True, True]
    assert values(abroad.ubl, "cac:Delivery//cbc:IdentificationCode") == ["DE"]
    assert values(abroad.ubl, "cac:TaxTotal/cbc:TaxAmount") == ["0.00"]
    assert "Btw verlegd (Wet OB art. 12 lid 5" in text_of(works.pdf)
    for made, number in ((abroad, "DE136695976"), (works, "NL800000055B01")):
        assert number in text_of(made.pdf)
        assert values(made.ubl, "cac:AccountingCustomerParty//cac:PartyTaxScheme/cbc:CompanyID") == [number]


def test_a_credit_of_one_of_three_names_its_invoice_and_keeps_the_cents() -> None:
    ubl = make(samples.credit_of_one_of_three()).ubl
    assert values(ubl, "cbc:CreditNoteTypeCode") == ["381"]
    assert values(ubl, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == ["LT-2026-00011"]
    assert values(ubl, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["1"]
    assert values(ubl, "cac:CreditNoteLine/cbc:LineExtensionAmount") == ["33.33"]
    assert values(ubl, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["40.33"]
    assert values(ubl, "cac:PaymentMeans") == []


@pytest.mark.parametrize(
    ("invoice", "customization"),
    [(samples.PLAIN, EN16931), (samples.COLLECTIVE, NLCIUS), (samples.ABROAD, NLCIUS)],
)
def test_nlcius_is_claimed_where_it_can_be_met(invoice: PrintableInvoice, customization: str) -> None:
    assert values(make(invoice).ubl, "cbc:CustomizationID") == [customization]
