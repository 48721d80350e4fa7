"""The arithmetic of every line of a price: pure, over `+ - * /`, and named as explanations name it.

What rounding left over on the lines before goes on to the next as `carried`, in the unit in which the line is exact:
thousandths of a cent for energy (Wh and a price per kWh), 3600ths for time (seconds and a price per hour), hundredths
for percents. So no line needs a fraction without end, and lines add up to their exact sum, rounded once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
Values = Mapping[str, Any]


def _energy(i: Values) -> Any:
    return i["energyWh"] * i["pricePerKwh"] * i["multiplier"] + i["carried"]


def _time(i: Values) -> Any:
    return i["seconds"] * i["pricePerHour"] * i["multiplier"] + i["carried"]


def _pack(i: Values) -> Any:
    return i["carried"] - i["energyWh"] * i["pricePerKwh"] * i["multiplier"] * i["discountPercent"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A named formula: `numerator / scale` is cents that are not rounded yet."""

    name: str
    inputs: Mapping[str, str]
    """Names, and what they are in: CENTS, PERCENT or QUANTITY."""
    numerator: Callable[[Values], Any]
    scale: int
    nl: str
    en: str

    def exact(self, values: Values) -> Any:
        """Cents before rounding; the one division comes last, so that no half is missed."""
        return self.numerator(values) / self.scale

    @property
    def rounds(self) -> bool:
        return self.scale > 1


_CARRIED = {"carried": "QUANTITY"}
_PRICED = {"multiplier": "QUANTITY", **_CARRIED}
_ROUNDED_NL = "afgerond op hele centen; wat de afronding overlaat gaat mee naar de volgende regel"
_ROUNDED_EN = "rounded to whole cents; what rounding leaves goes on to the next line"

ENERGY = Rule(
    "charging.energy",
    {"energyWh": "QUANTITY", "pricePerKwh": "CENTS", **_PRICED},
    _energy,
    1000,
    f"Wh ÷ 1000 × prijs per kWh × factor, {_ROUNDED_NL}.",
    f"Wh ÷ 1000 × price per kWh × multiplier, {_ROUNDED_EN}.",
)
TIME = Rule(
    "charging.time",
    {"seconds": "QUANTITY", "pricePerHour": "CENTS", **_PRICED},
    _time,
    3600,
    f"Seconden ÷ 3600 × prijs per uur × factor, {_ROUNDED_NL}.",
    f"Seconds ÷ 3600 × price per hour × multiplier, {_ROUNDED_EN}.",
)
START_FEE = Rule(
    "charging.startFee",
    {"recorded": "CENTS"},
    lambda i: i["recorded"],
    1,
    "Het starttarief, zonder factor.",
    "The start fee, not multiplied.",
)
MINIMUM = Rule(
    "charging.minimum",
    {"minimum": "CENTS", "amount": "CENTS"},
    lambda i: i["minimum"] - i["amount"],
    1,
    "Het minimum min energie, tijd en starttarief samen.",
    "The minimum less energy, time and start fee together.",
)
PACK = Rule(
    "charging.pack",
    {"energyWh": "QUANTITY", "pricePerKwh": "CENTS", "discountPercent": "PERCENT", **_PRICED},
    _pack,
    100000,
    f"Korting op de energie uit het pakket: Wh ÷ 1000 × prijs per kWh × factor × percentage, {_ROUNDED_NL}.",
    f"Off the energy from the pack: Wh ÷ 1000 × price per kWh × multiplier × percentage, {_ROUNDED_EN}.",
)
DISCOUNT = Rule(
    "charging.discount",
    {"amount": "CENTS", "discountPercent": "PERCENT"},
    lambda i: -i["amount"] * i["discountPercent"],
    100,
    "Korting van het abonnement op alles hiervoor, afgerond op hele centen, halven van nul af.",
    "The plan's discount on all lines before, rounded to whole cents, halves away from zero.",
)
CAP = Rule(
    "charging.cap",
    {"covered": "CENTS"},
    lambda i: -i["covered"],
    1,
    "Gedekt door de maandbundel, tot wat daarvan deze maand nog over was.",
    "Covered by the monthly subscription, up to what was left of it this month.",
)
DAMAGE_RESERVE = Rule(
    "charging.damageReserve",
    {"recorded": "CENTS"},
    lambda i: i["recorded"],
    1,
    "Bijdrage per sessie aan de schadereserve; zonder factor en zonder korting.",
    "Contribution per session to the damage reserve; neither multiplied nor discounted.",
)
VAT = Rule(
    "charging.lineVat",
    {"net": "CENTS", "vatRate": "PERCENT", **_CARRIED},
    lambda i: i["net"] * i["vatRate"] + i["carried"],
    100,
    f"Btw over het bedrag van de regel, {_ROUNDED_NL}.",
    f"VAT on the amount of the line, {_ROUNDED_EN}.",
)
RULES = (ENERGY, TIME, START_FEE, MINIMUM, PACK, DISCOUNT, CAP, DAMAGE_RESERVE, VAT)


@dataclass(slots=True)
class Carry:
    """What rounding has left of the lines of one rule so far, in the rule's unit."""

    rule: Rule
    left: Decimal = Decimal(0)

    def cents(self, values: Values) -> tuple[int, dict[str, Decimal]]:
        """The cents of a line and the inputs that give them; what rounding leaves is kept for the next line."""
        given = {name: Decimal(value) for name, value in values.items()} | {"carried": self.left}
        with localcontext(_EXACT):
            numerator = Decimal(self.rule.numerator(given))
            cents = _rounded(numerator / self.rule.scale)
            self.left = numerator - cents * self.rule.scale
        return cents, given


def cents_of(rule: Rule, values: Values) -> int:
    """The cents of a rule for inputs by name, those left out being 0."""
    given = dict.fromkeys(rule.inputs, Decimal(0)) | {name: Decimal(value) for name, value in values.items()}
    with localcontext(_EXACT):
        return _rounded(Decimal(rule.exact(given)))


def _rounded(exact: Decimal) -> int:
    return int(exact.to_integral_value(ROUND_HALF_UP))
