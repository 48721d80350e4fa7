"""The states of tariffs and prices, described for the API."""

from api.enums import described
from domain.tariffs.models import OfferKind, VersionStatus
from domain.tariffs.prices import LineKind, LineUnit
from domain.tariffs.terms import Multiplies

described(
    VersionStatus,
    "Where a version of a tariff is.",
    DRAFT="Being written; it holds nowhere.",
    PUBLISHED="It holds from its moment on, and is never changed.",
    WITHDRAWN="Given up, or taken back before it held.",
)
described(
    Multiplies,
    "What windows of the day and emergencies multiply; never the start fee, the minimum or the damage reserve.",
    ALL="Energy and time.",
    ENERGY="Energy.",
    TIME="Time.",
)
described(
    OfferKind,
    "What drivers can buy beforehand.",
    PLAN="A membership: a percentage off every session.",
    PACK="Energy, with a percentage off its price.",
    SUBSCRIPTION="Charging for a price per month, up to a cap.",
)
described(
    LineKind,
    "What a line of the price of a session is for, in the order in which they are reckoned.",
    ENERGY="Energy in one stretch of the day.",
    TIME="Time in one stretch of the day.",
    IDLE="Time in which the car took nothing, where the tariff prices it apart.",
    START_FEE="Starting.",
    MINIMUM="What the lines before lack of the minimum.",
    PACK="Off the energy that came from a pack.",
    DISCOUNT="The plan's percentage, off all lines before.",
    CAP="What a subscription covers of the rest.",
    DAMAGE_RESERVE="The contribution to the damage reserve.",
)
described(
    LineUnit,
    "What the quantity of a line counts.",
    WATT_HOUR="Wh; the unit price is per kWh.",
    SECOND="Seconds; the unit price is per hour.",
    PIECE="Pieces.",
)
