"""The enums of leads, described before any type uses them."""

import api.catalog  # noqa: F401  # describes the categories of articles
from api.enums import described
from domain.leads.models import FollowUpChannel, FollowUpOutcome, LeadSource, LeadStatus
from domain.leads.questions import QuestionType, ShowOperator
from domain.leads.routing import RoutingField, RoutingOperator
from domain.leads.scoring import CarPower, ScoreFactor

described(
    LeadStatus,
    "Where a lead is in its life.",
    NEW="Just came in.",
    INTAKE="Answering the questions of the intake.",
    QUALIFIED="Ready for a quote.",
    QUOTED="Has a quote that was not ended.",
    CONVERTED="Became an order.",
    DISQUALIFIED="Ended without one; can be reopened.",
)
described(
    LeadSource,
    "How a lead came in.",
    PORTAL="Through the portal of a brand.",
    PARTNER_PORTAL="By a person of a partner.",
    PARTNER_API="By a partner's system.",
    STAFF="By our staff.",
    IMPORT="With an import.",
)
described(
    CarPower,
    "What drives the customer's car.",
    ELECTRIC="Electricity only.",
    PLUG_IN_HYBRID="Also electricity from a charging point.",
    ORDERED="An electric car is on order.",
    NONE="Nothing that charges.",
)
described(
    ScoreFactor,
    "What a score is made of.",
    GEOGRAPHY="Distance to the base of the teams.",
    PARTNER="How many of the partner's quotes become orders.",
    REACHABILITY="How the customer can be reached.",
    PREMISES="Whether the customer decides about the premises.",
    CAR="What drives the customer's car.",
    PRODUCT="How clear the wish is.",
    INTAKE="How much of the intake is answered.",
)
described(
    FollowUpOutcome,
    "What came of a follow-up step.",
    SENT="The mail was handed over for sending.",
    TASK_CREATED="The staff were told.",
    FAILED="It could not be carried out.",
)
described(
    QuestionType,
    "What an answer is.",
    TEXT="A text.",
    NUMBER="A number.",
    BOOLEAN="True or false.",
    CHOICE="The value of one option.",
    MULTI_CHOICE="A list of values of options.",
    DATE="A date in ISO 8601, such as 2026-01-31.",
)
described(
    ShowOperator,
    "How the answer to an earlier question is compared.",
    ANSWERED="It has an answer.",
    IS="It is, or holds, one of the values.",
    IS_NOT="It is answered with none of the values.",
    AT_LEAST="A number or date that is one of the values or above.",
    AT_MOST="A number or date that is one of the values or below.",
)
described(
    RoutingField,
    "What a routing condition looks at.",
    PRODUCT_CATEGORY="Kind of product that is wanted, an ArticleCategory.",
    PRODUCT_WISH="The wish in own words.",
    POSTCODE="Postcode of the address.",
    HAS_PARTNER="Whether it comes through a partner, `true` or `false`.",
    PARTNER_MODEL="How the partner works with us, a PartnerModel.",
    CUSTOMER_TYPE="`CONSUMER` or `BUSINESS`.",
    HOME_OWNER="Whether the home is owned, `true` or `false`.",
    ENTITY="Code of the business entity where it was submitted, such as `CC`.",
    BRAND="Host name of the portal where it was submitted.",
    SOURCE="How it came in, a LeadSource.",
)
described(
    RoutingOperator,
    "How a routing condition compares, without regard to capitals and spaces.",
    IS="It is one of the values.",
    IS_NOT="It is none of the values, or was not said.",
    STARTS_WITH="It begins with one of the values.",
    CONTAINS="It holds one of the values.",
)
described(
    FollowUpChannel,
    "How a follow-up step reaches somebody.",
    EMAIL="By mail to the customer.",
    TASK="As a task for the staff of the entity, in their events.",
)
