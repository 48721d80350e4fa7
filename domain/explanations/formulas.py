"""The formulas in force: of lines, documents, articles. See domain/money.py for the rules of rounding."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.explanations.registry import Unit, formula

HUNDREDTH = Decimal("0.01")
_CENTS, _PERCENT, _QUANTITY = Unit.CENTS, Unit.PERCENT, Unit.QUANTITY
HALF_UP_NL = "afgerond op hele centen, halven van nul af"
HALF_UP_EN = "rounded to whole cents, halves away from zero"


def recorded(name: str, nl: str, en: str, *, of: str = "recorded") -> None:
    """An amount that was agreed or that somebody else has told; it follows from no other."""
    formula(name, {of: _CENTS}, lambda i: i[of], nl=nl, en=en)


def summed(name: str, of: str, nl: str, en: str) -> None:
    """An amount that is the sum of amounts, each rounded by itself before."""
    formula(name, {of: _CENTS}, lambda i: i[of], nl=nl, en=en)


def difference(name: str, less: str, of: str, nl: str, en: str) -> None:
    """`of` less `less`."""
    formula(name, {of: _CENTS, less: _CENTS}, lambda i: i[of] - i[less], nl=nl, en=en)


# --- articles -----------------------------------------------------------------------------------------------------

recorded("article.price", "De prijs in de prijslijst, per eenheid zonder btw.", "The list price, per unit without VAT.")
recorded("article.cost", "Wat één eenheid ons kost.", "What one unit costs us.")

# --- lines of quotes and orders -----------------------------------------------------------------------------------


def _net(i: Mapping[str, Any]) -> Any:
    return i["unitPrice"] * i["quantity"] * (100 - i["discountPercent"]) * HUNDREDTH


recorded(
    "line.unitPrice",
    "De prijs per eenheid zonder btw zoals die in de offerte is vastgelegd.",
    "The price per unit without VAT as fixed in the quote.",
)
recorded(
    "line.unitCost", "Wat één eenheid ons kostte toen de regel werd gemaakt.", "What one unit cost us at the time."
)
formula(
    "line.unitPriceWithVat",
    {"unitPrice": _CENTS, "vatRate": _PERCENT},
    lambda i: i["unitPrice"] * (100 + i["vatRate"]) * HUNDREDTH,
    rounds=True,
    nl=f"Prijs per eenheid met btw, {HALF_UP_NL}; alleen om te tonen.",
    en=f"Price per unit with VAT, {HALF_UP_EN}; for display only.",
)
formula(
    "line.net",
    {"unitPrice": _CENTS, "quantity": _QUANTITY, "discountPercent": _PERCENT},
    _net,
    rounds=True,
    nl=f"Prijs per eenheid × aantal, min de korting; één keer {HALF_UP_NL}.",
    en=f"Price per unit × quantity, less the discount; {HALF_UP_EN}, once.",
)
formula(
    "line.vat",
    {"net": _CENTS, "vatRate": _PERCENT},
    lambda i: i["net"] * i["vatRate"] * HUNDREDTH,
    rounds=True,
    nl=f"Btw over het netto bedrag van de regel, {HALF_UP_NL}.",
    en=f"VAT on the net amount of the line, {HALF_UP_EN}.",
)
formula(
    "line.gross",
    {"net": _CENTS, "vat": _CENTS},
    lambda i: i["net"] + i["vat"],
    nl="Netto bedrag en btw van de regel samen.",
    en="Net amount and VAT of the line together.",
)
formula(
    "line.cost",
    {"unitCost": _CENTS, "quantity": _QUANTITY},
    lambda i: i["unitCost"] * i["quantity"],
    rounds=True,
    nl=f"Kosten per eenheid × aantal, {HALF_UP_NL}.",
    en=f"Cost per unit × quantity, {HALF_UP_EN}.",
)
difference(
    "line.margin",
    "cost",
    "net",
    "Netto bedrag van de regel min de kosten ervan.",
    "Net amount of the line less its cost.",
)

# --- quotes and orders --------------------------------------------------------------------------------------------

for _whose, _nl, _en in (
    ("party", "de regels van de partij", "the party's lines"),
    ("vatShare", "de regels met dit btw-tarief", "the lines at this VAT rate"),
    ("quote", "de partijen die u mag zien", "the parties that you may see"),
    ("order", "de partijen die u mag zien", "the parties that you may see"),
    ("offer", "de regels van het aanbod", "the lines of the offer"),
):
    summed(f"{_whose}.net", "net", f"Netto bedragen van {_nl}, opgeteld.", f"Net amounts of {_en}, added up.")
    summed(f"{_whose}.vat", "vat", f"Btw van {_nl}, opgeteld.", f"VAT of {_en}, added up.")
    summed(f"{_whose}.gross", "gross", f"Bedragen met btw van {_nl}, opgeteld.", f"With VAT: {_en}, added up.")
for _whose in ("quote", "order"):
    summed(f"{_whose}.cost", "cost", "Kosten van alle regels, opgeteld.", "Cost of all lines, added up.")
for _whose in ("quote", "offer"):
    difference(
        f"{_whose}.margin",
        "cost",
        "net",
        "Netto bedragen van alle regels min de kosten ervan.",
        "Net amounts of all lines less their cost.",
    )
