"""What a booking pays: certain only where nothing is left to judge."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

from domain.bank.matching import LEAST_SCORE, MOST_PROPOSALS, Matcher, MatchReason, Movement, Payable, Rule, spread
from domain.bank.names import likeness
from domain.bank.references import References, nearly, possible

DAY = date(2026, 3, 2)
IBAN = "NL02ABNA0123456789"


def creditor(number: str) -> str:
    plain = number.replace("-", "")
    return f"RF{mod_97_10.calc_check_digits(plain + 'RF')}{plain}"


def payable(number: int = 12, cents: int = 100_00, **values: object) -> Payable:
    written = f"CC-2026-{number:05d}"
    made = Payable(uuid4(), written, creditor(written), cents, DAY + timedelta(days=number % 30), uuid4(), "J. Jansen")
    return replace(made, **values)  # type: ignore[arg-type]  # fields by name


def test_the_references_of_these_tests_are_genuine() -> None:
    assert iso11649.is_valid(creditor("CC-2026-00012"))


@pytest.mark.parametrize(
    "text",
    [
        "CC-2026-00012",
        "factuur cc-2026-00012, bedankt",
        "Fact. CC 2026 00012",
        "CC202600012",
        "betaling CC.2026.00012 / klant 7",
        "CC-2026-000 12",
        creditor("CC-2026-00012"),
        f"onder vermelding van {creditor('CC-2026-00012').lower()} aub",
        " ".join(creditor("CC-2026-00012")[place : place + 4] for place in range(0, 20, 4)),
    ],
)
def test_a_reference_in_free_text_settles(text: str) -> None:
    wanted, other = payable(12), payable(13)
    certain = Matcher([wanted, other]).certain(Movement(100_00, remittance=text))
    assert certain is not None
    assert certain.parts == ((wanted.id, 100_00),)
    assert certain.rule is Rule.REFERENCE_IN_TEXT


@pytest.mark.parametrize("prefix", ["4C", "42", "7"])
def test_a_prefix_may_begin_with_a_digit(prefix: str) -> None:
    numbers = [f"{prefix}-2026-{number:05d}" for number in (12, 13)]
    one, two = (replace(payable(), id=uuid4(), number=each, payment_reference=creditor(each)) for each in numbers)
    certain = Matcher([one, two]).certain(Movement(200_00, remittance=f"Fact. {one.number} {two.number}"))
    assert certain is not None
    assert dict(certain.parts) == {one.id: 100_00, two.id: 100_00}
    assert possible(f"klant 7 {one.number}")[1] >= {one.number}


@pytest.mark.parametrize(
    "text",
    [
        "CC-2026-12",
        "CC-2026-0012",
        "CC-2026-000123",
        "XCC-2026-00012",
        "2026-00012",
        "CC-2026-00012 en CC-2026-00013",
        "RF99CC202600012",
        creditor("CC-2026-00012").replace("0012", "0021"),
    ],
)
def test_what_is_not_beyond_doubt_waits(text: str) -> None:
    assert Matcher([payable(12), payable(13)]).certain(Movement(100_00, remittance=text)) is None


def test_a_mistyped_reference_is_proposed() -> None:
    wanted = payable(12)
    mistyped = creditor(wanted.number)[:-1] + "3"
    [candidate] = Matcher([wanted]).candidates(Movement(100_00, remittance=mistyped))
    assert candidate.invoice_ids == (wanted.id,)
    assert {MatchReason.REFERENCE_ALMOST, MatchReason.AMOUNT_EQUALS_OPEN} <= set(candidate.reasons)


def test_several_invoices_settle_only_when_the_amount_is_their_sum() -> None:
    one, two = payable(12, 70_00), payable(13, 30_00)
    text = f"{one.number} + {two.number}"
    certain = Matcher([one, two]).certain(Movement(100_00, remittance=text))
    assert certain is not None
    assert dict(certain.parts) == {one.id: 70_00, two.id: 30_00}
    assert Matcher([one, two]).certain(Movement(99_99, remittance=text)) is None
    assert Matcher([one, two]).candidates(Movement(100_00, remittance=text))[0].invoice_ids == (one.id, two.id)


def test_more_than_is_open_never_settles_by_itself() -> None:
    wanted = payable(12)
    movement = Movement(100_01, creditor_reference=wanted.payment_reference)
    assert Matcher([wanted]).certain(movement) is None
    [candidate] = Matcher([wanted]).candidates(movement)
    assert {MatchReason.REFERENCE, MatchReason.AMOUNT_ABOVE_OPEN} <= set(candidate.reasons)


def test_a_settled_invoice_that_is_named_as_well_makes_it_doubtful() -> None:
    wanted, settled = payable(12), payable(13)
    closed = [(settled.id, settled.payment_reference, settled.number)]
    text = f"{wanted.number} {settled.number}"
    assert Matcher([wanted], closed).certain(Movement(100_00, remittance=text)) is None
    assert Matcher([wanted], closed).certain(Movement(100_00, remittance=settled.number)) is None


def test_references_that_disagree_make_it_doubtful() -> None:
    one, two = payable(12), payable(13)
    movement = Movement(100_00, creditor_reference=one.payment_reference, remittance=two.number)
    assert Matcher([one, two]).certain(movement) is None
    assert {each.invoice_ids for each in Matcher([one, two]).candidates(movement)} == {(one.id,), (two.id,)}


def test_amount_name_and_account_are_never_certain() -> None:
    wanted = payable(12, payer_ibans=frozenset({IBAN}), payer_name="Jansen Installaties B.V.")
    movement = Movement(100_00, counterparty_iban=IBAN, counterparty_name="JANSEN INSTALLATIES BV")
    matcher = Matcher([wanted])
    assert matcher.certain(movement) is None
    [candidate] = matcher.candidates(movement)
    assert set(candidate.reasons) == {MatchReason.ACCOUNT, MatchReason.NAME_EQUAL, MatchReason.AMOUNT_EQUALS_OPEN}
    assert Matcher([payable(12, payer_name="Iemand Anders")]).candidates(Movement(100_00)) == []


def test_the_oldest_invoices_of_a_known_account_are_proposed_together() -> None:
    payer = uuid4()
    invoices = [payable(n, n * 10_00, payer_id=payer, payer_ibans=frozenset({IBAN})) for n in (1, 2, 4)]
    found = Matcher(invoices).candidates(Movement(30_00, counterparty_iban=IBAN))
    assert found[0].invoice_ids == (invoices[0].id, invoices[1].id)


def test_what_was_paid_is_not_open_any_more() -> None:
    wanted = payable(12)
    matcher = Matcher([wanted])
    movement = Movement(60_00, creditor_reference=wanted.payment_reference)
    matcher.paid([(wanted.id, 60_00)])
    assert matcher.certain(movement) is None
    assert matcher.certain(replace(movement, cents=40_00)) is not None
    matcher.paid([(wanted.id, 40_00)])
    assert matcher.certain(replace(movement, cents=1)) is None


TEXTS = st.text(alphabet="CRF0123456789-. /ab", max_size=60)
SOME = st.lists(
    st.tuples(st.integers(1, 99_999), st.integers(1, 10**6)), min_size=1, max_size=6, unique_by=lambda t: t[0]
)


@settings(max_examples=150, deadline=None)
@given(SOME, TEXTS, st.integers(1, 10**6), st.one_of(st.none(), TEXTS))
def test_whatever_is_written_what_settles_is_named_and_holds_the_amount(
    some: list[tuple[int, int]], text: str, cents: int, structured: str | None
) -> None:
    invoices = {each.id: each for each in (payable(number, amount) for number, amount in some)}
    movement = Movement(cents, creditor_reference=structured, remittance=text)
    matcher = Matcher(invoices.values())
    if certain := matcher.certain(movement):
        assert sum(part for _, part in certain.parts) == cents
        assert all(0 < part <= invoices[id].open_cents for id, part in certain.parts)
        written = "".join(c for c in f"{text}{structured}".upper() if c.isalnum())
        for id, _ in certain.parts:
            assert "".join(c for c in invoices[id].number if c.isalnum()) in written
    found = matcher.candidates(movement)
    assert len(found) <= MOST_PROPOSALS
    assert all(LEAST_SCORE <= each.score <= 99 and set(each.invoice_ids) <= set(invoices) for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 99_999), st.integers(0, 19), st.characters(min_codepoint=48, max_codepoint=57))
def test_one_wrong_character_in_a_reference_is_never_exact(number: int, place: int, wrong: str) -> None:
    right = creditor(f"CC-2026-{number:05d}")
    place %= len(right)
    mistyped = right[:place] + wrong + right[place + 1 :]
    known: References[int] = References.of([(1, right, f"ZZ-2026-{number:05d}")])
    assert (known.structured(mistyped) == 1) == (mistyped == right)
    if mistyped != right:
        assert nearly(mistyped, right)
        assert known.within(mistyped).exact == ()


def test_what_a_text_may_mean_is_found_whatever_it_is() -> None:
    creditors, numbers = possible(f"{creditor('CC-2026-00012')} cc 2026 13")
    assert creditor("CC-2026-00012") in creditors
    assert "CC-2026-00013" in numbers


NAMES = st.text(max_size=40)


@settings(max_examples=100, deadline=None)
@given(NAMES, NAMES)
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) == likeness(other, one) <= 1.0


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("Jansen Installaties B.V.", "JANSEN INSTALLATIES BV", 1.0),
        ("J.A. Jansen", "Hr J.A. Jansen e/o M. de Vries", 0.85),
        ("Zoë van Dijk", "Z. van Dijk", 0.6),
        ("Zoë van Dijk", "zoe VAN DIJK", 1.0),
    ],
)
def test_banks_write_names_in_their_own_way(one: str, other: str, least: float) -> None:
    assert likeness(one, other) >= least
    assert likeness(one, "Bakkerij De Korenaar") < 0.6


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=6))
def test_an_amount_is_spread_in_order_and_none_is_lost(cents: int, amounts: list[int]) -> None:
    parts = spread(cents, amounts)
    assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))
    assert sum(parts) == min(cents, sum(amounts))
    full = [part == amount for part, amount in zip(parts, amounts, strict=True)]
    assert all(full[: full.index(False)]) if False in full else True
