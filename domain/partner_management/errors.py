"""Expected failures of tickets, breaches and announced maintenance."""

from domain.errors import DomainError, InvalidInput


class BreachOver(DomainError):
    code = "BREACH_OVER"
    nl = "Dit is al voorbij."
    en = "This is over already."


class MaintenanceTooSoon(InvalidInput):
    """Announcing what has begun would excuse what was not announced."""

    code = "MAINTENANCE_TOO_SOON"
    nl = "Onderhoud wordt minstens {hours} uur van tevoren aangekondigd."
    en = "Maintenance is announced at least {hours} hours ahead."


class MaintenanceOver(DomainError):
    code = "MAINTENANCE_OVER"
    nl = "Dit onderhoud is voorbij of afgezegd."
    en = "This maintenance is over or was called off."


class TicketResolved(DomainError):
    code = "TICKET_RESOLVED"
    nl = "Dit ticket is opgelost; heropen het om verder te gaan."
    en = "This ticket is resolved; reopen it to go on."


class TicketNotResolved(DomainError):
    code = "TICKET_NOT_RESOLVED"
    nl = "Dit ticket is niet opgelost."
    en = "This ticket is not resolved."


class NotAnOwner(InvalidInput):
    """Tickets are seen to by staff of their entity."""

    code = "NOT_AN_OWNER"
    nl = "Alleen medewerkers van de onderneming behandelen tickets."
    en = "Only staff of the business entity see to tickets."


class OrderOfAnother(InvalidInput):
    code = "ORDER_OF_ANOTHER"
    nl = "Deze order is niet van deze partner bij deze onderneming."
    en = "This order is not this partner's with this business entity."
