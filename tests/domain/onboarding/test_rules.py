"""What is pure in onboarding: maps from CSV, rules of prices, what categories ask, how names compare."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import DomainErrors, InvalidInput
from domain.onboarding import criteria, prices, sku_map, steps
from domain.onboarding.models import OnboardingState, WayIn
from domain.onboarding.prices import Priced, Rule
from domain.onboarding.registers import likeness

WORD = st.text(alphabet="ABCdef0123-_. ", min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool)
QUANTITY = st.decimals(min_value="0.001", max_value="100000", places=3)
ROW = st.tuples(WORD, WORD.map(str.upper), QUANTITY)


def faults(refused: pytest.ExceptionInfo[BaseException]) -> set[tuple[str, tuple[str | int, ...]]]:
    error = refused.value
    assert isinstance(error, InvalidInput | DomainErrors)
    return {(each.code, each.field) for each in error.errors}


# --- article maps ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12, unique_by=lambda row: row[0]))
def test_a_map_that_was_written_is_read_as_it_was(rows: Sequence[tuple[str, str, Decimal]]) -> None:
    read = sku_map.read(sku_map.written(rows))
    assert [(row.partner_sku, row.sku, row.quantity) for row in read] == list(rows)
    assert not any(row.faults for row in read)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text(max_size=120).map(lambda body: f"partner_sku;sku;aantal\n{body}"))
def test_any_text_is_read_or_refused_with_a_code(text: str) -> None:
    try:
        rows = sku_map.read(text)
    except InvalidInput:
        return
    assert rows
    assert all(row.faults or (row.partner_sku and row.quantity > 0) for row in rows)


def test_every_fault_of_every_row_is_named_at_its_line_and_column() -> None:
    text = "Aantal;Partner_SKU;SKU\n1;A-1;X\nveel;A-2;X\n;;X\n0;A-1;X\n2,5;A-3;\n"
    rows = sku_map.read(text)
    refused = sku_map.refused(rows)
    assert refused is not None
    assert {(each.code, each.field) for each in refused.errors} == {
        ("WRONG_TYPE", ("rows", 3, "quantity")),
        ("REQUIRED", ("rows", 4, "partner_sku")),
        ("OUT_OF_RANGE", ("rows", 5, "quantity")),
        ("DUPLICATE_VALUE", ("rows", 5, "partner_sku")),
    }
    assert (rows[-1].sku, rows[-1].quantity) == (None, Decimal("2.5"))


@pytest.mark.parametrize("text", ["", "partner_sku,sku", "a,b\n1,2", 'partner_sku,sku\n"A,X'])
def test_what_is_no_map_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sku_map.read(text)
    assert refused.value.field == ("csv",)


def test_formulas_of_spreadsheets_are_taken_back_to_what_they_were() -> None:
    assert sku_map.read("partner_sku,sku\n'=A1,X")[0].partner_sku == "=A1"


# --- prices ---------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000_000),
    st.decimals(min_value=-100, max_value=1000, places=2),
    st.integers(0, 100_000),
    st.sampled_from([1, 5, 100, 995]),
)
def test_a_price_is_whole_steps_within_half_a_step_of_the_exact_one(
    cents: int, percent: Decimal, amount: int, step: int
) -> None:
    price = Rule(percent=percent, amount_cents=amount, round_to_cents=step).price(cents)
    assert price % step == 0
    assert abs(price - (cents * (1 + percent / 100) + amount)) <= Decimal(step) / 2


def test_the_nearest_rule_holds() -> None:
    pole, cable = uuid4(), uuid4()
    rules = [
        Rule(percent=Decimal(-3)),
        Rule(article=pole, fixed_cents=50_00),
        Rule(category=_kind("CABLE_ACCESSORY"), amount_cents=-1_00),
    ]
    articles = [
        Priced(pole, "P", "MOUNTING_POLE", 100_00),
        Priced(cable, "C", "CABLE_ACCESSORY", 100_00),
        Priced(UUID(int=1), "S", "CHARGING_STATION", 100_00),
    ]
    assert prices.priced(rules, articles) == {pole: 50_00, cable: 99_00, UUID(int=1): 97_00}


def test_nobody_is_paid_for_taking_an_article() -> None:
    with pytest.raises(InvalidInput) as refused:
        prices.priced([Rule(amount_cents=-1)], [Priced(uuid4(), "A", "MOUNTING_POLE", 0)])
    assert faults(refused) == {("NEGATIVE_PRICE", ("rules", 0))}


def test_rules_are_refused_with_all_their_faults_and_kept_as_they_were() -> None:
    wrong = [
        {"percent": "x"},
        {},
        {"fixed_cents": 5, "percent": "1"},
        {"colour": 1},
        {"percent": "1"},
        {"percent": "2"},
    ]
    with pytest.raises(DomainErrors) as refused:
        prices.parse(wrong)
    places = {(field[:2]) for _, field in faults(refused)}
    assert places == {("rules", place) for place in (0, 1, 2, 3, 5)}
    good = [{"percent": "-7.5", "round_to_cents": 100}, {"category": "MOUNTING_POLE", "amount_cents": -500}]
    assert prices.as_json(prices.parse(good)) == good


def _kind(name: str) -> prices.ArticleCategory:
    return prices.ArticleCategory(name)


# --- categories -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(criteria.DEFAULTS))
def test_what_a_category_asks_is_kept_as_it_was(code: str) -> None:
    definition = criteria.DEFAULTS[code]
    assert criteria.parse(criteria.as_json(definition)) == definition


def test_a_definition_is_refused_with_all_its_faults() -> None:
    with pytest.raises(DomainErrors) as refused:
        criteria.parse(
            {"partner_model": "BANK", "documents": [{"kind": "DIPLOMA"}, {}], "own_prices": "yes", "colour": "red"}
        )
    assert faults(refused) == {
        ("NOT_A_CHOICE", ("partner_model",)),
        ("NOT_A_CHOICE", ("documents", 0, "kind")),
        ("NOT_A_CHOICE", ("documents", 1, "kind")),
        ("WRONG_TYPE", ("own_prices",)),
        ("UNKNOWN_TERM", ("colour",)),
    }


@pytest.mark.parametrize("way_in", list(WayIn))
@pytest.mark.parametrize("code", sorted(criteria.DEFAULTS))
def test_stages_follow_each_other_and_every_step_has_a_name(code: str, way_in: WayIn) -> None:
    laid_out = steps.of(criteria.DEFAULTS[code], way_in)
    order = [list(OnboardingState).index(step.stage) for step in laid_out]
    assert order == sorted(order)
    assert len({step.code for step in laid_out}) == len(laid_out)
    assert all(steps.by_code(step.code).title == step.title for step in laid_out)


def test_machines_need_keys_and_people_in_the_portal_no_sandbox() -> None:
    def required(way_in: WayIn) -> set[str]:
        return {step.code for step in steps.of(criteria.DEFAULTS["ENERGY"], way_in) if step.required}

    assert {"CREDENTIALS", "SANDBOX_CHECKS"} <= required(WayIn.API)
    assert {"CREDENTIALS", "SANDBOX_CHECKS"}.isdisjoint(required(WayIn.PORTAL))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Groendus B.V.", "groendus", True),
        ("Bakker & Zn. V.O.F.", "Zn Bakker", True),
        ("Essent Energie Nederland", "Essent", False),
        ("Eneco", "Alva", False),
        ("Café Noord BV", "Cafe Noord", True),
    ],
)
def test_names_are_compared_by_their_words(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= 85) is alike
