"""What the books refuse."""

from domain.errors import Conflict, DomainError, InvalidInput


class Unbalanced(DomainError):
    code = "UNBALANCED"
    nl = "De boeking is niet in balans: het verschil is {difference} cent."
    en = "The entry does not balance: the difference is {difference} cents."


class PeriodClosed(DomainError):
    code = "PERIOD_CLOSED"
    nl = "De periode is afgesloten. De eerste open dag is {first_open}."
    en = "The period is closed. The first open day is {first_open}."


class PostedDifferently(Conflict):
    """The key is in the books with other amounts: what was posted never changes."""

    code = "POSTED_DIFFERENTLY"
    nl = "Onder {key} is al iets anders geboekt."
    en = "Something else is already posted under {key}."


class AlreadyReversed(Conflict):
    code = "ALREADY_REVERSED"
    nl = "Deze boeking is al teruggedraaid."
    en = "This entry is already reversed."


class PeriodOrder(DomainError):
    code = "PERIOD_ORDER"
    nl = "Perioden sluiten op volgorde: nu is {month} aan de beurt."
    en = "Periods close in order: {month} is next."


class PeriodNotOver(DomainError):
    code = "PERIOD_NOT_OVER"
    nl = "Deze maand is nog niet voorbij."
    en = "This month is not over yet."


class ChecksFailed(DomainError):
    code = "LEDGER_CHECKS_FAILED"
    nl = "De periode kan niet worden afgesloten: {checks}."
    en = "The period cannot be closed: {checks}."


class NoClosedPeriod(DomainError):
    code = "NO_CLOSED_PERIOD"
    nl = "Alleen de laatst afgesloten periode kan weer open: {month}."
    en = "Only the period that was closed last can be reopened: {month}."


class WithItself(InvalidInput):
    code = "INTERCOMPANY_WITH_ITSELF"
    nl = "Een entiteit verrekent niet met zichzelf."
    en = "An entity does not settle with itself."


class MirrorDiffers(DomainError):
    """The books of two entities disagree on what they owe each other; the nightly check tells of it too."""

    code = "INTERCOMPANY_DIFFERS"
    nl = "De boeken van de entiteiten verschillen over {month}."
    en = "The books of the entities differ on {month}."


class NothingToSettle(DomainError):
    code = "NOTHING_TO_SETTLE"
    nl = "Er is in {month} niets te verrekenen tussen deze entiteiten."
    en = "There is nothing to settle between these entities in {month}."
