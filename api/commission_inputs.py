"""What may be agreed about commission, as inputs."""

from decimal import Decimal
from typing import Any

import strawberry

import api.catalog  # noqa: F401  # describes the categories of articles before they are used here
from api.enums import described
from api.reading import BigInt
from domain.agreements.commission_terms import BonusMetric, CommissionPeriod, KickbackPer, PenaltyMetric
from domain.catalog.models import ArticleCategory

described(KickbackPer, "What a kickback is paid for.", LEAD="A lead that was qualified.", ORDER="An order.")
described(
    CommissionPeriod,
    "Over what time performance is measured.",
    MONTH="A month.",
    QUARTER="A quarter.",
    YEAR="A year.",
)
described(
    BonusMetric,
    "What a bonus is for.",
    ORDERS="Orders placed and not cancelled.",
    NET_AMOUNT="Their net amount in whole euros.",
    FIRST_TIME_RIGHT="Percent of the finished visits, follow-ups left out, that were completed.",
    CONVERSION="Percent of the quotes sent that have an order.",
)
described(
    PenaltyMetric,
    "Which missed term costs.",
    CANCELLATION_RATE="Percent of the orders placed that were cancelled.",
    LATE_LEADS="Percent of the leads whose intake was not completed in time.",
)
_EITHER = "Or this; exactly one of both."
_PERCENT = "0 to 100 with at most three decimals."


@strawberry.input(description="What is paid for bringing something: a fixed amount or, per order, a percentage.")
class KickbackInput:
    per: KickbackPer = strawberry.field(description="What it is paid for.")
    amount_cents: BigInt | None = strawberry.field(default=None, description="A fixed amount in cents.")
    percent: Decimal | None = strawberry.field(default=None, description=_EITHER)


@strawberry.input(description="What is paid from a figure on.")
class BonusTierInput:
    from_: Decimal = strawberry.field(name="from", description="The figure, included.")
    amount_cents: BigInt | None = strawberry.field(default=None, description="A fixed amount in cents.")
    percent: Decimal | None = strawberry.field(
        default=None, description="Or a percentage of the net amount of the orders; exactly one of both."
    )


@strawberry.input(description="A bonus: the highest tier that is reached counts, alone.")
class BonusInput:
    metric: BonusMetric = strawberry.field(description="What it is for.")
    period: CommissionPeriod = strawberry.field(description="Over what time.")
    tiers: list[BonusTierInput] = strawberry.field(description="1 to 20, rising.")
    minimum_count: int = strawberry.field(default=0, description="How much has to be behind the figure.")


@strawberry.input(description="What is taken off where a figure is too high.")
class PenaltyInput:
    metric: PenaltyMetric = strawberry.field(description="Which figure.")
    period: CommissionPeriod = strawberry.field(description="Over what time.")
    above: Decimal = strawberry.field(description="The figure up to which nothing is taken off, in percent.")
    amount_cents: BigInt | None = strawberry.field(default=None, description="A fixed amount in cents.")
    percent: Decimal | None = strawberry.field(
        default=None, description="Or a percentage of the partner's own commission of that time; exactly one of both."
    )
    minimum_count: int = strawberry.field(default=0, description="How much has to be behind the figure.")
    within_hours: int | None = strawberry.field(default=None, description="Of LATE_LEADS: the term, 1 to 8760 hours.")


@strawberry.input(description="The most that is paid; none where left out.")
class CommissionCapsInput:
    order_cents: BigInt | None = strawberry.field(default=None, description="For one order, over all its partners.")
    month_cents: BigInt | None = strawberry.field(default=None, description="To one partner for a month's orders.")
    year_cents: BigInt | None = strawberry.field(default=None, description="To one partner for a year's orders.")


@strawberry.input(description="Commission as agreed; what is left out takes its default.")
class CommissionTermsInput:
    levels: list[Decimal] | None = strawberry.field(
        default=None, description="Percent per level of the channel, the top first; 5, 3 and 2 if left out."
    )
    categories: list[ArticleCategory] | None = strawberry.field(
        default=None, description="Categories of articles that count; all if left out."
    )
    kickback: KickbackInput | None = strawberry.field(default=None, description="For who brought a lead or an order.")
    bonuses: list[BonusInput] = strawberry.field(default_factory=list, description="At most 20.")
    penalties: list[PenaltyInput] = strawberry.field(default_factory=list, description="At most 20.")
    caps: CommissionCapsInput | None = strawberry.field(default=None, description="The most that is paid.")


def terms_json(input: CommissionTermsInput | None) -> dict[str, Any] | None:
    """The terms as domain.agreements.parsing reads them."""
    if input is None:
        return None
    given = {
        "levels": input.levels,
        "categories": [category.value for category in input.categories] if input.categories is not None else None,
        "kickback": _plain(input.kickback),
        "bonuses": [_plain(bonus) | {"tiers": [_plain(tier) for tier in bonus.tiers]} for bonus in input.bonuses],
        "penalties": [_plain(penalty) for penalty in input.penalties],
        "caps": _plain(input.caps),
    }
    return {name: value for name, value in given.items() if value is not None}


def _plain(input: Any) -> Any:
    if input is None:
        return None
    values = {name.rstrip("_"): value for name, value in vars(input).items()}
    return {
        name: int(value) if name.endswith("_cents") else value for name, value in values.items() if value is not None
    }
