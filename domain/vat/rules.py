"""Which VAT a line bears, from who sells what to whom and where; pure, and named by stable ids.

Sources: Wet op de omzetbelasting 1968 (Wet OB) art. 9 (rates), art. 12 lid 3 and 5 (reverse charge), art. 6g and table
II; Uitvoeringsbesluit OB 1968 art. 24b (subcontracting of works on immovable property); Directive 2006/112/EC art. 44
and 196 (services to businesses abroad), 47 (immovable property), 138 (goods to businesses in the Union), 146 (export),
59c (consumers abroad, below the threshold).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from stdnum.eu import vat

from domain.contacts.models import ContactType, PartnerModel
from domain.money import VatClass, vat_rate
from domain.vat.models import VatTreatment

_EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905  # read as one
)
_OF_PREFIX = {"EL": "GR", "XI": "GB"}
"""Greece writes its numbers with EL, Northern Ireland with XI."""
_SERVICES = frozenset({"INSTALLATION_SERVICE", "COMMISSION", "OTHER"})
_WORKS = frozenset({"INSTALLATION_SERVICE"})


class VatRule(StrEnum):
    """Ids that invoices and explanations keep."""

    STANDARD = "NL-STANDARD"
    REDUCED = "NL-REDUCED"
    ZERO = "NL-ZERO"
    SUBCONTRACTING = "NL-SUBCONTRACTING"
    EU_B2B = "EU-B2B"
    EU_GOODS = "EU-GOODS"
    EU_CONSUMER = "EU-CONSUMER"
    EXPORT = "EXPORT"
    NOT_TAXABLE = "NOT-TAXABLE"


_REASONS = {
    VatRule.STANDARD: ("Algemeen tarief (Wet OB art. 9 lid 1)", "Standard rate (Wet OB art. 9(1))"),
    VatRule.REDUCED: ("Verlaagd tarief (Wet OB art. 9 lid 2a)", "Reduced rate (Wet OB art. 9(2)(a))"),
    VatRule.ZERO: ("Nultarief (Wet OB art. 9 lid 2b)", "Zero rate (Wet OB art. 9(2)(b))"),
    VatRule.SUBCONTRACTING: (
        "Btw verlegd (Wet OB art. 12 lid 5, Uitvoeringsbesluit OB art. 24b)",
        "Reverse charge: works by a subcontractor (Wet OB art. 12(5), Uitvoeringsbesluit OB art. 24b)",
    ),
    VatRule.EU_B2B: (
        "Btw verlegd: dienst aan ondernemer in de EU (Richtlijn 2006/112/EG art. 44 en 196)",
        "Reverse charge: service to a business in the EU (Directive 2006/112/EC art. 44 and 196)",
    ),
    VatRule.EU_GOODS: (
        "Intracommunautaire levering (Wet OB tabel II a.6, Richtlijn 2006/112/EG art. 138)",
        "Intra-Community supply (Directive 2006/112/EC art. 138)",
    ),
    VatRule.EU_CONSUMER: (
        "Nederlands tarief: particulier in de EU, onder de drempel (Richtlijn 2006/112/EG art. 59c)",
        "Dutch rate: consumer in the EU below the threshold (Directive 2006/112/EC art. 59c)",
    ),
    VatRule.EXPORT: (
        "Geen Nederlandse btw: buiten de EU (Richtlijn 2006/112/EG art. 44 en 146)",
        "No Dutch VAT: outside the EU (Directive 2006/112/EC art. 44 and 146)",
    ),
    VatRule.NOT_TAXABLE: (
        "Geen btw: de leverancier heeft geen btw-nummer",
        "No VAT: the supplier has no VAT number",
    ),
}
_CATEGORIES = {
    VatRule.ZERO: "Z",
    VatRule.SUBCONTRACTING: "AE",
    VatRule.EU_B2B: "AE",
    VatRule.EU_GOODS: "K",
    VatRule.EXPORT: "G",
    VatRule.NOT_TAXABLE: "E",
}


@dataclass(frozen=True, slots=True)
class VatParty:
    """What counts of a payer."""

    country: str
    """ISO 3166-1 alpha-2 of where it lives or is established."""
    vat_number: str | None = None
    contact_type: str = ContactType.PERSON.value
    partner_model: str | None = None
    treatment: str = VatTreatment.AUTOMATIC.value

    @property
    def registered_in(self) -> str | None:
        """The country of a VAT number whose check digits hold, of an organization; None: it counts as a consumer."""
        if self.contact_type != ContactType.ORGANIZATION or not valid_vat_number(self.vat_number):
            return None
        return country_of(self.vat_number or "")


@dataclass(frozen=True, slots=True)
class VatDecision:
    """The VAT of a line: `category` is the code of EN 16931 (UNCL 5305), `rule` the id of what decided."""

    vat_class: VatClass
    rate: Decimal
    rule: str
    category: str
    reason_nl: str
    reason_en: str

    @property
    def exempt(self) -> bool:
        """Whether the document has to say why there is no VAT."""
        return self.category not in ("S", "Z")


def valid_vat_number(number: str | None) -> bool:
    """Whether it is a VAT number of the Union with sound check digits; whether it is in use only VIES knows."""
    return number is not None and bool(vat.is_valid(number))


def country_of(number: str) -> str:
    """ISO country of a VAT number's prefix."""
    prefix = number.strip()[:2].upper()
    return _OF_PREFIX.get(prefix, prefix)


