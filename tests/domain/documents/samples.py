"""Invoices to make documents of."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.documents.printable import Credited, Look, Party, PrintableInvoice, PrintableLine, VatPart
from domain.invoices.models import InvoiceKind
from domain.money import Money

LOOK = Look(
    brand="LaderThuis",
    website="laderthuis.example",
    email="info@laderthuis.example",
    phone="+31880000000",
    primary="#0057d9",
    terms="Op al onze leveringen zijn onze algemene voorwaarden van toepassing.",
)
SELLER = Party(
    name="LaderThuis",
    legal_name="LaderThuis Demo B.V.",
    street="Laadplein",
    house_number="2",
    postal_code="3861AA",
    city="Nijkerk",
    kvk_number="90000024",
    vat_number="NL900000028B01",
    iban="NL20INGB0001234567",
    email="info@laderthuis.example",
    phone="+31880000000",
)
CUSTOMER = Party(
    name="Femke de Groot",
    street="Prinsengracht",
    house_number="12-II",
    postal_code="1015DV",
    city="Amsterdam",
    email="femke@example.nl",
    is_person=True,
)
PARTNER = Party(
    name="Noord Laadpalen",
    legal_name="Noord Laadpalen B.V.",
    street="Stationsweg",
    house_number="1",
    postal_code="9726AC",
    city="Groningen",
    kvk_number="90000067",
    vat_number="NL900000066B01",
    iban="NL39RABO0300065264",
    email="administratie@noord.example",
)
GERMAN = Party(
    name="Ladetechnik",
    legal_name="Ladetechnik GmbH",
    street="Hauptstraße",
    house_number="5",
    postal_code="10827",
    city="Berlin",
    country="DE",
    vat_number="DE136695976",
    email="rechnung@ladetechnik.example",
)


def line(
    description: str,
    quantity: str,
    unit_price_cents: int,
    rate: str = "21",
    category: str = "S",
    discount_percent: str = "0",
    **values: Any,
) -> PrintableLine:
    """A line with its amounts by the rules of domain.money."""
    count, discount = Decimal(quantity), Decimal(discount_percent)
    full = Money(unit_price_cents).times(count).cents
    net = Money(unit_price_cents).times(count, (100 - discount).scaleb(-2))
    vat = net.times(Decimal(rate).scaleb(-2)).cents
    given = {"unit": "piece", "discount_percent": discount, "discount_cents": full - net.cents}
    amounts = {"unit_price_cents": unit_price_cents, "net_cents": net.cents, "vat_cents": vat}
    tax = {"vat_rate": Decimal(rate), "vat_category": category}
    return PrintableLine(description, count, **{**given, **amounts, **tax, **values})


def invoice(*lines: PrintableLine, reasons: dict[str, str] | None = None, **values: Any) -> PrintableInvoice:
    """An invoice over lines, their VAT grouped."""
    groups: dict[tuple[str, Decimal], list[PrintableLine]] = {}
    for each in lines:
        groups.setdefault((each.vat_category, each.vat_rate), []).append(each)
    vat = tuple(
        VatPart(
            category,
            rate,
            sum(x.net_cents for x in own),
            sum(x.vat_cents for x in own),
            (reasons or {}).get(category, ""),
        )
        for (category, rate), own in groups.items()
    )
    net, tax = sum(part.net_cents for part in vat), sum(part.vat_cents for part in vat)
    issued = values.pop("issued_on", date(2026, 3, 2))
    given: dict[str, Any] = {
        "kind": InvoiceKind.INVOICE,
        "part": "FINAL",
        "number": "LT-2026-00001",
        "language": "nl",
        "currency": "EUR",
        "issued_on": issued,
        "supplied_on": issued,
        "due_on": issued + timedelta(days=14),
        "payment_terms_days": 14,
        "seller": SELLER,
        "buyer": CUSTOMER,
        "look": LOOK,
        "lines": lines,
        "vat": vat,
        "net_cents": net,
        "vat_cents": tax,
        "gross_cents": net + tax,
        "payment_reference": "RF04LT202600001",
        "order_number": "LT-2026-00123",
    }
    return PrintableInvoice(**{**given, **values})


STATION = line("Alfen Eve Single Pro-line 11 kW\nLaadstation met laadpas en app", "1", 89_500, sku="ALF-EVE-S-11KW")
WORK = line("Installatie basis, 1 fase", "3.5", 7_250, unit="hour", sku="INST-BASIC-1P", discount_percent="10")
CABLE = line("Laadkabel type 2, 7,5 m", "2", 14_999, sku="CAB-T2-75")

PLAIN = invoice(STATION, WORK, CABLE)


def credit_of_one() -> PrintableInvoice:
    """A third of a line of 100.00: 33.33 net."""
    credited = line("Laadkabel type 2, 7,5 m", "1", 3_333)
    return replace(
        invoice(credited),
        kind=InvoiceKind.CREDIT_NOTE,
        part="CREDIT",
        number="LT-2026-00002",
        credits=Credited("LT-2026-00001", date(2026, 3, 2)),
        reason="Kabel retour",
    )
