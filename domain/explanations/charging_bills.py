"""The formulas of what was invoiced of sessions and what they earn; those of prices are in charging_prices.py."""

from domain.explanations.formulas import difference, recorded, summed

for _amount, _nl, _en in (("net", "zonder btw", "without VAT"), ("vat", "aan btw", "of VAT")):
    difference(
        f"charging.invoiced.{_amount}",
        "invoicedBefore",
        "invoicedUpToHere",
        f"Wat van de sessie {_nl} in rekening is gebracht tot en met deze regel, min wat daarvoor al was gefactureerd.",
        f"What was charged for the session {_en} up to this line, less what was invoiced before it.",
    )
summed(
    "charging.charged",
    "charged",
    "Factuurregels van de sessie min wat ervan is gecrediteerd.",
    "Invoiced lines of the session less what was credited of it.",
)
difference(
    "charging.change",
    "before",
    "now",
    "Wat deze versie kost min wat de vorige kostte.",
    "What this version costs less what the one before cost.",
)
recorded(
    "charging.revenue",
    "Wat sessies zonder btw hebben opgebracht, opgeteld.",
    "What sessions have earned without VAT, added up.",
)
