"""Commission terms as data: what is refused and where, and what is kept over time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from domain.agreements import service
from domain.agreements.commission_book import PLATFORM, book, save_standard
from domain.agreements.commission_terms import STANDARD, CommissionPeriod, Terms, as_json
from domain.agreements.models import CommissionTerms
from domain.agreements.parsing import parse
from domain.errors import DomainError, DomainErrors
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories

TIER = {"from": "10", "amount_cents": 100}
BONUS = {"metric": "ORDERS", "period": "MONTH", "tiers": [TIER]}
PENALTY = {"metric": "CANCELLATION_RATE", "period": "QUARTER", "above": "10", "percent": "5"}


def faults(given: dict[str, Any], **options: Any) -> set[tuple[str, str]]:
    """Code and place of every fault."""
    try:
        parse(given, **options)
    except (DomainError, DomainErrors) as refused:
        return {(error.code, ".".join(map(str, error.field))) for error in refused.errors}
    return set()


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"levels": ["101"]}, "OUT_OF_RANGE", "levels.0"),
        ({"levels": ["-1"]}, "OUT_OF_RANGE", "levels.0"),
        ({"levels": ["1.2345"]}, "TOO_MANY_DECIMALS", "levels.0"),
        ({"levels": ["five"]}, "WRONG_TYPE", "levels.0"),
        ({"levels": ["NaN"]}, "OUT_OF_RANGE", "levels.0"),
        ({"levels": "5"}, "WRONG_TYPE", "levels"),
        ({"levels": ["60", "41"]}, "RATES_EXCEED_THE_WHOLE", "levels"),
        ({"levels": ["1"] * 21}, "TOO_MANY", "levels"),
        ({"categories": []}, "TOO_FEW", "categories"),
        ({"categories": ["BICYCLE"]}, "NOT_A_CHOICE", "categories.0"),
        ({"categories": ["CHARGING_STATION", "CHARGING_STATION"]}, "DUPLICATE_VALUE", "categories"),
        ({"kickback": {"per": "LEAD", "percent": "5"}}, "ONE_OF_TWO", "kickback.percent"),
        ({"kickback": {"per": "ORDER"}}, "ONE_OF_TWO", "kickback"),
        ({"kickback": {"per": "ORDER", "percent": "5", "amount_cents": 1}}, "ONE_OF_TWO", "kickback"),
        ({"kickback": {"per": "MONTH", "percent": "5"}}, "NOT_A_CHOICE", "kickback.per"),
        ({"kickback": {"per": "ORDER", "amount_cents": 0}}, "OUT_OF_RANGE", "kickback.amount_cents"),
        ({"bonuses": [BONUS | {"tiers": []}]}, "TOO_FEW", "bonuses.0.tiers"),
        ({"bonuses": [BONUS | {"tiers": [TIER, TIER]}]}, "NOT_RISING", "bonuses.0.tiers.1.from"),
        ({"bonuses": [BONUS | {"metric": "LUCK"}]}, "NOT_A_CHOICE", "bonuses.0.metric"),
        ({"penalties": [PENALTY | {"metric": "LATE_LEADS"}]}, "WRONG_TYPE", "penalties.0.within_hours"),
        ({"penalties": [PENALTY | {"within_hours": 4}]}, "UNKNOWN_TERM", "penalties.0.within_hours"),
        ({"caps": {"order_cents": 10**16}}, "OUT_OF_RANGE", "caps.order_cents"),
        ({"caps": {"week_cents": 1}}, "UNKNOWN_TERM", "caps.week_cents"),
        ({"currency": "USD"}, "NOT_A_CHOICE", "currency"),
        ({"surprise": 1}, "UNKNOWN_TERM", "surprise"),
    ],
)
def test_what_cannot_be_agreed_is_refused_at_its_place(given: dict[str, Any], code: str, field: str) -> None:
    assert (code, field) in faults(given)


def test_all_faults_are_told_together() -> None:
    given = {"levels": ["101"], "caps": {"order_cents": 0}, "kickback": {"per": "ORDER"}}
    assert {field for _, field in faults(given)} == {"levels.0", "caps.order_cents", "kickback"}


def test_bonuses_and_penalties_are_agreed_with_partners_only() -> None:
    found = faults({"bonuses": [BONUS], "penalties": [PENALTY]}, with_partner=False)
    assert found == {("ONLY_WITH_A_PARTNER", "bonuses"), ("ONLY_WITH_A_PARTNER", "penalties")}


def test_the_default_is_five_three_and_two() -> None:
    assert parse({}) == STANDARD
    assert [STANDARD.rate(level) for level in range(6)] == [0, 5, 3, 2, 0, 0]


percents = st.decimals(min_value=0, max_value=5, places=3)
rewards = st.one_of(
    st.builds(lambda cents: {"amount_cents": cents}, st.integers(1, 10**9)),
    st.builds(lambda percent: {"percent": str(percent)}, percents),
)
written = st.fixed_dictionaries(
    {},
    optional={
        "levels": st.lists(percents.map(str), max_size=5),
        "categories": st.sets(st.sampled_from(["CHARGING_STATION", "METER_BOX_MODULE"]), min_size=1).map(sorted),
        "kickback": rewards.map(lambda reward: {"per": "ORDER", **reward}),
        "bonuses": st.lists(rewards.map(lambda r: BONUS | {"tiers": [{"from": "10.5", **r}]}), max_size=2),
        "penalties": st.just([PENALTY]),
        "caps": st.fixed_dictionaries({}, optional={"order_cents": st.integers(1, 10**9)}),
    },
)


@given(written)
def test_the_normal_form_reads_back_as_it_was(given: dict[str, Any]) -> None:
    terms = parse(given)
    assert parse(as_json(terms)) == terms
    assert as_json(parse(as_json(terms))) == as_json(terms)


def test_spans_are_of_the_calendar() -> None:
    day = date(2026, 11, 20)
    spans = {span: tuple(map(str, span.of(day))) for span in CommissionPeriod}
    assert spans == {
        CommissionPeriod.MONTH: ("2026-11-01", "2026-12-01"),
        CommissionPeriod.QUARTER: ("2026-10-01", "2027-01-01"),
        CommissionPeriod.YEAR: ("2026-01-01", "2027-01-01"),
    }


async def test_terms_go_on_with_the_agreement_and_keep_their_history(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        chain = list(partner.chain_organization_ids)
    before = datetime.now(UTC)

    async def held(at: datetime) -> Terms:
        async with database.session(SYSTEM) as session:
            return (await book(session, entity.id)).find(chain, at).terms

    async def save(**terms: Any) -> None:
        async with database.session(SYSTEM) as session:
            await service.save_agreement(session, entity.id, partner.id, terms)

    await save()
    assert await held(datetime.now(UTC)) == PLATFORM.terms
    await save(commission={"levels": ["7"]})
    first = datetime.now(UTC)
    await save(partner_signs=False)
    assert (await held(datetime.now(UTC))).levels == (Decimal(7),)
    await save(commission={"levels": ["8", "1"]})
    second = datetime.now(UTC)
    await save(commission=None)
    assert await held(datetime.now(UTC)) == PLATFORM.terms
    async with database.session(SYSTEM) as session:
        await save_standard(session, entity.id, {"levels": ["1"]})
    assert (await held(datetime.now(UTC))).levels == (Decimal(1),)
    assert [(await held(at)).levels for at in (before, first, second)] == [
        STANDARD.levels,
        (Decimal(7),),
        (Decimal(8), Decimal(1)),
    ]
    async with database.session(SYSTEM) as session:
        kept = (await session.execute(select(CommissionTerms).where(CommissionTerms.entity_id == entity.id))).scalars()
        assert len(list(kept)) == 4


async def test_a_faulty_term_is_refused_under_commission_and_changes_nothing(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
    with pytest.raises(DomainError) as refused:
        async with database.session(SYSTEM) as session:
            await service.save_agreement(session, entity.id, partner.id, {"commission": {"levels": ["101"]}})
    assert refused.value.field == ("commission", "levels", 0)
    async with database.session(SYSTEM) as session:
        found = (await book(session, entity.id)).find([partner.id], datetime.now(UTC) + timedelta(seconds=1))
    assert found == PLATFORM
