"""The pure parts of an offer: amounts, visits, parties and the sealed document."""

from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agreements.models import PartnerWithoutLines
from domain.catalog.models import VisitKind
from domain.errors import OutOfRange
from domain.proofs import merkle
from domain.quotes import document, pricing, versions, visits
from domain.quotes.errors import TooManyVisits
from domain.quotes.history import Change, differences
from domain.quotes.models import PartyRole, Requirement
from domain.quotes.offer import Line, Party
from domain.quotes.parties import Policy, Roles, parties

CUSTOMER, PARTNER, LESSOR = UUID(int=1), UUID(int=2), UUID(int=3)
ROLES = Roles(CUSTOMER, PARTNER, {PARTNER: [UUID(int=9), PARTNER], LESSOR: [LESSOR]})


def line(position: int = 1, payer: UUID = CUSTOMER, **values: Any) -> Line:
    count = values.pop("quantity", Decimal(1))
    cents = values.pop("unit_price_cents", 100_00)
    vat_class = values.pop("vat_class", "STANDARD")
    discount = values.pop("discount_percent", Decimal(0))
    given: dict[str, Any] = {
        "position": position,
        "article_id": UUID(int=100 + position),
        "sku": f"SKU-{position}",
        "description": "Laadpaal",
        "technical_description": "11 kW",
        "category": "CHARGING_STATION",
        "quantity": count,
        "unit_price_cents": cents,
        "discount_percent": discount,
        "vat_class": vat_class,
        "payer_contact_id": payer,
        "payer_role": ROLES.of(payer),
        "salt": bytes([position]) * 32,
        **pricing.amounts(count, cents, "EUR", vat_class, date(2026, 3, 1), discount),
    }
    return Line(**(given | values))


prices = st.integers(0, 10**7)
quantities = st.decimals("0.001", 500, places=3)
discounts = st.decimals(0, 100, places=2)
payers = st.sampled_from([CUSTOMER, PARTNER, LESSOR])
classes = st.sampled_from(["STANDARD", "REDUCED", "ZERO", "REVERSE_CHARGE"])
some_lines = st.lists(st.tuples(quantities, prices, discounts, payers, classes), min_size=1, max_size=12).map(
    lambda rows: [
        line(n, payer, quantity=q, unit_price_cents=p, discount_percent=d, vat_class=c)
        for n, (q, p, d, payer, c) in enumerate(rows, start=1)
    ]
)


# --- amounts ------------------------------------------------------------------------------------------------------


@given(some_lines)
def test_what_parties_pay_adds_up_to_the_lines(lines: list[Line]) -> None:
    found = parties(lines, pricing.totals_of(lines, "EUR"), ROLES, Policy())
    for column in ("net_cents", "vat_cents", "gross_cents"):
        assert sum(getattr(party, column) for party in found) == sum(getattr(each, column) for each in lines)
        for party in found:
            own = [getattr(each, column) for each in lines if each.payer_contact_id == party.contact_id]
            assert getattr(party, column) == sum(own) == sum(group[column] for group in party.vat_breakdown)


@given(some_lines, st.data())
def test_moving_a_line_to_another_payer_never_changes_the_whole(lines: list[Line], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    moved = [replace(each, payer_contact_id=LESSOR) if n == at else each for n, each in enumerate(lines)]

    def whole(of: list[Line]) -> int:
        return sum(totals.gross.cents for totals in pricing.totals_of(of, "EUR").values())

    assert whole(moved) == whole(lines)


def test_vat_of_a_line_is_rounded_once() -> None:
    odd = line(quantity=Decimal(3), unit_price_cents=333, discount_percent=Decimal("12.5"))
    assert (odd.net_cents, odd.vat_cents, odd.gross_cents) == (874, 184, 1058)


@pytest.mark.parametrize("wrong", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("1e12")])
def test_a_quantity_is_above_zero_and_bounded(wrong: Decimal) -> None:
    with pytest.raises(OutOfRange):
        pricing.positive_quantity(wrong)


# --- visits -------------------------------------------------------------------------------------------------------


def work(line: int, kind: VisitKind | None, minutes: int = 30, quantity: str = "1", **values: Any) -> visits.Work:
    return visits.Work(line, kind, Decimal(quantity), minutes, **values)


