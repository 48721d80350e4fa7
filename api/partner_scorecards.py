"""How partners do: their figures by week and month, and what these make of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Numeric, Select, case, cast, func, literal, null, select
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import array

from api.context import Context, Info
from api.enums import described
from api.inputs import key_of
from api.listing import of_organizations
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    by,
    column,
    computed_list,
    embedded,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
)
from domain.partner_management import scorecards, scoring
from domain.partner_management.figures import FORMULAS, Figure, Scaled, words
from domain.partner_management.models import PartnerScorecard as CardRow
from domain.partner_management.models import ScorePeriod
from domain.partner_management.scoring import SCALES, ScorePart
from domain.rows import find
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity as EntityRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
_READ = Permission.PARTNERS_READ

described(ScorePeriod, "Spans of the calendar in Amsterdam.", WEEK="From Monday.", MONTH="A calendar month.")
described(
    ScorePart,
    "What a score is made of.",
    CONVERSION="Quotes that became orders, 0 % to 80 %.",
    KEPT="Orders that were not cancelled, 75 % to 98 %.",
    CLEAN="Orders with which nobody had to do anything, 70 % to 98 %.",
    TREND="Orders against the span before, -50 % to +50 %.",
    REQUESTS="Requests that were not refused, 80 % to 99 %.",
    SATISFACTION="What its customers think of the work, 3.0 to 4.5.",
)
described(
    Scaled,
    "What a figure is counted in.",
    COUNT="Things.",
    PERCENT="Percent.",
    RATIO="So many of one per one of the other.",
    AMOUNT="Whole units of the currency, with cents.",
    DAYS="Days of 24 hours.",
    MILLISECONDS="Milliseconds.",
    RATING="1 to 5.",
)
described(Figure, "A figure of a scorecard.", **{figure.name: words(figure).en for figure in Figure})


def _parts(card: Any) -> list[tuple[Figure, Any, Any]]:
    return [(figure, *formula.of(card)) for figure, formula in FORMULAS.items()]


def _figures(card: Any) -> Select[Any]:
    found = _parts(card)
    names = array([literal(figure.value, SqlText) for figure, _, _ in found])
    parts, wholes = (
        array([null() if value[place] is None else cast(value[place], Numeric) for value in found], type_=Numeric)
        for place in (1, 2)
    )
    rows = (
        func.unnest(names, parts, wholes)
        .table_valued("figure", "part", "whole", with_ordinality="place", name="figures")
        .render_derived()
    )
    unit = case({figure.value: formula.unit.value for figure, formula in FORMULAS.items()}, value=rows.c.figure)
    part, whole = cast(rows.c.part, Numeric), cast(rows.c.whole, Numeric)
    divided = {figure.value for figure, formula in FORMULAS.items() if formula.divides}
    times = case((unit == Scaled.PERCENT.value, 100), else_=1)
    value = case(
        (rows.c.figure.in_(divided), func.round(times * part / func.nullif(whole, 0), 2)), else_=func.round(part, 2)
    )
    return select(
        rows.c.figure.label("figure"),
        cast(unit, SqlText).label("unit"),
        value.label("value"),
        part.label("part"),
        whole.label("whole"),
    ).order_by(rows.c.place)


@reads(None)
@strawberry.type(description="One figure of a scorecard; scorecardDefinitions says how each is defined.")
class ScorecardFigure:
    figure: Figure = column("Which.")
    unit: Scaled = column("What it is counted in.")
    value: Decimal | None = column("The figure; null where nothing is behind it.")
    part: Decimal | None = column("What is divided: the quotes with an order, the total of the orders.")
    whole: Decimal | None = column("By what: the quotes, the number of orders; null for a count.")


@strawberry.type(description="How a figure is defined.")
class ScorecardDefinition:
    figure: Figure = strawberry.field(description="Which.")
    unit: Scaled = strawberry.field(description="What it is counted in.")
    explanation: str = strawberry.field(description="What is counted, and where it is taken from, in your language.")
    formula: str = strawberry.field(description="As a formula over the fields of PartnerScorecard.")


@strawberry.type(description="How a part of the score is made: 0 points at `worst`, 100 at `best`, even between.")
class ScoreScale:
    part: ScorePart = strawberry.field(description="Which.")
    weight: int = strawberry.field(description="How much of the score it is, beside the others that are known.")
    worst: Decimal = strawberry.field(description="Up to here it gives nothing.")
    best: Decimal = strawberry.field(description="From here on it gives all.")
    enough: int = strawberry.field(description="How many things have to be behind it.")


@strawberry.type(description="One part of a partner's score.")
class ScorePartPoints:
    part: ScorePart = strawberry.field(description="Which.")
    figure: Decimal = strawberry.field(description="The figure that it is of.")
    count: int = strawberry.field(description="How many things are behind it.")
    points: int = strawberry.field(description="0 to 100.")
    weight: int = strawberry.field(description="How much of the score it is.")


def _ranked(card: Any) -> Any:
    other = CardRow.__table__.alias()
    same = (other.c.entity_id == card.entity_id) & (other.c.period == card.period)
    query = select(func.count()).select_from(other).where(same, other.c.starts_on == card.starts_on)
    return query.where(other.c.rank.is_not(None)).scalar_subquery()


@reads(CardRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="How a partner compares with the others of the entity; for staff.")
class ScorecardPlace:
    score: int | None = column("0 to 100; null where too little is known.")
    rank: int | None = column("Its place in the span: by score, then by value; null without a score.")
    ranked: int = expression("How many partners have a place in the span.", _ranked)


@filters(CardRow)
@strawberry.input(description="Which scorecards; all conditions hold together.")
class PartnerScorecardFilter:
    period: EnumFilter[ScorePeriod] | None = match("By week or month.")
    starts_on: DateFilter | None = match("By the first day of the span.")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("With this business entity.", node="BusinessEntity")
    orders: IntFilter | None = match("By the number of orders.")


def _share(part: Any, whole: Any) -> Any:
    return cast(part, Numeric) / func.nullif(whole, 0)


SCORECARD_SORT = Sort(
    CardRow,
    created_at="When it was computed first.",
    starts_on="By span.",
    orders="By orders.",
    value=by("By value.", lambda c: c.value_cents),
    conversion=by(
        "By conversion; who sent no quotes is last.",
        lambda c: func.coalesce(_share(c.quotes_ordered, c.quotes_sent), -1),
    ),
    clean=by("By orders without an exception.", lambda c: func.coalesce(_share(c.clean, c.received), -1)),
    exceptions="By exceptions.",
    response=by("By the duration of requests.", lambda c: func.coalesce(c.response_p95_ms, -1)),
    default="-created_at",
)


@reads(CardRow, source=of_organizations)
@strawberry.type(
    description="The figures of a partner with everybody below it, over a week or month; brought up to date every ten "
    "minutes, spans that are over every night."
)
class PartnerScorecard(Node):
    period: ScorePeriod = column("Week or month.")
    starts_on: date = column("First day, in Amsterdam.")
    ends_on: date = column("First day after it.")
    computed_at: datetime = column("When the figures were computed.")
    created_at: datetime = column("When they were computed first.")
    currency: str = column("Of the amounts.")
    organization: OrganizationRef | None = related("The partner.", on=lambda c, o: o.id == c.organization_id)
    entity: EntityRef | None = related("The business entity.", on=lambda c, e: e.id == c.entity_id)
    orders: int = column("Orders placed.")
    orders_before: int = column("Orders placed in the span before; while this one goes on, in as much of that one.")
    cancelled: int = column("Of the orders, those that are cancelled.")
    completed: int = column("Orders completed in the span.")
    quotes_sent: int = column("Quotes first sent in the span.")
    quotes_ordered: int = column("Of these, those that have an order by now: a cohort, at most all of them.")
    quote_orders: int = column("Orders of these quotes.")
    visits_due: int = column("Visits whose day in the span has passed.")
    visits_done: int = column("Of these, those that were completed.")
    received: int = column("Orders that came by one of the ways in.")
    clean: int = column("Of these, those with which nobody had to do anything.")
    exceptions: int = column("Exceptions opened.")
    repeated: int = column("How often an order came again.")
    response_p95_ms: int | None = column("Duration within which 95 in 100 requests were answered; null without any.")
    tickets: int = column("Tickets opened.")
    figures: list[ScorecardFigure] = computed_list("All figures, in the order of scorecardDefinitions.", _figures)
    place: ScorecardPlace | None = embedded("How it compares; for staff.")


@strawberry.type(description="What refreshScorecards returns.")
class RefreshScorecardsPayload(Payload):
    scorecards: int | None = strawberry.field(default=None, description="How many were computed.")


@strawberry.type
class PartnerScorecardQueries:
    partner_scorecard: PartnerScorecard | None = read_one("A scorecard.", requires=_READ)
    partner_scorecards: Connection[PartnerScorecard] = read_connection(
        "Scorecards of partners: a trend for one partner over many spans, a ranking for many over one.",
        filter=PartnerScorecardFilter,
        order=SCORECARD_SORT,
        requires=_READ,
    )

    @field("How each figure of a scorecard is defined.", requires=_READ, most=len(Figure))
    async def scorecard_definitions(self, info: Info) -> list[ScorecardDefinition]:
        language = info.context.actor.language
        return [
            ScorecardDefinition(
                figure=figure, unit=formula.unit, explanation=words(figure).in_(language), formula=formula.text
            )
            for figure, formula in FORMULAS.items()
        ]

    @field("What the score of a partner is made of.", requires=_READ, most=len(ScorePart))
    async def score_scales(self, info: Info) -> list[ScoreScale]:
        return [
            ScoreScale(part=part, weight=scale.weight, worst=scale.worst, best=scale.best, enough=scale.enough)
            for part, scale in SCALES.items()
        ]

    @field("The parts of a partner's score; for staff.", requires=Permission.PARTNERS_MANAGE, most=len(ScorePart))
    async def score_parts(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The scorecard.")]
    ) -> list[ScorePartPoints]:
        async with info.context.read() as session:
            card = await find(session, CardRow, key_of("PartnerScorecard", id))
            found = scoring.score(vars(card))
        return [
            ScorePartPoints(
                part=each.part, figure=each.figure, count=each.count, points=each.points, weight=each.weight
            )
            for each in found.parts
        ]


@strawberry.type
class PartnerScorecardMutations:
    @mutation(
        "Computes the scorecards of the week and the month that go on, now instead of within ten minutes.",
        requires=Permission.PARTNERS_MANAGE,
    )
    async def refresh_scorecards(
        self,
        info: strawberry.Info[Context],
        entity_id: Annotated[strawberry.ID, strawberry.argument(description="The business entity.")],
    ) -> RefreshScorecardsPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            entity = await find(session, EntityRow, key, field=("entity_id",))
        async with info.context.system() as session:
            many = await scorecards.refresh_latest(session, entity.id, entity.currency, clock.now())
        return RefreshScorecardsPayload(scorecards=many)


TYPES = (PartnerScorecard,)
