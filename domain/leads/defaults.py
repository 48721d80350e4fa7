"""What the five business entities start with: questions, routing rules and follow-up, as data.

`install` gives an entity what its code names, or what suits any entity; from then on its admins edit it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.leads.assessment import active_questionnaire
from domain.leads.intake import save_questionnaire
from domain.leads.models import FollowUpChannel, FollowUpStep, LeadStatus, RoutingRule
from domain.leads.questions import Option, Question, QuestionType, ShowIf, ShowOperator
from domain.leads.routing import Condition, RoutingField, RoutingOperator
from domain.leads.rules import GivenRule, save_rule
from domain.leads.steps import GivenStep, save_step
from tenants.models import BusinessEntity

_NOBODY = UUID(int=0)
"""Stands for the entity until it is known."""


def _asked_if(key: str, *values: str) -> ShowIf:
    return ShowIf(key, ShowOperator.IS, values)


# --- questions ----------------------------------------------------------------------------------------------------

_OWNER = Question(
    "home_owner", QuestionType.BOOLEAN, "Is de woning uw eigendom?", "Do you own the home?", required=True
)
_PERMISSION = Question(
    "owner_permission",
    QuestionType.BOOLEAN,
    "Geeft de eigenaar toestemming?",
    "Does the owner give permission?",
    required=True,
    show_if=_asked_if("home_owner", "false"),
)
_CAR = Question(
    "car_power",
    QuestionType.CHOICE,
    "Wat voor auto heeft u?",
    "What kind of car do you have?",
    required=True,
    options=(
        Option("ELECTRIC", "Volledig elektrisch", "Fully electric"),
        Option("PLUG_IN_HYBRID", "Plug-in hybride", "Plug-in hybrid"),
        Option("ORDERED", "Besteld", "Ordered"),
        Option("NONE", "Nog geen", "None yet"),
    ),
)
_DELIVERY = Question(
    "car_delivery",
    QuestionType.DATE,
    "Wanneer wordt de auto geleverd?",
    "When is the car delivered?",
    show_if=_asked_if("car_power", "ORDERED"),
)
_MOUNTING = Question(
    "mounting",
    QuestionType.CHOICE,
    "Waar komt het laadpunt?",
    "Where does the charging point go?",
    required=True,
    options=(
        Option("WALL", "Aan de muur", "On the wall"),
        Option("POLE", "Op een paal", "On a pole"),
        Option("UNKNOWN", "Nog niet bekend", "Not known yet"),
    ),
)
_DISTANCE = Question(
    "meter_box_distance",
    QuestionType.NUMBER,
    "Hoeveel meter is het van de meterkast naar het laadpunt?",
    "How many metres is it from the meter box to the charging point?",
    required=True,
    minimum="0",
    maximum="250",
    decimals=1,
)
_GROUND = Question(
    "ground_work",
    QuestionType.CHOICE,
    "Wat ligt er op de route van de kabel?",
    "What is on the cable's route?",
    options=(
        Option("PAVING", "Bestrating", "Paving"),
        Option("GARDEN", "Tuin", "Garden"),
        Option("NONE", "De kabel blijft binnen", "The cable stays inside"),
    ),
    show_if=ShowIf("meter_box_distance", ShowOperator.AT_LEAST, ("5",)),
)
_PHASES = Question(
    "grid_phases",
    QuestionType.CHOICE,
    "Welke aansluiting heeft u?",
    "Which grid connection do you have?",
    required=True,
    options=(
        Option("1", "1 fase", "1 phase"),
        Option("3", "3 fasen", "3 phases"),
        Option("UNKNOWN", "Weet ik niet", "I do not know"),
    ),
)
_SOLAR = Question("solar_panels", QuestionType.BOOLEAN, "Heeft u zonnepanelen?", "Do you have solar panels?")
_REMARKS = Question(
    "remarks", QuestionType.TEXT, "Wat moeten wij nog weten?", "What else should we know?", max_length=2000
)
_AT_HOME = (_OWNER, _PERMISSION, _CAR, _DELIVERY, _MOUNTING, _DISTANCE, _GROUND, _PHASES, _SOLAR, _REMARKS)

_METER_BOX = (
    _OWNER,
    _PERMISSION,
    Question(
        "reason",
        QuestionType.MULTI_CHOICE,
        "Waarom moet de meterkast vervangen worden?",
        "Why does the meter box have to be replaced?",
        required=True,
        options=(
            Option("AGE", "Verouderd", "Outdated"),
            Option("CHARGING_POINT", "Laadpunt", "Charging point"),
            Option("SOLAR", "Zonnepanelen", "Solar panels"),
            Option("HEAT_PUMP", "Warmtepomp of inductie", "Heat pump or induction"),
            Option("OTHER", "Anders", "Other"),
        ),
    ),
    Question(
        "groups",
        QuestionType.NUMBER,
        "Hoeveel groepen heeft de kast nu?",
        "How many circuits does the box have now?",
        required=True,
        minimum="1",
        maximum="60",
    ),
    Question(
        "build_year",
        QuestionType.NUMBER,
        "Uit welk jaar is de woning?",
        "When was the home built?",
        minimum="1200",
        maximum="2100",
    ),
    _PHASES,
    _REMARKS,
)

_WHOLESALE = (
    Question(
        "business_kind",
        QuestionType.CHOICE,
        "Wat voor bedrijf bent u?",
        "What kind of business are you?",
        required=True,
        options=(
            Option("INSTALLER", "Installateur", "Installer"),
            Option("WEBSHOP", "Webshop", "Web shop"),
            Option("OTHER", "Anders", "Other"),
        ),
    ),
    Question("kvk_number", QuestionType.TEXT, "KvK-nummer", "Trade register number", required=True, max_length=8),
    Question(
        "pieces_per_year",
        QuestionType.NUMBER,
        "Hoeveel laadstations verwacht u per jaar?",
        "How many charging stations do you expect per year?",
        required=True,
        minimum="1",
        maximum="100000",
    ),
    Question(
        "first_delivery",
        QuestionType.DATE,
        "Wanneer wilt u de eerste levering?",
        "When do you want the first delivery?",
    ),
    _REMARKS,
)


# --- follow-up ----------------------------------------------------------------------------------------------------


def _mail(status: LeadStatus, position: int, hours: int, texts: tuple[str, str, str, str]) -> GivenStep:
    subject, subject_en, template, template_en = texts
    return GivenStep(
        _NOBODY, status, position, hours, FollowUpChannel.EMAIL, subject, template, subject_en, template_en
    )


def _task(status: LeadStatus, position: int, hours: int, title: str, task: str) -> GivenStep:
    return GivenStep(_NOBODY, status, position, hours, FollowUpChannel.TASK, title, task)


_STEPS = (
    _mail(
        LeadStatus.NEW,
        1,
        0,
        (
            "Uw aanvraag {number} bij {brand}",
            "Your request {number} at {brand}",
            "Beste {name},\n\nBedankt voor uw aanvraag. Met een paar vragen kunnen wij een passende offerte maken. "
            "U beantwoordt ze op {portal}.\n\nMet vriendelijke groet,\n{brand}\n",
            "Dear {name},\n\nThank you for your request. With a few questions we can make you a fitting quote. "
            "Please answer them at {portal}.\n\nKind regards,\n{brand}\n",
        ),
    ),
    _mail(
        LeadStatus.NEW,
        2,
        72,
        (
            "Nog een paar vragen over uw aanvraag {number}",
            "A few more questions about your request {number}",
            "Beste {name},\n\nWij hebben nog geen antwoorden van u op onze vragen. U vindt ze op {portal}.\n\n"
            "Met vriendelijke groet,\n{brand}\n",
            "Dear {name},\n\nWe have no answers to our questions from you yet. You find them at {portal}.\n\n"
            "Kind regards,\n{brand}\n",
        ),
    ),
    _task(LeadStatus.NEW, 3, 168, "Bel over aanvraag {number}", "Een week zonder antwoord van {name}: bel na."),
    _mail(
        LeadStatus.INTAKE,
        1,
        48,
        (
            "Uw aanvraag {number} is bijna compleet",
            "Your request {number} is almost complete",
            "Beste {name},\n\nU bent begonnen met onze vragen. De rest vindt u op {portal}.\n\n"
            "Met vriendelijke groet,\n{brand}\n",
            "Dear {name},\n\nYou have started to answer our questions. The rest is at {portal}.\n\n"
            "Kind regards,\n{brand}\n",
        ),
    ),
    _task(LeadStatus.INTAKE, 2, 168, "Bel over aanvraag {number}", "De intake van {name} ligt een week stil: bel na."),
    _task(LeadStatus.QUALIFIED, 1, 24, "Offerte voor {number}", "Aanvraag {number} wacht een dag op een offerte."),
    _mail(
        LeadStatus.QUOTED,
        1,
        120,
        (
            "Heeft u vragen over onze offerte?",
            "Do you have questions about our quote?",
            "Beste {name},\n\nU ontving een offerte van ons. U bekijkt en tekent haar op {portal}.\n\n"
            "Met vriendelijke groet,\n{brand}\n",
            "Dear {name},\n\nYou have received a quote from us. You can read and sign it at {portal}.\n\n"
            "Kind regards,\n{brand}\n",
        ),
    ),
)


# --- routing ------------------------------------------------------------------------------------------------------

_F, _IS = RoutingField, RoutingOperator.IS


def _rule(position: int, name: str, *conditions: Condition) -> GivenRule:
    return GivenRule(_NOBODY, position, name, conditions)


_CONSUMER = Condition(_F.CUSTOMER_TYPE, _IS, ("CONSUMER",))
_BUSINESS = Condition(_F.CUSTOMER_TYPE, _IS, ("BUSINESS",))
_ALONE = Condition(_F.HAS_PARTNER, _IS, ("false",))
_AT_CHARGECARS = Condition(_F.ENTITY, _IS, ("CC",))
_METER_BOX_WISH = Condition(_F.PRODUCT_CATEGORY, _IS, ("METER_BOX_MODULE",))
_AT_CONSUMER_BRANDS = Condition(_F.ENTITY, _IS, ("CC", "LT"))
_AT_WHOLESALE = Condition(_F.ENTITY, _IS, ("ZS", "RS"))


# --- together -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Defaults:
    """What one entity starts with."""

    title: str
    questions: tuple[Question, ...]
    rules: tuple[GivenRule, ...] = ()
    steps: tuple[GivenStep, ...] = _STEPS


ANY = Defaults("Intake", _AT_HOME)
BY_CODE: dict[str, Defaults] = {
    "CC": Defaults("Intake laadpunt", _AT_HOME),
    "LT": Defaults(
        "Intake laadpunt thuis",
        _AT_HOME,
        rules=(
            # T2: ChargeCars sells through partners only; T1: the wholesalers sell to businesses.
            _rule(200, "Consument zonder partner bij ChargeCars", _AT_CHARGECARS, _ALONE, _CONSUMER),
            _rule(300, "Consument bij de groothandel", _AT_WHOLESALE, _ALONE, _CONSUMER),
        ),
    ),
    "MT": Defaults(
        "Intake meterkast",
        _METER_BOX,
        rules=(_rule(100, "Meterkast gevraagd", _AT_CONSUMER_BRANDS, _METER_BOX_WISH, _ALONE, _CONSUMER),),
    ),
    "ZS": Defaults(
        "Intake groothandel",
        _WHOLESALE,
        rules=(
            _rule(
                400,
                "Zakelijke vraag naar Zaptec",
                _AT_CONSUMER_BRANDS,
                _ALONE,
                _BUSINESS,
                Condition(_F.PRODUCT_WISH, RoutingOperator.CONTAINS, ("zaptec",)),
            ),
        ),
    ),
    "RS": Defaults(
        "Intake groothandel",
        _WHOLESALE,
        rules=(
            _rule(
                410,
                "Zakelijke vraag naar Ratio",
                _AT_CONSUMER_BRANDS,
                _ALONE,
                _BUSINESS,
                Condition(_F.PRODUCT_WISH, RoutingOperator.CONTAINS, ("ratio",)),
            ),
        ),
    ),
}


async def install(session: AsyncSession, entity: BusinessEntity) -> None:
    """Give an entity its defaults; what it has already of a kind stays as it is."""
    defaults, own = BY_CODE.get(entity.code, ANY), entity.id
    if await active_questionnaire(session, own) is None:
        await save_questionnaire(session, own, defaults.title, defaults.questions)
    if not await _has(session, RoutingRule, own):
        for rule in defaults.rules:
            await save_rule(session, replace(rule, entity_id=own))
    if not await _has(session, FollowUpStep, own):
        for step in defaults.steps:
            await save_step(session, replace(step, entity_id=own))


async def _has(session: AsyncSession, model: type[RoutingRule] | type[FollowUpStep], entity_id: UUID) -> bool:
    return (await session.execute(select(model.id).where(model.entity_id == entity_id).limit(1))).first() is not None