def test_lines_of_one_kind_share_a_visit() -> None:
    found = visits.derive(
        [
            work(1, VisitKind.INSTALLATION, 90, skills=["EV"]),
            work(2, VisitKind.INSTALLATION, 45, "1.5", skills=["NEN1010", "EV"], outdoor=True),
            work(3, None, 0),
        ]
    )
    (visit,) = found.planned
    assert (visit.minutes, visit.skills, visit.outdoor) == (158, ["EV", "NEN1010"], True)
    assert found.of_line == {1: 1, 2: 1}


def test_two_kinds_come_in_their_order() -> None:
    found = visits.derive([work(1, VisitKind.INSTALLATION, 10), work(2, VisitKind.METER_BOX, 120)])
    assert [(v.position, v.kind, v.minutes) for v in found.planned] == [
        (1, VisitKind.METER_BOX, 120),
        (2, VisitKind.INSTALLATION, 60),
    ]
    assert found.of_line == {1: 2, 2: 1}


def test_three_kinds_are_refused_and_the_lines_named() -> None:
    with pytest.raises(TooManyVisits) as refused:
        visits.derive([work(n, kind) for n, kind in enumerate(VisitKind, start=1)])
    assert refused.value.field == ("lines",)
    assert "SURVEY: 1; METER_BOX: 3; INSTALLATION: 2" in refused.value.message("en")


def test_work_without_a_kind_makes_an_installation() -> None:
    assert visits.derive([work(1, None, 20)]).planned[0].kind is VisitKind.INSTALLATION
    assert visits.derive([work(1, None, 0)]).planned == ()


# --- parties ------------------------------------------------------------------------------------------------------


def asked(lines: list[Line], policy: Policy = Policy(), roles: Roles = ROLES) -> dict[PartyRole, Requirement]:  # noqa: B008  # frozen
    return {p.role: p.requirement for p in parties(lines, pricing.totals_of(lines, "EUR"), roles, policy)}


def test_who_pays_signs() -> None:
    lines = [line(1, CUSTOMER), line(2, PARTNER), line(3, LESSOR)]
    assert asked(lines) == dict.fromkeys(PartyRole, Requirement.SIGN)


def test_a_partner_without_lines_acknowledges_or_is_waived_by_its_agreement() -> None:
    only_customer = [line(1, CUSTOMER)]
    assert asked(only_customer)[PartyRole.PARTNER] is Requirement.ACKNOWLEDGE
    agreement = uuid4()
    waived = Policy(agreement, partner_without_lines=PartnerWithoutLines.WAIVE)
    party = next(
        p
        for p in parties(only_customer, pricing.totals_of(only_customer, "EUR"), ROLES, waived)
        if p.role is PartyRole.PARTNER
    )
    assert party.requirement is Requirement.WAIVED
    assert str(agreement) in party.requirement_reason


def test_a_customer_without_lines_acknowledges() -> None:
    assert asked([line(1, PARTNER)])[PartyRole.CUSTOMER] is Requirement.ACKNOWLEDGE


def test_a_partner_that_never_signs_is_waived_also_with_lines() -> None:
    policy = Policy(uuid4(), partner_signs=False)
    assert asked([line(1, PARTNER)], policy) == {
        PartyRole.PARTNER: Requirement.WAIVED,
        PartyRole.CUSTOMER: Requirement.ACKNOWLEDGE,
    }


def test_a_partner_that_buys_for_itself_is_one_party_that_signs() -> None:
    roles = Roles(PARTNER, PARTNER, {PARTNER: [PARTNER]})
    assert asked([line(1, PARTNER)], Policy(uuid4(), partner_signs=False), roles) == {
        PartyRole.PARTNER: Requirement.SIGN
    }


# --- the document -------------------------------------------------------------------------------------------------

SELLER = document.Seller(UUID(int=50), "ChargeCars B.V.", "12345678", "NL123456782B01")
SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sealed(lines: list[Line], found: list[Party] | None = None) -> document.Sealed:
    return document.seal(
        document.Document(
            seller=SELLER,
            number="CC-Q-2026-00001",
            version=1,
            end_customer_id=CUSTOMER,
            sent_at=SENT,
            expires_at=SENT + timedelta(days=30),
            payment_terms_days=14,
            lines=lines,
            parties=found or [],
        )
    )


