"""Why a place is not given. Customers and partners learn no more than that it is full, taken or too late."""

from domain.errors import Conflict, DomainError, Expired, FieldPath, InvalidInput


class SlotFull(Conflict):
    """No team can take the visit then."""

    code = "SLOT_FULL"
    nl = "Dit dagdeel is vol. Kies een ander dagdeel."
    en = "This part of the day is full. Choose another one."

    def __init__(self, *, field: FieldPath = ("day",)) -> None:
        super().__init__(field=field)


class SlotNotOffered(InvalidInput):
    """The day is not among those that are offered: past, too soon or too far ahead."""

    code = "SLOT_NOT_OFFERED"
    nl = "Kies een dag van {first} tot en met {last}."
    en = "Choose a day from {first} until {last}."


class HoldNotRenewable(Conflict):
    code = "HOLD_NOT_RENEWABLE"
    nl = "Deze reservering is al een keer verlengd."
    en = "This hold has been prolonged once already."


class NothingHeld(Expired):
    """The hold ran out, was released, or never was."""

    code = "NOTHING_HELD"
    nl = "Er is geen dagdeel (meer) gereserveerd. Kies opnieuw."
    en = "No part of a day is held (any longer). Choose again."


class VisitNotOpen(Conflict):
    """Given out to its team, begun, over, called off, or its order rests."""

    code = "VISIT_NOT_OPEN"
    nl = "Voor dit bezoek kan geen dag meer worden gekozen of gewijzigd."
    en = "No day can be chosen or changed for this visit any longer."


class VisitBookedAlready(Conflict):
    code = "VISIT_BOOKED_ALREADY"
    nl = "Dit bezoek is al geboekt op {day}. Verzet het om een andere dag te kiezen."
    en = "This visit is booked for {day} already. Reschedule it to choose another day."


class VisitNotPlanned(Conflict):
    code = "VISIT_NOT_PLANNED"
    nl = "Dit bezoek heeft nog geen dag."
    en = "This visit has no day yet."


class TooLateToChange(DomainError):
    """Customers and partners may change a visit until some days before; staff may later."""

    code = "TOO_LATE_TO_CHANGE"
    nl = "Dit bezoek kan niet meer online worden gewijzigd. Neem contact met ons op."
    en = "This visit can no longer be changed online. Please contact us."