def decide(
    line_class: VatClass | str,
    article_category: str,
    seller_country: str,
    payer: VatParty,
    on: date,
    *,
    installed: bool = False,
    supplied_in: str | None = None,
) -> VatDecision:
    """The VAT of a line on a day of supply (Europe/Amsterdam).

    `installed`: goods that we fix in place are part of the works. `supplied_in` is the country of the work or of the
    delivery; the payer's where none is given.
    """
    own = VatClass(line_class)
    works = installed or article_category in _WORKS
    asked = payer.treatment == VatTreatment.REVERSE_CHARGE or own is VatClass.REVERSE_CHARGE
    if asked and payer.treatment != VatTreatment.DOMESTIC and payer.registered_in:
        return _shifted(seller_country, payer)
    own = VatClass.STANDARD if own is VatClass.REVERSE_CHARGE else own  # nobody it could be shifted to
    if payer.treatment == VatTreatment.DOMESTIC:
        return domestic(own, on)
    place = supplied_in or payer.country
    if place == seller_country:
        return _at_home(own, works, seller_country, payer, on)
    return _abroad(own, works or article_category in _SERVICES, seller_country, payer, place, on)


def domestic(line_class: VatClass, on: date, rule: VatRule | None = None) -> VatDecision:
    """The rate of the line's own class."""
    by_class = {VatClass.STANDARD: VatRule.STANDARD, VatClass.REDUCED: VatRule.REDUCED, VatClass.ZERO: VatRule.ZERO}
    named = rule or by_class.get(line_class, VatRule.SUBCONTRACTING)
    return _made(named, line_class, vat_rate(line_class, on))


def as_signed(
    line_class: VatClass | str,
    rate: Decimal,
    article_category: str,
    seller_country: str,
    payer: VatParty,
    on: date,
    *,
    installed: bool = False,
    supplied_in: str | None = None,
) -> VatDecision:
    """The rule behind a line that was signed: its class and rate stand, whatever would be decided today."""
    own = VatClass(line_class)
    found = decide(
        VatClass.STANDARD, article_category, seller_country, payer, on, installed=installed, supplied_in=supplied_in
    )
    if own is VatClass.REVERSE_CHARGE:
        return found if found.vat_class is own else _shifted(seller_country, payer)
    if own is VatClass.ZERO:
        return found if found.category in ("K", "G") else _made(VatRule.ZERO, own)
    named = VatRule.STANDARD if own is VatClass.STANDARD else VatRule.REDUCED
    if found.rule == VatRule.EU_CONSUMER:
        named = VatRule.EU_CONSUMER
    return _made(named, own, rate)


def not_taxable() -> VatDecision:
    """Of a supplier that is no taxable person, or is exempt as a small business."""
    return _made(VatRule.NOT_TAXABLE, VatClass.ZERO)


def reason(rule: str, language: str) -> str:
    """The words for a rule, in Dutch or English."""
    dutch, english = _REASONS[VatRule(rule)]
    return english if language == "en" else dutch


def category_of(rule: str) -> str:
    """The category code of EN 16931 of a rule."""
    return _CATEGORIES.get(VatRule(rule), "S")


def _at_home(own: VatClass, works: bool, seller_country: str, payer: VatParty, on: date) -> VatDecision:
    contractor = payer.partner_model == PartnerModel.B2B_CONTRACTOR and payer.registered_in == seller_country
    if works and contractor and seller_country == "NL" and own is not VatClass.ZERO:
        return _made(VatRule.SUBCONTRACTING, VatClass.REVERSE_CHARGE)
    return domestic(own, on)


def _abroad(own: VatClass, service: bool, seller_country: str, payer: VatParty, place: str, on: date) -> VatDecision:
    registered = payer.registered_in
    business = registered is not None and registered != seller_country
    if place in _EU:
        if not business:
            return domestic(own, on, VatRule.EU_CONSUMER if own in (VatClass.STANDARD, VatClass.REDUCED) else None)
        if service:
            return _made(VatRule.EU_B2B, VatClass.REVERSE_CHARGE)
        return _made(VatRule.EU_GOODS, VatClass.ZERO)
    if service and payer.contact_type != ContactType.ORGANIZATION:
        return domestic(own, on)
    return _made(VatRule.EXPORT, VatClass.ZERO)


def _shifted(seller_country: str, payer: VatParty) -> VatDecision:
    registered = payer.registered_in
    foreign = registered is not None and registered != seller_country
    return _made(VatRule.EU_B2B if foreign else VatRule.SUBCONTRACTING, VatClass.REVERSE_CHARGE)


def _made(rule: VatRule, vat_class: VatClass, rate: Decimal = Decimal(0)) -> VatDecision:
    dutch, english = _REASONS[rule]
    return VatDecision(vat_class, rate, rule.value, category_of(rule), dutch, english)
