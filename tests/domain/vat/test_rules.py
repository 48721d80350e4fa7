"""Which VAT a line bears, and that it is always one that a document can carry."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from domain.contacts.models import ContactType, PartnerModel
from domain.invoices.models import LineCategory
from domain.money import VatClass
from domain.vat.models import VatTreatment
from domain.vat.parties import party_of
from domain.vat.rules import VatDecision, VatParty, VatRule, as_signed, decide, not_taxable, reason

DAY = date(2026, 3, 1)
NL, DE, BAD = "NL004495445B01", "DE136695976", "NL004495446B01"
ORG = ContactType.ORGANIZATION.value
CONTRACTOR = PartnerModel.B2B_CONTRACTOR.value


def party(country: str = "NL", number: str | None = None, model: str | None = None, kind: str = ORG) -> VatParty:
    return VatParty(country, number, kind, model)


@pytest.mark.parametrize(
    ("payer", "category", "installed", "place", "rule", "code", "rate"),
    [
        (party(kind="PERSON"), "CHARGING_STATION", True, "NL", "NL-STANDARD", "S", 21),
        (party(number=NL), "INSTALLATION_SERVICE", True, "NL", "NL-STANDARD", "S", 21),
        (party(number=NL, model=CONTRACTOR), "INSTALLATION_SERVICE", False, None, "NL-SUBCONTRACTING", "AE", 0),
        (party(number=NL, model=CONTRACTOR), "CHARGING_STATION", True, "NL", "NL-SUBCONTRACTING", "AE", 0),
        (party(number=NL, model=CONTRACTOR), "CHARGING_STATION", False, "NL", "NL-STANDARD", "S", 21),
        (party(number=None, model=CONTRACTOR), "INSTALLATION_SERVICE", True, "NL", "NL-STANDARD", "S", 21),
        (party(number=BAD, model=CONTRACTOR), "INSTALLATION_SERVICE", True, "NL", "NL-STANDARD", "S", 21),
        (party("DE", DE), "INSTALLATION_SERVICE", False, None, "EU-B2B", "AE", 0),
        (party("DE", DE), "CHARGING_STATION", False, None, "EU-GOODS", "K", 0),
        (party("DE", DE), "INSTALLATION_SERVICE", True, "NL", "NL-STANDARD", "S", 21),
        (party("DE", DE), "COMMISSION", False, None, "EU-B2B", "AE", 0),
        (party("DE"), "CHARGING_STATION", False, None, "EU-CONSUMER", "S", 21),
        (party("DE", kind="PERSON"), "CHARGING_STATION", False, None, "EU-CONSUMER", "S", 21),
        (party("CH"), "CHARGING_STATION", False, None, "EXPORT", "G", 0),
        (party("CH", kind="PERSON"), "INSTALLATION_SERVICE", False, None, "NL-STANDARD", "S", 21),
    ],
)
def test_who_owes_the_vat(
    payer: VatParty, category: str, installed: bool, place: str | None, rule: str, code: str, rate: int
) -> None:
    found = decide(VatClass.STANDARD, category, "NL", payer, DAY, installed=installed, supplied_in=place)
    assert (found.rule, found.category, found.rate) == (rule, code, Decimal(rate))


@pytest.mark.parametrize("number", [None, BAD])
@pytest.mark.parametrize("kind", ["PERSON", ORG])
def test_vat_is_shifted_to_nobody_without_a_number(number: str | None, kind: str) -> None:
    """Neither by the article's class nor because finance wishes so: somebody has to owe it."""
    shifted = VatParty("NL", number, kind, treatment=VatTreatment.REVERSE_CHARGE.value)
    for payer, line in ((party(number=number, kind=kind), VatClass.REVERSE_CHARGE), (shifted, VatClass.STANDARD)):
        found = decide(line, "INSTALLATION_SERVICE", "NL", payer, DAY)
        assert (found.rule, found.vat_class, found.rate) == ("NL-STANDARD", VatClass.STANDARD, Decimal(21))
    never = VatParty("NL", NL, ORG, treatment=VatTreatment.DOMESTIC.value)
    assert decide(VatClass.REVERSE_CHARGE, "OTHER", "NL", never, DAY).rate == Decimal(21)
    assert decide(VatClass.REVERSE_CHARGE, "OTHER", "NL", party(number=NL), DAY).category == "AE"


def test_reduced_and_zero_lines_keep_their_class_at_home() -> None:
    assert decide(VatClass.REDUCED, "OTHER", "NL", party(), DAY).rule == VatRule.REDUCED
    assert decide(VatClass.ZERO, "OTHER", "NL", party(), DAY).category == "Z"
    assert decide(VatClass.ZERO, "INSTALLATION_SERVICE", "NL", party(number=NL, model=CONTRACTOR), DAY).category == "Z"


def test_finance_may_decide_otherwise() -> None:
    shifted = VatParty("NL", NL, ORG, None, VatTreatment.REVERSE_CHARGE)
    assert decide(VatClass.STANDARD, "OTHER", "NL", shifted, DAY).rule == VatRule.SUBCONTRACTING
    never = VatParty("DE", DE, ORG, CONTRACTOR, VatTreatment.DOMESTIC)
    assert decide(VatClass.STANDARD, "INSTALLATION_SERVICE", "NL", never, DAY).rule == VatRule.STANDARD


def test_who_gave_no_address_is_where_its_number_is_from() -> None:
    assert party_of(None, DE, ORG, None, None).country == "DE"
    assert party_of(None, "DE000", ORG, None, None).country == "NL"
    assert party_of(None, "EL094259216", ORG, None, None).country == "GR"


PARTIES = st.builds(
    VatParty,
    st.sampled_from(["NL", "DE", "BE", "GR", "CH", "US"]),
    st.sampled_from([None, NL, DE, BAD, "EL094259216"]),
    st.sampled_from(["PERSON", ORG]),
    st.sampled_from([None, CONTRACTOR]),
    st.sampled_from([treatment.value for treatment in VatTreatment]),
)
CATEGORIES = st.sampled_from([category.value for category in LineCategory])
PLACES = st.sampled_from([None, "NL", "DE", "US"])


@bounded(max_examples=200, deadline=None)
@given(PARTIES, CATEGORIES, st.sampled_from(list(VatClass)), st.booleans(), PLACES)
def test_what_was_signed_is_invoiced_under_a_rule_with_the_same_class_and_rate(
    payer: VatParty, category: str, own: VatClass, installed: bool, place: str | None
) -> None:
    signed = decide(own, category, "NL", payer, DAY, installed=installed, supplied_in=place)
    _check(signed)
    for later in (payer, party(), party("DE", DE)):
        found = as_signed(
            signed.vat_class, signed.rate, category, "NL", later, DAY, installed=installed, supplied_in=place
        )
        _check(found)
        assert (found.vat_class, found.rate) == (signed.vat_class, signed.rate)


def _check(found: VatDecision) -> None:
    """EN 16931: the rate is above 0 in category S alone, and all others but Z say why."""
    assert (found.rate > 0) == (found.category == "S")
    assert found.exempt == (found.category in ("AE", "K", "G", "E"))
    assert reason(found.rule, "nl") == found.reason_nl
    assert reason(found.rule, "en") == found.reason_en != found.reason_nl


def test_who_has_no_number_charges_no_vat() -> None:
    assert (not_taxable().category, not_taxable().rate) == ("E", 0)
