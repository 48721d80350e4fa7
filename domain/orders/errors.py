"""Expected failures of orders."""

from domain.errors import Conflict, DomainError


class WorkHasBegun(DomainError):
    """A customer or partner may cancel until the work begins."""

    code = "WORK_HAS_BEGUN"
    nl = "Het werk is begonnen; neem contact met ons op om te annuleren."
    en = "The work has begun; contact us to cancel."


class OrderOnHold(DomainError):
    code = "ORDER_ON_HOLD"
    nl = "De order staat in de wacht: {reason}"
    en = "The order is on hold: {reason}"


class NotOnHold(DomainError):
    code = "NOT_ON_HOLD"
    nl = "De order staat niet in de wacht."
    en = "The order is not on hold."


class OrderExists(Conflict):
    """Another order has this partner order id, or the version was ordered already."""

    code = "ORDER_EXISTS"
    nl = "Er is al een order voor deze offerte of met dit bestelnummer."
    en = "There already is an order for this quote or with this order id."


class NotOrdered(DomainError):
    """Only a quote that became an order can be ordered again."""

    code = "NOT_ORDERED"
    nl = "Van deze offerte is nog geen order gemaakt."
    en = "This quote has not become an order yet."


class NotWholesale(DomainError):
    """Only where one partner is account and customer did the one who orders again agree to all lines."""

    code = "NOT_WHOLESALE"
    nl = "Alleen een offerte waarop een partner voor zichzelf koopt kan opnieuw worden besteld."
    en = "Only a quote on which a partner buys for itself can be ordered again."
