"""The formulas of what charging costs: every line of a price, its sums, and what is agreed in tariffs and offers.

The arithmetic of the lines stands in domain/tariffs/formulas.py, which also computes them.
"""

from domain.explanations.formulas import recorded, summed
from domain.explanations.registry import Unit, formula
from domain.tariffs.formulas import RULES

for _rule in RULES:
    formula(
        _rule.name,
        {name: Unit(unit) for name, unit in _rule.inputs.items()},
        _rule.exact,
        rounds=_rule.rounds,
        nl=_rule.nl,
        en=_rule.en,
    )
formula(
    "charging.lineGross",
    {"net": Unit.CENTS, "vat": Unit.CENTS},
    lambda i: i["net"] + i["vat"],
    nl="Bedrag zonder btw en btw van de regel samen.",
    en="Amount without VAT and VAT of the line together.",
)
for _amount, _nl, _en in (
    ("net", "Bedragen zonder btw van alle regels, opgeteld.", "Amounts without VAT of all lines, added up."),
    ("vat", "Btw van alle regels, opgeteld.", "VAT of all lines, added up."),
    ("gross", "Bedragen met btw van alle regels, opgeteld.", "Amounts with VAT of all lines, added up."),
):
    summed(f"charging.{_amount}", _amount, _nl, _en)
recorded(
    "tariff.amount",
    "Zoals het in deze versie van het tarief staat, zonder btw.",
    "As this version of the tariff says, without VAT.",
)
recorded(
    "chargingOffer.amount",
    "Zoals het wordt aangeboden of werd gekocht, zonder btw.",
    "As it is offered or was bought, without VAT.",
)
summed(
    "chargingSubscription.covered",
    "session",
    "Wat sessies van deze maand van het plafond hebben gebruikt, opgeteld.",
    "What sessions of this month took of the cap, added up.",
)