@given(some_lines, st.data())
def test_every_line_is_proven_by_the_root_in_the_head(lines: list[Line], data: st.DataObject) -> None:
    made = sealed(lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    proof = merkle.prove(made.leaf_hashes, at)
    assert merkle.verify(made.merkle_root, document.line_leaf(lines[at], "EUR"), proof)
    assert made.head["lines"] == {"count": len(lines), "root": made.merkle_root.hex()}
    assert document.hash_of(made.head) == made.document_hash


CHANGES: dict[str, Any] = {
    "position": 77,
    "article_id": UUID(int=7),
    "sku": "X",
    "description": "x",
    "technical_description": "x",
    "category": "X",
    "quantity": Decimal(7),
    "unit": "x",
    "unit_price_cents": 7,
    "discount_percent": Decimal(7),
    "vat_class": "X",
    "vat_rate": Decimal(7),
    "net_cents": 7,
    "vat_cents": 7,
    "gross_cents": 7,
    "payer_contact_id": UUID(int=7),
    "payer_role": PartyRole.PAYER,
    "visit_position": 2,
    "serial_required": True,
    "skills": ["x"],
    "install_minutes": 7,
    "salt": b"x" * 32,
}
NOT_SIGNED = {"unit_cost_cents", "payer_chain_ids"}


def test_every_column_of_a_line_is_signed_but_for_the_cost_and_who_may_look() -> None:
    assert {f.name for f in fields(Line)} == set(CHANGES) | NOT_SIGNED
    original = line(1)
    leaf = document.line_leaf(original, "EUR")
    for column, value in CHANGES.items():
        assert document.line_leaf(replace(original, **{column: value}), "EUR") != leaf, column
    assert document.line_leaf(replace(original, unit_cost_cents=7), "EUR") == leaf


@given(some_lines, st.data())
def test_a_changed_line_never_verifies(lines: list[Line], data: st.DataObject) -> None:
    made = sealed(lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = replace(lines[at], gross_cents=lines[at].gross_cents + data.draw(st.integers(1, 100)))
    proof = merkle.prove(made.leaf_hashes, at)
    assert not merkle.verify(made.merkle_root, document.line_leaf(changed, "EUR"), proof)
    assert sealed([*lines[:at], changed, *lines[at + 1 :]]).document_hash != made.document_hash


def test_the_head_shows_parties_as_commitments_that_each_can_open() -> None:
    lines = [line(1, CUSTOMER), line(2, PARTNER, unit_price_cents=123_45)]
    found = parties(lines, pricing.totals_of(lines, "EUR"), ROLES, Policy())
    head = sealed(lines, found).head
    assert head["parties"] == [document.party_commitment(party, "EUR").hex() for party in found]
    text = str(head)
    assert str(PARTNER) not in text
    assert "12345" not in text.replace(SELLER.kvk_number, "")


def test_the_same_line_gives_another_leaf_with_another_salt() -> None:
    assert document.line_leaf(replace(line(1), salt=merkle.new_salt()), "EUR") != document.line_leaf(line(1), "EUR")


# --- validity and history -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "until"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),  # summer time began
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), datetime(2026, 4, 1, 22, tzinfo=UTC)),  # 2 March in Amsterdam
        (datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)),  # winter time began
    ],
)
def test_a_quote_is_valid_to_the_end_of_the_last_day_in_amsterdam(sent: datetime, until: datetime) -> None:
    assert versions.expiry(sent, 30) == until


def test_differences_between_versions() -> None:
    before = [line(1), line(2), line(3)]
    after = [deepcopy(before[0]), replace(before[2], position=2, quantity=Decimal(2)), line(4)]
    found = {change.sku: change for change in differences(before, after)}
    assert {sku: change.change for sku, change in found.items()} == {
        "SKU-2": Change.REMOVED,
        "SKU-3": Change.CHANGED,
        "SKU-4": Change.ADDED,
    }
    assert found["SKU-3"].columns == {"quantity": ["1", "2"]}
    assert (found["SKU-3"].position_before, found["SKU-3"].position_after) == (3, 2)


def test_two_lines_of_one_article_are_told_apart() -> None:
    before = [line(1, sku="A"), line(2, sku="A")]
    assert differences(before, [line(1, sku="A"), line(2, sku="A", quantity=Decimal(3))])[0].position_before == 2
    assert differences(before, deepcopy(before)) == []
