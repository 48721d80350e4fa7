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
    vat_number="NL800000055B01",
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
        "payment_reference": "RF63LT202600001",
        "order_number": "LT-2026-00123",
    }
    return PrintableInvoice(**{**given, **values})


STATION = line("Alfen Eve Single Pro-line 11 kW\nLaadstation met laadpas en app", "1", 89_500, sku="ALF-EVE-S-11KW")
WORK = line("Installatie basis, 1 fase", "3.5", 7_250, unit="hour", sku="INST-BASIC-1P", discount_percent="10")
CABLE = line("Laadkabel type 2, 7,5 m", "2", 14_999, sku="CAB-T2-75")

PLAIN = invoice(STATION, WORK, CABLE)


# --- the channel of partner-integration-workflow: master, regional, dealer -----------------------------------------


def partner(name: str, number: int, country_city: tuple[str, str]) -> Party:
    """A partner of the channel; its numbers are made up."""
    return Party(
        name=name,
        legal_name=f"{name} B.V.",
        street="Energieweg",
        house_number=str(number),
        postal_code=country_city[0],
        city=country_city[1],
        kvk_number=f"8000000{number}",
        vat_number=("NL800000006B01", "NL800000018B01", "NL800000031B01", "NL800000043B01")[number - 1],
        iban=("NL91ABNA0417164300", "NL20INGB0001234567", "NL39RABO0300065264", "NL02ABNA0123456789")[number - 1],
        email=f"facturen@partner{number}.example",
    )


MASTER = partner("Master Energie", 1, ("3511AB", "Utrecht"))
REGIONAL = partner("Regio Laden Noord", 2, ("9711AA", "Groningen"))
DEALER = partner("Laadpunt Dealer Assen", 3, ("9401AA", "Assen"))
DIRECT = partner("Direct Laden", 4, ("1011AA", "Amsterdam"))
RATES = (5, 3, 2)
"""Percent of the net amount by level."""
CHAINS = {"dealer": (MASTER, REGIONAL, DEALER), "regional": (MASTER, REGIONAL), "direct": (MASTER, DIRECT)}
"""Where the order was placed, and the chain from the root down to there."""
ORDERED = (
    line("Alfen Eve Single S-line 11 kW", "1", 89_995, sku="ALF-EVE-S-11KW"),
    line("Installatie basis, 1 fase", "1", 44_995, sku="INST-BASIC-1P"),
    line("Laadkabel type 2, 7,5 m", "1", 15_995, rate="21", sku="CAB-T2-75", discount_percent="12.5"),
)


def channel_order(placed_at: str) -> PrintableInvoice:
    """The end customer's invoice of an order placed somewhere in the channel."""
    number = 101 + list(CHAINS).index(placed_at)
    return invoice(
        *ORDERED,
        number=f"CC-2026-00{number}",
        seller=replace(SELLER, name="ChargeCars", legal_name="ChargeCars Demo B.V.", kvk_number="90000016"),
        look=replace(LOOK, brand="ChargeCars", primary="#00b67a"),
        order_number=f"CC-2026-00{number + 100}",
        reference=f"GRO-{number}",
        payment_reference="RF18539007547034",
    )


def commissions(placed_at: str) -> list[PrintableInvoice]:
    """The self-billing invoices of the chain for that order, one per partner."""
    order = channel_order(placed_at)
    return [_commission(order, level, each) for level, each in enumerate(CHAINS[placed_at], start=1)]


def _commission(order: PrintableInvoice, level: int, beneficiary: Party) -> PrintableInvoice:
    rate = RATES[level - 1]
    share = Money(order.net_cents).times(Decimal(rate).scaleb(-2)).cents
    said = f"Commissie niveau {level}, {rate}% van {Money(order.net_cents).format()}\nOpdracht {order.order_number}"
    return invoice(
        line(said, "1", share),
        kind=InvoiceKind.SELF_BILLING,
        part="COMMISSION",
        number=f"CC-SB-2026-00{level}{order.number[-2:]}",
        seller=beneficiary,
        buyer=order.seller,
        look=order.look,
        issued_on=date(2026, 4, 1),
        period_month=date(2026, 3, 1),
        order_number=order.order_number,
        payment_reference="RF712348231",
    )


# --- VAT that is not ours to collect --------------------------------------------------------------------------------

ABROAD = invoice(
    line("Zaptec Go 2, 22 kW", "12", 61_250, rate="0", category="K", sku="ZAP-GO2"),
    line("Configuratie op afstand", "3", 9_500, rate="0", category="AE", unit="hour"),
    reasons={
        "K": "Intra-Community supply (Directive 2006/112/EC art. 138)",
        "AE": "Reverse charge: service to a business in the EU (Directive 2006/112/EC art. 44 and 196)",
    },
    number="ZS-2026-00007",
    buyer=GERMAN,
    language="en",
    look=replace(LOOK, brand="ZaptecShop", primary="#111827", terms=""),
    reference="PO 4711",
    payment_terms_days=30,
)
SUBCONTRACTED = invoice(
    line("Installatie laadplein, 8 laadpunten", "24", 6_850, rate="0", category="AE", unit="hour"),
    reasons={"AE": "Btw verlegd (Wet OB art. 12 lid 5, Uitvoeringsbesluit OB art. 24b)"},
    number="CC-2026-00042",
    buyer=PARTNER,
    reference="INK-2026-118",
)

# --- collective, credited -------------------------------------------------------------------------------------------

COLLECTIVE = invoice(
    *(replace(each, order_number="LT-2026-00201", order_reference="GRO-1") for each in (STATION, WORK)),
    *(replace(each, order_number="LT-2026-00202", order_reference="GRO-2") for each in (STATION, CABLE)),
    line("Schoonmaak laadpunt", "1", 4_500, rate="9", order_number="LT-2026-00203"),
    part="COLLECTIVE",
    number="LT-2026-00009",
    buyer=PARTNER,
    order_number="",
    period_month=date(2026, 2, 1),
)
UNEVEN = invoice(
    STATION, line("Laadkabels, per drie", "3", 3_334, discount_percent="0.02"), WORK, number="LT-2026-00011"
)
"""Its second line is 100.00 for three pieces."""


def credit_of_one_of_three() -> PrintableInvoice:
    """One of three pieces for 100.00 is 33.33, with 7.00 of 21.00 VAT: what round_half_up(amount * 1 / 3) leaves."""
    piece = replace(UNEVEN.lines[1], quantity=Decimal(1), discount_cents=1, net_cents=3_333, vat_cents=700)
    vat = (VatPart("S", Decimal(21), 3_333, 700),)
    return replace(
        UNEVEN,
        kind=InvoiceKind.CREDIT_NOTE,
        part="CREDIT",
        number="LT-2026-00012",
        lines=(piece,),
        vat=vat,
        net_cents=3_333,
        vat_cents=700,
        gross_cents=4_033,
        credits=Credited("LT-2026-00011", UNEVEN.issued_on),
        reason="Eén kabel retour",
    )
